#include "layers_support/models/model.h"

#include <algorithm>

#include "layers_support/models/network.h"

namespace keel {

Tensor Input(const Shape& shape, const InputOptions& options) {
  Shape batch = shape;
  batch.insert(0, options.batch_size);
  const std::string name = options.name.empty() ? "input_" + std::to_string(get_uid("input")) : options.name;
  return placeholder({.shape = batch, .dtype = options.dtype, .name = name, .keras_tensor = true});
}

std::vector<Variable> ModelImpl::weights_in_file_order() const {
  std::vector<Variable> out;
  for (const Layer& layer : sublayers()) {
    const std::vector<Variable> weights = layer.weights();
    out.insert(out.end(), weights.begin(), weights.end());
  }
  // Weights of the model's own, which no layer holds.
  for (const auto& more : {LayerImpl::trainable_weights(), LayerImpl::non_trainable_weights()}) {
    for (const Variable& weight : more) {
      const bool known = std::any_of(out.begin(), out.end(),
                                     [&](const Variable& other) { return other.state() == weight.state(); });
      if (!known) out.push_back(weight);
    }
  }
  return out;
}

Model::Model(const Tensors& inputs, const Tensors& outputs, const std::string& name)
    : Model([&] {
        auto network = std::make_shared<Network>(inputs, outputs);
        if (!name.empty()) network->set_name(name);
        return network;
      }()) {}
Model::Model(const Tensor& input, const Tensor& output, const std::string& name)
    : Model(Tensors{input}, Tensors{output}, name) {}

ModelImpl& Model::model_impl() const { return static_cast<ModelImpl&>(impl()); }
Tensors Model::inputs() const { return model_impl().inputs(); }
Tensors Model::outputs() const { return model_impl().outputs(); }
std::vector<std::string> Model::output_names() const { return model_impl().output_names(); }

Layer Model::get_layer(const std::string& name) const {
  const std::vector<Layer> all = layers();
  for (const Layer& layer : all) {
    if (layer.name() == name) return layer;
  }
  std::string known;
  for (const Layer& layer : all) known += (known.empty() ? "" : ", ") + layer.name();
  fail("get_layer: ", this->name(), " has no layer '", name, "'; it has ", known.empty() ? "none" : known);
}

Layer Model::get_layer(int index) const {
  const std::vector<Layer> all = layers();
  const auto count = static_cast<int>(all.size());
  if (index < -count || index >= count) fail("get_layer: ", name(), " has ", count, " layers but got index ", index);
  return all[static_cast<size_t>(index < 0 ? index + count : index)];
}

Sequential::Sequential(const std::vector<Layer>& layers, const std::string& name)
    : Model([&] {
        auto stack = std::make_shared<Stack>();
        if (!name.empty()) stack->set_name(name);
        for (const Layer& layer : layers) stack->add(layer);
        return stack;
      }()) {}
void Sequential::add(const Layer& layer) const { static_cast<Stack&>(impl()).add(layer); }
void Sequential::pop() const { static_cast<Stack&>(impl()).pop(); }

}  // namespace keel
