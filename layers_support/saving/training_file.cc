#include "layers_support/saving/training_file.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

namespace keel::internal {
namespace {

constexpr const char* kGroup = "/optimizer_weights";

void warn(const std::string& path, const std::string& message) {
  std::cerr << "keel: warning: load_model: '" + path + "': " + message + "\n" << std::flush;
}

// -- What compile() was given. ---------------------------------------------------------------------

Json loss_config(const Loss& loss) {
  const LossOptions& o = loss.options();
  const bool plain = !o.from_logits && o.label_smoothing == 0 && o.reduction == "sum_over_batch_size";
  return plain && loss.name() != "huber_loss" ? Json(loss.name()) : loss.config();
}

// A list; one per output where there are several.
Json metrics_config(const std::vector<MetricChoice>& all, std::vector<std::vector<MetricChoice>> each, size_t outputs) {
  each.resize(outputs);
  Json out = Json::array();
  for (auto& choices : each) {
    choices.insert(choices.end(), all.begin(), all.end());
    Json list = Json::array();
    for (const MetricChoice& choice : choices) {
      const auto* name = std::get_if<std::string>(&choice);
      list.push_back(name != nullptr ? Json(*name) : std::get<Metric>(choice).config());
    }
    out.push_back(std::move(list));
  }
  return outputs == 1 ? out[0] : out;
}

Json training_config(const Model& model) {
  const CompileOptions& o = model.compile_options();
  const size_t outputs = std::max<size_t>(model.outputs().size(), 1);
  Json losses = Json::array();
  for (const Loss& loss : o.loss) losses.push_back(loss_config(loss));
  return {{"optimizer_config", o.optimizer.config()},
          {"loss", losses.size() == 1 ? losses[0] : losses},
          {"metrics", metrics_config(o.metrics, o.metrics_per_output, outputs)},
          {"weighted_metrics", metrics_config(o.weighted_metrics, o.weighted_metrics_per_output, outputs)},
          {"sample_weight_mode", nullptr},
          {"loss_weights", o.loss_weights.empty() ? Json(nullptr) : Json(o.loss_weights)}};
}

// What is given per output, as a list or by the outputs' names; one for all stays one.
std::vector<Json> per_output(const Json& json, const Model& model, const char* what) {
  if (!json.is_object() || json.contains("class_name")) {
    return json.is_array() ? std::vector<Json>(json.begin(), json.end()) : std::vector<Json>{json};
  }
  const std::vector<std::string> names = model.output_names();
  std::vector<Json> out(names.size());
  for (const auto& [name, value] : json.items()) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) fail(what, " is for output '", name, "', which the model does not have");
    out[static_cast<size_t>(at - names.begin())] = value;
  }
  return out;
}

MetricChoice metric_from(const Json& json) {
  if (!json.is_string()) return metrics::from_config(json);
  const std::string name = json;
  if (name != "acc" && name != "ce" && name != "crossentropy") metrics::get(name);  // Else the loss decides which.
  return name;
}

// Metrics: `all` of every output, `each` per output.
void read_metrics(const Json& config, const char* key, const Model& model, std::vector<MetricChoice>& all,
                  std::vector<std::vector<MetricChoice>>& each) {
  if (!config.contains(key) || config[key].is_null()) return;
  const std::vector<Json> entries = per_output(config[key], model, key);
  const bool nested = config[key].is_object() ||
                      std::any_of(entries.begin(), entries.end(), [](const Json& entry) { return entry.is_array(); });
  for (const Json& entry : entries) {
    if (!nested) {
      all.push_back(metric_from(entry));
      continue;
    }
    each.emplace_back();
    for (const Json& choice : entry.is_array() ? entry : Json::array({entry})) {
      if (!choice.is_null()) each.back().push_back(metric_from(choice));
    }
  }
}

CompileOptions compile_options(const Json& config, const Model& model) {
  const ConfigReader reader("training_config", config);
  CompileOptions o;
  o.optimizer = Optimizer::from_config(reader.at("optimizer_config"));
  for (const Json& loss : per_output(reader.at("loss"), model, "loss")) o.loss.push_back(Loss::from_config(loss));
  read_metrics(config, "metrics", model, o.metrics, o.metrics_per_output);
  read_metrics(config, "weighted_metrics", model, o.weighted_metrics, o.weighted_metrics_per_output);
  if (reader.has("loss_weights")) {
    for (const Json& weight : per_output(reader.at("loss_weights"), model, "loss_weights")) {
      if (!weight.is_number()) fail("loss_weights holds ", weight.dump(), ", which is no number");
      o.loss_weights.push_back(weight);
    }
  }
  return o;
}

