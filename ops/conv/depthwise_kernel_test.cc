#include "core/simd_targets.h"
#include "ops/conv/depthwise_kernel.h"

#include <cstdint>
#include <cstring>
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

using testing_util::at;
using testing_util::compare;
using testing_util::volume;

template <typename T>
void check(ConvShape s) {
  for (bool channels_first : {false, true}) {
    s.channels_first = channels_first;
    SCOPED_TRACE(testing_util::describe(s));
    const testing_util::ConvCase<T> given(s, volume(s.kernel) * s.out_channels, [&](const auto& body) {
      const int64_t repeat = s.out_channels / s.in_channels;
      testing_util::each_tap(s, [&](int64_t n, int64_t from, int64_t to, int64_t tap) {
        for (int64_t f = 0; f < s.out_channels; ++f) {
          body(at(channels_first, s.in, s.in_channels, n, from, f / repeat),
               at(channels_first, s.out, s.out_channels, n, to, f), tap * s.out_channels + f);
        }
      });
    });
    const auto check_on_all = [&](const std::vector<testing_util::Sum>& want, const auto& run) {
      compare(testing_util::same_on_all_threads<T>(
                  static_cast<int64_t>(want.size()),
                  [&](const ThreadPool& pool) { return depthwise_scratch_bytes<T>(s, pool); }, run), want);
    };
    check_on_all(given.y_sums, [&](T* to, void* scratch, const ThreadPool& pool) {
      depthwise_forward<T>(s, given.x.data(), given.w.data(), to, scratch, pool);
    });
    if (testing::Test::HasFatalFailure()) return;
    check_on_all(given.dx_sums, [&](T* to, void* scratch, const ThreadPool& pool) {
      depthwise_input_gradient<T>(s, given.dy.data(), given.w.data(), to, scratch, pool);
    });
    if (testing::Test::HasFatalFailure()) return;
    check_on_all(given.dw_sums, [&](T* to, void* scratch, const ThreadPool& pool) {
      depthwise_kernel_gradient<T>(s, given.x.data(), given.dy.data(), to, scratch, pool);
    });
    if (testing::Test::HasFatalFailure()) return;
  }
}

// As of convolutions, with a multiplier for the filters.
ConvShape same(int64_t batch, Spatial in, int64_t channels, Spatial kernel, int64_t multiplier = 1,
               Spatial stride = {1, 1, 1}, Spatial dilation = {1, 1, 1}) {
  return testing_util::same(batch, in, channels, kernel, channels * multiplier, stride, dilation);
}
ConvShape valid(int64_t batch, Spatial in, int64_t channels, Spatial kernel, int64_t multiplier = 1,
                Spatial stride = {1, 1, 1}, Spatial dilation = {1, 1, 1}) {
  return testing_util::valid(batch, in, channels, kernel, channels * multiplier, stride, dilation);
}

template <typename T>
class DepthwiseKernel : public testing::Test {};
using Types = testing::Types<float, double, hwy::float16_t, hwy::bfloat16_t>;
TYPED_TEST_SUITE(DepthwiseKernel, Types);

TYPED_TEST(DepthwiseKernel, Windows) {
  on_every_target([] {
    for (const ConvShape& s : std::vector<ConvShape>{
             same(1, {1, 9, 23}, 17, {1, 3, 3}),
             same(2, {1, 6, 11}, 35, {1, 3, 3}, 1, {1, 2, 2}),
             same(1, {1, 9, 13}, 16, {1, 5, 5}),
             valid(1, {1, 9, 29}, 16, {1, 5, 5}, 1, {1, 2, 2}),
             same(1, {1, 9, 12}, 33, {1, 7, 7}),
             valid(2, {1, 7, 12}, 18, {1, 2, 4}, 1, {1, 3, 1}),
             same(1, {1, 12, 14}, 20, {1, 3, 3}, 1, {1, 1, 1}, {1, 2, 3}),
             same(1, {1, 3, 2}, 40, {1, 5, 7}),  // No place sees all taps.
             same(1, {1, 1, 33}, 19, {1, 1, 4}, 1, {1, 1, 3}),
             // Strides and dilations with common factors: some phases have no taps.
             valid(1, {1, 14, 15}, 18, {1, 2, 3}, 1, {1, 4, 2}, {1, 2, 2}),
             valid(1, {1, 14, 15}, 3, {1, 3, 2}, 1, {1, 3, 6}, {1, 2, 4}),
             same(1, {4, 5, 6}, 18, {3, 3, 3}),
             valid(2, {5, 6, 4}, 2, {2, 3, 1}, 1, {2, 1, 2}, {1, 2, 1}),
         }) {
      check<TypeParam>(s);
      if (testing::Test::HasFatalFailure()) return;
    }
  });
}

