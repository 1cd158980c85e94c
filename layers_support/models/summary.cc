// What a model looks like: as a table, and as a picture.
#include <algorithm>
#include <string>

#include "layers_support/models/model.h"
#include "layers_support/models/network.h"

namespace keel {
namespace {

constexpr size_t kLayerWidth = 29, kShapeWidth = 26, kCountWidth = 10;

// 1234567 as "1,234,567".
std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<int64_t>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<size_t>(i), ",");
  return digits;
}

// Cut or filled to a column, with a space behind it.
std::string column(std::string text, size_t width) {
  text.resize(width - 1, ' ');
  return text + " ";
}

std::string shapes_text(const Layer& layer) {
  std::string text;
  for (const Shape& shape : layer.output_shapes()) text += (text.empty() ? "" : ", ") + shape.to_string();
  if (const auto& input = layer.impl().batch_input_shape(); text.empty() && input) return input->to_string();
  if (text.empty()) return "?";
  return layer.output_shapes().size() == 1 ? text : "[" + text + "]";
}

int64_t count(const std::vector<Variable>& weights) {
  int64_t sum = 0;
  for (const Variable& weight : weights) sum += weight.shape().elements();
  return sum;
}

// The layers that each layer of a graph is called on, by name.
std::vector<std::vector<std::string>> connections(const Network& network) {
  const std::vector<Layer> layers = network.sublayers();
  std::vector<std::vector<std::string>> out(layers.size());
  for (const Network::Call& call : network.calls()) {
    for (const Network::Source& source : call.inputs) {
      const size_t from = source.is_input ? network.input_layer(source.node) : network.calls()[source.node].layer;
      out[call.layer].push_back(layers[from].name());
    }
  }
  return out;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

}  // namespace

void Model::summary(std::ostream& out) const {
  const auto* network = dynamic_cast<const Network*>(&impl());
  const auto from = network != nullptr ? connections(*network) : std::vector<std::vector<std::string>>();
  // Where layers do not just follow each other, a column says what each is called on.
  bool branches = false;
  for (size_t i = 0; i < from.size(); ++i) {
    branches = branches || from[i].size() > 1 || (i > 0 && (from[i].empty() || from[i][0] != layers()[i - 1].name()));
  }
  const size_t width = kLayerWidth + kShapeWidth + kCountWidth + (branches ? 33 : 0);
  const std::string line(width, '_'), double_line(width, '=');
  out << "Model: " << quoted(name()) << "\n" << line << "\n"
      << column("Layer (type)", kLayerWidth) << column("Output Shape", kShapeWidth) << column("Param #", kCountWidth)
      << (branches ? "Connected to" : "") << "\n" << double_line << "\n";
  const std::vector<Layer> all = layers();
  for (size_t i = 0; i < all.size(); ++i) {
    if (i > 0) out << line << "\n";
    out << column(all[i].name() + " (" + all[i].class_name() + ")", kLayerWidth)
        << column(shapes_text(all[i]), kShapeWidth)
        << column(all[i].built() || all[i].count_params() > 0 ? grouped(all[i].count_params()) : "0 (unbuilt)", kCountWidth);
    for (size_t k = 0; branches && k < from[i].size(); ++k) {
      if (k > 0) out << "\n" << std::string(kLayerWidth + kShapeWidth + kCountWidth, ' ');
      out << from[i][k];
    }
    out << "\n";
  }
  const int64_t total = count_params(), trainable = count(trainable_weights());
  out << double_line << "\nTotal params: " << grouped(total) << "\nTrainable params: " << grouped(trainable)
      << "\nNon-trainable params: " << grouped(total - trainable) << "\n" << line << "\n";
}

std::string Model::to_graphviz() const {
  std::string out = "digraph " + quoted(name()) + " {\n  node [shape=box];\n";
  const std::vector<Layer> all = layers();
  for (const Layer& layer : all) {
    out += "  " + quoted(layer.name()) + " [label=" + quoted(layer.name() + ": " + layer.class_name()) + "];\n";
    out.insert(out.size() - 4, "\\n" + shapes_text(layer));
  }
  const auto edge = [&](const std::string& a, const std::string& b) {
    out += "  " + quoted(a) + " -> " + quoted(b) + ";\n";
  };
  if (const auto* network = dynamic_cast<const Network*>(&impl())) {
    const auto from = connections(*network);
    for (size_t i = 0; i < all.size(); ++i) {
      for (const std::string& name : from[i]) edge(name, all[i].name());
    }
  } else if (dynamic_cast<const Stack*>(&impl()) != nullptr) {
    for (size_t i = 1; i < all.size(); ++i) edge(all[i - 1].name(), all[i].name());
  }
  return out + "}\n";
}

}  // namespace keel
