#include "core/simd_targets.h"
#include "ops/conv/conv_kernel.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
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

int64_t volume(const Spatial& s) { return s[0] * s[1] * s[2]; }

// A sum and the sum of its terms' magnitudes.
struct Sum {
  double value = 0, magnitude = 0;
  void add(double x) {
    value += x;
    magnitude += std::abs(x);
  }
};

// Where pixel `p` of batch entry n, channel c lies.
int64_t at(const ConvShape& s, const Spatial& size, int64_t channels, int64_t n,
           const Spatial& p, int64_t c) {
  const int64_t pixel = (p[0] * size[1] + p[1]) * size[2] + p[2];
  return s.channels_first ? (n * channels + c) * volume(size) + pixel
                          : (n * volume(size) + pixel) * channels + c;
}

// Calls body(x index, y index, w index) for every product in the definition.
template <typename Body>
void each_product(const ConvShape& s, const Body& body) {
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t o = 0; o < volume(s.out); ++o) {
      const Spatial to = {o / (s.out[1] * s.out[2]), o / s.out[2] % s.out[1], o % s.out[2]};
      for (int64_t t = 0; t < volume(s.kernel); ++t) {
        const Spatial tap = {t / (s.kernel[1] * s.kernel[2]), t / s.kernel[2] % s.kernel[1],
                             t % s.kernel[2]};
        Spatial from;
        bool inside = true;
        for (int i = 0; i < 3; ++i) {
          from[i] = to[i] * s.stride[i] + tap[i] * s.dilation[i] - s.pad[i];
          inside = inside && from[i] >= 0 && from[i] < s.in[i];
        }
        if (!inside) continue;
        for (int64_t c = 0; c < s.in_channels; ++c) {
          for (int64_t f = 0; f < s.out_channels; ++f) {
            body(at(s, s.in, s.in_channels, n, from, c), at(s, s.out, s.out_channels, n, to, f),
                 (t * s.in_channels + c) * s.out_channels + f);
          }
        }
      }
    }
  }
}

template <typename T>
void compare(const Guarded<T>& got, const std::vector<Sum>& want) {
  ASSERT_EQ(got.size(), static_cast<int64_t>(want.size()));
  const double unit = sizeof(T) == 8 ? 1.2e-16 : 6e-8;
  for (int64_t i = 0; i < got.size(); ++i) {
    const Sum& sum = want[i];
    const double allowed =
        100 * unit * sum.magnitude +
        (sizeof(T) == 2 ? 0.502 * testing_util::epsilon_of<T>() * std::abs(sum.value) + 1e-7 : 0);
    ASSERT_NEAR(value_of(got.data()[i]), sum.value, allowed) << "element " << i;
  }
}

// Runs on 1, 2 and 7 threads; the last of the results, all of the same bits.
template <typename T, typename Run>
Guarded<T> same_on_all(const ConvShape& s, int64_t size, const Run& run) {
  std::vector<Guarded<T>> results;
  for (int threads : {1, 2, 7}) {
    const ThreadPool& pool = pool_of(threads);
    Guarded<T> result(size, 1);
    Guarded<char> scratch(static_cast<int64_t>(conv_scratch_bytes<T>(s, pool)));
    run(result.data(), scratch.data(), pool);
    EXPECT_TRUE(result.intact());
    EXPECT_TRUE(scratch.intact());
    results.push_back(result);
    EXPECT_TRUE(results.front().same_bits(result)) << threads << " threads";
  }
  return results.back();
}

template <typename T>
void check(ConvShape s) {
  for (bool channels_first : {false, true}) {
    s.channels_first = channels_first;
    SCOPED_TRACE(testing::Message()
                 << (channels_first ? "NCHW " : "NHWC ") << "batch " << s.batch << " in "
                 << s.in[0] << "x" << s.in[1] << "x" << s.in[2] << "x" << s.in_channels
                 << " kernel " << s.kernel[0] << "x" << s.kernel[1] << "x" << s.kernel[2] << "x"
                 << s.out_channels << " stride " << s.stride[2] << " dilation " << s.dilation[2]
                 << " pad " << s.pad[2]);
    std::mt19937 random(7);
    const int64_t x_size = s.batch * volume(s.in) * s.in_channels;
    const int64_t y_size = s.batch * volume(s.out) * s.out_channels;
    const int64_t w_size = volume(s.kernel) * s.in_channels * s.out_channels;
    Guarded<T> x(x_size, 1), dy(y_size, 1), w(w_size, 1);
    for (Guarded<T>* g : {&x, &dy, &w}) g->fill(random);
    std::vector<Sum> y_sum(y_size), dx_sum(x_size), dw_sum(w_size);
    each_product(s, [&](int64_t i, int64_t o, int64_t k) {
      y_sum[o].add(value_of(x.data()[i]) * value_of(w.data()[k]));
      dx_sum[i].add(value_of(dy.data()[o]) * value_of(w.data()[k]));
      dw_sum[k].add(value_of(dy.data()[o]) * value_of(x.data()[i]));
    });
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
      if (packed != nullptr) conv_forward_packed<T>(s, x.data(), packed, to, tell, scratch, pool);
      else conv_forward<T>(s, x.data(), w.data(), to, tell, scratch, pool);
      if (tell == nullptr) return;
      for (int64_t i = 0; i < pixels; ++i) ASSERT_EQ(times[i], 1) << i;
      ASSERT_EQ(0, std::memcmp(told.data(), to, y_size * sizeof(T)));
    };
    const auto y = same_on_all<T>(s, y_size, [&](T* to, void* scratch, const ThreadPool& pool) {
      forward(to, scratch, pool, nullptr);
    });
    compare(y, y_sum);
    if (testing::Test::HasFatalFailure()) return;
    const auto packed = same_on_all<T>(s, y_size, [&](T* to, void* scratch, const ThreadPool& pool) {
      Guarded<char> form(static_cast<int64_t>(conv_packed_bytes<T>(s)));
      conv_pack<T>(s, w.data(), form.data(), pool);
      EXPECT_TRUE(form.intact());
      forward(to, scratch, pool, form.data());
    });
    ASSERT_TRUE(packed.same_bits(y));
    const auto dx = same_on_all<T>(s, x_size, [&](T* to, void* scratch, const ThreadPool& pool) {
      conv_input_gradient<T>(s, dy.data(), w.data(), to, scratch, pool);
    });
    compare(dx, dx_sum);
    if (testing::Test::HasFatalFailure()) return;
    const auto dw = same_on_all<T>(s, w_size, [&](T* to, void* scratch, const ThreadPool& pool) {
      conv_kernel_gradient<T>(s, x.data(), dy.data(), to, scratch, pool);
    });
    compare<T>(dw, dw_sum);
    if (testing::Test::HasFatalFailure()) return;
  }
}

