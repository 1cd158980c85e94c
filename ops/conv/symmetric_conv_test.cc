#include "ops/conv/symmetric_conv.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "core/threads.h"
#include "gtest/gtest.h"
#include "ops/conv/conv_kernel.h"

namespace keel {
namespace {

using Floats = std::vector<float>;

template <typename Copy>
Floats copied(const Copy& copy, const Floats& from) {
  Floats to;
  for (int64_t i = 0; i < copy.elements(); ++i) {
    const int64_t source = source_of(copy, i);
    EXPECT_LT(source, static_cast<int64_t>(from.size()));
    to.push_back(source < 0 ? 0 : from[source]);
  }
  return to;
}

int64_t pixels(const Spatial& s) { return s[0] * s[1] * s[2]; }

ConvShape shape_of(Spatial in, Spatial kernel, Spatial stride, Spatial dilation, Spatial pad, Spatial out) {
  ConvShape s;
  s.batch = 2;
  s.in = in;
  s.kernel = kernel;
  s.stride = stride;
  s.dilation = dilation;
  s.pad = pad;
  s.out = out;
  s.in_channels = 3;
  s.out_channels = 4;
  return s;
}

struct Case {
  ConvShape shape;
  bool copies;
};

std::vector<Case> cases() {
  const Spatial one = {1, 1, 1}, none = {0, 0, 0};
  return {
      {shape_of({1, 6, 5}, {1, 3, 3}, one, one, {0, 1, 1}, {1, 6, 5}), false},            // same
      {shape_of({1, 6, 5}, {1, 3, 3}, one, one, none, {1, 4, 3}), false},                 // valid
      {shape_of({1, 7, 7}, {1, 3, 3}, {1, 2, 2}, one, {0, 1, 1}, {1, 4, 4}), false},      // same, odd
      {shape_of({1, 8, 8}, {1, 3, 3}, {1, 2, 2}, one, none, {1, 4, 4}), true},            // same, even
      {shape_of({1, 14, 14}, {1, 7, 7}, {1, 2, 2}, one, {0, 2, 2}, {1, 7, 7}), true},     // ResNet's first
      {shape_of({1, 6, 6}, {1, 2, 2}, one, one, none, {1, 6, 6}), true},                  // same, even window
      {shape_of({1, 9, 8}, {1, 3, 2}, one, {1, 2, 3}, {0, 2, 1}, {1, 9, 8}), true},       // dilated
      {shape_of({1, 9, 9}, {1, 2, 2}, {1, 3, 3}, one, none, {1, 3, 3}), false},           // leaves pixels out
      {shape_of({1, 1, 9}, {1, 1, 4}, one, one, {0, 0, 3}, {1, 1, 9}), true},             // causal
      {shape_of({4, 5, 6}, {3, 3, 3}, {1, 2, 2}, one, {1, 1, 0}, {4, 3, 3}), true},       // volumes
      {shape_of({1, 2, 2}, {1, 3, 3}, {1, 2, 2}, one, {0, 4, 4}, {1, 6, 6}), true},       // windows without a pixel
  };
}

TEST(SymmetricConv, IsTheConvolution) {
  const ThreadPool pool(1);
  std::mt19937 random(1);
  auto numbers = [&](int64_t n) {
    Floats out;
    for (int64_t i = 0; i < n; ++i) out.push_back(static_cast<float>(static_cast<int>(random() % 15) - 7));
    return out;
  };
  for (Case c : cases()) {
    for (bool channels_first : {false, true}) {
      ConvShape& s = c.shape;
      s.channels_first = channels_first;
      const SymmetricConv symmetric = symmetric_conv(s);
      const ConvShape& t = symmetric.shape;
      SCOPED_TRACE(testing::Message() << "in " << s.in[1] << 'x' << s.in[2] << " stride " << s.stride[2]);
      EXPECT_EQ(symmetric.copies, c.copies);
      for (int i = 0; i < 3; ++i) {  // What cuDNN makes of it.
        EXPECT_EQ((t.in[i] + 2 * t.pad[i] - (t.kernel[i] - 1) * t.dilation[i] - 1) / t.stride[i] + 1, s.out[i]);
      }
      const Floats x = numbers(s.batch * s.in_channels * pixels(s.in)), dy = numbers(s.batch * s.out_channels * pixels(s.out)),
                   w = numbers(pixels(s.kernel) * s.in_channels * s.out_channels);
      const Floats image = symmetric.copies ? copied(to_symmetric(s, symmetric, 4), x) : x;
      ASSERT_EQ(static_cast<int64_t>(image.size()), t.batch * t.in_channels * pixels(t.in));
      std::vector<std::max_align_t> scratch(
          std::max(conv_scratch_bytes<float>(s, pool), conv_scratch_bytes<float>(t, pool)) / sizeof(std::max_align_t) + 8);
      void* const memory = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64);

      Floats wanted(dy.size()), got(dy.size());
      conv_forward<float>(s, x.data(), w.data(), wanted.data(), nullptr, memory, pool);
      conv_forward<float>(t, image.data(), w.data(), got.data(), nullptr, memory, pool);
      EXPECT_EQ(wanted, got);

      Floats dx(x.size()), dimage(image.size());
      conv_input_gradient<float>(s, dy.data(), w.data(), dx.data(), memory, pool);
      conv_input_gradient<float>(t, dy.data(), w.data(), dimage.data(), memory, pool);
      EXPECT_EQ(dx, symmetric.copies ? copied(from_symmetric(s, symmetric, 4), dimage) : dimage);

      Floats dw(w.size()), dw_got(w.size());
      conv_kernel_gradient<float>(s, x.data(), dy.data(), dw.data(), memory, pool);
      conv_kernel_gradient<float>(t, image.data(), dy.data(), dw_got.data(), memory, pool);
      EXPECT_EQ(dw, dw_got);
    }
  }
}

TEST(SymmetricConv, TurnsKernelsAround) {
  ConvShape s = shape_of({1, 8, 8}, {1, 2, 3}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 7, 6});
  const int64_t taps = 6, channels = s.in_channels, filters = s.out_channels;
  Floats w;
  for (int64_t i = 0; i < taps * channels * filters; ++i) w.push_back(static_cast<float>(i));
  for (bool channels_first : {false, true}) {
    s.channels_first = channels_first;
    const Floats turned = copied(to_cudnn_filter(s, 4), w);
    ASSERT_EQ(turned.size(), w.size());
    for (int64_t f = 0; f < filters; ++f) {
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t t = 0; t < taps; ++t) {
          const int64_t place = channels_first ? (f * channels + c) * taps + t : (f * taps + t) * channels + c;
          EXPECT_EQ(turned[place], w[(t * channels + c) * filters + f]);
        }
      }
    }
    EXPECT_EQ(copied(from_cudnn_filter(s, 4), turned), w);
  }
}

}  // namespace
}  // namespace keel
