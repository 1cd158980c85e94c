#include "core/simd_targets.h"
#include "ops/conv/conv_kernel.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
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
using testing_util::each_tap;
using testing_util::same;
using testing_util::valid;
using testing_util::volume;

template <typename T>
void check(ConvShape s) {
  for (bool channels_first : {false, true}) {
    s.channels_first = channels_first;
    SCOPED_TRACE(testing_util::describe(s));
    const testing_util::ConvCase<T> given(s, volume(s.kernel) * s.in_channels * s.out_channels, [&](const auto& body) {
      each_tap(s, [&](int64_t n, int64_t from, int64_t to, int64_t tap) {
        for (int64_t c = 0; c < s.in_channels; ++c) {
          for (int64_t f = 0; f < s.out_channels; ++f) {
            body(at(channels_first, s.in, s.in_channels, n, from, c),
                 at(channels_first, s.out, s.out_channels, n, to, f), (tap * s.in_channels + c) * s.out_channels + f);
          }
        }
      });
    });
    const int64_t y_size = given.dy.size();
    const auto on_all = [&](int64_t size, const auto& run) {
      return testing_util::same_on_all_threads<T>(
          size, [&](const ThreadPool& pool) { return conv_scratch_bytes<T>(s, pool); }, run);
    };
    // Pixels as they are when they are told of.
    const auto forward = [&](T* to, void* scratch, const ThreadPool& pool, const void* packed) {
      const int64_t pixels = y_size == 0 ? 0 : y_size / s.out_channels;
      std::vector<std::atomic<int>> times(pixels);
      Guarded<T> told(y_size);
      const auto keep = [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++times[i];
        const int64_t first = begin * s.out_channels, size = (end - begin) * s.out_channels;
        std::memcpy(static_cast<void*>(told.data() + first), to + first, size * sizeof(T));
      };
      const RowsDone rows_done = keep;
      const RowsDone* const tell = channels_first ? nullptr : &rows_done;
      if (packed != nullptr) conv_forward_packed<T>(s, given.x.data(), packed, to, tell, scratch, pool);
      else conv_forward<T>(s, given.x.data(), given.w.data(), to, tell, scratch, pool);
      if (tell == nullptr) return;
      for (int64_t i = 0; i < pixels; ++i) ASSERT_EQ(times[i], 1) << i;
      ASSERT_EQ(0, std::memcmp(told.data(), to, y_size * sizeof(T)));
    };
    const auto y = on_all(y_size, [&](T* to, void* scratch, const ThreadPool& pool) {
      forward(to, scratch, pool, nullptr);
    });
    compare(y, given.y_sums);
    if (testing::Test::HasFatalFailure()) return;
    const auto packed = on_all(y_size, [&](T* to, void* scratch, const ThreadPool& pool) {
      Guarded<char> form(static_cast<int64_t>(conv_packed_bytes<T>(s)));
      conv_pack<T>(s, given.w.data(), form.data(), pool);
      EXPECT_TRUE(form.intact());
      forward(to, scratch, pool, form.data());
    });
    ASSERT_TRUE(packed.same_bits(y));
    const auto dx = on_all(given.x.size(), [&](T* to, void* scratch, const ThreadPool& pool) {
      conv_input_gradient<T>(s, given.dy.data(), given.w.data(), to, scratch, pool);
    });
    compare(dx, given.dx_sums);
    if (testing::Test::HasFatalFailure()) return;
    const auto dw = on_all(given.w.size(), [&](T* to, void* scratch, const ThreadPool& pool) {
      conv_kernel_gradient<T>(s, given.x.data(), given.dy.data(), to, scratch, pool);
    });
    compare(dw, given.dw_sums);
    if (testing::Test::HasFatalFailure()) return;
  }
}

template <typename T>
class ConvKernel : public testing::Test {};
using Types = testing::Types<float, double, hwy::float16_t, hwy::bfloat16_t>;
TYPED_TEST_SUITE(ConvKernel, Types);

