#include "layers_support/models/network.h"

#include <algorithm>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "core/leaves.h"
#include "nlohmann/json.hpp"

namespace keel {
namespace {

// Whether a model made for `expected` may be called on `x`.
void check_input(const std::string& name, size_t i, const Tensor& x, const Tensor& expected) {
  bool fits = x.rank() == expected.rank();
  for (int axis = 0; fits && axis < x.rank(); ++axis) {
    const int64_t size = x.shape()[axis], wanted = expected.shape()[axis];
    fits = size == None || wanted == None || size == wanted;
  }
  if (!fits) fail(name, ": input ", i, " has shape ", x.shape(), " but the model was made for ", expected.shape());
}

}  // namespace

const std::string& placeholder_name(const Tensor& x) {
  const auto* op = op_as<PlaceholderOp>(x);
  if (op == nullptr) fail("placeholder_name: ", x, " is no placeholder");
  return op->name_;
}

InputLayer::InputLayer(const Tensor& placeholder) : tensor_(placeholder) {
  if (is_placeholder(placeholder)) set_name(placeholder_name(placeholder));
  set_batch_input_shape(placeholder.shape());
  set_dtype(placeholder.dtype());
}

Json InputLayer::get_config() const {
  Json config = LayerImpl::get_config();
  config.erase("trainable");
  config["sparse"] = false;
  return config;
}

// Finds the calls behind some tensors, and the order of layers that Keras 2 has: by depth, the longest
// way to an output, then by when a walk back from the outputs meets them.
class Network::Builder {
 public:
  explicit Builder(Network& network) : network_(network) {}

  void build() {
    for (const Tensor& y : network_.outputs_) walk_back(node_of(y));
    for (size_t i = 0; i < network_.inputs_.size(); ++i) input_node(i);
    for (const size_t node : order_) network_.calls_.push_back({nodes_[node].record, 0, 0, {}, {}});
    sort_layers();
    fill_calls();
  }

 private:
  struct Node {
    std::shared_ptr<const CallRecord> record;  // Null for an input.
    Layer layer;
    size_t input = 0;  // Which input.
    std::vector<size_t> from;
    bool entered = false;
    size_t depth = 0;
    size_t call = 0;  // Its number in calls_.
  };

  std::optional<size_t> input_of(const Tensor& x) const {
    for (size_t i = 0; i < network_.inputs_.size(); ++i) {
      if (x.same_as(network_.inputs_[i])) return i;
    }
    return std::nullopt;
  }

  size_t input_node(size_t i) {
    const auto [found, is_new] = input_nodes_.emplace(i, nodes_.size());
    if (is_new) {
      nodes_.push_back({nullptr, Layer(std::make_shared<InputLayer>(network_.inputs_[i])), i, {}, false, 0, 0});
    }
    return found->second;
  }

  // The node that `x` is an output of.
  size_t node_of(const Tensor& x) {
    if (const auto input = input_of(x)) return input_node(*input);
    const auto record = call_that_made(x);
    if (record == nullptr) {
      fail("Model: ", x, is_placeholder(x) ? " is needed for the outputs but is not among the inputs"
                                           : " was not made from the inputs by layers alone");
    }
    const auto [found, is_new] = record_nodes_.emplace(record.get(), nodes_.size());
    if (is_new) nodes_.push_back({record, record->layer, 0, {}, false, 0, 0});
    return found->second;
  }

  // Depth first, with a stack of its own: models may be deep.
  void walk_back(size_t start) {
    std::vector<std::pair<size_t, size_t>> stack;  // Node, and which of its inputs is next.
    const auto enter = [&](size_t node) {
      if (nodes_[node].entered) return;
      nodes_[node].entered = true;
      layer_order_.emplace(nodes_[node].layer.impl_ptr().get(), layer_order_.size());
      stack.emplace_back(node, 0);
    };
    enter(start);
    while (!stack.empty()) {
      const auto [node, next] = stack.back();
      const auto record = nodes_[node].record;
      if (record == nullptr || next == record->inputs.size()) {
        if (record != nullptr) {
          nodes_[node].call = order_.size();
          order_.push_back(node);
        }
        finished_.push_back(node);
        stack.pop_back();
        continue;
      }
      ++stack.back().second;
      const size_t from = node_of(record->inputs[next]);
      nodes_[node].from.push_back(from);
      enter(from);
    }
  }

