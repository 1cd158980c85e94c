// Layers from what files hold of them.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_LOADING_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_LOADING_H_

#include <functional>
#include <map>
#include <string>

#include "layers_support/config/config.h"
#include "layers_support/layer/layer.h"

namespace keel {

class LayerLoader;

// Makes a layer from its config; the loader makes those inside.
using LayerFactory = std::function<Layer(const ConfigReader& config, const LayerLoader& loader)>;

// Class names, and how to make layers of them.
using LayerFactories = std::map<std::string, LayerFactory>;

// Makes layers from what get_config() gives, in the form of Keras 2.3 or of tf_keras.
class LayerLoader {
 public:
  // Knows Keras's layers and `custom` ones, which come first.
  explicit LayerLoader(LayerFactories custom = {});

  // From {"class_name": …, "config": …}. ValueError where the class is unknown or the config does not
  // suit it.
  Layer load(const Json& object) const;

 private:
  LayerFactories custom_;
};

namespace internal {

// The factories of each file of layers.
void add_core_layers(LayerFactories& to);
void add_activations(LayerFactories& to);
void add_convolutions(LayerFactories& to);
void add_cropping(LayerFactories& to);
void add_resizing(LayerFactories& to);
void add_separable_convolutions(LayerFactories& to);
void add_pooling(LayerFactories& to);
void add_normalization(LayerFactories& to);
void add_noise(LayerFactories& to);
void add_merges(LayerFactories& to);
void add_recurrent(LayerFactories& to);
void add_wrappers(LayerFactories& to);

}  // namespace internal
}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_LOADING_H_
