// Convolutions of each channel on its own, and followed by one over the channels.
//
// Shapes are those of convolution.h, but kernels are [K..., C, M] and results have C·M channels, channel
// c·M + m being channel c of x seen through kernel [..., c, m].
#ifndef KEEL_OPS_CONV_DEPTHWISE_H_
#define KEEL_OPS_CONV_DEPTHWISE_H_

#include <array>
#include <cstdint>

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// Arguments of depthwise_conv2d().
struct DepthwiseConv2dOptions {
  std::array<int64_t, 2> strides = {1, 1};
  Padding padding = {};
  DataFormat data_format = {};  // image_data_format() where absent.
  std::array<int64_t, 2> dilation_rate = {1, 1};
};
// x: [N, H, W, C] (or [N, C, H, W]), depthwise_kernel: [Kh, Kw, C, M], result: [N, H', W', C·M]. Sizes,
// dtypes, gradients and errors as for conv2d(). Source: keras.backend.depthwise_conv2d.
Tensor depthwise_conv2d(const Tensor& x, const Tensor& depthwise_kernel,
                        const DepthwiseConv2dOptions& options = {});

// Arguments of separable_conv1d().
struct SeparableConv1dOptions {
  int64_t strides = 1;
  Padding padding = {};
  DataFormat data_format = {};
  int64_t dilation_rate = 1;
};
// The same along time, with depthwise_kernel [K, C, M], and then conv1d() with pointwise_kernel
// [1, C·M, F]: [N, T', F]. Errors as for conv1d(), and where the pointwise kernel is not of size 1 or
// not for C·M channels. Source: keras.backend.separable_conv1d.
Tensor separable_conv1d(const Tensor& x, const Tensor& depthwise_kernel, const Tensor& pointwise_kernel,
                        const SeparableConv1dOptions& options = {});

// Arguments of separable_conv2d().
struct SeparableConv2dOptions {
  std::array<int64_t, 2> strides = {1, 1};
  Padding padding = {};
  DataFormat data_format = {};
  std::array<int64_t, 2> dilation_rate = {1, 1};
};
// depthwise_conv2d() and then conv2d() with pointwise_kernel [1, 1, C·M, F]: [N, H', W', F]. Errors
// likewise. Source: keras.backend.separable_conv2d.
Tensor separable_conv2d(const Tensor& x, const Tensor& depthwise_kernel, const Tensor& pointwise_kernel,
                        const SeparableConv2dOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_CONV_DEPTHWISE_H_
