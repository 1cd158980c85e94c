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
#include "testing/error_of.h"

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

Tensor input(const Shape& shape) { return placeholder({.shape = shape}); }

using testing_util::error_of;

TEST(Layers, BidirectionalSequencesUnderAMask) {
  const Tensor x = placeholder({.shape = Shape{None, 3, 1}}), mask = placeholder({.shape = Shape{None, 3}, .dtype = "bool"});
  const Array steps = Array{{1, 2, 3}}.cast("float32").reshape({1, 3, 1}), kept = Array{{1, 1, 0}}.cast("bool");
  const auto values_of = [&](const Layer& layer) {
    const Tensor y = layer(x, {.mask = mask});
    std::vector<Array> weights = layer.get_weights();
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = Array::full(weights[i].shape(), i % 3 == 0, weights[i].dtype());
    layer.set_weights(weights);  // What comes in goes out.
    return function({x, mask}, {y})({steps, kept})[0].to_vector<float>();
  };
  const layers::RecurrentOptions options{.activation = "linear", .return_sequences = true};
  // As Keras 2: a masked step repeats the one before in the order of reading, which begins with 0.
  EXPECT_EQ(values_of(layers::Bidirectional(layers::SimpleRNN(1, options))), (std::vector<float>{1, 1, 2, 2, 2, 0}));
  Json config = layers::Bidirectional(layers::SimpleRNN(1, options)).get_config();
  config["layer"]["config"]["time_major"] = false;  // As tf_keras writes it.
  EXPECT_EQ(values_of(LayerLoader().load(object_config("Bidirectional", config))), (std::vector<float>{1, 1, 2, 2, 0, 0}));
}

TEST(Layers, SpatialDropoutDropsWholeChannels) {
  const Array ones = Array::full({4, 3, 3, 16}, 1, "float32");
  const auto y = layers::SpatialDropout2D(0.5, {.seed = 3})(ones, true).to_vector<float>();
  int dropped = 0;
  for (size_t sample = 0; sample < 4; ++sample) {
    for (size_t channel = 0; channel < 16; ++channel) {
      const float first = y[sample * 9 * 16 + channel];
      EXPECT_TRUE(first == 0 || first == 2);
      dropped += first == 0;
      for (size_t pixel = 1; pixel < 9; ++pixel) EXPECT_EQ(y[(sample * 9 + pixel) * 16 + channel], first);
    }
  }
  EXPECT_GT(dropped, 16);
  EXPECT_LT(dropped, 48);
  const auto first = layers::SpatialDropout2D(0.5, {.data_format = "channels_first", .seed = 3})(ones, true).to_vector<float>();
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i], first[i / 48 * 48]);
}

// Dropout that keeps the mean and, of what selu() gives, the variance.
TEST(Layers, NoiseKeepsMoments) {
  const Array x = eval(random_normal({200000}, {.seed = 5})).reshape({1000, 200});
  const auto moments = [](const Array& a) {
    double sum = 0, squares = 0;
    for (const double v : a.to_vector<double>()) sum += v, squares += v * v;
    const double n = static_cast<double>(a.elements());
    return std::make_pair(sum / n, squares / n - sum / n * (sum / n));
  };
  const auto [alpha_mean, alpha_variance] = moments(layers::AlphaDropout(0.3, {.seed = 1})(x, true));
  EXPECT_NEAR(alpha_mean, 0, 0.01);
  EXPECT_NEAR(alpha_variance, 1, 0.02);
  const auto [mean, variance] = moments(layers::GaussianDropout(0.2, {.seed = 1})(Array::full(x.shape(), 2, "float32"), true));
  EXPECT_NEAR(mean, 2, 0.01);
  EXPECT_NEAR(variance, 4 * 0.25, 0.02);
}

void expect_error(const std::string& error, const std::string& part) {
  EXPECT_NE(error.find(part), std::string::npos) << error;
}

