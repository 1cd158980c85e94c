// Depthwise, separable and transposed convolutions: forward (F), forward and all gradients (B), and of the
// depthwise ones the gradients of input (dx) and kernel (dw) alone.
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/variable.h"
#include "ops/conv/conv.h"

namespace keel::bench {
namespace {

using onednn::Conv;
using onednn::Part;

Shape image(const Conv& c, int64_t size, int64_t channels) { return {c.batch, size, size, channels}; }

// `y` of x and the kernels, whose shapes are `shapes` in that order; of all parts the gradient of the first
// kernel is the result.
template <typename F>
MakeStep keel_conv(const std::vector<Shape>& shapes, const Shape& ys, Part part, F f) {
  return [=](const Setting&) {
    // dy is Floats(…, 2), as the peers have it.
    constexpr int kSeeds[] = {0, 1, 3};
    Tensors operands;
    std::vector<Array> values;
    for (size_t i = 0; i < shapes.size(); ++i) {
      const bool weights = i > 0 && part == Part::kForward;
      values.push_back(floats(shapes[i], kSeeds[i]));
      operands.push_back(weights ? variable(values[i]) : input(shapes[i]));
    }
    const Tensor y = f(operands);
    if (part == Part::kForward) return call(function({operands[0]}, {y}), {values[0]});
    const Tensor dy = input(ys);
    Tensors wanted = gradients(Tensors{y}, Tensors{dy}, operands);
    if (part == Part::kAll) {
      std::swap(wanted[0], wanted[1]);
      wanted.push_back(y);
    } else {
      wanted = {wanted[part == Part::kInput ? 0 : 1]};
    }
    operands.push_back(dy);
    values.push_back(floats(ys, 2));
    return call(function(operands, wanted), values);
  };
}

// Of the kernel's taps along one axis, those that meet the larger image, over all places of the smaller.
int64_t real_taps(int64_t large, int64_t small, int64_t kernel, int64_t stride, int64_t before) {
  int64_t taps = 0;
  for (int64_t o = 0; o < small; ++o) {
    for (int64_t t = 0; t < kernel; ++t) {
      const int64_t at = o * stride + t - before;
      taps += 0 <= at && at < large;
    }
  }
  return taps;
}

double square(int64_t x) { return static_cast<double>(x) * static_cast<double>(x); }

}  // namespace

Workloads conv_kinds_workloads() {
  Workloads all;
  const auto add = [&](const char* name, const Conv& c, Part part, MakeStep keel, MakeStep peer,
                       double flops, int64_t elements) {
    const bool all_parts = part == Part::kAll;
    const char* suffix = part == Part::kForward ? "_F" : part == Part::kInput ? "_dx" : all_parts ? "_B" : "_dw";
    all.push_back({.name = absl::StrCat(name, "_n", c.batch, suffix),
                   .keel = std::move(keel),
                   .peers = {{"oneDNN", std::move(peer)}},
                   .flops = (all_parts ? 3 : 1) * flops,
                   .bytes = (all_parts ? 2 : 1) * 4.0 * static_cast<double>(elements)});
  };
  for (int64_t batch : {8, 1}) {
    for (Part part : {Part::kForward, Part::kAll, Part::kInput, Part::kKernel}) {
      {
        const Conv c{2, 3, 1, 96, 96, 112, batch};
        const Shape ys = image(c, c.out(), c.out_channels);
        add("dwconv3x3_96_112", c, part,
            keel_conv({image(c, c.size, c.in_channels), {3, 3, c.in_channels, 1}}, ys, part,
                      [](const Tensors& t) {
                        return depthwise_conv2d(t[0], t[1], {.padding = "same", .data_format = "channels_last"});
                      }),
            onednn::depthwise(c, part),
            2.0 * static_cast<double>(batch * c.in_channels) *
                square(real_taps(c.size, c.out(), c.kernel, c.stride, c.pad_before())),
            c.x_elements() + c.y_elements() + 9 * c.in_channels);
      }
      if (part == Part::kInput || part == Part::kKernel) continue;
      {
        const Conv c{2, 3, 1, 128, 128, 56, batch};
        const Shape ys = image(c, c.out(), c.out_channels);
        add("sepconv3x3_128_128_56", c, part,
            keel_conv({image(c, c.size, c.in_channels), {3, 3, c.in_channels, 1}, {1, 1, c.in_channels, c.out_channels}},
                      ys, part,
                      [](const Tensors& t) {
                        return separable_conv2d(t[0], t[1], t[2],
                                                {.padding = "same", .data_format = "channels_last"});
                      }),
            onednn::separable(c, part),
            2.0 * static_cast<double>(batch * c.in_channels) *
                (square(real_taps(c.size, c.out(), c.kernel, c.stride, c.pad_before())) +
                 square(c.out()) * static_cast<double>(c.out_channels)),
            c.x_elements() + c.y_elements() + c.in_channels * (9 + c.out_channels));
      }
      {
        const Conv c{2, 4, 2, 128, 64, 16, batch};
        const int64_t size = c.size * c.stride;
        add("convT4x4s2_128_64_16", c, part,
            keel_conv({image(c, c.size, c.in_channels), {4, 4, c.out_channels, c.in_channels}},
                      image(c, size, c.out_channels), part,
                      [=](const Tensors& t) {
                        return conv2d_transpose(t[0], t[1], image(c, size, c.out_channels),
                                                {.strides = {2, 2}, .padding = "same", .data_format = "channels_last"});
                      }),
            onednn::transposed(c, part),
            2.0 * static_cast<double>(batch * c.in_channels * c.out_channels) *
                square(real_taps(size, c.size, c.kernel, c.stride, 1)),
            c.x_elements() + batch * size * size * c.out_channels + c.w_elements());
      }
    }
  }
  return all;
}

}  // namespace keel::bench
