#include "layers_support/layers/separable.h"

#include <vector>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/convolution_common.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

class DepthwiseConv2DImpl final : public BuiltIn {
 public:
  DepthwiseConv2DImpl(const Sizes<2>& kernel_size, const DepthwiseConv2DOptions& options)
      : BuiltIn("DepthwiseConv2D", options.name, options.input_shape), kernel_size_(kernel_size), options_(options) {
    check_sizes(class_name(), 1, kernel_size, options.strides, options.dilation_rate);
    if (options.depth_multiplier < 1) {
      fail(class_name(), ": depth_multiplier is ", options.depth_multiplier, "; it must be at least 1");
    }
  }
  void build(const Shape& x) override {
    const int64_t channels = channels_of(name(), x, 4, options_.data_format);
    kernel_ = add_weight("depthwise_kernel", {kernel_size_[0], kernel_size_[1], channels, options_.depth_multiplier},
                         {options_.depthwise_initializer, options_.depthwise_regularizer, options_.depthwise_constraint});
    if (!options_.use_bias) return;
    bias_ = add_weight("bias", {checked_multiply(channels, options_.depth_multiplier, "depth_multiplier")},
                       {options_.bias_initializer, options_.bias_regularizer, options_.bias_constraint});
  }
  Tensor call(const Tensor& x) override {
    check_rank(x, 4);
    Tensor y = depthwise_conv2d(x, kernel_, {options_.strides.values(), options_.padding, options_.data_format,
                                             options_.dilation_rate.values()});
    if (options_.use_bias) y = bias_add(y, bias_, options_.data_format);
    return regularized(options_.activation(y), options_.activity_regularizer);
  }
  Json get_config() const override {
    return config_with({{"kernel_size", kernel_size_.list()}}, options_);
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return DepthwiseConv2D(c.integers("kernel_size"), options_at<DepthwiseConv2DOptions>(c));
  }

 private:
  const Sizes<2> kernel_size_;
  const DepthwiseConv2DOptions options_;
  Variable kernel_, bias_;
};

Tensor convolve(const Tensor& x, const Tensor& depthwise, const Tensor& pointwise, const SeparableConvOptions<1>& o) {
  // Keras pads before a causal window itself; the backend's function has no such padding.
  if (o.padding.kind() == Padding::kCausal) {
    const int64_t before = (depthwise.shape()[0] - 1) * o.dilation_rate[0];
    return separable_conv1d(temporal_padding(x, {before, 0}), depthwise, pointwise,
                            {o.strides[0], "valid", o.data_format, o.dilation_rate[0]});
  }
  return separable_conv1d(x, depthwise, pointwise, {o.strides[0], o.padding, o.data_format, o.dilation_rate[0]});
}
Tensor convolve(const Tensor& x, const Tensor& depthwise, const Tensor& pointwise, const SeparableConvOptions<2>& o) {
  return separable_conv2d(x, depthwise, pointwise,
                          {o.strides.values(), o.padding, o.data_format, o.dilation_rate.values()});
}

template <size_t N>
class SeparableConvImpl final : public BuiltIn {
 public:
  SeparableConvImpl(int64_t filters, const Sizes<N>& kernel_size, const SeparableConvOptions<N>& options)
      : BuiltIn(N == 1 ? "SeparableConv1D" : "SeparableConv2D", options.name, options.input_shape),
        filters_(filters), kernel_size_(kernel_size), options_(options) {
    check_sizes(class_name(), filters, kernel_size, options.strides, options.dilation_rate);
    if (options.depth_multiplier < 1) {
      fail(class_name(), ": depth_multiplier is ", options.depth_multiplier, "; it must be at least 1");
    }
    if (options.padding.kind() == Padding::kCausal && (N > 1 || options.data_format.channels_first())) {
      fail(class_name(), ": padding is causal, which is for SeparableConv1D with channels last");
    }
  }
  void build(const Shape& x) override {
    const int64_t channels = channels_of(name(), x, N + 2, options_.data_format);
    Shape depthwise(kernel_size_.values()), pointwise;
    pointwise.resize(N, 1);
    depthwise.push_back(channels);
    depthwise.push_back(options_.depth_multiplier);
    pointwise.push_back(checked_multiply(channels, options_.depth_multiplier, "depth_multiplier"));
    pointwise.push_back(filters_);
    depthwise_ = add_weight("depthwise_kernel", depthwise,
                            {options_.depthwise_initializer, options_.depthwise_regularizer, options_.depthwise_constraint});
    pointwise_ = add_weight("pointwise_kernel", pointwise,
                            {options_.pointwise_initializer, options_.pointwise_regularizer, options_.pointwise_constraint});
    if (!options_.use_bias) return;
    bias_ = add_weight("bias", {filters_},
                       {options_.bias_initializer, options_.bias_regularizer, options_.bias_constraint});
  }
  Tensor call(const Tensor& x) override {
    check_rank(x, N + 2);
    Tensor y = convolve(x, depthwise_, pointwise_, options_);
    if (options_.use_bias) y = bias_add(y, bias_, options_.data_format);
    return regularized(options_.activation(y), options_.activity_regularizer);
  }
  Json get_config() const override {
    return config_with({{"filters", filters_}, {"kernel_size", kernel_size_.list()}}, options_);
  }
  template <typename T>
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return T(c.integer("filters"), c.integers("kernel_size"), options_at<SeparableConvOptions<N>>(c));
  }

 private:
  const int64_t filters_;
  const Sizes<N> kernel_size_;
  const SeparableConvOptions<N> options_;
  Variable depthwise_, pointwise_, bias_;
};

}  // namespace

DepthwiseConv2D::DepthwiseConv2D(const Sizes<2>& kernel_size, const DepthwiseConv2DOptions& options)
    : Layer(std::make_shared<DepthwiseConv2DImpl>(kernel_size, options)) {}
SeparableConv1D::SeparableConv1D(int64_t filters, const Sizes<1>& kernel_size, const SeparableConvOptions<1>& options)
    : Layer(std::make_shared<SeparableConvImpl<1>>(filters, kernel_size, options)) {}
SeparableConv2D::SeparableConv2D(int64_t filters, const Sizes<2>& kernel_size, const SeparableConvOptions<2>& options)
    : Layer(std::make_shared<SeparableConvImpl<2>>(filters, kernel_size, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_separable_convolutions(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"DepthwiseConv2D", DepthwiseConv2DImpl::load},
             {"SeparableConv1D", SeparableConvImpl<1>::load<SeparableConv1D>},
             {"SeparableConv2D", SeparableConvImpl<2>::load<SeparableConv2D>}});
}

}  // namespace keel::internal
