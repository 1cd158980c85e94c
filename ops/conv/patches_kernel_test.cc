#include "core/simd_targets.h"
#include "ops/conv/patches_kernel.h"

#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::Guarded;
using testing_util::on_every_target;
using testing_util::pool_of;
using testing_util::value_of;

// Which element of x each element of the patches is.
std::vector<int64_t> sources(const PatchShape& s) {
  std::vector<int64_t> from;
  const int64_t rows = s.window[0], cols = s.window[1];
  for (int64_t i = 0; i < s.out[0]; ++i) {
    for (int64_t j = 0; j < s.out[1]; ++j) {
      for (int64_t n = 0; n < s.batch; ++n) {
        for (int64_t k = 0; k < rows * cols * s.channels; ++k) {
          const int64_t c = s.channels_first ? k / (rows * cols) : k % s.channels;
          const int64_t tap = s.channels_first ? k % (rows * cols) : k / s.channels;
          const int64_t h = i * s.stride[0] + tap / cols, w = j * s.stride[1] + tap % cols;
          from.push_back(s.channels_first ? ((n * s.channels + c) * s.in[0] + h) * s.in[1] + w
                                          : ((n * s.in[0] + h) * s.in[1] + w) * s.channels + c);
        }
      }
    }
  }
  return from;
}

template <typename T>
void check(PatchShape s) {
  for (bool channels_first : {false, true}) {
    s.channels_first = channels_first;
    SCOPED_TRACE(testing::Message() << (channels_first ? "NCHW " : "NHWC ") << s.batch << "x" << s.in[0] << "x"
                                    << s.in[1] << "x" << s.channels << " window " << s.window[0] << "x"
                                    << s.window[1] << " stride " << s.stride[0] << "x" << s.stride[1]);
    const std::vector<int64_t> from = sources(s);
    const int64_t size = s.batch * s.in[0] * s.in[1] * s.channels, patches = static_cast<int64_t>(from.size());
    std::mt19937 random(3);
    Guarded<T> x(size, 1), dy(patches, 1);
    x.fill(random);
    dy.fill(random);
    std::vector<double> sums(size);
    for (int64_t i = 0; i < patches; ++i) sums[from[i]] += value_of(dy.data()[i]);
    for (int threads : {1, 2, 7}) {
      const ThreadPool& pool = pool_of(threads);
      Guarded<T> y(patches, 1), dx(size, 1);
      gather_patches<T>(s, x.data(), y.data(), pool);
      ASSERT_TRUE(y.intact());
      for (int64_t i = 0; i < patches; ++i) ASSERT_EQ(value_of(y.data()[i]), value_of(x.data()[from[i]])) << i;
      Guarded<char> scratch(static_cast<int64_t>(scatter_patches_scratch_bytes<T>(s, pool)));
      scatter_patches<T>(s, dy.data(), dx.data(), scratch.data(), pool);
      ASSERT_TRUE(dx.intact());
      ASSERT_TRUE(scratch.intact());
      for (int64_t i = 0; i < size; ++i) {
        // The sums are of multiples of 1/32: exact but for one rounding.
        ASSERT_NEAR(value_of(dx.data()[i]), sums[i], 0.5 * testing_util::epsilon_of<T>() * std::abs(sums[i])) << i;
      }
    }
  }
}

template <typename T>
class PatchesKernel : public testing::Test {};
using Types = testing::Types<float, double, hwy::float16_t, hwy::bfloat16_t>;
TYPED_TEST_SUITE(PatchesKernel, Types);

TYPED_TEST(PatchesKernel, GatherAndScatter) {
  on_every_target([] {
    for (int64_t channels : {1, 3, 8, 17, 33}) {
      check<TypeParam>({2, channels, {5, 7}, {3, 3}, {1, 1}, {3, 5}});
      check<TypeParam>({1, channels, {6, 9}, {2, 4}, {2, 3}, {2, 2}});
      check<TypeParam>({3, channels, {8, 5}, {1, 2}, {3, 1}, {3, 4}});  // Gaps between the windows.
      check<TypeParam>({2, channels, {1, 9}, {1, 4}, {1, 2}, {1, 3}});
      check<TypeParam>({1, channels, {4, 4}, {2, 2}, {1, 1}, {1, 2}});  // Rows that no window sees.
    }
    check<TypeParam>({0, 3, {5, 7}, {3, 3}, {1, 1}, {3, 5}});
    check<TypeParam>({2, 0, {5, 7}, {3, 3}, {1, 1}, {3, 5}});
  });
}

TEST(PatchesKernelLarge, ManyTasks) {
  on_every_target([] { check<float>({3, 40, {20, 21}, {3, 3}, {1, 1}, {18, 19}}); });
}

}  // namespace
}  // namespace keel
