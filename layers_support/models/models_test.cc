// Models: what tf_keras made, made again, and what models promise.
#include "layers_support/models/model.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "layers_support/layers/layers.h"
#include "layers_support/models/loading.h"
#include "nlohmann/json.hpp"
#include "testing/error_of.h"

namespace keel {
namespace {

const Json& cases() {
  static const Json* const json = [] {
    std::ifstream file("layers_support/models/testdata/models.json");
    std::stringstream text;
    text << file.rdbuf();
    return new Json(parse_json("models.json", text.str()));
  }();
  return *json;
}

Array array(const Json& json) {
  const auto dims = json["shape"].get<std::vector<int64_t>>();
  Array out(Shape(Dims(dims)), DType::kFloat64);
  const auto values = json["values"].get<std::vector<double>>();
  std::copy(values.begin(), values.end(), out.mutable_data<double>());
  return out.cast(DType::kFloat32);
}

std::vector<Array> arrays(const Json& list) {
  std::vector<Array> out;
  for (const Json& json : list) out.push_back(array(json));
  return out;
}

// What the model gives in inference.
std::vector<Array> predict(const Model& model, const std::vector<Array>& values) {
  Tensors inputs;
  std::vector<Array> fed;
  for (const Tensor& x : model.inputs()) {
    fed.push_back(values[inputs.size()].cast(x.dtype()));
    inputs.push_back(placeholder({.shape = x.shape(), .dtype = x.dtype()}));
  }
  return function(inputs, model.apply(inputs, {.training = false}).outputs)(fed);
}

void expect_near(const std::vector<Array>& actual, const std::vector<Array>& wanted) {
  ASSERT_EQ(actual.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_EQ(actual[i].shape(), wanted[i].shape());
    for (int64_t k = 0; k < wanted[i].elements(); ++k) {
      const double value = wanted[i].element<double>(k);
      ASSERT_NEAR(actual[i].element<double>(k), value, 1e-6 + 1e-5 * std::abs(value)) << i << ", " << k;
    }
  }
}

class EachModel : public testing::TestWithParam<size_t> {};

TEST_P(EachModel, PredictsAsInKeras) {
  const Json& c = cases()[GetParam()];
  const Model model = model_from_config(c["model_config"]);
  std::vector<std::string> names;
  for (const Layer& layer : model.layers()) names.push_back(layer.name());
  EXPECT_EQ(Json(names), c["layers"]);
  model.set_weights(arrays(c["weights"]));
  expect_near(predict(model, arrays(c["inputs"])), arrays(c["outputs"]));

  const Json config = model_config(model);
  const Model again = model_from_config(config);
  EXPECT_EQ(model_config(again), config);
  again.set_weights(model.get_weights());
  expect_near(predict(again, arrays(c["inputs"])), arrays(c["outputs"]));
}

INSTANTIATE_TEST_SUITE_P(Keras, EachModel, testing::Range(size_t{0}, cases().size()));

TEST(Models, InputsAndOutputsOfLayersAreKerasTensors) {
  const Tensor x = Input({4});
  const layers::Dense dense(3);
  const Tensor y = dense(x);
  EXPECT_TRUE(is_keras_tensor(x));
  EXPECT_TRUE(is_keras_tensor(y));
  EXPECT_TRUE(is_keras_tensor(layers::Masking()(Input({5, 4}))));
  EXPECT_FALSE(is_keras_tensor(relu(y)));
  EXPECT_FALSE(is_keras_tensor(dense.weights()[0]));
  EXPECT_FALSE(is_keras_tensor(placeholder({.shape = Shape{2, 4, 5}})));
  const Model model(x, y);
  const Sequential around({model, layers::Dense(2)});
  for (const Model& each : {model, Model(around), model_from_config(model_config(model)),
                            model_from_config(model_config(around))}) {
    EXPECT_TRUE(is_keras_tensor(each.inputs()[0])) << each.name();
    EXPECT_TRUE(is_keras_tensor(each.outputs()[0])) << each.name();
  }
}

TEST(ModelFromConfig, DamagedConfigsAreErrors) {
  const auto message = [](const char* text) {
    return testing_util::error_of([&] { model_from_config(parse_json("test", text)); });
  };
  EXPECT_NE(message(R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Nonesuch", "config": {}}]}})")
                .find("no layer of class 'Nonesuch'"), std::string::npos);
  EXPECT_NE(message(R"({"class_name": "Dense", "config": {"units": 3}})").find("not a model"), std::string::npos);
  EXPECT_NE(message(R"({"class_name": "Sequential", "config": {}})").find("no 'layers'"), std::string::npos);
  EXPECT_NE(message(R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 0}}]}})")
                .find("units is 0"), std::string::npos);
  const std::string dense = R"({"class_name": "Dense", "name": "d", "config": {"units": 3, "name": "d"}, "inbound_nodes": [[["d", 0, 0, {}]]]})";
  EXPECT_NE(message((R"({"class_name": "Model", "config": {"layers": [)" + dense +
                     R"(], "input_layers": [["d", 0, 0]], "output_layers": [["d", 0, 0]]}})").c_str())
                .find("called on what is not in the model"), std::string::npos);
  EXPECT_NE(message(R"({"class_name": "Model", "config": {"layers": [], "input_layers": [["x", 0, 0]], "output_layers": [[1]]}})")
                .find("no layer 'x'"), std::string::npos);
  EXPECT_NE(message(R"({"class_name": "Model", "config": {"layers": [], "input_layers": [], "output_layers": []}})")
                .find("is empty"), std::string::npos);
}

