#include "ops/conv/conv.h"

#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

// An input of `rank` spatial axes and a kernel that often fits it.
struct Operands {
  Tensor x, kernel;
  Padding padding;
  DataFormat format;
};
Operands operands(Draw& d, int rank, int64_t extra_channels) {
  const Tensor x = d.tensor(rank + 2, rank + 2);
  const DataFormat format = d.data_format();
  const bool fits = x.rank() == rank + 2;
  const int64_t channels = fits ? x.shape()[format.channel_axis(x.rank())] : None;
  Shape kernel;
  for (int i = 0; i < rank; ++i) kernel.push_back(d.choice(0, 4) % 4 + (d.byte() == 7 ? 20 : 0));
  if (d.byte() < 230 && channels != None) {
    kernel.push_back(channels);
  } else {
    kernel.push_back(d.choice(0, 3));
  }
  kernel.push_back(extra_channels);
  const Tensor k = d.byte() < 240 ? d.new_tensor(kernel, x.dtype()) : d.tensor();
  return {x, k, d.padding(), format};
}

Tensors fuzz_conv1d(Draw& d) {
  const Operands o = operands(d, 1, d.choice(0, 5));
  const int64_t strides = d.number(1, 3);
  return {conv1d(o.x, o.kernel, {.strides = strides, .padding = o.padding, .data_format = o.format,
                                 .dilation_rate = d.number(1, 2)})};
}
Tensors fuzz_conv2d(Draw& d) {
  const Operands o = operands(d, 2, d.choice(0, 5));
  const auto strides = d.numbers<2>(1, 3);
  return {conv2d(o.x, o.kernel, {.strides = strides, .padding = o.padding, .data_format = o.format,
                                 .dilation_rate = d.numbers<2>(1, 2)})};
}
Tensors fuzz_conv3d(Draw& d) {
  const Operands o = operands(d, 3, d.choice(0, 3));
  const auto strides = d.numbers<3>(1, 2);
  return {conv3d(o.x, o.kernel, {.strides = strides, .padding = o.padding, .data_format = o.format,
                                 .dilation_rate = d.numbers<3>(1, 2)})};
}
Shape result_shape(Draw& d, int rank) {
  Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(d.byte() < 128 ? None : d.number(0, 9));
  return shape;
}
Tensors fuzz_conv2d_transpose(Draw& d) {
  const Operands o = operands(d, 2, d.choice(0, 5));
  const auto strides = d.numbers<2>(1, 3);
  const Shape shape = result_shape(d, 4);
  return {conv2d_transpose(o.x, o.kernel, shape, {.strides = strides, .padding = o.padding, .data_format = o.format,
                                                  .dilation_rate = d.numbers<2>(1, 2)})};
}
Tensors fuzz_conv3d_transpose(Draw& d) {
  const Operands o = operands(d, 3, d.choice(0, 3));
  const auto strides = d.numbers<3>(1, 2);
  const Shape shape = result_shape(d, 5);
  return {conv3d_transpose(o.x, o.kernel, shape, {.strides = strides, .padding = o.padding, .data_format = o.format})};
}
Tensors fuzz_depthwise(Draw& d) {
  const Operands o = operands(d, 2, d.choice(0, 3));
  const auto strides = d.numbers<2>(1, 3);
  return {depthwise_conv2d(o.x, o.kernel, {.strides = strides, .padding = o.padding, .data_format = o.format,
                                           .dilation_rate = d.numbers<2>(1, 2)})};
}
Tensors fuzz_separable(Draw& d) {
  const Operands o = operands(d, 2, 1 + d.choice(0, 1));
  const int64_t channels = o.kernel.rank() == 4 && o.kernel.shape()[2] != None ? o.kernel.shape()[2] * o.kernel.shape()[3] : 1;
  const Tensor pointwise = d.new_tensor(Shape{1, 1, channels, d.choice(0, 4)}, o.x.dtype());
  return {separable_conv2d(o.x, o.kernel, pointwise, {.strides = d.numbers<2>(1, 2), .padding = o.padding,
                                                      .data_format = o.format})};
}
Tensors fuzz_pool2d(Draw& d) {
  const Tensor x = d.tensor(4, 4);
  const auto size = d.numbers<2>(1, 3), strides = d.numbers<2>(1, 3);
  const Padding padding = d.padding();
  const DataFormat format = d.data_format();
  return {pool2d(x, size, {.strides = strides, .padding = padding, .data_format = format, .pool_mode = d.word("max", "avg")})};
}
Tensors fuzz_pool3d(Draw& d) {
  const Tensor x = d.tensor(5, 5);
  const auto size = d.numbers<3>(1, 3), strides = d.numbers<3>(1, 2);
  const Padding padding = d.padding();
  const DataFormat format = d.data_format();
  return {pool3d(x, size, {.strides = strides, .padding = padding, .data_format = format, .pool_mode = d.word("max", "avg")})};
}
Tensors fuzz_resize(Draw& d) {
  const Tensor x = d.tensor(4, 4);
  const auto factors = d.numbers<2>(0, 3);
  const DataFormat format = d.data_format();
  return {resize_images(x, factors[0], factors[1], format, d.word("nearest", "bilinear"))};
}
Tensors fuzz_resize_volumes(Draw& d) {
  const Tensor x = d.tensor(5, 5);
  const auto factors = d.numbers<3>(0, 3);
  return {resize_volumes(x, factors[0], factors[1], factors[2], d.data_format())};
}
Tensors fuzz_local1d(Draw& d) {
  const Tensor x = d.tensor(3, 3);
  const auto size = d.numbers<1>(1, 3), strides = d.numbers<1>(1, 2);
  const int64_t steps = x.rank() == 3 && x.shape()[1] != None ? x.shape()[1] : 3;
  const int64_t channels = x.rank() == 3 && x.shape()[2] != None ? x.shape()[2] : 1;
  const bool sane = size[0] > 0 && size[0] < 8 && strides[0] > 0 && steps >= size[0];
  const int64_t windows = sane ? (steps - size[0]) / strides[0] + 1 : 2;
  const Tensor kernel = d.new_tensor(Shape{windows, (sane ? size[0] : 1) * channels, d.choice(0, 3)}, x.dtype());
  return {local_conv1d(x, kernel, size, strides, d.data_format())};
}
Tensors fuzz_local2d(Draw& d) {
  const Tensor x = d.tensor(4, 4), kernel = d.tensor(3, 3);
  const auto size = d.numbers<2>(1, 3), strides = d.numbers<2>(1, 2), shape = d.numbers<2>(0, 3);
  return {local_conv2d(x, kernel, size, strides, shape, d.data_format())};
}

}  // namespace

const Family& family() {
  static const Family known{{fuzz_conv1d, fuzz_conv2d, fuzz_conv3d, fuzz_conv2d_transpose, fuzz_conv3d_transpose,
                           fuzz_depthwise, fuzz_separable, fuzz_pool2d, fuzz_pool3d, fuzz_resize, fuzz_resize_volumes,
                           fuzz_local1d, fuzz_local2d}};
  return known;
}

}  // namespace keel::fuzz
