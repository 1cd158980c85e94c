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
inline Json json_or_null(const ConfigReader& config, const char* key) {
  return config.has(key) ? config.at(key) : Json(nullptr);
}
inline Initializer initializer_at(const ConfigReader& config, const char* key, const char* fallback) {
  return config.has(key) ? Initializer::from_config(config.at(key)) : Initializer(fallback);
}
inline Regularizer regularizer_at(const ConfigReader& config, const char* key) {
  return Regularizer::from_config(json_or_null(config, key));
}
inline WeightConstraint constraint_at(const ConfigReader& config, const char* key) {
  return WeightConstraint::from_config(json_or_null(config, key));
}
inline ActivationFunction activation_at(const ConfigReader& config, const char* key, const char* fallback = "linear") {
  return config.has(key) ? ActivationFunction::from_config(config.at(key)) : ActivationFunction(fallback);
}
inline std::string name_at(const ConfigReader& config) { return config.text("name", ""); }

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_BUILT_IN_H_
