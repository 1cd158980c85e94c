// What the layers of Keras share.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_BUILT_IN_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_BUILT_IN_H_

#include <memory>
#include <string>
#include <utility>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"
#include "nlohmann/json.hpp"

namespace keel {

// A layer of Keras's class `class_name`.
class BuiltIn : public LayerImpl {
 public:
  BuiltIn(const char* class_name, const std::string& name, const InputShape& input_shape = {})
      : class_name_(class_name) {
    set_name(name);
    set_input_shape(input_shape.shape());
  }
  std::string class_name() const final { return class_name_; }

 protected:
  // The base config with `more` in it.
  Json config_with(Json more) const {
    Json config = LayerImpl::get_config();
    config.update(more);
    return config;
  }
  // The same with what config_of() says of the layer's options.
  template <typename Options>
  Json config_with(Json more, const Options& options) const;
  // Adds the penalty on what the layer gives.
  Tensor regularized(const Tensor& y, const Regularizer& activity) {
    if (activity) add_loss(activity(y));
    return y;
  }
  // ValueError unless x has this many axes.
  void check_rank(const Tensor& x, int rank) const {
    if (x.rank() != rank) fail(name(), ": the input has shape ", x.shape(), "; accepted are inputs with ", rank, " axes");
  }

 private:
  const char* const class_name_;
};

// What a config holds of these; null or absent where there is nothing.
inline Json json_or_null(const ConfigReader& config, std::string_view key) {
  return config.has(key) ? config.at(key) : Json(nullptr);
}
inline Initializer initializer_at(const ConfigReader& config, const char* key, const char* fallback) {
  return config.has(key) ? Initializer::from_config(config.at(key)) : Initializer(fallback);
}
inline Regularizer regularizer_at(const ConfigReader& config, std::string_view key) {
  return Regularizer::from_config(json_or_null(config, key));
}
inline WeightConstraint constraint_at(const ConfigReader& config, std::string_view key) {
  return WeightConstraint::from_config(json_or_null(config, key));
}
inline ActivationFunction activation_at(const ConfigReader& config, const char* key, const char* fallback = "linear") {
  return config.has(key) ? ActivationFunction::from_config(config.at(key)) : ActivationFunction(fallback);
}
inline std::string name_at(const ConfigReader& config) { return config.text("name", ""); }

// The weights that a layer's options are about: visit(name, initializer, regularizer, constraint).
template <typename Options, typename Visit>
void visit_weights(Options& o, Visit&& visit) {
  if constexpr (requires { o.kernel_initializer; }) {
    visit("kernel", o.kernel_initializer, o.kernel_regularizer, o.kernel_constraint);
  }
  if constexpr (requires { o.recurrent_initializer; }) {
    visit("recurrent", o.recurrent_initializer, o.recurrent_regularizer, o.recurrent_constraint);
  }
  if constexpr (requires { o.depthwise_initializer; }) {
    visit("depthwise", o.depthwise_initializer, o.depthwise_regularizer, o.depthwise_constraint);
  }
  if constexpr (requires { o.pointwise_initializer; }) {
    visit("pointwise", o.pointwise_initializer, o.pointwise_regularizer, o.pointwise_constraint);
  }
  if constexpr (requires { o.bias_initializer; }) {
    visit("bias", o.bias_initializer, o.bias_regularizer, o.bias_constraint);
  }
  if constexpr (requires { o.embeddings_initializer; }) {
    visit("embeddings", o.embeddings_initializer, o.embeddings_regularizer, o.embeddings_constraint);
  }
  if constexpr (requires { o.alpha_initializer; }) {
    visit("alpha", o.alpha_initializer, o.alpha_regularizer, o.alpha_constraint);
  }
  if constexpr (requires { o.gamma_initializer; }) {
    visit("gamma", o.gamma_initializer, o.gamma_regularizer, o.gamma_constraint);
  }
  if constexpr (requires { o.beta_initializer; }) {
    visit("beta", o.beta_initializer, o.beta_regularizer, o.beta_constraint);
  }
}

// What configs hold of the options that several layers have: their weights, activations, and how a window
// moves.
template <typename Options>
Json config_of(const Options& o) {
  Json config = Json::object();
  visit_weights(o, [&](const std::string& name, const auto& initializer, const auto& regularizer, const auto& constraint) {
    config[name + "_initializer"] = initializer.config();
    config[name + "_regularizer"] = regularizer.config();
    config[name + "_constraint"] = constraint.config();
  });
  if constexpr (requires { o.activity_regularizer; }) config["activity_regularizer"] = o.activity_regularizer.config();
  if constexpr (requires { o.activation; }) config["activation"] = o.activation.name();
  if constexpr (requires { o.use_bias; }) config["use_bias"] = o.use_bias;
  if constexpr (requires { o.depth_multiplier; }) config["depth_multiplier"] = o.depth_multiplier;
  if constexpr (requires { o.dilation_rate; }) {
    config["strides"] = o.strides.list();
    config["padding"] = padding_name(o.padding);
    config["data_format"] = data_format_name(o.data_format);
    config["dilation_rate"] = o.dilation_rate.list();
  }
  return config;
}

// Such options from a config, with the layer's name; their defaults where it does not say.
template <typename Options>
Options options_at(const ConfigReader& c) {
  Options o;
  o.name = name_at(c);
  visit_weights(o, [&](const std::string& name, auto& initializer, auto& regularizer, auto& constraint) {
    if (c.has(name + "_initializer")) initializer = Initializer::from_config(c.at(name + "_initializer"));
    regularizer = regularizer_at(c, name + "_regularizer");
    constraint = constraint_at(c, name + "_constraint");
  });
  if constexpr (requires { o.activity_regularizer; }) o.activity_regularizer = regularizer_at(c, "activity_regularizer");
  if constexpr (requires { o.activation; }) {
    if (c.has("activation")) o.activation = ActivationFunction::from_config(c.at("activation"));
  }
  if constexpr (requires { o.use_bias; }) o.use_bias = c.flag("use_bias", o.use_bias);
  if constexpr (requires { o.depth_multiplier; }) o.depth_multiplier = c.integer("depth_multiplier", o.depth_multiplier);
  if constexpr (requires { o.dilation_rate; }) {
    o.strides = c.integers("strides", o.strides.list());
    o.padding = c.text("padding", "valid");
    o.data_format = c.text("data_format", "channels_last");
    o.dilation_rate = c.integers("dilation_rate", o.dilation_rate.list());
  }
  return o;
}

template <typename Options>
Json BuiltIn::config_with(Json more, const Options& options) const {
  Json config = config_with(config_of(options));
  config.update(more);
  return config;
}

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_BUILT_IN_H_
