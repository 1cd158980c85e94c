#include "layers_support/saving/weights_file.h"

#include <map>
#include <utility>
#include <vector>

namespace keel {
namespace {

// What the file holds of one layer: its name and those of its arrays.
struct StoredLayer {
  std::string name;
  std::vector<std::string> weights;
};

std::string join(const std::string& group, const std::string& name) { return group == "/" ? "/" + name : group + "/" + name; }

std::vector<StoredLayer> stored_layers(const hdf5::File& file, const std::string& group, std::string_view function) {
  const auto names = file.texts(group, "layer_names");
  if (!names) fail(function, ": the file holds no weights of Keras: it has no layer_names");
  std::vector<StoredLayer> out;
  for (const std::string& name : *names) {
    const std::string path = join(group, name);
    if (!file.exists(path)) fail(function, ": the file names layer '", name, "' but does not hold it");
    auto weights = file.texts(path, "weight_names");
    if (!weights) fail(function, ": the file has no weight_names for layer '", name, "'");
    if (!weights->empty()) out.push_back({name, *std::move(weights)});
  }
  return out;
}

using Values = std::vector<std::pair<Tensor, Array>>;

// The kernel of a CuDNN layer as that of a plain one: for each gate the same numbers with the axes exchanged.
Array from_cudnn(const Array& kernel, int64_t units) {
  const int64_t rows = kernel.shape()[0], columns = kernel.shape()[1];
  std::vector<double> out(static_cast<size_t>(rows * columns));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t at = column % units * rows + row;
      out[static_cast<size_t>(row * columns + column)] =
          kernel.element<double>(at / units * columns + column / units * units + at % units);
    }
  }
  return Array::of(kernel.shape(), out).cast(kernel.dtype());
}

// Reads the weights of Keras's CuDNNLSTM or CuDNNGRU where `bias` is the last of a plain layer's three: they
// have two biases in a row, that of the input and that of the state, of which LSTM has the sum. Whether it did.
bool add_cudnn(const hdf5::File& file, const std::string& path, const Variable& bias, Values& values) {
  const Shape shape = file.shape(path);
  if (shape.rank() != 1 || values.size() < 2) return false;
  Array &kernel = values[values.size() - 2].second, &recurrent = values.back().second;
  const bool is_lstm = bias.shape() == Shape{shape[0] / 2}, is_gru = bias.shape() == Shape{2, shape[0] / 2};
  const Shape square = recurrent.shape();
  if ((!is_lstm && !is_gru) || square.rank() != 2 || square[1] * 2 != shape[0]) return false;
  kernel = from_cudnn(kernel, square[0]);
  recurrent = from_cudnn(recurrent, square[0]);
  const Array both = file.read(path, bias.dtype()).reshape({2, shape[0] / 2});
  values.emplace_back(bias, is_gru ? both : eval(sum(constant(both, {.dtype = bias.dtype()}), 0)));
  return true;
}

void add_layer(const hdf5::File& file, const std::string& group, std::string_view function, const Layer& layer,
               const StoredLayer& stored, Values& values) {
  const std::vector<Variable> weights = layer.weights();
  if (weights.size() != stored.weights.size()) {
    fail(function, ": layer '", layer.name(), "' has ", weights.size(), " weights but the file's '", stored.name, "' ",
         stored.weights.size());
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string path = join(join(group, stored.name), stored.weights[i]);
    // Looked at before it is read: a damaged file may claim any size.
    const Shape shape = file.shape(path);
    if (shape != weights[i].shape()) {
      if (i >= 2 && add_cudnn(file, path, weights[i], values)) continue;
      fail(function, ": weight '", weights[i].name(), "' of layer '", layer.name(), "' has shape ", weights[i].shape(),
           " but the file's '", stored.weights[i], "' has ", shape);
    }
    values.emplace_back(weights[i], file.read(path, weights[i].dtype()));
  }
}

std::vector<Layer> layers_with_weights(const Model& model) {
  std::vector<Layer> out;
  for (const Layer& layer : model.layers()) {
    if (!layer.weights().empty()) out.push_back(layer);
  }
  return out;
}

// The convolutions of Keras on Theano turn their kernels around.
void check_backend(const hdf5::File& file, const std::string& group, std::string_view function) {
  if (file.text(group, "backend").value_or("tensorflow") == "theano") {
    fail(function, ": the file was written by Keras on Theano, whose kernels lie the other way round");
  }
}

}  // namespace

namespace internal {

void write_weights(hdf5::File& file, const std::string& group, const Model& model) {
  std::vector<std::string> layer_names;
  for (const Layer& layer : model.layers()) {
    layer_names.push_back(layer.name());
    const std::string path = join(group, layer.name());
    file.make_group(path);
    std::vector<std::string> names;
    for (const Variable& weight : layer.weights()) {
      names.push_back(weight.name());
      file.write(join(path, weight.name()), weight.value());
    }
    file.write_texts(path, "weight_names", names);
  }
  file.write_texts(group, "layer_names", layer_names);
  // What tells how kernels lie: as TensorFlow's do.
  file.write_text(group, "backend", "tensorflow");
  file.write_text(group, "keras_version", "2.3.1");
}

void read_weights(const hdf5::File& file, const std::string& group, std::string_view function, const Model& model,
                  const LoadWeightsOptions& options) {
  check_backend(file, group, function);
  const std::vector<StoredLayer> stored = stored_layers(file, group, function);
  const std::vector<Layer> layers = layers_with_weights(model);
  Values values;
  if (options.by_name) {
    std::map<std::string, Layer> by_name;
    for (const Layer& layer : layers) by_name.emplace(layer.name(), layer);
    for (const StoredLayer& entry : stored) {
      const auto found = by_name.find(entry.name);
      if (found != by_name.end()) add_layer(file, group, function, found->second, entry, values);
    }
  } else {
    if (stored.size() != layers.size()) {
      fail(function, ": ", model.name(), " has ", layers.size(), " layers with weights but the file ", stored.size(),
           model.built() || !layers.empty() ? "" : "; the model has no weights before its first call");
    }
    for (size_t i = 0; i < layers.size(); ++i) add_layer(file, group, function, layers[i], stored[i], values);
  }
  batch_set_value(values);
}

}  // namespace internal

void save_weights(const Model& model, const std::string& path) {
  if (model.weights().empty()) fail("save_weights: ", model.name(), " has no weights (they are made in its first call)");
  hdf5::File file = hdf5::File::create("save_weights", path);
  internal::write_weights(file, "/", model);
  file.commit();
}

void load_weights(const Model& model, const std::string& path, const LoadWeightsOptions& options) {
  const hdf5::File file = hdf5::File::open("load_weights", path);
  const bool whole_model = !file.texts("/", "layer_names") && file.exists("/model_weights");
  internal::read_weights(file, whole_model ? "/model_weights" : "/", "load_weights", model, options);
}

}  // namespace keel
