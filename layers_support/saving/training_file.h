// How a model is trained, in whole-model files of Keras 2.
#ifndef KEEL_LAYERS_SUPPORT_SAVING_TRAINING_FILE_H_
#define KEEL_LAYERS_SUPPORT_SAVING_TRAINING_FILE_H_

#include <string>

#include "layers_support/models/model.h"
#include "layers_support/saving/hdf5_file.h"

namespace keel::internal {

// Writes what the model was compiled with (attribute training_config) and what its optimizer keeps (group
// optimizer_weights); nothing where it was not compiled.
void write_training(hdf5::File& file, const Model& model);

// Compiles the model as the file says and gives the optimizer what it kept. What the file does not say or
// what is unknown here, such as a loss of the user's own, leaves the model uncompiled or the optimizer at
// its beginning, with a warning on stderr that names `path`.
void read_training(const hdf5::File& file, const std::string& path, const Model& model);

}  // namespace keel::internal

#endif  // KEEL_LAYERS_SUPPORT_SAVING_TRAINING_FILE_H_
