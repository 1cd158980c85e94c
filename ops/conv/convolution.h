// Convolutions.
//
// Shapes, with N images, spatial axes S (one, two or three), C channels in and F filters:
//   x       [N, S..., C], or [N, C, S...] with data_format "channels_first"
//   kernel  [K..., C, F], whatever the data format
//   result  [N, T..., F], or [N, F, T...]
// where T = floor((S - (K-1)·dilation - 1) / stride) + 1 with padding "valid" and ceil(S / stride) with
// "same", which puts the odd zero at the end. Floating dtypes; narrow floats are summed in float32.
// Differentiable any number of times. ValueError where channels do not match, a stride, dilation or
// kernel size is below 1, stride and dilation are both above 1, or a "valid" window does not fit: when
// the graph is built, or for unknown dimensions when it is fed.
#ifndef KEEL_OPS_CONV_CONVOLUTION_H_
#define KEEL_OPS_CONV_CONVOLUTION_H_

#include <array>
#include <concepts>
#include <cstdint>

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// Arguments of conv1d().
struct Conv1dOptions {
  int64_t strides = 1;
  Padding padding = {};         // "causal" too: output t sees inputs up to t alone.
  DataFormat data_format = {};  // image_data_format() where absent.
  int64_t dilation_rate = 1;
};
// Convolution along time. "causal" needs channels_last. Source: keras.backend.conv1d.
Tensor conv1d(const Tensor& x, const Tensor& kernel, const Conv1dOptions& options = {});

// Arguments of conv2d().
struct Conv2dOptions {
  std::array<int64_t, 2> strides = {1, 1};
  Padding padding = {};
  DataFormat data_format = {};
  std::array<int64_t, 2> dilation_rate = {1, 1};
};
// Convolution of images. Source: keras.backend.conv2d.
Tensor conv2d(const Tensor& x, const Tensor& kernel, const Conv2dOptions& options = {});

// Arguments of conv3d().
struct Conv3dOptions {
  std::array<int64_t, 3> strides = {1, 1, 1};
  Padding padding = {};
  DataFormat data_format = {};
  std::array<int64_t, 3> dilation_rate = {1, 1, 1};
};
// Convolution of volumes. Source: keras.backend.conv3d.
Tensor conv3d(const Tensor& x, const Tensor& kernel, const Conv3dOptions& options = {});

// Arguments of conv2d_transpose().
struct Conv2dTransposeOptions {
  std::array<int64_t, 2> strides = {1, 1};
  Padding padding = {};
  DataFormat data_format = {};
  std::array<int64_t, 2> dilation_rate = {1, 1};
};
// Arguments of conv3d_transpose().
struct Conv3dTransposeOptions {
  std::array<int64_t, 3> strides = {1, 1, 1};
  Padding padding = {};
  DataFormat data_format = {};
};

namespace internal {
Tensor conv2d_transpose_to(const Tensor& x, const Tensor& kernel, const Tensor& output_shape,
                           const Conv2dTransposeOptions& options);
Tensor conv3d_transpose_to(const Tensor& x, const Tensor& kernel, const Tensor& output_shape,
                           const Conv3dTransposeOptions& options);
}  // namespace internal

// What conv2d() does to gradients, as an op of its own: x: [N, T..., F] is spread over a result
// [N, S..., C] by the kernel [K..., C, F], each element adding the kernel times itself where conv2d() of
// the result would read for it. `output_shape` is the result's shape, axes in its data format; the sizes
// S are those from which conv2d() gets to T, several with strides above 1. None (-1) stands for the batch
// of x, the channels of the kernel, and for S = T·stride with padding "same",
// T·stride + max((K-1)·dilation + 1 - stride, 0) with "valid". ValueError where the sizes, batch or
// channels do not fit, and as for conv2d(). Source: keras.backend.conv2d_transpose.
Tensor conv2d_transpose(const Tensor& x, const Tensor& kernel, const Shape& output_shape,
                        const Conv2dTransposeOptions& options = {});
// The same over volumes. Source: keras.backend.conv3d_transpose.
Tensor conv3d_transpose(const Tensor& x, const Tensor& kernel, const Shape& output_shape,
                        const Conv3dTransposeOptions& options = {});

// The same with an `output_shape` that the graph computes, a vector of integers. Templates, so that
// braces mean a Shape.
template <std::convertible_to<Tensor> T>
Tensor conv2d_transpose(const Tensor& x, const Tensor& kernel, const T& output_shape,
                        const Conv2dTransposeOptions& options = {}) {
  return internal::conv2d_transpose_to(x, kernel, output_shape, options);
}
template <std::convertible_to<Tensor> T>
Tensor conv3d_transpose(const Tensor& x, const Tensor& kernel, const T& output_shape,
                        const Conv3dTransposeOptions& options = {}) {
  return internal::conv3d_transpose_to(x, kernel, output_shape, options);
}

}  // namespace keel

#endif  // KEEL_OPS_CONV_CONVOLUTION_H_
