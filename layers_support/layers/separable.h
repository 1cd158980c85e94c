// Convolutions of each channel on its own.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_SEPARABLE_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_SEPARABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"

namespace keel::layers {

// Arguments of DepthwiseConv2D.
struct DepthwiseConv2DOptions {
  Sizes<2> strides = 1;
  Padding padding = {};
  int64_t depth_multiplier = 1;  // Filters per channel.
  DataFormat data_format = {};
  Sizes<2> dilation_rate = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  WeightConstraint depthwise_constraint = {};
  WeightConstraint bias_constraint = {};
  InputShape input_shape = {};
  std::string name = "";
};
// depthwise_kernel: (kernel_size, channels, depth_multiplier); the result has channels ·
// depth_multiplier channels. Source: keras.layers.DepthwiseConv2D.
class DepthwiseConv2D : public Layer {
 public:
  explicit DepthwiseConv2D(const Sizes<2>& kernel_size, const DepthwiseConv2DOptions& options = {});
};

// Arguments of the separable convolutions over N spatial axes.
template <size_t N>
struct SeparableConvOptions {
  Sizes<N> strides = 1;
  Padding padding = {};
  int64_t depth_multiplier = 1;
  DataFormat data_format = N == 1 ? DataFormat("channels_last") : DataFormat();
  Sizes<N> dilation_rate = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer pointwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer pointwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  WeightConstraint depthwise_constraint = {};
  WeightConstraint pointwise_constraint = {};
  WeightConstraint bias_constraint = {};
  InputShape input_shape = {};
  std::string name = "";
};
// A depthwise convolution, then one of size 1 over the channels. pointwise_kernel: (1…, channels ·
// depth_multiplier, filters). Source: keras.layers.SeparableConv1D, SeparableConv2D.
class SeparableConv1D : public Layer {
 public:
  SeparableConv1D(int64_t filters, const Sizes<1>& kernel_size, const SeparableConvOptions<1>& options = {});
};
class SeparableConv2D : public Layer {
 public:
  SeparableConv2D(int64_t filters, const Sizes<2>& kernel_size, const SeparableConvOptions<2>& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_SEPARABLE_H_