TEST(ModelFromConfig, CustomLayers) {
  class Twice final : public LayerImpl {
   public:
    Tensor call(const Tensor& x) override { return x * 2; }
  };
  const Json config = parse_json("test", R"({"class_name": "Sequential", "config": {"layers": [
      {"class_name": "Twice", "config": {"batch_input_shape": [null, 2]}}]}})");
  const Model model = model_from_config(config, {{"Twice", [](const ConfigReader&, const LayerLoader&) { return LayerOf<Twice>(); }}});
  EXPECT_EQ(model(Array{{1, 2}}).to_vector<float>(), (std::vector<float>{2, 4}));
}

TEST(Sequential, BuildsAtOnceOrInTheFirstCall) {
  const Sequential at_once({layers::Dense(4, {.input_shape = {3}}), layers::Dense(2)});
  EXPECT_EQ(at_once.count_params(), 16 + 10);
  EXPECT_EQ(at_once.outputs()[0].shape(), (Shape{None, 2}));
  const Sequential later({layers::Dense(4), layers::Dense(2)});
  EXPECT_EQ(later.count_params(), 0);
  EXPECT_TRUE(later.inputs().empty());
  later(Array{{1, 2, 3}});
  EXPECT_EQ(later.count_params(), 26);
  EXPECT_THROW(at_once.add(layers::Conv2D(2, 3)), ValueError);
  EXPECT_EQ(at_once.layers().size(), 2u);
  at_once.pop();
  EXPECT_EQ(at_once.outputs()[0].shape(), (Shape{None, 4}));
  EXPECT_THROW(Sequential().pop(), ValueError);
  EXPECT_THROW(Sequential({layers::Dense(2, {.name = "a"}), layers::Dense(2, {.name = "a"})}), ValueError);
}

TEST(Model, SharedLayersHaveTheirWeightsOnce) {
  const Tensor a = Input({3}), b = Input({3});
  const layers::Dense shared(2);
  const Model model({a, b}, {layers::Add()(Tensors{shared(a), shared(b)})});
  EXPECT_EQ(model.count_params(), 8);
  EXPECT_EQ(model.trainable_weights().size(), 2u);
  const std::vector<Array> got = predict(model, {Array{{1, 2, 3}}, Array{{-1, -2, -3}}});
  EXPECT_NEAR(got[0].element<double>(0), 0, 1e-6);
}