TEST(Layers, BadArgumentsAreErrors) {
  expect_error(error_of([] { layers::Dense(0); }), "units is 0");
  expect_error(error_of([] { layers::Conv2D(3, {1, 2, 3}); }), "got 3 where 2 or one");
  expect_error(error_of([] { layers::Conv2D(3, 0); }), "kernel_size holds 0");
  expect_error(error_of([] { layers::Conv2D(3, 2, {.strides = 2, .dilation_rate = 2}); }), "both above 1");
  expect_error(error_of([] { layers::Conv2D(3, 2, {.padding = "causal"}); }), "causal");
  expect_error(error_of([] { layers::Conv2D(3, 2, {.data_format = "sideways"}); }), "sideways");
  expect_error(error_of([] { layers::Conv2DTranspose(3, 2, {.strides = 2, .output_padding = 2}); }), "below the stride");
  expect_error(error_of([] { layers::MaxPooling2D(0); }), "pool_size holds 0");
  expect_error(error_of([] { layers::BatchNormalization({.momentum = 1.5}); }), "momentum is 1.5");
  expect_error(error_of([] { layers::LSTM(3, {.dropout = 1}); }), "in [0, 1)");
  expect_error(error_of([] { layers::Embedding(0, 3); }), "must be at least 1");
  expect_error(error_of([] { layers::Bidirectional(layers::Dense(3)); }), "not recurrent");
  expect_error(error_of([] { layers::Bidirectional(layers::GRU(3), {.merge_mode = "max"}); }), "merge_mode is 'max'");
  expect_error(error_of([] { layers::Activation("rleu"); }), "none called 'rleu'");
  expect_error(error_of([] { layers::Cropping1D({2, 2})(input({None, 4, 3})); }), "leaves nothing of axis 1");
  expect_error(error_of([] { layers::Cropping1D({-1, 2}); }), "must be at least 0");
  expect_error(error_of([] { layers::PReLU({.shared_axes = {0}})(input({None, 4})); }), "axes count from 1");
  expect_error(error_of([] { layers::ThresholdedReLU(-1); }), "theta is -1");
  expect_error(error_of([] { layers::Dot(DotAxes{}); }), "no axes");
  expect_error(error_of([] { layers::AlphaDropout(1); }), "rate is 1");
  expect_error(error_of([] { layers::Reshape({-1, -1}); }), "more than one -1");
  expect_error(error_of([] { layers::Reshape({-2}); }), "at least -1");
  expect_error(error_of([] { layers::Permute({1, 3}); }), "each of 1 to 2");
  expect_error(error_of([] { layers::ReLU({.max_value = -1}); }), "max_value is -1");
}

TEST(Layers, InputsThatDoNotFitAreErrors) {
  expect_error(error_of([] { layers::Dense(3)(input({None, None})); }), "(None, None)");
  expect_error(error_of([] { layers::Dense(3)(input({3})); }), "(3,)");
  const layers::Dense dense(2);
  dense(input({None, 3}));
  expect_error(error_of([&] { dense(input({None, 4})); }), "built for 3 features");
  expect_error(error_of([] { layers::Conv2D(3, 2)(input({None, 4, 4})); }), "4 axes");
  expect_error(error_of([] { layers::Conv2D(3, 2)(input({None, 4, 4, None})); }), "channels must be known");
  expect_error(error_of([] { layers::LSTM(3)(input({None, 4})); }), "(samples, time, features)");
  expect_error(error_of([] { layers::LSTM(3)(Tensors{input({None, 4, 2}), input({None, 3})}); }), "1 initial states");
  expect_error(error_of([] { layers::Add()(input({None, 4})); }), "at least two");
  expect_error(error_of([] { layers::Subtract()(Tensors{input({2}), input({2}), input({2})}); }), "accepted are two");
  expect_error(error_of([] { layers::Reshape({5})(input({None, 4})); }), "cannot become");
  expect_error(error_of([] { layers::Reshape({3, -1})(input({None, 4})); }), "cannot become");
  expect_error(error_of([] { layers::Reshape({3})(input({})); }), "scalar");
  expect_error(error_of([] { layers::BatchNormalization({.axis = 4})(input({None, 4})); }), "4");
  expect_error(error_of([] { layers::TimeDistributed(layers::Dense(2))(input({None, 4})); }), "at least 3 axes");
  const layers::Embedding embedding(3, 2);
  EXPECT_THROW(embedding(Array{{0, 3}}), ValueError);
  EXPECT_THROW(embedding(Array{{0, -1}}), ValueError);
}

