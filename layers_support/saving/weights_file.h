// Weights in HDF5 files of Keras 2's own layout.
#ifndef KEEL_LAYERS_SUPPORT_SAVING_WEIGHTS_FILE_H_
#define KEEL_LAYERS_SUPPORT_SAVING_WEIGHTS_FILE_H_

#include <string>

#include "layers_support/models/model.h"
#include "layers_support/saving/hdf5_file.h"

namespace keel {

// Writes the weights of all layers, as keras.Model.save_weights does: Keras 2 and tf_keras load the
// file. The file is there whole or not at all. ValueError where it cannot be written, or the model has
// no weights yet.
void save_weights(const Model& model, const std::string& path);

// Arguments of load_weights().
struct LoadWeightsOptions {
  // Layers take what the file holds under their names, the others keep what they have; else layers with
  // weights take what it holds in order.
  bool by_name = false;
};
// Gives the layers the weights of a file written by Keras 2, tf_keras or save_weights(): a file of weights
// or of a whole model. ValueError where the file is missing, damaged or of something else, or does not
// fit the model; then the model is as it was.
void load_weights(const Model& model, const std::string& path, const LoadWeightsOptions& options = {});

namespace internal {

// The same at a group of an open file.
void write_weights(hdf5::File& file, const std::string& group, const Model& model);
void read_weights(const hdf5::File& file, const std::string& group, std::string_view function, const Model& model,
                  const LoadWeightsOptions& options);

}  // namespace internal
}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_SAVING_WEIGHTS_FILE_H_