TEST(Model, OfWhatLayersDidNotMake) {
  const Tensor x = Input({3});
  const layers::Dense dense(2);
  EXPECT_THROW(Model(x, relu(dense(x))), ValueError);
  EXPECT_THROW(Model(Input({3}), dense(x)), ValueError);
  EXPECT_THROW(Model(Tensors{x, x}, Tensors{dense(x)}), ValueError);
  EXPECT_THROW(Model(Tensors{}, Tensors{dense(x)}), ValueError);
  const Model model(x, layers::Lambda([](const Tensor& y) { return relu(y); })(dense(x)));
  EXPECT_EQ(model.layers().size(), 3u);
  EXPECT_THROW(model(Array{{1, 2}}), ValueError);
  EXPECT_THROW(model.apply({x, x}), ValueError);
}

// The tensors that a model was made of are ordinary ones: placeholders and what is computed of them.
TEST(Model, ItsTensorsCanBeUsedAsTheyAre) {
  const Tensor x = Input({2});
  const layers::Dense first(3, {.activation = "relu"});
  const Tensor hidden = first(x);
  const Model model(x, layers::Dense(1)(hidden)), part(x, hidden);
  const Array value{{0.5, -1}};
  EXPECT_EQ(function({x}, {hidden})({value})[0].to_vector<float>(), part(value).to_vector<float>());
  EXPECT_EQ(part.get_weights().size(), 2u);
}

TEST(Model, GetLayer) {
  const Sequential model({layers::Dense(2, {.input_shape = {2}, .name = "first"}), layers::Dense(1, {.name = "last"})});
  EXPECT_EQ(model.get_layer("last"), model.get_layer(-1));
  EXPECT_EQ(model.get_layer(0).name(), "first");
  EXPECT_THROW(model.get_layer("middle"), ValueError);
  EXPECT_THROW(model.get_layer(2), ValueError);
}

class Block final : public ModelImpl {
 public:
  Tensor call(const Tensor& x, const Training& training) override {
    add_loss(sum(x));
    return second_(dropout_(norm_(first_(x)), training));
  }
  layers::Dense first_{4, {.kernel_regularizer = regularizers::l2(0.5)}}, second_{2};
  layers::BatchNormalization norm_;
  layers::Dropout dropout_{0.5};
};

TEST(Model, OfOnesOwnClass) {
  const ModelOf<Block> model;
  EXPECT_TRUE(model.weights().empty());
  model.apply({placeholder({.shape = Shape{None, 3}})}, {.training = true});
  EXPECT_EQ(model.layers().size(), 4u);
  EXPECT_EQ(model.trainable_weights().size(), 6u);
  EXPECT_EQ(model.non_trainable_weights().size(), 2u);
  EXPECT_EQ(model.updates().size(), 2u);
  EXPECT_EQ(model.losses().size(), 2u);
  model.apply({placeholder({.shape = Shape{None, 3}})}, {.training = false});
  EXPECT_EQ(model.updates().size(), 0u);
  EXPECT_EQ(model.losses().size(), 2u);
  EXPECT_EQ(model.layers().size(), 4u);
  EXPECT_THROW(model_config(model), ValueError);
  const Sequential outer({model, layers::Dense(1)});
  outer.apply({placeholder({.shape = Shape{None, 3}})}, {.training = true});
  EXPECT_EQ(outer.updates().size(), 2u);
  EXPECT_EQ(outer.losses().size(), 2u);
}

TEST(Model, FreezingReachesLayersInside) {
  const Sequential model({layers::Dense(3, {.input_shape = {2}}), layers::BatchNormalization()});
  EXPECT_EQ(model.trainable_weights().size(), 4u);
  model.set_trainable(false);
  EXPECT_EQ(model.trainable_weights().size(), 0u);
  EXPECT_EQ(model.non_trainable_weights().size(), 6u);
  EXPECT_FALSE(model.get_layer(0).trainable());
  model.set_trainable(true);
  EXPECT_EQ(model.trainable_weights().size(), 4u);
}

