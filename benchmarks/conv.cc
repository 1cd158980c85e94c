// Convolutions: forward (F), forward and both gradients (B), and the gradients of input (dx) and
// kernel (dw) alone; forward with a bias and relu.
#include <string>

#include "absl/strings/str_cat.h"
#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/variable.h"
#include "ops/conv/convolution.h"
#include "ops/nn/nn.h"

namespace keel::bench {
namespace {

using onednn::Conv;
using onednn::Part;

Tensor convolution(const Conv& c, const Tensor& x, const Tensor& w) {
  const int64_t s = c.stride;
  switch (c.rank) {
    case 1: return conv1d(x, w, {.strides = s, .padding = "same", .data_format = "channels_last"});
    case 2: return conv2d(x, w, {.strides = {s, s}, .padding = "same", .data_format = "channels_last"});
    default:
      return conv3d(x, w, {.strides = {s, s, s}, .padding = "same", .data_format = "channels_last"});
  }
}

Shape image(const Conv& c, int64_t extent, int64_t channels) {
  Shape shape{c.batch};
  shape.resize(c.rank + 1, extent);
  shape.push_back(channels);
  return shape;
}

Shape kernel(const Conv& c) {
  Shape shape;
  shape.resize(c.rank, c.kernel);
  shape.push_back(c.in_channels);
  shape.push_back(c.out_channels);
  return shape;
}

MakeStep keel_conv(const Conv& c, Part part) {
  return [=](const Setting&) {
    const Shape xs = image(c, c.size, c.in_channels), ys = image(c, c.out(), c.out_channels);
    const Shape ws = kernel(c);
    const Tensor x = input(xs), w = input(ws), dy = input(ys);
    if (part == Part::kForward) {
      return call(function({x}, {convolution(c, x, variable(floats(ws, 1)))}), {floats(xs, 0)});
    }
    const Tensor y = convolution(c, x, w);
    const Tensors g = gradients(Tensors{y}, Tensors{dy}, Tensors{x, w});
    const Tensors wanted = part == Part::kInput    ? Tensors{g[0]}
                           : part == Part::kKernel ? Tensors{g[1]}
                                                   : Tensors{g[1], g[0], y};
    return call(function({x, w, dy}, wanted), {floats(xs, 0), floats(ws, 1), floats(ys, 2)});
  };
}

MakeStep keel_conv_bias_relu(const Conv& c) {
  return [=](const Setting&) {
    const Tensor x = input(image(c, c.size, c.in_channels));
    const Variable w = variable(floats(kernel(c), 1)), b = variable(floats({c.out_channels}, 3));
    const Tensor y = relu(bias_add(convolution(c, x, w), b, "channels_last"));
    return call(function({x}, {y}), {floats(x.shape(), 0)});
  };
}

// Of the kernel's taps along one axis, those that meet the image, over all places.
int64_t real_taps(const Conv& c) {
  int64_t taps = 0;
  for (int64_t o = 0; o < c.out(); ++o) {
    for (int64_t t = 0; t < c.kernel; ++t) {
      const int64_t at = o * c.stride + t - c.pad_before();
      taps += 0 <= at && at < c.size;
    }
  }
  return taps;
}

}  // namespace

Workloads conv_workloads() {
  struct Named {
    const char* name;
    Conv conv;
  };
  Workloads all;
  for (const Named& named : {Named{"conv7x7s2_3_64_224", {2, 7, 2, 3, 64, 224, 1}},
                             {"conv1x1_64_256_56", {2, 1, 1, 64, 256, 56, 1}},
                             {"conv3x3_64_64_56", {2, 3, 1, 64, 64, 56, 1}},
                             {"conv3x3_256_256_14", {2, 3, 1, 256, 256, 14, 1}},
                             {"conv1x1s2_512_1024_28", {2, 1, 2, 512, 1024, 28, 1}},
                             {"conv3d_3x3x3_32_32_16", {3, 3, 1, 32, 32, 16, 1}},
                             {"conv1d_k5_128_128_1000", {1, 5, 1, 128, 128, 1000, 1}}}) {
    for (int64_t batch : {8, 1}) {
      Conv c = named.conv;
      c.batch = batch;
      double flops = 2.0 * static_cast<double>(batch * c.in_channels * c.out_channels);
      for (int i = 0; i < c.rank; ++i) flops *= static_cast<double>(real_taps(c));
      const double bytes = 4.0 * static_cast<double>(c.x_elements() + c.y_elements() + c.w_elements());
      const auto add = [&](const char* suffix, Part part, int passes, int traffic) {
        all.push_back({.name = absl::StrCat(named.name, "_n", batch, suffix),
                       .keel = keel_conv(c, part),
                       .peers = {{"oneDNN", onednn::conv(c, part)}},
                       .flops = passes * flops,
                       .bytes = traffic * bytes});
      };
      add("_F", Part::kForward, 1, 1);
      all.push_back({.name = absl::StrCat(named.name, "_n", batch, "_F_bias_relu"),
                     .keel = keel_conv_bias_relu(c),
                     .peers = {{"oneDNN", onednn::conv_bias_relu(c)}},
                     .flops = flops,
                     .bytes = bytes});
      add("_B", Part::kAll, 3, 2);
      add("_dx", Part::kInput, 1, 1);
      add("_dw", Part::kKernel, 1, 1);
    }
  }
  return all;
}

}  // namespace keel::bench