// -- What the optimizer keeps. ---------------------------------------------------------------------

void write_optimizer(hdf5::File& file, const Optimizer& optimizer, const std::vector<Variable>& weights) {
  file.make_group(kGroup);
  std::vector<std::string> names;
  const auto write = [&](const std::string& name, const Array& value) {
    names.push_back(name);
    file.write(kGroup + ("/" + name), value);
  };
  const std::string prefix = "training/" + std::string(optimizer.name()) + "/";
  write(std::string(optimizer.name()) + "/iterations:0", optimizer.iterations().value());
  for (const auto& [kind, variables] : optimizer.slots(weights)) {
    const size_t count = kind.shared ? 1 : weights.size();
    for (size_t i = 0; i < count; ++i) {
      const std::string number = kind.shared ? "" : "_" + std::to_string(i);
      const Array value = kind.used ? variables[i].value() : Array::full({1}, 0, weights[i].dtype());
      write(prefix + std::string(kind.name) + number + ":0", value);
    }
  }
  file.write_texts(kGroup, "weight_names", names);
}

// A part of a name without what makes it unique: "m" of "m_0_1:0".
std::string kind_in(std::string part) {
  part = part.substr(0, part.find(':'));
  for (;;) {
    const size_t end = part.find_last_not_of("0123456789");
    if (end == std::string::npos || end + 1 == part.size() || part[end] != '_') return part;
    part.resize(end);
  }
}

// Whether a variable is of one of these kinds: "training/Adam/m_0:0" and "Adam/dense/kernel/m:0", or as
// tf_keras writes it since 2.11 "Adam/m/dense/kernel:0".
bool is_of(const std::string& name, const std::vector<std::string_view>& kinds) {
  const size_t last = name.rfind('/');
  const auto known = [&](const std::string& kind) { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); };
  if (known(kind_in(last == std::string::npos ? name : name.substr(last + 1)))) return true;
  const size_t first = name.find('/'), second = first == std::string::npos ? first : name.find('/', first + 1);
  return second != std::string::npos && known(name.substr(first + 1, second - first - 1));
}

void read_optimizer(const hdf5::File& file, const Model& model) {
  const auto names = file.exists(kGroup) ? file.texts(kGroup, "weight_names") : std::nullopt;
  if (!names) return;
  const Optimizer& optimizer = model.optimizer();
  std::vector<std::pair<Tensor, Array>> values;
  const auto read = [&](const std::vector<Variable>& variables, const std::vector<std::string_view>& kinds, bool needed) {
    std::vector<std::string> found;
    std::copy_if(names->begin(), names->end(), std::back_inserter(found),
                 [&](const std::string& name) { return is_of(name, kinds); });
    if (found.empty() && !needed) return;
    if (found.size() != variables.size()) {
      fail("it holds ", found.size(), " of '", kinds[0], "' where the model needs ", variables.size());
    }
    for (size_t i = 0; i < found.size(); ++i) {
      const std::string path = kGroup + ("/" + found[i]);
      const Shape shape = file.shape(path);
      if (shape != variables[i].shape()) fail("'", found[i], "' has shape ", shape, " where the model needs ", variables[i].shape());
      values.emplace_back(variables[i], file.read(path, variables[i].dtype()));
    }
  };
  read({optimizer.iterations()}, {"iterations", "iteration", "iter"}, false);
  for (const auto& [kind, variables] : optimizer.slots(model.trainable_weights())) {
    std::vector<std::string_view> kinds{kind.name};
    kinds.insert(kinds.end(), kind.aliases.begin(), kind.aliases.end());
    if (kind.used) read(variables, kinds, !kind.shared);
  }
  batch_set_value(values);
}

}  // namespace

void write_training(hdf5::File& file, const Model& model) {
  if (!model.compiled()) return;
  file.write_text("/", "training_config", training_config(model).dump());
  // Before the first step there is nothing to keep.
  if (model.optimizer().iterations().value().item<int64_t>() > 0) {
    write_optimizer(file, model.optimizer(), model.trainable_weights());
  }
}

void read_training(const hdf5::File& file, const std::string& path, const Model& model) {
  try {
    const auto text = file.text("/", "training_config");
    if (!text) return;
    model.compile(compile_options(parse_json("training_config", *text), model));
  } catch (const ValueError& error) {
    return warn(path, std::string("the model is not compiled: ") + error.what());
  }
  try {
    read_optimizer(file, model);
  } catch (const ValueError& error) {
    warn(path, std::string("the optimizer starts anew: ") + error.what());
  }
}

}  // namespace keel::internal
