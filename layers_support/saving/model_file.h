// Whole models in HDF5 files of Keras 2.
#ifndef KEEL_LAYERS_SUPPORT_SAVING_MODEL_FILE_H_
#define KEEL_LAYERS_SUPPORT_SAVING_MODEL_FILE_H_

#include <string>

#include "layers_support/models/loading.h"
#include "layers_support/models/model.h"

namespace keel {

// Writes what the model is made of and its weights, as keras.Model.save does for "model.h5": Keras 2 and
// tf_keras load the file. Whole or not at all. ValueError where it cannot be written, or the model's class
// is the user's own.
void save_model(const Model& model, const std::string& path);

// The model of a file that Keras 2, tf_keras or save_model() wrote, with its weights. `custom` makes layers
// of the user's own classes. How it was trained is not read. ValueError where the file is missing,
// damaged, of something else, or of weights alone. Source: keras.models.load_model.
Model load_model(const std::string& path, const LayerFactories& custom = {});

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_SAVING_MODEL_FILE_H_
