// Convolutions.
//
// x: (samples, spatial axes, channels), or (samples, channels, spatial axes) with data_format
// "channels_first"; the result likewise, with the sizes that conv2d() in ops/conv/convolution.h says.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_CONVOLUTION_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_CONVOLUTION_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"

namespace keel::layers {

// Arguments of the convolutions over N spatial axes.
template <size_t N>
struct ConvOptions {
  Sizes<N> strides = 1;
  Padding padding = {};  // Conv1D: "causal" too.
  // Where absent image_data_format(), or for one spatial axis, as in Keras, channels_last.
  DataFormat data_format = N == 1 ? DataFormat("channels_last") : DataFormat();
  Sizes<N> dilation_rate = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  WeightConstraint kernel_constraint = {};
  WeightConstraint bias_constraint = {};
  InputShape input_shape = {};
  std::string name = "";
};

// activation(convolution + bias); kernel: (kernel_size, channels, filters). ValueError where filters, a
// kernel size, stride or dilation is below 1, or stride and dilation both are above. Source:
// keras.layers.Conv1D, Conv2D, Conv3D.
class Conv1D : public Layer {
 public:
  Conv1D(int64_t filters, const Sizes<1>& kernel_size, const ConvOptions<1>& options = {});
};
class Conv2D : public Layer {
 public:
  Conv2D(int64_t filters, const Sizes<2>& kernel_size, const ConvOptions<2>& options = {});
};
class Conv3D : public Layer {
 public:
  Conv3D(int64_t filters, const Sizes<3>& kernel_size, const ConvOptions<3>& options = {});
};

// Arguments of Conv2DTranspose.
struct Conv2DTransposeOptions {
  Sizes<2> strides = 1;
  Padding padding = {};
  // Rows and columns at the end of the result, fewer than the stride; -1: as conv2d_transpose() takes them.
  Sizes<2> output_padding = -1;
  DataFormat data_format = {};
  Sizes<2> dilation_rate = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  WeightConstraint kernel_constraint = {};
  WeightConstraint bias_constraint = {};
  InputShape input_shape = {};
  std::string name = "";
};
// The transpose of a convolution, which makes images larger; kernel: (kernel_size, filters, channels).
// Source: keras.layers.Conv2DTranspose.
class Conv2DTranspose : public Layer {
 public:
  Conv2DTranspose(int64_t filters, const Sizes<2>& kernel_size, const Conv2DTransposeOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_CONVOLUTION_H_