TYPED_TEST(ConvKernel, OneAndTwoAxes) {
  on_every_target([] {
    for (const ConvShape& s : std::vector<ConvShape>{
             same(1, {1, 1, 17}, 3, {1, 1, 5}, 5),
             valid(2, {1, 1, 33}, 17, {1, 1, 4}, 33, {1, 1, 3}),
             same(2, {1, 9, 7}, 1, {1, 3, 3}, 16),
             same(2, {1, 9, 7}, 16, {1, 3, 3}, 33),
             same(1, {1, 13, 11}, 3, {1, 7, 7}, 17, {1, 2, 2}),
             valid(1, {1, 13, 11}, 5, {1, 3, 5}, 2, {1, 1, 2}),
             same(3, {1, 5, 6}, 33, {1, 1, 1}, 65),
             same(3, {1, 5, 6}, 33, {1, 1, 1}, 17, {1, 2, 2}),
             valid(1, {1, 8, 8}, 3, {1, 1, 1}, 170, {1, 3, 3}),
             same(1, {1, 11, 12}, 4, {1, 3, 3}, 5, {1, 1, 1}, {1, 2, 3}),
             same(1, {1, 4, 4}, 2, {1, 5, 5}, 3, {1, 4, 3}),
             // Strides and dilations with common factors: some phases have no taps.
             valid(1, {1, 14, 15}, 3, {1, 2, 3}, 4, {1, 4, 2}, {1, 2, 2}),
             valid(1, {1, 14, 15}, 3, {1, 3, 2}, 4, {1, 3, 6}, {1, 2, 4}),
             same(2, {1, 3, 3}, 130, {1, 3, 3}, 40),
             same(1, {1, 6, 5}, 40, {1, 3, 3}, 7),
             same(2, {1, 5, 4}, 300, {1, 1, 1}, 3),
         }) {
      check<TypeParam>(s);
      if (testing::Test::HasFatalFailure()) return;
    }
  });
}

TYPED_TEST(ConvKernel, ThreeAxes) {
  on_every_target([] {
    check<TypeParam>(same(1, {4, 5, 6}, 3, {3, 3, 3}, 5));
    check<TypeParam>(valid(2, {5, 6, 4}, 2, {2, 3, 1}, 17, {2, 1, 2}, {1, 2, 1}));
  });
}

// Enough channels that the image is read where it lies: lines and taps in padding, pixels that meet no tap,
// whole planes per task, lines cut in pieces, taps apart from each other and so far that narrow numbers are
// widened a line at a time.
TYPED_TEST(ConvKernel, ManyChannels) {
  on_every_target([] {
    ConvShape wide = same(1, {1, 3, 9}, 16, {1, 2, 3}, 17);
    wide.pad = {0, 4, 5};
    wide.out = {1, 10, 19};
    for (const ConvShape& s : std::vector<ConvShape>{
             same(2, {3, 5, 9}, 17, {3, 3, 3}, 18),
             same(1, {4, 3, 8}, 16, {2, 3, 2}, 17, {2, 1, 2}),
             same(1, {1, 11, 12}, 20, {1, 3, 3}, 17, {1, 1, 1}, {1, 2, 3}),
             same(1, {1, 2, 150}, 16, {1, 2, 3}, 17),
             same(1, {1, 1, 1100}, 8, {1, 1, 2}, 17),
             same(1, {1, 40, 41}, 64, {1, 3, 2}, 18, {1, 1, 1}, {1, 9, 9}),
             same(1, {1, 7, 7}, 16, {1, 7, 7}, 17),
             same(1, {1, 4, 9}, 512, {1, 1, 2}, 17),
             valid(3, {1, 6, 19}, 24, {1, 2, 2}, 33, {1, 2, 2}),
             wide,
         }) {
      check<TypeParam>(s);
      if (testing::Test::HasFatalFailure()) return;
    }
  });
}

// Padding of any width, on either side: pixels with no real input, inputs that no output sees.
TYPED_TEST(ConvKernel, ExplicitPadding) {
  on_every_target([] {
    ConvShape s = same(1, {1, 3, 4}, 2, {1, 2, 3}, 3);
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

TYPED_TEST(ConvKernel, Empty) {
  on_every_target([] {
    check<TypeParam>(same(0, {1, 5, 5}, 3, {1, 3, 3}, 4));
    check<TypeParam>(valid(2, {1, 2, 5}, 3, {1, 3, 3}, 4));
    check<TypeParam>(same(2, {1, 4, 5}, 0, {1, 3, 3}, 4));
    check<TypeParam>(same(2, {1, 4, 5}, 3, {1, 3, 3}, 0));
  });
}

// Enough pixels for several tasks and for parts of the kernel gradient.
TEST(ConvKernelLarge, ManyTasks) {
  on_every_target([] {
    check<float>(same(2, {1, 40, 40}, 3, {1, 3, 3}, 34));
    check<float>(same(1, {1, 20, 21}, 32, {1, 3, 3}, 33, {1, 2, 2}));
  });
}

}  // namespace
}  // namespace keel
