// Models as graphs of layers.
#ifndef KEEL_LAYERS_SUPPORT_MODELS_NETWORK_H_
#define KEEL_LAYERS_SUPPORT_MODELS_NETWORK_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "layers_support/layer/history.h"
#include "layers_support/models/model.h"

namespace keel {

// The name of a placeholder.
const std::string& placeholder_name(const Tensor& x);

// What stands for a placeholder among the layers of a model.
class InputLayer final : public LayerImpl {
 public:
  explicit InputLayer(const Tensor& placeholder);
  Tensor call(const Tensor& x) override { return x; }
  std::string class_name() const override { return "InputLayer"; }
  Json get_config() const override;
  const Tensor& tensor() const { return tensor_; }

 private:
  const Tensor tensor_;
};

// A model of the calls between some tensors and others.
class Network final : public ModelImpl {
 public:
  Network(const Tensors& inputs, const Tensors& outputs);

  // Where a tensor of the graph comes from: an output of a call, or an input of the model.
  struct Source {
    bool is_input;
    size_t node;  // A number in calls() or inputs().
    int output;
  };
  // One call: its layer (a number in layers()), the how manieth of that layer in this model it is, and
  // where its inputs come from.
  struct Call {
    std::shared_ptr<const CallRecord> record;
    size_t layer;
    size_t number;
    std::vector<Source> inputs;
    std::optional<Source> mask;
  };
  // All calls, each after those that it needs. Input layers have none.
  const std::vector<Call>& calls() const { return calls_; }
  // The layer that an input of the model is, a number in layers().
  size_t input_layer(size_t input) const { return input_layers_[input]; }
  const std::vector<Source>& output_sources() const { return output_sources_; }

  Tensors call(const Tensors& inputs, const Training& training) override;
  void build(const std::vector<Shape>&) override {}
  Tensors compute_mask(const Tensors&, const Tensors&) override { return {}; }
  std::string class_name() const override { return "Model"; }
  Json get_config() const override;
  std::vector<Layer> sublayers() const override { return layers_; }
  Tensors inputs() const override { return inputs_; }
  Tensors outputs() const override { return outputs_; }
  std::vector<std::string> output_names() const override;

 private:
  class Builder;

  Tensors inputs_, outputs_;
  std::vector<Layer> layers_;
  std::vector<Call> calls_;
  std::vector<size_t> input_layers_;
  std::vector<Source> output_sources_;
};

// Layers one after the other.
class Stack final : public ModelImpl {
 public:
  void add(const Layer& layer);
  void pop();

  Tensors call(const Tensors& inputs, const Training& training) override;
  void build(const std::vector<Shape>&) override {}
  Tensors compute_mask(const Tensors&, const Tensors&) override { return {}; }
  std::string class_name() const override { return "Sequential"; }
  Json get_config() const override;
  std::vector<Layer> sublayers() const override { return layers_; }
  Tensors inputs() const override { return tensors_.empty() ? Tensors{} : Tensors{tensors_.front()}; }
  Tensors outputs() const override { return tensors_.empty() ? Tensors{} : Tensors{tensors_.back()}; }
  std::vector<std::string> output_names() const override;

 private:
  std::vector<Layer> layers_;
  // Where the input's shape is known: it, and the output of each layer.
  Tensors tensors_;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_MODELS_NETWORK_H_
