#include "core/simd_targets.h"
#include "ops/conv/pool_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "ops/conv/kernel_test_util.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::Guarded;
using testing_util::on_every_target;
using testing_util::pool_of;
using testing_util::value_of;

using testing_util::volume;

// Calls body(y index, the x indices of its window in order) for each element of y.
template <typename Body>
void each_window(const PoolShape& s, const Body& body) {
  std::vector<int64_t> members;
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t c = 0; c < s.channels; ++c) {
      const auto at = [&](const Spatial& size, int64_t pixel) {
        return testing_util::at(s.channels_first, size, s.channels, n, pixel, c);
      };
      for (int64_t o = 0; o < volume(s.out); ++o) {
        members.clear();
        for (int64_t tap = 0; tap < volume(s.window); ++tap) {
          const int64_t pixel = testing_util::pixel_under(s, s.window, {1, 1, 1}, o, tap);
          if (pixel >= 0) members.push_back(at(s.in, pixel));
        }
        body(at(s.out, o), members);
      }
    }
  }
}

template <typename T, typename Run>
Guarded<T> same_on_all(const PoolShape& s, int64_t size, const Run& run) {
  return testing_util::same_on_all_threads<T>(
      size, [&](const ThreadPool& pool) { return pool_scratch_bytes<T>(s, pool); }, run);
}

template <typename T>
void compare(const Guarded<T>& got, const std::vector<double>& want, double units) {
  ASSERT_EQ(got.size(), static_cast<int64_t>(want.size()));
  for (int64_t i = 0; i < got.size(); ++i) {
    const double value = value_of(got.data()[i]);
    if (std::isinf(want[i])) {
      ASSERT_EQ(value, want[i]) << "element " << i;
    } else {
      ASSERT_NEAR(value, want[i], units * testing_util::epsilon_of<T>() *
                                      std::max(std::abs(want[i]), 1.0)) << "element " << i;
    }
  }
}

