#include "layers_support/layers/arguments.h"

#include <map>
#include <sstream>

#include "nlohmann/json.hpp"

namespace keel {
namespace {

// Klambauer et al. (2017).
Tensor selu(const Tensor& x) {
  return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717);
}

const std::map<std::string, Tensor (*)(const Tensor&), std::less<>>& activations() {
  static const auto* const table = new std::map<std::string, Tensor (*)(const Tensor&), std::less<>>{
      {"linear", nullptr},
      {"relu", [](const Tensor& x) { return relu(x); }},
      {"sigmoid", [](const Tensor& x) { return sigmoid(x); }},
      {"tanh", [](const Tensor& x) { return tanh(x); }},
      {"softmax", [](const Tensor& x) { return softmax(x); }},
      {"elu", [](const Tensor& x) { return elu(x); }},
      {"selu", selu},
      {"softplus", [](const Tensor& x) { return softplus(x); }},
      {"softsign", [](const Tensor& x) { return softsign(x); }},
      {"hard_sigmoid", [](const Tensor& x) { return hard_sigmoid(x); }},
      {"exponential", [](const Tensor& x) { return exp(x); }},
      {"swish", [](const Tensor& x) { return x * sigmoid(x); }},
  };
  return *table;
}

}  // namespace

ActivationFunction::ActivationFunction(std::string_view name) : name_(name) {
  const auto found = activations().find(name);
  if (found == activations().end()) {
    std::string known;
    for (const auto& [key, function] : activations()) known += (known.empty() ? "" : ", ") + key;
    fail("activation: there is none called '", name, "'; accepted are ", known);
  }
  if (found->second != nullptr) function_ = found->second;
}

ActivationFunction ActivationFunction::from_config(const Json& config) {
  if (config.is_null()) return nullptr;
  return ObjectConfig("activation", config).class_name();
}

std::string data_format_name(const DataFormat& data_format) {
  return data_format.channels_first() ? "channels_first" : "channels_last";
}

std::string padding_name(Padding padding) {
  std::ostringstream out;
  out << padding;
  return out.str();
}

}  // namespace keel
