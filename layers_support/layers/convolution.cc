#include "layers_support/layers/convolution.h"

#include <string>
#include <utility>
#include <vector>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/convolution_common.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

Tensor convolve(const Tensor& x, const Tensor& kernel, const ConvOptions<1>& o) {
  return conv1d(x, kernel, {o.strides[0], o.padding, o.data_format, o.dilation_rate[0]});
}
Tensor convolve(const Tensor& x, const Tensor& kernel, const ConvOptions<2>& o) {
  return conv2d(x, kernel, {o.strides.values(), o.padding, o.data_format, o.dilation_rate.values()});
}
Tensor convolve(const Tensor& x, const Tensor& kernel, const ConvOptions<3>& o) {
  return conv3d(x, kernel, {o.strides.values(), o.padding, o.data_format, o.dilation_rate.values()});
}

constexpr const char* kConvNames[] = {"", "Conv1D", "Conv2D", "Conv3D"};

template <size_t N>
class ConvImpl final : public BuiltIn {
 public:
  ConvImpl(int64_t filters, const Sizes<N>& kernel_size, const ConvOptions<N>& options)
      : BuiltIn(kConvNames[N], options.name, options.input_shape),
        filters_(filters), kernel_size_(kernel_size), options_(options) {
    check_sizes(class_name(), filters, kernel_size, options.strides, options.dilation_rate);
    if (options.padding.kind() == Padding::kCausal && N > 1) {
      fail(class_name(), ": padding is causal, which is for Conv1D; accepted are valid and same");
    }
  }
  void build(const Shape& x) override {
    Shape shape(kernel_size_.values());
    shape.push_back(channels_of(name(), x, N + 2, options_.data_format));
    shape.push_back(filters_);
    kernel_ = add_weight("kernel", shape,
                         {options_.kernel_initializer, options_.kernel_regularizer, options_.kernel_constraint});
    if (!options_.use_bias) return;
    bias_ = add_weight("bias", {filters_},
                       {options_.bias_initializer, options_.bias_regularizer, options_.bias_constraint});
  }
  Tensor call(const Tensor& x) override {
    check_rank(x, N + 2);
    Tensor y = convolve(x, kernel_, options_);
    if (options_.use_bias) y = bias_add(y, bias_, options_.data_format);
    return regularized(options_.activation(y), options_.activity_regularizer);
  }
  Json get_config() const override {
    return config_with({{"filters", filters_}, {"kernel_size", kernel_size_.list()}}, options_);
  }
  template <typename T>
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    if (c.integer("groups", 1) != 1) fail(c.where(), ": 'groups' is ", c.integer("groups"), "; accepted is 1");
    return T(c.integer("filters"), c.integers("kernel_size"), options_at<ConvOptions<N>>(c));
  }

 private:
  const int64_t filters_;
  const Sizes<N> kernel_size_;
  const ConvOptions<N> options_;
  Variable kernel_, bias_;
};

class Conv2DTransposeImpl final : public BuiltIn {
 public:
  Conv2DTransposeImpl(int64_t filters, const Sizes<2>& kernel_size, const Conv2DTransposeOptions& options)
      : BuiltIn("Conv2DTranspose", options.name, options.input_shape),
        filters_(filters), kernel_size_(kernel_size), options_(options) {
    check_sizes(class_name(), filters, kernel_size, options.strides, options.dilation_rate);
    if (options.output_padding.most() >= 0) {
      for (size_t i = 0; i < 2; ++i) {
        if (options.output_padding[i] < 0 || options.output_padding[i] >= options.strides[i]) {
          fail(class_name(), ": output_padding is ", options.output_padding[i], " where the stride is ",
               options.strides[i], "; it must be at least 0 and below the stride");
        }
      }
    }
  }
  void build(const Shape& x) override {
    const int64_t channels = channels_of(name(), x, 4, options_.data_format);
    kernel_ = add_weight("kernel", {kernel_size_[0], kernel_size_[1], filters_, channels},
                         {options_.kernel_initializer, options_.kernel_regularizer, options_.kernel_constraint});
    if (!options_.use_bias) return;
    bias_ = add_weight("bias", {filters_},
                       {options_.bias_initializer, options_.bias_regularizer, options_.bias_constraint});
  }
  Tensor call(const Tensor& x) override {
    check_rank(x, 4);
    Tensor y = conv2d_transpose(x, kernel_, output_shape(x.shape()),
                                {options_.strides.values(), options_.padding, options_.data_format,
                                 options_.dilation_rate.values()});
    if (options_.use_bias) y = bias_add(y, bias_, options_.data_format);
    return regularized(options_.activation(y), options_.activity_regularizer);
  }
  Json get_config() const override {
    const bool padded = options_.output_padding.most() >= 0;
    return config_with({{"filters", filters_},
                        {"kernel_size", kernel_size_.list()},
                        {"output_padding", padded ? Json(options_.output_padding.list()) : Json(nullptr)}},
                       options_);
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    auto options = options_at<Conv2DTransposeOptions>(c);
    options.output_padding = c.integers("output_padding", std::vector<int64_t>{-1});
    return Conv2DTranspose(c.integer("filters"), c.integers("kernel_size"), options);
  }

 private:
  // None stands for what the op takes by itself; output_padding decides otherwise.
  Shape output_shape(const Shape& x) const {
    Shape shape{None, None, None, None};
    if (options_.output_padding.most() < 0) return shape;
    for (int i = 0; i < 2; ++i) {
      const int axis = options_.data_format.first_spatial_axis() + i;
      if (x[axis] == None) fail(name(), ": output_padding needs an input of known size; it has shape ", x);
      const auto at = static_cast<size_t>(i);
      const int64_t window = (kernel_size_[at] - 1) * options_.dilation_rate[at] + 1;
      const int64_t cut = options_.padding.kind() == Padding::kSame ? window / 2 * 2 : 0;
      shape[axis] = (x[axis] - 1) * options_.strides[at] + window - cut + options_.output_padding[at];
    }
    return shape;
  }

  const int64_t filters_;
  const Sizes<2> kernel_size_;
  const Conv2DTransposeOptions options_;
  Variable kernel_, bias_;
};

}  // namespace

Conv1D::Conv1D(int64_t filters, const Sizes<1>& kernel_size, const ConvOptions<1>& options)
    : Layer(std::make_shared<ConvImpl<1>>(filters, kernel_size, options)) {}
Conv2D::Conv2D(int64_t filters, const Sizes<2>& kernel_size, const ConvOptions<2>& options)
    : Layer(std::make_shared<ConvImpl<2>>(filters, kernel_size, options)) {}
Conv3D::Conv3D(int64_t filters, const Sizes<3>& kernel_size, const ConvOptions<3>& options)
    : Layer(std::make_shared<ConvImpl<3>>(filters, kernel_size, options)) {}
Conv2DTranspose::Conv2DTranspose(int64_t filters, const Sizes<2>& kernel_size, const Conv2DTransposeOptions& options)
    : Layer(std::make_shared<Conv2DTransposeImpl>(filters, kernel_size, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_convolutions(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"Conv1D", ConvImpl<1>::load<Conv1D>},
             {"Conv2D", ConvImpl<2>::load<Conv2D>},
             {"Conv3D", ConvImpl<3>::load<Conv3D>},
             {"Conv2DTranspose", Conv2DTransposeImpl::load}});
}

}  // namespace keel::internal
