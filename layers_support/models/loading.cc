#include "layers_support/models/loading.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "layers_support/models/network.h"
#include "nlohmann/json.hpp"

namespace keel {
namespace {

Layer load_input_layer(const ConfigReader& config, const LayerLoader&) {
  const std::vector<int64_t> dims =
      config.dims(config.has("batch_input_shape") ? "batch_input_shape" : "batch_shape");
  const std::string dtype = config.has("dtype") && config.at("dtype").is_string() ? config.text("dtype") : floatx();
  if (config.flag("sparse", false)) fail("InputLayer: 'sparse' is true; accepted is false");
  return Layer(std::make_shared<InputLayer>(placeholder(
      {.shape = Shape(Dims(dims)), .dtype = dtype, .name = config.text("name", ""), .keras_tensor = true})));
}

const Json& list_at(const ConfigReader& config, const char* key) {
  const Json& list = config.at(key);
  if (!list.is_array()) fail(config.where(), ": '", key, "' is no list");
  return list;
}

Layer load_stack(const ConfigReader& config, const LayerLoader& loader) {
  const Sequential model({}, config.text("name", ""));
  for (const Json& layer : list_at(config, "layers")) model.add(loader.load(layer));
  return model;
}

// Makes a graph of layers from its config.
class NetworkLoader {
 public:
  NetworkLoader(const ConfigReader& config, const LayerLoader& loader) : config_(config), loader_(loader) {}

  Layer load() {
    for (const Json& data : list_at(config_, "layers")) add_layer(data);
    note_references(ends("input_layers"));
    note_references(ends("output_layers"));
    // A call can be made when all that it is called on is there; files need not hold them in that order.
    for (bool progress = true; progress;) {
      progress = false;
      for (Entry& entry : entries_) {
        while (entry.made < entry.calls.size() && ready(entry.calls[entry.made])) {
          make_call(entry);
          progress = true;
        }
      }
    }
    for (const Entry& entry : entries_) {
      if (entry.made < entry.calls.size()) {
        fail(config_.where(), ": layer '", entry.layer.name(), "' is called on what is not in the model");
      }
    }
    return Model(tensors(ends("input_layers")), tensors(ends("output_layers")), config_.text("name", ""));
  }

 private:
  struct Entry {
    Layer layer;
    std::vector<Json> calls;       // Each a list of references to tensors.
    size_t made = 0;
    std::vector<Tensors> outputs;  // Of each call.
    int64_t first_number = INT64_MAX;  // The lowest that a reference has for a call of this layer.
  };
  struct Reference {
    Entry* entry;
    int64_t call, output;
  };

  void add_layer(const Json& data) {
    const ConfigReader reader(config_.where(), data);
    Entry entry{loader_.load(data), {}, 0, {}, INT64_MAX};
    const std::string name = reader.text("name", entry.layer.name());
    if (const auto* input = dynamic_cast<const InputLayer*>(&entry.layer.impl())) entry.outputs = {{input->tensor()}};
    if (reader.has("inbound_nodes")) {
      for (const Json& call : list_at(reader, "inbound_nodes")) {
        if (!call.is_array()) fail(config_.where(), ": a call of layer '", name, "' is no list");
        entry.calls.push_back(call);
      }
    }
    if (!numbers_.emplace(name, entries_.size()).second) fail(config_.where(), ": two layers have the name '", name, "'");
    entries_.push_back(std::move(entry));
    pending_ = true;
  }

  // The model's ends as a list of references.
  Json ends(const char* key) {
    const Json& list = list_at(config_, key);
    const Json out = !list.empty() && list[0].is_string() ? Json::array({list}) : list;
    if (out.empty()) fail(config_.where(), ": '", key, "' is empty");
    return out;
  }

  Reference reference(const Json& json) {
    const bool good = json.is_array() && json.size() >= 3 && json[0].is_string() && json[1].is_number_integer() &&
                      json[2].is_number_integer();
    if (!good) fail(config_.where(), ": ", json.dump(), " is no reference [layer, call, output]");
    const auto found = numbers_.find(json[0].get<std::string>());
    if (found == numbers_.end()) fail(config_.where(), ": there is no layer '", json[0].get<std::string>(), "'");
    return {&entries_[found->second], json[1].get<int64_t>(), json[2].get<int64_t>()};
  }