TEST(Model, SetWeightsAllOrNone) {
  const Sequential model({layers::Dense(2, {.input_shape = {2}})});
  const std::vector<Array> before = model.get_weights();
  EXPECT_THROW(model.set_weights({Array{{1, 2}, {3, 4}}}), ValueError);
  EXPECT_THROW(model.set_weights({Array{{1, 2}, {3, 4}}, Array{1, 2, 3}}), ValueError);
  EXPECT_EQ(model.get_weights()[0].to_vector<float>(), before[0].to_vector<float>());
  model.set_weights({Array{{1, 2}, {3, 4}}, Array{5, 6}});
  EXPECT_EQ(model(Array{{1, 1}}).to_vector<float>(), (std::vector<float>{9, 12}));
}

TEST(Model, StatefulLayersGoOnWhereTheyEnded) {
  const Tensor x = Input({2, 1}, {.batch_size = 1});
  const layers::SimpleRNN stateful(1, {.stateful = true, .name = "stateful"});
  const Model model(x, stateful(x));
  model.set_weights({Array::full({1, 1}, 1, "float32"), Array::full({1, 1}, 0.5, "float32"), Array::full({1}, 0, "float32")});
  const Array in = Array::full({1, 2, 1}, 0.1, "float32");
  const float first = model(in).item<float>(), second = model(in).item<float>();
  EXPECT_NE(first, second);
  model.reset_states();
  EXPECT_EQ(model(in).item<float>(), first);
  EXPECT_EQ(model(in).item<float>(), second);
  EXPECT_THROW(layers::LSTM(2, {.stateful = true})(Input({2, 1})), ValueError);
}

TEST(Model, Summary) {
  const Sequential model({layers::Dense(64, {.activation = "relu", .input_shape = {1000}, .name = "dense_1"}),
                          layers::BatchNormalization({.name = "norm"}), layers::Dense(10, {.name = "dense_2"})},
                         "network");
  std::ostringstream out;
  model.summary(out);
  EXPECT_EQ(out.str(),
            "Model: \"network\"\n"
            "_________________________________________________________________\n"
            "Layer (type)                 Output Shape              Param #   \n"
            "=================================================================\n"
            "dense_1 (Dense)              (None, 64)                64,064    \n"
            "_________________________________________________________________\n"
            "norm (BatchNormalization)    (None, 64)                256       \n"
            "_________________________________________________________________\n"
            "dense_2 (Dense)              (None, 10)                650       \n"
            "=================================================================\n"
            "Total params: 64,970\n"
            "Trainable params: 64,842\n"
            "Non-trainable params: 128\n"
            "_________________________________________________________________\n");
}

TEST(Model, SummaryAndPictureOfBranches) {
  const Tensor a = Input({3}, {.name = "a"}), b = Input({3}, {.name = "b"});
  const Model model({a, b}, {layers::Add({.name = "sum"})(Tensors{layers::Dense(3, {.name = "dense"})(a), b})}, "two");
  std::ostringstream out;
  model.summary(out);
  EXPECT_NE(out.str().find("sum (Add)                    (None, 3)                 0         dense\n"), std::string::npos)
      << out.str();
  const std::string picture = model.to_graphviz();
  EXPECT_EQ(picture.rfind("digraph \"two\" {", 0), 0u);
  EXPECT_NE(picture.find("\"a\" -> \"dense\";"), std::string::npos);
  EXPECT_NE(picture.find("\"dense\" -> \"sum\";"), std::string::npos);
  EXPECT_NE(picture.find("\"b\" -> \"sum\";"), std::string::npos);
  EXPECT_NE(picture.find("[label=\"dense: Dense\\n(None, 3)\"]"), std::string::npos) << picture;
}

// Deep graphs use no stack of the machine for each layer.
TEST(Model, DeepGraphs) {
  const Tensor x = Input({2});
  Tensor y = x;
  for (int i = 0; i < 20000; ++i) y = layers::Activation("relu")(y);
  const Model model(x, y);
  EXPECT_EQ(model.layers().size(), 20001u);
  EXPECT_EQ(model(Array{{1, -1}}).to_vector<float>(), (std::vector<float>{1, 0}));
}

}  // namespace
}  // namespace keel
