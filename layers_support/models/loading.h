// Models from what files hold of them.
#ifndef KEEL_LAYERS_SUPPORT_MODELS_LOADING_H_
#define KEEL_LAYERS_SUPPORT_MODELS_LOADING_H_

#include "layers_support/config/config.h"
#include "layers_support/layers/loading.h"
#include "layers_support/models/model.h"

namespace keel {

// A model from {"class_name": "Sequential", "Model" or "Functional", "config": …}, in the form of Keras 2
// or of tf_keras: the `model_config` of a file, or what model_config() gives. Its weights are new.
// `custom` makes layers of the user's own classes. ValueError where a class is unknown or the config does
// not make sense. Source: keras.models.model_from_config.
Model model_from_config(const Json& json, const LayerFactories& custom = {});

// What makes the same model again, in the form that Keras 2.3 and tf_keras read. ValueError where the
// model's class is the user's own.
Json model_config(const Model& model);

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_MODELS_LOADING_H_