// "same": as many outputs as strides fit, the spare zero after.
ConvShape same(int64_t batch, Spatial in, int64_t channels, Spatial kernel, int64_t filters,
               Spatial stride = {1, 1, 1}, Spatial dilation = {1, 1, 1}) {
  ConvShape s{.batch = batch, .in = in, .kernel = kernel, .stride = stride, .dilation = dilation,
              .in_channels = channels, .out_channels = filters};
  for (int i = 0; i < 3; ++i) {
    s.out[i] = (in[i] + stride[i] - 1) / stride[i];
    s.pad[i] = std::max<int64_t>(
                   (s.out[i] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 - in[i], 0) / 2;
  }
  return s;
}

ConvShape valid(int64_t batch, Spatial in, int64_t channels, Spatial kernel, int64_t filters,
                Spatial stride = {1, 1, 1}, Spatial dilation = {1, 1, 1}) {
  ConvShape s = same(batch, in, channels, kernel, filters, stride, dilation);
  for (int i = 0; i < 3; ++i) {
    s.out[i] = std::max<int64_t>(0, (in[i] - (kernel[i] - 1) * dilation[i] - 1) / stride[i] + 1);
  }
  s.pad = {0, 0, 0};
  return s;
}

template <typename T>
class ConvKernel : public testing::Test {};
using Types = testing::Types<float, double, hwy::float16_t, hwy::bfloat16_t>;
TYPED_TEST_SUITE(ConvKernel, Types);

TYPED_TEST(ConvKernel, OneAndTwoAxes) {
  on_every_target(conv_target, [] {
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
  on_every_target(conv_target, [] {
    check<TypeParam>(same(1, {4, 5, 6}, 3, {3, 3, 3}, 5));
    check<TypeParam>(valid(2, {5, 6, 4}, 2, {2, 3, 1}, 17, {2, 1, 2}, {1, 2, 1}));
  });
}

// Enough channels that the image is read where it lies: lines and taps in padding, whole planes per task,
// lines cut in pieces, taps apart from each other, blocks of k that end inside a line of taps.
TYPED_TEST(ConvKernel, ManyChannels) {
  on_every_target(conv_target, [] {
    ConvShape wide = same(1, {1, 3, 9}, 16, {1, 2, 3}, 17);
    wide.pad = {0, 4, 5};
    wide.out = {1, 10, 19};
    for (const ConvShape& s : std::vector<ConvShape>{
             same(2, {3, 5, 9}, 17, {3, 3, 3}, 18),
             same(1, {4, 3, 8}, 16, {2, 3, 2}, 17, {2, 1, 2}),
             same(1, {1, 11, 12}, 20, {1, 3, 3}, 17, {1, 1, 1}, {1, 2, 3}),
             same(1, {1, 2, 150}, 16, {1, 2, 3}, 17),
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
  on_every_target(conv_target, [] {
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
  on_every_target(conv_target, [] {
    check<TypeParam>(same(0, {1, 5, 5}, 3, {1, 3, 3}, 4));
    check<TypeParam>(valid(2, {1, 2, 5}, 3, {1, 3, 3}, 4));
    check<TypeParam>(same(2, {1, 4, 5}, 0, {1, 3, 3}, 4));
    check<TypeParam>(same(2, {1, 4, 5}, 3, {1, 3, 3}, 0));
  });
}

// Enough pixels for several tasks and for parts of the kernel gradient.
TEST(ConvKernelLarge, ManyTasks) {
  on_every_target(conv_target, [] {
    check<float>(same(2, {1, 40, 40}, 3, {1, 3, 3}, 34));
    check<float>(same(1, {1, 20, 21}, 32, {1, 3, 3}, 33, {1, 2, 2}));
  });
}

}  // namespace
}  // namespace keel
