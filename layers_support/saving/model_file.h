// Whole models in HDF5 files of Keras 2.
#ifndef KEEL_LAYERS_SUPPORT_SAVING_MODEL_FILE_H_
#define KEEL_LAYERS_SUPPORT_SAVING_MODEL_FILE_H_

#include <string>

#include "layers_support/models/loading.h"
#include "layers_support/models/model.h"

namespace keel {

// Arguments of save_model().
struct SaveModelOptions {
  bool include_optimizer = true;  // What the model was compiled with, and the optimizer's state.
};
// Writes what the model is made of, its weights and how it is trained, as keras.Model.save does for
// "model.h5": Keras 2 and tf_keras load the file. Whole or not at all. ValueError where it cannot be written,
// or the model's class is the user's own.
void save_model(const Model& model, const std::string& path, const SaveModelOptions& options = {});

// Arguments of load_model().
struct LoadModelOptions {
  LayerFactories custom = {};  // Makes layers of the user's own classes.
  bool compile = true;         // As the model was; training then goes on where it stopped.
};
// The model of a file that Keras 2, tf_keras or save_model() wrote, with its weights. ValueError where the file
// is missing, damaged, of something else, or of weights alone. Where only what it says of training is
// unknown, such as a loss of the user's own, the model is not compiled, and a warning on stderr says why.
// Source: keras.models.load_model.
Model load_model(const std::string& path, const LoadModelOptions& options = {});

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_SAVING_MODEL_FILE_H_
