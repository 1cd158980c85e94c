#include "ops/conv/conv_ops.h"

#include <algorithm>

namespace keel {

ConvShape conv_shape(const Window& w, const Shape& x, const Shape& kernel, const Shape& y) {
  ConvShape s;
  s.batch = x[0];
  s.in_channels = x[w.channel_axis()];
  s.out_channels = y[w.channel_axis()];
  s.channels_first = w.channels_first;
  for (int i = 3 - w.rank; i < 3; ++i) {
    s.in[i] = x[w.axis(i)];
    s.out[i] = y[w.axis(i)];
    s.kernel[i] = kernel[i - (3 - w.rank)];
    s.dilation[i] = w.dilations[i];
    s.pad[i] = w.pad_before(i, s.in[i], s.kernel[i], s.out[i]);
    // Beyond the image any stride is like another, and the gradient takes time for each step of it.
    s.stride[i] = std::clamp<int64_t>(s.in[i] + s.pad[i], 1, w.strides[i]);
  }
  return s;
}

void check_conv_dtypes(std::string_view function, const Signature& a, const Signature& b) {
  if (a.dtype != b.dtype || !a.dtype.is_floating()) {
    fail(function, ": the operands are ", a.dtype, " and ", b.dtype,
         "; accepted are two of one floating dtype");
  }
}

void check_conv_channels(std::string_view function, const Shape& x, const Shape& kernel, int64_t x_channels,
                         int64_t kernel_channels, int64_t more) {
  if (x_channels != None && kernel_channels != None && x_channels != kernel_channels) {
    fail(function, ": kernel has ", kernel_channels, " input channels but x has ", x_channels, " (x: ", x,
         ", kernel: ", kernel, ')');
  }
  for (int64_t channels : {x_channels, kernel_channels, more}) {
    if (channels == 0) fail(function, ": zero channels (x: ", x, ", kernel: ", kernel, ')');
  }
}

Shape conv_result_shape(std::string_view function, const Window& w, const Shape& x, const Shape& kernel,
                        int64_t channels) {
  Shape y;
  y.resize(w.rank + 2);
  y[0] = x[0];
  y[w.channel_axis()] = channels;
  for (int i = 3 - w.rank; i < 3; ++i) {
    y[w.axis(i)] = w.outputs(function, i, x[w.axis(i)], kernel[i - (3 - w.rank)]);
  }
  return y;
}

}  // namespace keel
