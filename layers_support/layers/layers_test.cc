// Every layer against tf_keras: outputs, gradients and what a call leaves in the weights.
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "layers_support/layers/layers.h"
#include "layers_support/layers/loading.h"
#include "nlohmann/json.hpp"

namespace keel {
namespace {

const Json& cases() {
  static const Json* const json = [] {
    std::ifstream file("layers_support/layers/testdata/layers.json");
    std::stringstream text;
    text << file.rdbuf();
    return new Json(parse_json("layers.json", text.str()));
  }();
  return *json;
}

Array array(const Json& json, DType dtype = DType::kFloat32) {
  const auto dims = json["shape"].get<std::vector<int64_t>>();
  Array out(Shape(Dims(dims)), DType::kFloat64);
  const auto values = json["values"].get<std::vector<double>>();
  std::copy(values.begin(), values.end(), out.mutable_data<double>());
  return out.cast(dtype);
}

void expect_near(const Array& actual, const Json& expected, const std::string& what) {
  const Array wanted = array(expected);
  ASSERT_EQ(actual.shape(), wanted.shape()) << what;
  double largest = 0;
  for (int64_t i = 0; i < wanted.elements(); ++i) largest = std::max(largest, std::abs(wanted.element<double>(i)));
  for (int64_t i = 0; i < wanted.elements(); ++i) {
    ASSERT_NEAR(actual.element<double>(i), wanted.element<double>(i), 3e-6 + 5e-6 * largest) << what << ", element " << i;
  }
}

class EachLayer : public testing::TestWithParam<size_t> {
 protected:
  // The layer called on inputs of unknown batch (and, if asked, time) sizes, against the case's values.
  void check(bool time_unknown) {
    const Json& c = cases()[GetParam()];
    const Layer layer = LayerLoader().load({{"class_name", c["class_name"]}, {"config", c["config"]}});
    EXPECT_EQ(layer.class_name(), c["class_name"]);
    EXPECT_EQ(layer.name(), c["config"]["name"]);
    Tensors inputs, floats;
    std::vector<Array> values;
    for (const Json& in : c["inputs"]) {
      values.push_back(array(in, c["integers"] ? DType::kInt32 : DType::kFloat32));
      Shape shape = values.back().shape();
      shape[0] = None;
      if (time_unknown && shape.rank() == 3) shape[1] = None;
      inputs.push_back(placeholder({.shape = shape, .dtype = values.back().dtype()}));
      if (!c["integers"]) floats.push_back(inputs.back());
    }
    CallOptions options;
    if (!c["training"].is_null()) options.training = c["training"].get<bool>();
    if (!c["mask"].is_null()) {
      options.mask = placeholder({.shape = Shape{None, None}, .dtype = "bool"});
    }
    const LayerCall call = layer.apply(inputs, options);
    std::vector<Array> weights;
    for (const Json& weight : c["weights"]) weights.push_back(array(weight));
    layer.set_weights(weights);

    Tensor loss;
    for (const Tensor& y : call.outputs) loss = loss.defined() ? loss + sum(square(y)) : sum(square(y));
    Tensors variables = floats;
    for (const Variable& weight : layer.trainable_weights()) variables.push_back(weight);
    Tensors wanted = call.outputs;
    const Tensors slopes = gradients(loss, variables);
    wanted.insert(wanted.end(), slopes.begin(), slopes.end());
    if (options.mask.defined()) {
      inputs.push_back(options.mask);
      values.push_back(array(c["mask"], DType::kBool));
    }
    const std::vector<Array> got = function(inputs, wanted, call.updates)(values);
    ASSERT_EQ(call.outputs.size(), c["outputs"].size());
    ASSERT_EQ(variables.size(), c["gradients"].size());
    for (size_t i = 0; i < got.size(); ++i) {
      const size_t n = c["outputs"].size();
      expect_near(got[i], i < n ? c["outputs"][i] : c["gradients"][i - n],
                  (i < n ? "output " : "gradient ") + std::to_string(i < n ? i : i - n));
    }
    const std::vector<Array> after = layer.get_weights();
    for (size_t i = 0; i < after.size(); ++i) expect_near(after[i], c["weights_after"][i], layer.weights()[i].name());
  }
};

TEST_P(EachLayer, ComputesWhatKerasDoes) { check(false); }

TEST_P(EachLayer, WithUnknownTime) {
  const Json& c = cases()[GetParam()];
  const std::string name = c["class_name"];
  if (name != "SimpleRNN" && name != "LSTM" && name != "GRU" && name != "Bidirectional" && name != "TimeDistributed" &&
      name != "Conv1D" && name != "Masking") {
    return;
  }
  if (c["config"].value("unroll", false)) return;
  check(true);
}

// What a layer says of itself makes the same layer.
TEST_P(EachLayer, ConfigComesBack) {
  const Json& c = cases()[GetParam()];
  const LayerLoader loader;
  const Json first = loader.load({{"class_name", c["class_name"]}, {"config", c["config"]}}).get_config();
  EXPECT_EQ(loader.load(object_config(c["class_name"].get<std::string>(), first)).get_config(), first);
  // Of Keras's keys none that matters is lost.
  for (const auto& [key, value] : first.items()) {
    if (!c["config"].contains(key) || !value.is_primitive() || key == "dtype") continue;
    if (key == "axis" && c["config"][key].is_array()) continue;
    EXPECT_EQ(value, c["config"][key]) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Keras, EachLayer, testing::Range(size_t{0}, cases().size()),
                         [](const testing::TestParamInfo<size_t>& info) {
                           return cases()[info.param]["class_name"].get<std::string>() + "_" + std::to_string(info.param);
                         });

}  // namespace
}  // namespace keel