TYPED_TEST(DepthwiseKernel, ChannelsAndMultipliers) {
  on_every_target([] {
    for (int64_t channels : {1, 2, 3, 5, 7, 8, 9, 15, 16, 31, 65}) {
      for (int64_t multiplier : {1, 2, 3, 4, 7, 17}) {
        check<TypeParam>(same(1, {1, 4, 7}, channels, {1, 3, 3}, multiplier, {1, 2, 1}));
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

// Padding of any width, on either side: places with no real input, inputs that no place sees.
TYPED_TEST(DepthwiseKernel, ExplicitPadding) {
  on_every_target([] {
    ConvShape s = same(1, {1, 3, 4}, 18, {1, 2, 3}, 2);
    s.pad = {0, 4, 5};
    s.out = {1, 10, 13};
    check<TypeParam>(s);
    s.out = {1, 3, 2};
    check<TypeParam>(s);
    s.pad = {0, -1, 0};
    s.out = {1, 1, 1};
    check<TypeParam>(s);
  });
}

TYPED_TEST(DepthwiseKernel, Empty) {
  on_every_target([] {
    check<TypeParam>(same(0, {1, 5, 5}, 3, {1, 3, 3}, 2));
    check<TypeParam>(valid(2, {1, 2, 5}, 3, {1, 3, 3}));
  });
}

// Several tasks along rows, along channels, and several parts of the kernel's gradient.
TEST(DepthwiseKernelLarge, ManyTasks) {
  on_every_target([] {
    check<float>(same(2, {1, 40, 41}, 96, {1, 3, 3}));
    check<float>(same(1, {1, 7, 7}, 1000, {1, 3, 3}));
    check<float>(same(1, {1, 30, 31}, 65, {1, 3, 3}, 2, {1, 2, 2}));
    check<hwy::bfloat16_t>(same(1, {1, 41, 40}, 100, {1, 5, 5}));
  });
}

// Of an image that is fetched ahead of its use and a result that is written past the caches, the bits are those
// that its entries have one by one.
TEST(DepthwiseKernelLarge, PastTheCaches) {
  for (int64_t stride : {1, 2}) {
    const ConvShape all = same(17, {1, 128, 128}, 16, {1, 3, 3}, 1, {1, stride, stride});
    ConvShape one = all;
    one.batch = 1;
    const int64_t x_size = volume(one.in) * 16, y_size = volume(one.out) * 16;
    Guarded<float> x(all.batch * x_size), dy(all.batch * y_size), w(9 * 16);
    std::mt19937 random(7);
    for (Guarded<float>* g : {&x, &dy, &w}) g->fill(random);
    on_every_target([&] {
      const ThreadPool& pool = testing_util::pool_of(2);
      std::vector<char> scratch(depthwise_scratch_bytes<float>(all, pool) + 64);
      void* aligned = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64) % 64;
      const auto check_entries = [&](const auto& run, const Guarded<float>& from, int64_t from_size, int64_t to_size) {
        Guarded<float> to(all.batch * to_size), entry(to_size, 1);
        run(all, from.data(), w.data(), to.data(), aligned, pool);
        EXPECT_TRUE(to.intact());
        for (int64_t n = 0; n < all.batch; ++n) {
          run(one, from.data() + n * from_size, w.data(), entry.data(), aligned, pool);
          EXPECT_EQ(std::memcmp(entry.data(), to.data() + n * to_size, to_size * sizeof(float)), 0)
              << "entry " << n << " stride " << stride;
        }
      };
      check_entries(depthwise_forward<float>, x, x_size, y_size);
      check_entries(depthwise_input_gradient<float>, dy, y_size, x_size);
    });
  }
}

}  // namespace
}  // namespace keel