  void sort_layers() {
    absl::flat_hash_map<const LayerImpl*, size_t> depths;
    for (auto node = finished_.rbegin(); node != finished_.rend(); ++node) {
      size_t& depth = depths[nodes_[*node].layer.impl_ptr().get()];
      depth = std::max(depth, nodes_[*node].depth);
      nodes_[*node].depth = depth;
      for (const size_t from : nodes_[*node].from) {
        nodes_[from].depth = std::max(nodes_[from].depth, depth + 1);
      }
    }
    // Inputs that no output needs come first.
    std::vector<Layer>& layers = network_.layers_;
    for (const auto& [input, node] : input_nodes_) {
      if (!nodes_[node].entered) layers.push_back(nodes_[node].layer);
    }
    const size_t first = layers.size();
    for (const size_t node : finished_) {
      if (std::find(layers.begin(), layers.end(), nodes_[node].layer) == layers.end()) {
        layers.push_back(nodes_[node].layer);
      }
    }
    const auto key = [&](const Layer& layer) {
      const LayerImpl* impl = layer.impl_ptr().get();
      return std::make_pair(-static_cast<int64_t>(depths.at(impl)), layer_order_.at(impl));
    };
    std::sort(layers.begin() + static_cast<std::ptrdiff_t>(first), layers.end(),
              [&](const Layer& a, const Layer& b) { return key(a) < key(b); });
    for (size_t i = 0; i < layers.size(); ++i) {
      numbers_[layers[i].impl_ptr().get()] = i;
      if (!names_.emplace(layers[i].name(), i).second) {
        fail("Model: two layers have the name '", layers[i].name(), "'; names must differ");
      }
    }
  }

  Source source(const Tensor& x) const {
    if (const auto input = input_of(x)) return {true, *input, 0};
    int output = 0;
    const auto record = call_that_made(x, &output);
    return {false, nodes_[record_nodes_.at(record.get())].call, output};
  }

  void fill_calls() {
    std::vector<size_t> made(network_.layers_.size());
    for (Call& call : network_.calls_) {
      call.layer = numbers_.at(call.record->layer.impl_ptr().get());
      call.number = made[call.layer]++;
      for (const Tensor& x : call.record->inputs) call.inputs.push_back(source(x));
      // A mask that comes from within the model follows its calls; any other stays what it is.
      const Tensor& mask = call.record->options.mask;
      const auto record = call_that_made(mask);
      const bool inside = mask.defined() && (input_of(mask) || (record && record_nodes_.contains(record.get())));
      if (inside) call.mask = source(mask);
    }
    for (size_t i = 0; i < network_.inputs_.size(); ++i) {
      network_.input_layers_.push_back(numbers_.at(nodes_[input_nodes_.at(i)].layer.impl_ptr().get()));
    }
    for (const Tensor& y : network_.outputs_) network_.output_sources_.push_back(source(y));
  }

  Network& network_;
  std::vector<Node> nodes_;
  std::map<size_t, size_t> input_nodes_;
  absl::flat_hash_map<const CallRecord*, size_t> record_nodes_;
  std::vector<size_t> finished_;  // As the walk leaves them.
  std::vector<size_t> order_;     // The calls among them.
  absl::flat_hash_map<const LayerImpl*, size_t> layer_order_, numbers_;
  std::map<std::string, size_t> names_;
};

Network::Network(const Tensors& inputs, const Tensors& outputs) : inputs_(inputs), outputs_(outputs) {
  if (inputs_.empty() || outputs_.empty()) fail("Model: it needs at least one input and one output");
  for (const Tensors* tensors : {&inputs_, &outputs_}) {
    for (const Tensor& x : *tensors) {
      if (!x.defined()) fail("Model: an input or output is an empty tensor");
    }
  }
  for (size_t i = 0; i < inputs_.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (inputs_[i].same_as(inputs_[j])) fail("Model: inputs ", j, " and ", i, " are the same tensor");
    }
  }
  Builder(*this).build();
  Tensors losses, updates;
  for (const Call& call : calls_) {
    losses.insert(losses.end(), call.record->losses.begin(), call.record->losses.end());
    updates.insert(updates.end(), call.record->updates.begin(), call.record->updates.end());
  }
  remember(std::move(losses), std::move(updates));
}

Tensors Network::call(const Tensors& inputs, const Training&) {
  if (inputs.size() != inputs_.size()) {
    fail(name(), ": got ", inputs.size(), " inputs; the model has ", inputs_.size());
  }
  for (size_t i = 0; i < inputs.size(); ++i) check_input(name(), i, inputs[i], inputs_[i]);
  std::vector<Tensors> results(calls_.size());
  const auto tensor = [&](const Source& source) -> const Tensor& {
    return source.is_input ? inputs[source.node] : results[source.node][static_cast<size_t>(source.output)];
  };
  for (size_t i = 0; i < calls_.size(); ++i) {
    Tensors from;
    for (const Source& source : calls_[i].inputs) from.push_back(tensor(source));
    CallOptions options = calls_[i].record->options;
    if (calls_[i].mask) options.mask = tensor(*calls_[i].mask);
    results[i] = calls_[i].record->layer.call_all(from, options);
  }
  Tensors out;
  for (const Source& source : output_sources_) out.push_back(tensor(source));
  return out;
}

