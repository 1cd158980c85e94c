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
Softmax::Softmax(int64_t axis, const PlainOptions& options)
    : Layer(std::make_shared<Elementary>("Softmax", options.name, options.input_shape,
                                         [axis](const Tensor& x) { return softmax(x, axis); }, Json{{"axis", axis}})) {}

}  // namespace keel::layers

namespace keel::internal {

void add_activations(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"ReLU", load_relu}, {"LeakyReLU", load_leaky_relu}, {"ELU", load_elu}, {"Softmax", load_softmax}});
}

}  // namespace keel::internal