// Sizes that overflow or that no memory holds.
TEST(Layers, HugeSizesAreErrors) {
  constexpr int64_t kHuge = int64_t{1} << 61;
  EXPECT_THROW(layers::Dense{kHuge}(input({None, 8})), ValueError);
  EXPECT_THROW(layers::LSTM{kHuge}(input({None, 3, 8})), ValueError);
  EXPECT_THROW(layers::GRU(kHuge / 8)(input({None, 3, 8})), ValueError);
  EXPECT_THROW(layers::Embedding(kHuge, 1)(input({None, 3})), ValueError);
  EXPECT_THROW(layers::Conv2D(kHuge, 3)(input({None, 4, 4, 8})), ValueError);
  EXPECT_THROW(layers::DepthwiseConv2D(3, {.depth_multiplier = kHuge})(input({None, 4, 4, 8})), ValueError);
  EXPECT_THROW(layers::SeparableConv2D(2, 3, {.depth_multiplier = kHuge})(input({None, 4, 4, 8})), ValueError);
  EXPECT_THROW(layers::Reshape({kHuge, kHuge, -1})(input({None, 4})), ValueError);
}

TEST(Layers, EdgeSizes) {
  EXPECT_EQ(layers::Dense(3)(Array::full({0, 2}, 1, "float32")).shape(), (Shape{0, 3}));
  EXPECT_EQ(layers::Dense(1)(Array::full({1, 1}, 1, "float32")).shape(), (Shape{1, 1}));
  EXPECT_EQ(layers::Conv2D(2, 1)(Array::full({0, 3, 3, 1}, 1, "float32")).shape(), (Shape{0, 3, 3, 2}));
  EXPECT_EQ(layers::LSTM(2)(Array::full({0, 3, 2}, 1, "float32")).shape(), (Shape{0, 2}));
  EXPECT_EQ(layers::Flatten()(Array::full({2, 0, 3}, 1, "float32")).shape(), (Shape{2, 0}));
  EXPECT_EQ(layers::GRU(2)(Array::full({2, 1, 1}, 1, "float32")).shape(), (Shape{2, 2}));
}

// Sizes of which none is known come from the graph.
TEST(Layers, UnknownSizes) {
  const Tensor x = input({None, None, None});
  const Tensor y = layers::Reshape({-1, 2})(x);
  EXPECT_EQ(function({x}, {y})({Array::full({2, 3, 4}, 1, "float32")})[0].shape(), (Shape{2, 6, 2}));
  const Tensor images = input({None, None, 4, 4, 1});
  const Tensor z = layers::TimeDistributed(layers::Flatten())(images);
  EXPECT_EQ(function({images}, {z})({Array::full({2, 3, 4, 4, 1}, 1, "float32")})[0].shape(), (Shape{2, 3, 16}));
}

TEST(Layers, OtherDtypes) {
  const ConfigScope scope;
  for (const char* dtype : {"float16", "float64"}) {
    set_floatx(dtype);
    const layers::Dense dense(3, {.activation = "relu"});
    const layers::BatchNormalization norm;
    const Array y = norm(dense(Array::full({4, 2}, 1, dtype)), true);
    EXPECT_EQ(y.dtype(), DType(dtype));
    EXPECT_EQ(dense.weights()[0].dtype(), DType(dtype));
    EXPECT_EQ(layers::LSTM(2)(Array::full({2, 3, 2}, 1, dtype)).dtype(), DType(dtype));
    EXPECT_EQ(layers::Dropout(0.5)(Array::full({2, 3}, 1, dtype), true).dtype(), DType(dtype));
  }
}

}  // namespace
}  // namespace keel