template <typename T>
void check(PoolShape s) {
  for (bool channels_first : {false, true}) {
    s.channels_first = channels_first;
    SCOPED_TRACE(testing::Message()
                 << (channels_first ? "NCHW " : "NHWC ") << "batch " << s.batch << " in "
                 << s.in[0] << "x" << s.in[1] << "x" << s.in[2] << "x" << s.channels << " window "
                 << s.window[0] << "x" << s.window[1] << "x" << s.window[2] << " stride "
                 << s.stride[1] << "x" << s.stride[2] << " pad " << s.pad[2]);
    std::mt19937 random(5);
    const int64_t x_size = s.batch * volume(s.in) * s.channels;
    const int64_t y_size = s.batch * volume(s.out) * s.channels;
    Guarded<T> x(x_size, 1), dy(y_size, 1);
    T few[5];  // Many ties.
    for (T& value : few) value = testing_util::random_element<T>(random);
    for (int64_t i = 0; i < x_size; ++i) x.data()[i] = few[random() % 5];
    dy.fill(random);
    double lowest = -std::numeric_limits<double>::infinity();
    if constexpr (std::is_integral_v<T>) {
      lowest = static_cast<double>(std::numeric_limits<T>::lowest());
    }
    std::vector<double> largest(y_size), mean(y_size), to_largest(x_size), to_mean(x_size);
    each_window(s, [&](int64_t o, const std::vector<int64_t>& members) {
      double sum = 0;
      int64_t first = -1;
      for (int64_t i : members) {
        sum += value_of(x.data()[i]);
        if (first < 0 || value_of(x.data()[i]) > value_of(x.data()[first])) first = i;
      }
      largest[o] = first < 0 ? lowest : value_of(x.data()[first]);
      mean[o] = members.empty() ? 0 : sum / static_cast<double>(members.size());
      if (first >= 0) to_largest[first] += value_of(dy.data()[o]);
      for (int64_t i : members) {
        to_mean[i] += value_of(dy.data()[o]) / static_cast<double>(members.size());
      }
    });
    compare(same_on_all<T>(s, y_size, [&](T* to, void* scratch, const ThreadPool& pool) {
      max_pool<T>(s, x.data(), to, nullptr, scratch, pool);
    }), largest, 0);
    if constexpr (!std::is_integral_v<T>) {
      compare(same_on_all<T>(s, y_size, [&](T* to, void* scratch, const ThreadPool& pool) {
        average_pool<T>(s, x.data(), to, scratch, pool);
      }), mean, 4);
      Guarded<char> index(y_size * (has_byte_index(s.window) ? 1 : 4));
      compare(same_on_all<T>(s, y_size, [&](T* to, void* scratch, const ThreadPool& pool) {
        max_pool<T>(s, x.data(), to, index.data(), scratch, pool);
      }), largest, 0);
      EXPECT_TRUE(index.intact());
      Guarded<char> alone(index.size()), scratch(static_cast<int64_t>(pool_scratch_bytes<T>(s, pool_of(2))));
      max_pool<T>(s, x.data(), nullptr, alone.data(), scratch.data(), pool_of(2));
      EXPECT_TRUE(alone.same_bits(index));
      compare(same_on_all<T>(s, x_size, [&](T* to, void* scratch, const ThreadPool& pool) {
        max_pool_gradient<T>(s, dy.data(), index.data(), to, scratch, pool);
      }), to_largest, 4);
      compare(same_on_all<T>(s, x_size, [&](T* to, void* scratch, const ThreadPool& pool) {
        average_pool_gradient<T>(s, dy.data(), to, scratch, pool);
      }), to_mean, 4);
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

PoolShape same(int64_t batch, Spatial in, int64_t channels, Spatial window, Spatial stride) {
  PoolShape s{.batch = batch, .in = in, .window = window, .stride = stride, .channels = channels};
  for (int i = 0; i < 3; ++i) {
    s.out[i] = (in[i] + stride[i] - 1) / stride[i];
    s.pad[i] = std::max<int64_t>((s.out[i] - 1) * stride[i] + window[i] - in[i], 0) / 2;
  }
  return s;
}

PoolShape valid(int64_t batch, Spatial in, int64_t channels, Spatial window, Spatial stride) {
  PoolShape s = same(batch, in, channels, window, stride);
  for (int i = 0; i < 3; ++i) s.out[i] = std::max<int64_t>(0, (in[i] - window[i]) / stride[i] + 1);
  s.pad = {0, 0, 0};
  return s;
}

template <typename T>
class PoolKernel : public testing::Test {};
using Types =
    testing::Types<float, double, hwy::float16_t, hwy::bfloat16_t, int32_t, int64_t>;
TYPED_TEST_SUITE(PoolKernel, Types);

TYPED_TEST(PoolKernel, Shapes) {
  on_every_target([] {
    for (int64_t channels : {1, 3, 16, 17, 65, 150}) {
      for (const PoolShape& s : std::vector<PoolShape>{
               valid(2, {1, 8, 6}, channels, {1, 2, 2}, {1, 2, 2}),
               valid(1, {1, 9, 7}, channels, {1, 2, 2}, {1, 2, 2}),
               same(1, {1, 9, 7}, channels, {1, 3, 3}, {1, 2, 2}),
               same(2, {1, 5, 4}, channels, {1, 3, 2}, {1, 1, 1}),
               valid(1, {1, 7, 9}, channels, {1, 2, 1}, {1, 3, 2}),
               valid(2, {1, 5, 5}, channels, {1, 5, 5}, {1, 1, 1}),
               valid(1, {1, 1, 11}, channels, {1, 1, 3}, {1, 1, 2}),
               same(1, {5, 4, 6}, channels, {2, 3, 2}, {2, 1, 2}),
           }) {
        check<TypeParam>(s);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

TYPED_TEST(PoolKernel, EdgesAndEmpty) {
  on_every_target([] {
    PoolShape s = same(1, {1, 3, 4}, 5, {1, 2, 2}, {1, 2, 2});
    s.pad = {0, 4, 3};  // Windows of padding alone.
    s.out = {1, 5, 6};
    check<TypeParam>(s);
    check<TypeParam>(same(0, {1, 4, 4}, 5, {1, 2, 2}, {1, 2, 2}));
    check<TypeParam>(same(2, {1, 4, 4}, 0, {1, 2, 2}, {1, 2, 2}));
    check<TypeParam>(valid(2, {1, 1, 4}, 3, {1, 2, 2}, {1, 2, 2}));
  });
}

// Windows just as large as a byte can number, and one element larger, that end in their largest element.
TEST(PoolKernelIndex, LastElement) {
  on_every_target([] {
    for (int64_t size : {256, 257}) {
      const PoolShape s = valid(1, {1, 1, 2 * size}, 3, {1, 1, size}, {1, 1, size});
      std::vector<float> x(6 * size), y(6), dy(6), dx(6 * size), want(6 * size);
      for (int64_t i = 0; i < 6 * size; ++i) x[i] = static_cast<float>(i);
      for (int i = 0; i < 6; ++i) {
        dy[i] = static_cast<float>(i + 1);
        want[((i / 3 + 1) * size - 1) * 3 + i % 3] = dy[i];
      }
      Guarded<char> index(6 * (has_byte_index(s.window) ? 1 : 4));
      max_pool<float>(s, x.data(), y.data(), index.data(), nullptr, pool_of(1));
      EXPECT_TRUE(index.intact());
      max_pool_gradient<float>(s, dy.data(), index.data(), dx.data(), nullptr, pool_of(1));
      EXPECT_EQ(dx, want) << size;
    }
  });
}

// Several tasks per image, along rows and along channels.
TEST(PoolKernelLarge, ManyTasks) {
  on_every_target([] {
    check<float>(valid(2, {1, 64, 64}, 24, {1, 2, 2}, {1, 2, 2}));
    check<float>(same(1, {1, 33, 32}, 100, {1, 3, 3}, {1, 2, 2}));
    check<hwy::bfloat16_t>(same(1, {1, 33, 32}, 100, {1, 3, 3}, {1, 2, 2}));
  });
}

// Whose sum is NaN, although none of them is.
TEST(PoolKernelNan, InfinitiesOfBothSignsAreNone) {
  on_every_target([] {
    const PoolShape s = valid(1, {1, 1, 4}, 1, {1, 1, 2}, {1, 1, 2});
    const float x[] = {-INFINITY, INFINITY, INFINITY, -INFINITY};
    float y[2];
    uint8_t index[2];
    max_pool<float>(s, x, y, nullptr, nullptr, pool_of(1));
    EXPECT_EQ(y[0], INFINITY);
    EXPECT_EQ(y[1], INFINITY);
    max_pool<float>(s, x, y, index, nullptr, pool_of(1));
    EXPECT_EQ(y[0], INFINITY);
    EXPECT_EQ(y[1], INFINITY);
    EXPECT_EQ(index[0], 1);
    EXPECT_EQ(index[1], 0);
  });
}

TEST(PoolKernelNan, NanWinsAndTakesTheGradient) {
  on_every_target([] {
    const PoolShape s = valid(1, {1, 1, 4}, 1, {1, 1, 2}, {1, 1, 2});
    const float x[] = {1, NAN, NAN, 2}, dy[] = {3, 5};
    float y[2], dx[4];
    uint8_t index[2];
    max_pool<float>(s, x, y, nullptr, nullptr, pool_of(1));
    EXPECT_TRUE(std::isnan(y[0]));
    EXPECT_TRUE(std::isnan(y[1]));
    max_pool<float>(s, x, y, index, nullptr, pool_of(1));
    EXPECT_TRUE(std::isnan(y[0]));
    EXPECT_TRUE(std::isnan(y[1]));
    max_pool_gradient<float>(s, dy, index, dx, nullptr, pool_of(1));
    EXPECT_EQ(dx[0], 0);
    EXPECT_EQ(dx[1], 3);
    EXPECT_EQ(dx[2], 5);
    EXPECT_EQ(dx[3], 0);
  });
}

}  // namespace
}  // namespace keel