  void note_references(const Json& list) {
    for (const Json& json : list) {
      const Reference to = reference(json);
      to.entry->first_number = std::min(to.entry->first_number, to.call);
    }
    if (!pending_) return;
    pending_ = false;
    for (const Entry& entry : entries_) {
      for (const Json& call : entry.calls) note_references(call);
    }
  }

  // The tensor that a reference names; null where it is not made yet.
  const Tensor* find(const Json& json) {
    const Reference to = reference(json);
    // Keras counts the making of a model as its call 0.
    const bool is_model = dynamic_cast<const ModelImpl*>(&to.entry->layer.impl()) != nullptr;
    const int64_t call = to.call - (is_model && to.entry->first_number >= 1 ? 1 : 0);
    if (call < 0 || to.output < 0) fail(config_.where(), ": ", json.dump(), " names no call");
    if (call >= static_cast<int64_t>(to.entry->outputs.size())) return nullptr;
    const Tensors& outputs = to.entry->outputs[static_cast<size_t>(call)];
    if (to.output >= static_cast<int64_t>(outputs.size())) fail(config_.where(), ": ", json.dump(), " names no output");
    return &outputs[static_cast<size_t>(to.output)];
  }

  bool ready(const Json& call) {
    return std::all_of(call.begin(), call.end(), [&](const Json& json) { return find(json) != nullptr; });
  }

  Tensors tensors(const Json& list) {
    Tensors out;
    for (const Json& json : list) {
      const Tensor* tensor = find(json);
      if (tensor == nullptr) fail(config_.where(), ": ", json.dump(), " names no call");
      out.push_back(*tensor);
    }
    return out;
  }

  void make_call(Entry& entry) {
    const Json& call = entry.calls[entry.made];
    CallOptions options;
    for (const Json& json : call) {
      if (json.size() < 4 || !json[3].is_object()) continue;
      for (const auto& [key, value] : json[3].items()) {
        if (value.is_null()) continue;
        if (key == "training" && value.is_boolean()) options.training = value.get<bool>();
        else if (key == "training" && value.is_number_integer()) options.training = value.get<int>();
        else fail(config_.where(), ": layer '", entry.layer.name(), "' is called with '", key, "' = ", value.dump(),
                  "; accepted is training");
      }
    }
    entry.outputs.push_back(entry.layer.call_all(tensors(call), options));
    ++entry.made;
  }

  const ConfigReader& config_;
  const LayerLoader& loader_;
  std::vector<Entry> entries_;
  std::map<std::string, size_t> numbers_;
  bool pending_ = false;  // Whether references of the layers' calls are still to be noted.
};

Layer load_network(const ConfigReader& config, const LayerLoader& loader) {
  return NetworkLoader(config, loader).load();
}

}  // namespace

Model model_from_config(const Json& json, const LayerFactories& custom) {
  LayerFactories factories = custom;
  factories.insert({{"InputLayer", load_input_layer},
                    {"Sequential", load_stack},
                    {"Model", load_network},
                    {"Functional", load_network}});
  Json object = json;
  // Before Keras 2.2 the config of a stack was its list of layers.
  if (object.is_object() && object.contains("config") && object["config"].is_array()) {
    object["config"] = Json{{"layers", object["config"]}};
  }
  const Layer layer = LayerLoader(std::move(factories)).load(object);
  auto model = std::dynamic_pointer_cast<ModelImpl>(layer.impl_ptr());
  if (model == nullptr) fail("model_from_config: ", layer.class_name(), " is a layer, not a model");
  return Model(std::move(model));
}

Json model_config(const Model& model) {
  const ModelImpl& impl = model.model_impl();
  if (dynamic_cast<const Network*>(&impl) == nullptr && dynamic_cast<const Stack*>(&impl) == nullptr) {
    fail("model_config: ", model.name(), " is of the class ", model.class_name(),
         ", which a file cannot describe; save its weights");
  }
  return object_config(model.class_name(), model.get_config());
}

}  // namespace keel
