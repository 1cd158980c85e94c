#include "layers_support/layers/activations.h"

#include <functional>
#include <utility>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

// A function of tensors and the arguments that a file holds of it.
class Elementary final : public BuiltIn {
 public:
  using Function = std::function<Tensor(const Tensor&)>;
  Elementary(const char* class_name, const std::string& name, const InputShape& shape, Function function, Json arguments)
      : BuiltIn(class_name, name, shape), function_(std::move(function)), arguments_(std::move(arguments)) {}
  bool supports_masking() const override { return true; }
  Tensor call(const Tensor& x) override { return function_(x); }
  Json get_config() const override { return config_with(arguments_); }

 private:
  const Function function_;
  const Json arguments_;
};

Layer load_relu(const ConfigReader& c, const LayerLoader&) {
  ReLUOptions options{.negative_slope = c.number("negative_slope", 0), .threshold = c.number("threshold", 0), .name = name_at(c)};
  if (c.has("max_value")) options.max_value = c.number("max_value");
  return ReLU(options);
}
// Keras keeps alpha as an array of no axes, which JSON holds as an object.
double alpha_at(const ConfigReader& c, double fallback) {
  if (c.has("alpha") && c.at("alpha").is_object()) return ConfigReader(c.where(), c.at("alpha")).number("value");
  return c.number("alpha", fallback);
}
Layer load_leaky_relu(const ConfigReader& c, const LayerLoader&) { return LeakyReLU(alpha_at(c, 0.3), {.name = name_at(c)}); }
Layer load_elu(const ConfigReader& c, const LayerLoader&) { return ELU(alpha_at(c, 1), {.name = name_at(c)}); }
Layer load_thresholded_relu(const ConfigReader& c, const LayerLoader&) {
  // As alpha, theta is an array of no axes.
  const bool is_object = c.has("theta") && c.at("theta").is_object();
  const double theta = is_object ? ConfigReader(c.where(), c.at("theta")).number("value") : c.number("theta", 1);
  return ThresholdedReLU(theta, {.name = name_at(c)});
}

class PReLUImpl final : public BuiltIn {
 public:
  explicit PReLUImpl(const PReLUOptions& options)
      : BuiltIn("PReLU", options.name, options.input_shape), options_(options) {}
  bool supports_masking() const override { return true; }
  void build(const Shape& x) override {
    Shape shape = x;
    shape.erase(0);
    for (const int64_t axis : options_.shared_axes) {
      if (axis < 1 || axis >= x.rank()) {
        fail(name(), ": shared_axes holds ", axis, " but the input has shape ", x, "; axes count from 1");
      }
      shape[static_cast<int>(axis) - 1] = 1;
    }
    alpha_ = add_weight("alpha", shape, {options_.alpha_initializer, options_.alpha_regularizer, options_.alpha_constraint});
  }
  Tensor call(const Tensor& x) override { return relu(x) - alpha_ * relu(-x); }
  Json get_config() const override {
    const Json axes = options_.shared_axes.empty() ? Json(nullptr) : Json(options_.shared_axes);
    return config_with({{"shared_axes", axes}}, options_);
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    auto options = options_at<PReLUOptions>(c);
    options.shared_axes = c.integers("shared_axes", std::vector<int64_t>{});
    return PReLU(options);
  }

 private:
  const PReLUOptions options_;
  Variable alpha_;
};

Layer load_softmax(const ConfigReader& c, const LayerLoader&) {
  return Softmax(c.integer("axis", -1), {.name = name_at(c)});
}

std::shared_ptr<LayerImpl> make_relu(const ReLUOptions& options) {
  if (options.max_value && !(*options.max_value >= 0)) {
    fail("ReLU: max_value is ", *options.max_value, "; it must be at least 0");
  }
  if (!(options.negative_slope >= 0)) {
    fail("ReLU: negative_slope is ", options.negative_slope, "; it must be at least 0");
  }
  const ReluOptions arguments{options.negative_slope, options.max_value, options.threshold};
  return std::make_shared<Elementary>(
      "ReLU", options.name, options.input_shape, [arguments](const Tensor& x) { return relu(x, arguments); },
      Json{{"max_value", options.max_value ? Json(*options.max_value) : Json(nullptr)},
           {"negative_slope", options.negative_slope},
           {"threshold", options.threshold}});
}

}  // namespace

ReLU::ReLU(const ReLUOptions& options) : Layer(make_relu(options)) {}
LeakyReLU::LeakyReLU(double alpha, const PlainOptions& options)
    : Layer(std::make_shared<Elementary>("LeakyReLU", options.name, options.input_shape,
                                         [alpha](const Tensor& x) { return relu(x, {.alpha = alpha}); },
                                         Json{{"alpha", alpha}})) {}
ELU::ELU(double alpha, const PlainOptions& options)
    : Layer(std::make_shared<Elementary>("ELU", options.name, options.input_shape,
                                         [alpha](const Tensor& x) { return elu(x, alpha); }, Json{{"alpha", alpha}})) {}
ThresholdedReLU::ThresholdedReLU(double theta, const PlainOptions& options)
    : Layer([&] {
        if (!(theta >= 0)) fail("ThresholdedReLU: theta is ", theta, "; it must be at least 0");
        return std::make_shared<Elementary>(
            "ThresholdedReLU", options.name, options.input_shape,
            [theta](const Tensor& x) { return x * cast(greater(x, theta), x.dtype()); }, Json{{"theta", theta}});
      }()) {}
PReLU::PReLU(const PReLUOptions& options) : Layer(std::make_shared<PReLUImpl>(options)) {}
Softmax::Softmax(int64_t axis, const PlainOptions& options)
    : Layer(std::make_shared<Elementary>("Softmax", options.name, options.input_shape,
                                         [axis](const Tensor& x) { return softmax(x, axis); }, Json{{"axis", axis}})) {}

}  // namespace keel::layers

namespace keel::internal {

void add_activations(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"ReLU", load_relu}, {"LeakyReLU", load_leaky_relu}, {"ELU", load_elu}, {"Softmax", load_softmax}, {"ThresholdedReLU", load_thresholded_relu}, {"PReLU", PReLUImpl::load}});
}

}  // namespace keel::internal
