#include "layers_support/saving/model_file.h"

#include "layers_support/config/config.h"
#include "layers_support/saving/hdf5_file.h"
#include "layers_support/saving/training_file.h"
#include "layers_support/saving/weights_file.h"
#include "nlohmann/json.hpp"

namespace keel {

void save_model(const Model& model, const std::string& path, const SaveModelOptions& options) {
  const std::string config = model_config(model).dump();
  hdf5::File file = hdf5::File::create("save_model", path);
  file.write_text("/", "model_config", config);
  file.write_text("/", "backend", "tensorflow");
  file.write_text("/", "keras_version", "2.3.1");
  file.make_group("/model_weights");
  internal::write_weights(file, "/model_weights", model);
  if (options.include_optimizer) internal::write_training(file, model);
  file.commit();
}

Model load_model(const std::string& path, const LoadModelOptions& options) {
  const hdf5::File file = hdf5::File::open("load_model", path);
  const auto config = file.text("/", "model_config");
  if (!config) {
    fail("load_model: '", path, "' has no model_config: ",
         file.texts("/", "layer_names") ? "it holds weights alone, for load_weights()" : "it is no model of Keras");
  }
  const Model model = model_from_config(parse_json("load_model: model_config of '" + path + "'", *config), options.custom);
  internal::read_weights(file, "/model_weights", "load_model", model, {});
  if (options.compile) internal::read_training(file, path, model);
  return model;
}

}  // namespace keel
