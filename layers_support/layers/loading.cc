#include "layers_support/layers/loading.h"

#include "nlohmann/json.hpp"

namespace keel {
namespace {

const LayerFactories& factories_of_keras() {
  static const LayerFactories* const table = [] {
    auto* out = new LayerFactories;
    internal::add_core_layers(*out);
    internal::add_activations(*out);
    internal::add_convolutions(*out);
    internal::add_cropping(*out);
    internal::add_resizing(*out);
    internal::add_separable_convolutions(*out);
    internal::add_pooling(*out);
    internal::add_normalization(*out);
    internal::add_noise(*out);
    internal::add_merges(*out);
    internal::add_recurrent(*out);
    internal::add_wrappers(*out);
    return out;
  }();
  return *table;
}

// What all configs may hold.
void apply_base_config(const ConfigReader& config, LayerImpl& layer) {
  if (!config.flag("trainable", true)) layer.set_trainable(false);
  // tf_keras may hold a policy here, whose name is the dtype for all that is not mixed.
  if (config.has("dtype") && config.at("dtype").is_string()) layer.set_dtype(config.text("dtype"));
  for (const char* key : {"batch_input_shape", "batch_shape"}) {
    if (!config.has(key)) continue;
    const std::vector<int64_t> dims = config.dims(key);
    layer.set_batch_input_shape(Shape(Dims(dims)));
  }
}

}  // namespace

LayerLoader::LayerLoader(LayerFactories custom) : custom_(std::move(custom)) {}

Layer LayerLoader::load(const Json& object) const {
  const ObjectConfig named("layer", object);
  auto found = custom_.find(named.class_name());
  if (found == custom_.end()) {
    found = factories_of_keras().find(named.class_name());
    if (found == factories_of_keras().end()) {
      fail("load: there is no layer of class '", named.class_name(),
           "'; a class of your own can be given as a custom layer");
    }
  }
  const ConfigReader config(named.class_name(), named.config());
  const Layer layer = found->second(config, *this);
  apply_base_config(config, layer.impl());
  return layer;
}

}  // namespace keel