std::vector<std::string> Network::output_names() const {
  std::vector<std::string> out;
  for (const Source& source : output_sources_) {
    out.push_back(layers_[source.is_input ? input_layers_[source.node] : calls_[source.node].layer].name());
  }
  return out;
}

Json Network::get_config() const {
  std::vector<Json> inbound(layers_.size(), Json::array());
  const auto reference = [&](const Source& source) {
    const size_t layer = source.is_input ? input_layers_[source.node] : calls_[source.node].layer;
    // Keras counts the making of a model as its call 0.
    const bool is_model = dynamic_cast<const ModelImpl*>(&layers_[layer].impl()) != nullptr;
    const size_t number = (source.is_input ? 0 : calls_[source.node].number) + (is_model ? 1 : 0);
    return Json::array({layers_[layer].name(), number, source.output});
  };
  for (const Call& call : calls_) {
    Json arguments = Json::object();
    if (const auto training = call.record->options.training.fixed(name())) arguments["training"] = *training;
    Json node = Json::array();
    for (const Source& source : call.inputs) {
      node.push_back(reference(source));
      node.back().push_back(arguments);
    }
    inbound[call.layer].push_back(std::move(node));
  }
  Json config{{"name", name()}, {"layers", Json::array()}, {"input_layers", Json::array()}, {"output_layers", Json::array()}};
  for (size_t i = 0; i < layers_.size(); ++i) {
    config["layers"].push_back({{"name", layers_[i].name()},
                                {"class_name", layers_[i].class_name()},
                                {"config", layers_[i].get_config()},
                                {"inbound_nodes", inbound[i]}});
  }
  for (size_t i = 0; i < inputs_.size(); ++i) config["input_layers"].push_back(reference({true, i, 0}));
  for (const Source& source : output_sources_) config["output_layers"].push_back(reference(source));
  return config;
}

void Stack::add(const Layer& layer) {
  if (const auto* input = dynamic_cast<const InputLayer*>(&layer.impl())) {
    if (!layers_.empty() || !tensors_.empty()) fail("Sequential: an input layer must be the first");
    tensors_ = {input->tensor()};
    return;
  }
  for (const Layer& other : layers_) {
    if (other.name() == layer.name()) fail("Sequential: two layers have the name '", layer.name(), "'; names must differ");
  }
  Tensors tensors = tensors_;
  if (layers_.empty() && tensors.empty()) {
    const auto* model = dynamic_cast<const ModelImpl*>(&layer.impl());
    if (model != nullptr && model->inputs().size() == 1) {
      const Tensor x = model->inputs()[0];
      tensors = {placeholder({.shape = x.shape(), .dtype = x.dtype(), .keras_tensor = true})};
    } else if (const auto& shape = layer.impl().batch_input_shape()) {
      tensors = {placeholder({.shape = *shape,
                              .dtype = layer.impl().input_dtype(),
                              .name = layer.name() + "_input",
                              .keras_tensor = true})};
    }
  }
  if (!tensors.empty()) tensors.push_back(layer(tensors.back()));
  if (layers_.empty() && !tensors.empty()) layer.impl().set_batch_input_shape(tensors[0].shape());
  layers_.push_back(layer);
  tensors_ = std::move(tensors);
}

void Stack::pop() {
  if (layers_.empty()) fail("Sequential: there is no layer to take away");
  layers_.pop_back();
  if (!tensors_.empty()) tensors_.pop_back();
}

Tensors Stack::call(const Tensors& inputs, const Training&) {
  if (inputs.size() != 1) fail(name(), ": got ", inputs.size(), " inputs; accepted is one");
  if (!tensors_.empty()) check_input(name(), 0, inputs[0], tensors_[0]);
  Tensors x = inputs;
  for (const Layer& layer : layers_) {
    x = layer.call_all(x);
    if (x.size() != 1) fail(name(), ": ", layer.name(), " has ", x.size(), " outputs; one is accepted");
  }
  return x;
}

std::vector<std::string> Stack::output_names() const {
  return layers_.empty() ? std::vector<std::string>{} : std::vector<std::string>{layers_.back().name()};
}

Json Stack::get_config() const {
  Json config{{"name", name()}, {"layers", Json::array()}};
  for (const Layer& layer : layers_) {
    config["layers"].push_back(object_config(layer.class_name(), layer.get_config()));
  }
  return config;
}

}  // namespace keel
