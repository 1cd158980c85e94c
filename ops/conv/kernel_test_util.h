// For tests of the family's kernels: sliding windows by their definition, runs on several threads.
#ifndef KEEL_OPS_CONV_KERNEL_TEST_UTIL_H_
#define KEEL_OPS_CONV_KERNEL_TEST_UTIL_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/threads.h"
#include "gtest/gtest.h"
#include "ops/conv/conv_kernel.h"
#include "ops/math/kernel_test_util.h"

namespace keel::testing_util {

// The pixels of a box.
inline int64_t volume(const Spatial& s) { return s[0] * s[1] * s[2]; }

// Where pixel `pixel` of image n, channel c lies.
inline int64_t at(bool channels_first, const Spatial& size, int64_t channels, int64_t n, int64_t pixel, int64_t c) {
  return channels_first ? (n * channels + c) * volume(size) + pixel : (n * volume(size) + pixel) * channels + c;
}

// The pixel of the input that tap `tap` of `window` sees for output pixel `to`; -1 where it is padding.
// Shape: ConvShape or PoolShape.
template <typename Shape>
int64_t pixel_under(const Shape& s, const Spatial& window, const Spatial& dilation, int64_t to, int64_t tap) {
  const auto point = [](int64_t index, const Spatial& size) {
    return Spatial{index / (size[1] * size[2]), index / size[2] % size[1], index % size[2]};
  };
  const Spatial place = point(to, s.out), offset = point(tap, window);
  int64_t pixel = 0;
  for (int i = 0; i < 3; ++i) {
    const int64_t from = place[i] * s.stride[i] + offset[i] * dilation[i] - s.pad[i];
    if (from < 0 || from >= s.in[i]) return -1;
    pixel = pixel * s.in[i] + from;
  }
  return pixel;
}

// Calls body(image, input pixel, output pixel, tap) for all that the windows see.
template <typename Body>
void each_tap(const ConvShape& s, const Body& body) {
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t to = 0; to < volume(s.out); ++to) {
      for (int64_t tap = 0; tap < volume(s.kernel); ++tap) {
        const int64_t from = pixel_under(s, s.kernel, s.dilation, to, tap);
        if (from >= 0) body(n, from, to, tap);
      }
    }
  }
}

// A sum and the sum of its terms' magnitudes.
struct Sum {
  double value = 0, magnitude = 0;
  void add(double x) {
    value += x;
    magnitude += std::abs(x);
  }
};

// Expects `got` within what rounding explains of `want`.
template <typename T>
void compare(const Guarded<T>& got, const std::vector<Sum>& want) {
  ASSERT_EQ(got.size(), static_cast<int64_t>(want.size()));
  const double unit = sizeof(T) == 8 ? 1.2e-16 : 6e-8;
  for (int64_t i = 0; i < got.size(); ++i) {
    const Sum& sum = want[i];
    const double allowed = 100 * unit * sum.magnitude +
                           (sizeof(T) == 2 ? 0.502 * epsilon_of<T>() * std::abs(sum.value) + 1e-7 : 0);
    ASSERT_NEAR(value_of(got.data()[i]), sum.value, allowed) << "element " << i;
  }
}

// Operands of a convolution, of random numbers, and what comes of them. each_product(body) calls
// body(x index, y index, w index) for every product in the definition.
template <typename T>
struct ConvCase {
  template <typename EachProduct>
  ConvCase(const ConvShape& s, int64_t weights, const EachProduct& each_product)
      : x(s.batch * volume(s.in) * s.in_channels, 1), dy(s.batch * volume(s.out) * s.out_channels, 1), w(weights, 1),
        y_sums(dy.size()), dx_sums(x.size()), dw_sums(w.size()) {
    std::mt19937 random(7);
    for (Guarded<T>* g : {&x, &dy, &w}) g->fill(random);
    each_product([&](int64_t i, int64_t o, int64_t k) {
      y_sums[o].add(value_of(x.data()[i]) * value_of(w.data()[k]));
      dx_sums[i].add(value_of(dy.data()[o]) * value_of(w.data()[k]));
      dw_sums[k].add(value_of(dy.data()[o]) * value_of(x.data()[i]));
    });
  }

  Guarded<T> x, dy, w;
  std::vector<Sum> y_sums, dx_sums, dw_sums;
};

// Calls run(result, scratch, pool) with 1, 2 and 7 threads, where scratch has scratch_bytes(pool) bytes;
// the results, `size` elements, must have the same bits. The last of them.
template <typename T, typename ScratchBytes, typename Run>
Guarded<T> same_on_all_threads(int64_t size, const ScratchBytes& scratch_bytes, const Run& run) {
  std::vector<Guarded<T>> results;
  for (int threads : {1, 2, 7}) {
    const ThreadPool& pool = pool_of(threads);
    Guarded<T> result(size, 1);
    Guarded<char> scratch(static_cast<int64_t>(scratch_bytes(pool)));
    run(result.data(), scratch.data(), pool);
    EXPECT_TRUE(result.intact());
    EXPECT_TRUE(scratch.intact());
    results.push_back(result);
    EXPECT_TRUE(results.front().same_bits(result)) << threads << " threads";
  }
  return results.back();
}

// "same": as many outputs as strides fit, the spare zero after.
inline ConvShape same(int64_t batch, Spatial in, int64_t channels, Spatial kernel, int64_t filters,
                      Spatial stride = {1, 1, 1}, Spatial dilation = {1, 1, 1}) {
  ConvShape s{.batch = batch, .in = in, .kernel = kernel, .stride = stride, .dilation = dilation,
              .in_channels = channels, .out_channels = filters};
  for (int i = 0; i < 3; ++i) {
    s.out[i] = (in[i] + stride[i] - 1) / stride[i];
    const int64_t reach = (s.out[i] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1;
    s.pad[i] = std::max<int64_t>(reach - in[i], 0) / 2;
  }
  return s;
}

// "valid": only outputs that see no padding.
inline ConvShape valid(int64_t batch, Spatial in, int64_t channels, Spatial kernel, int64_t filters,
                       Spatial stride = {1, 1, 1}, Spatial dilation = {1, 1, 1}) {
  ConvShape s = same(batch, in, channels, kernel, filters, stride, dilation);
  for (int i = 0; i < 3; ++i) {
    s.out[i] = std::max<int64_t>(0, (in[i] - (kernel[i] - 1) * dilation[i] - 1) / stride[i] + 1);
  }
  s.pad = {0, 0, 0};
  return s;
}

// For SCOPED_TRACE.
inline std::string describe(const ConvShape& s) {
  const auto sizes = [](const Spatial& size) {
    return std::to_string(size[0]) + "x" + std::to_string(size[1]) + "x" + std::to_string(size[2]);
  };
  return std::string(s.channels_first ? "NCHW" : "NHWC") + " batch " + std::to_string(s.batch) + " in " + sizes(s.in) +
         "x" + std::to_string(s.in_channels) + " kernel " + sizes(s.kernel) + " to " +
         std::to_string(s.out_channels) + " stride " + sizes(s.stride) + " dilation " + sizes(s.dilation) + " pad " +
         sizes(s.pad);
}

}  // namespace keel::testing_util

#endif  // KEEL_OPS_CONV_KERNEL_TEST_UTIL_H_
