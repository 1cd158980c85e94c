#include "core/simd_targets.h"
#include "ops/conv/resize_kernel.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "ops/conv/kernel_test_util.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::Guarded;
using testing_util::on_every_target;
using testing_util::value_of;

int64_t at(const ResizeShape& s, int64_t n, int64_t i, int64_t j, int64_t c, int64_t h, int64_t w) {
  return s.channels_first ? ((n * s.channels + c) * h + i) * w + j : ((n * h + i) * w + j) * s.channels + c;
}

// Calls body(x index, y index, weight) for every term of y's elements.
template <typename Body>
void each_term(const ResizeShape& s, const Body& body) {
  const int64_t h = s.height * s.height_factor, w = s.width * s.width_factor;
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t i = 0; i < h; ++i) {
      for (int64_t j = 0; j < w; ++j) {
        const double down = static_cast<double>(i) / static_cast<double>(s.height_factor);
        const double right = static_cast<double>(j) / static_cast<double>(s.width_factor);
        for (int64_t r = 0; r < s.height; ++r) {
          for (int64_t k = 0; k < s.width; ++k) {
            // Hats around the rows and columns; the last ones stay up.
            const bool past_h = r == s.height - 1 && down > r, past_w = k == s.width - 1 && right > k;
            const double a = past_h ? 1 : std::max(0.0, 1 - std::abs(down - static_cast<double>(r)));
            const double b = past_w ? 1 : std::max(0.0, 1 - std::abs(right - static_cast<double>(k)));
            if (a * b == 0) continue;
            for (int64_t c = 0; c < s.channels; ++c) {
              body(at(s, n, r, k, c, s.height, s.width), at(s, n, i, j, c, h, w), a * b);
            }
          }
        }
      }
    }
  }
}

template <typename T, typename Run>
void compare(const ResizeShape& s, const std::vector<double>& want, const Run& run) {
  const Guarded<T> result = testing_util::same_on_all_threads<T>(
      static_cast<int64_t>(want.size()),
      [&](const ThreadPool& pool) { return resize_scratch_bytes<T>(s, pool); }, run);
  for (int64_t i = 0; i < result.size(); ++i) {
    ASSERT_NEAR(value_of(result.data()[i]), want[i],
                8 * testing_util::epsilon_of<T>() * std::max(1.0, std::abs(want[i]))) << "element " << i;
  }
}

template <typename T>
void check(ResizeShape s) {
  for (bool channels_first : {false, true}) {
    s.channels_first = channels_first;
    SCOPED_TRACE(testing::Message() << (channels_first ? "NCHW " : "NHWC ") << s.batch << "x" << s.height << "x"
                                    << s.width << "x" << s.channels << " by " << s.height_factor << "x"
                                    << s.width_factor);
    std::mt19937 random(3);
    const int64_t x_size = s.batch * s.height * s.width * s.channels;
    const int64_t y_size = x_size * s.height_factor * s.width_factor;
    Guarded<T> x(x_size, 1), dy(y_size, 1);
    x.fill(random);
    dy.fill(random);
    std::vector<double> y(y_size), dx(x_size);
    each_term(s, [&](int64_t i, int64_t o, double weight) {
      y[o] += weight * value_of(x.data()[i]);
      dx[i] += weight * value_of(dy.data()[o]);
    });
    compare<T>(s, y, [&](T* to, void* scratch, const ThreadPool& pool) {
      resize_bilinear<T>(s, x.data(), to, scratch, pool);
    });
    compare<T>(s, dx, [&](T* to, void* scratch, const ThreadPool& pool) {
      resize_bilinear_gradient<T>(s, dy.data(), to, scratch, pool);
    });
    if (testing::Test::HasFatalFailure()) return;
  }
}

template <typename T>
class ResizeKernel : public testing::Test {};
using Types = testing::Types<float, double, hwy::float16_t, hwy::bfloat16_t>;
TYPED_TEST_SUITE(ResizeKernel, Types);

TYPED_TEST(ResizeKernel, Bilinear) {
  on_every_target([] {
    for (int64_t channels : {1, 3, 8, 16, 17, 40}) {
      check<TypeParam>({2, 3, 5, channels, 2, 2});
      check<TypeParam>({1, 4, 2, channels, 1, 3});
      check<TypeParam>({1, 1, 1, channels, 4, 5});
      check<TypeParam>({1, 2, 3, channels, 3, 1});
    }
    check<TypeParam>({0, 2, 3, 4, 2, 2});
    check<TypeParam>({2, 0, 3, 4, 2, 2});
    check<TypeParam>({2, 3, 0, 4, 2, 2});
    check<TypeParam>({2, 3, 2, 0, 2, 2});
  });
}

TEST(ResizeKernelLarge, ManyTasks) {
  on_every_target([] { check<float>({2, 20, 31, 33, 2, 2}); });
}

}  // namespace
}  // namespace keel
