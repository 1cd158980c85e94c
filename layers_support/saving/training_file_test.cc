// How a model is trained goes into files and comes back.
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "layers_support/saving/hdf5_file.h"
#include "layers_support/saving/model_file.h"
#include "layers_support/saving/test_util.h"
#include "layers_support/saving/weights_file.h"

namespace K = keel;
using namespace keel::testing_util;  // NOLINT

namespace {

std::vector<float> values(const std::vector<K::Array>& arrays) {
  std::vector<float> all;
  for (const K::Array& a : arrays) {
    const auto more = a.to_vector<float>();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

// A file changed by `edit`, from one that Keel wrote of `model`.
std::string edited(const K::Model& model, const std::string& name, const std::function<void(K::Json&)>& edit) {
  K::hdf5::File file = K::hdf5::File::create("test", temp(name));
  K::save_model(model, temp("unedited.h5"));
  const K::hdf5::File from = K::hdf5::File::open("test", temp("unedited.h5"));
  file.write_text("/", "model_config", *from.text("/", "model_config"));
  K::internal::write_weights(file, "/model_weights", model);
  K::Json config = K::Json::parse(*from.text("/", "training_config"));
  edit(config);
  file.write_text("/", "training_config", config.dump());
  file.commit();
  return temp(name);
}

// What load_model() says on stderr.
std::string warning_of(const std::string& path, K::Model* model = nullptr) {
  testing::internal::CaptureStderr();
  const K::Model loaded = K::load_model(path);
  if (model != nullptr) *model = loaded;
  return testing::internal::GetCapturedStderr();
}

const K::Array kX = K::Array{{1, 2, 3, 4}, {0, -1, 1, 0}, {2, 0, 0, -3}}.cast("float32");
const K::Array kY = K::Array{{1, 0, 0}, {0, 0, 1}, {0, 1, 0}}.cast("float32");

K::Sequential trained(const K::Optimizer& optimizer, int steps) {
  const K::Sequential model({K::layers::Dense(5, {.activation = "relu", .use_bias = false,
                                                  .kernel_regularizer = K::regularizers::l2(0.01), .input_shape = {4}}),
                             K::layers::BatchNormalization(), K::layers::Dense(3, {.activation = "softmax"})});
  std::vector<K::Array> begin;
  for (const K::Array& w : model.get_weights()) {
    std::vector<double> numbers;
    for (int64_t k = 0; k < w.elements(); ++k) numbers.push_back(static_cast<double>((k * 7) % 11 + 1) / 16);
    begin.push_back(K::Array::of(w.shape(), numbers).cast(w.dtype()));
  }
  model.set_weights(begin);
  model.compile({.optimizer = optimizer, .loss = {"categorical_crossentropy"}, .metrics = {"accuracy"}});
  for (int i = 0; i < steps; ++i) model.train_on_batch(kX, kY);
  return model;
}

TEST(Training, GoesOnWhereItStopped) {
  using namespace K::optimizers;  // NOLINT
  const auto schedule = K::schedules::exponential_decay({.decay_steps = 2});
  const std::vector<std::function<K::Optimizer()>> all = {
      [] { return sgd({.learning_rate = 0.1, .decay = 0.5}); },
      [] { return sgd({.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}); },
      [] { return rmsprop({.rho = 0.8}); },
      [] { return adagrad(); },
      [] { return adadelta(); },
      [&] { return adam({.learning_rate = schedule}); },
      [] { return adam({.amsgrad = true, .clipnorm = 0.5}); },
      [] { return adamax(); },
      [] { return nadam(); },
  };
  for (const auto& optimizer : all) {
    SCOPED_TRACE(std::string(optimizer().name()));
    const K::Model straight = trained(optimizer(), 6);
    K::save_model(trained(optimizer(), 3), temp("half.h5"));
    const K::Model half = K::load_model(temp("half.h5"));
    K::Logs last;
    for (int i = 0; i < 3; ++i) last = half.train_on_batch(kX, kY);
    EXPECT_EQ(values(half.get_weights()), values(straight.get_weights()));
    EXPECT_EQ(half.optimizer().iterations().value().item<int64_t>(), 6);
    EXPECT_TRUE(last.find("accuracy").has_value());
  }
}

TEST(Training, OfTfKerasGoesOn) {
  std::ifstream file("layers_support/saving/testdata/training.json");
  const K::Json data = K::Json::parse(file);
  const auto array = [](const K::Json& json, const K::Shape& shape) {
    return K::Array::of(shape, json.get<std::vector<double>>()).cast("float32");
  };
  const K::Array x = array(data["x"], {8, 4}), y = array(data["y"], {8, 2});
  for (const auto& [name, expected] : data["cases"].items()) {
    SCOPED_TRACE(name);
    const K::Model model = K::load_model(keras_file(name));
    ASSERT_TRUE(model.compiled());
    for (const K::Json& loss : expected["losses"]) {
      const K::Logs logs = model.train_on_batch(x, y);
      EXPECT_NEAR(logs.at("loss"), loss, 1e-6);
      EXPECT_TRUE(logs.find("mae").has_value());
    }
    const std::vector<K::Array> weights = model.get_weights();
    ASSERT_EQ(weights.size(), expected["weights"].size());
    for (size_t i = 0; i < weights.size(); ++i) {
      for (int64_t k = 0; k < weights[i].elements(); ++k) {
        EXPECT_NEAR(weights[i].element<double>(k), expected["weights"][i][static_cast<size_t>(k)], 2e-6) << i;
      }
    }
  }
}

TEST(Training, OfKerasIsRead) {
  for (const char* name : {"keras_dense.h5", "tf_keras_dense.h5"}) {
    SCOPED_TRACE(name);
    const K::Model model = K::load_model(keras_file(name));
    EXPECT_EQ(model.optimizer().name(), "Adam");
    EXPECT_EQ(model.optimizer().iterations().value().item<int64_t>(), 1);
    EXPECT_EQ(model.compile_options().loss[0].name(), "categorical_crossentropy");
    // After one step m is a tenth of the gradient, v a thousandth of its square.
    const auto slots = model.optimizer().slots(model.trainable_weights());
    for (size_t i = 0; i < 4; ++i) {
      const auto m = slots[0].variables[i].value().to_vector<double>(), v = slots[1].variables[i].value().to_vector<double>();
      for (size_t k = 0; k < m.size(); ++k) EXPECT_NEAR(v[k], m[k] * m[k] / 10, 1e-6 + 1e-3 * v[k]);
    }
    EXPECT_NE(values({slots[0].variables[0].value()}), std::vector<float>(20));
    EXPECT_TRUE(model.evaluate(kX, kY).find("accuracy").has_value());
    EXPECT_FALSE(K::load_model(keras_file(name), {.compile = false}).compiled());
  }
  EXPECT_FALSE(K::load_model(keras_file("keras_conv.h5")).compiled());  // It was not compiled.
}

TEST(Training, LossesAndMetricsOfEveryForm) {
  const K::Tensor x = K::Input({4});
  const K::Tensor a = K::layers::Dense(1, {.name = "a"})(x), b = K::layers::Dense(3, {.name = "b"})(x);
  const K::Model model({x}, {a, b});
  model.compile({.optimizer = "sgd", .loss = {"mse", K::Loss("categorical_crossentropy", {.from_logits = true})},
                 .metrics_per_output = {{K::metrics::precision({.thresholds = {0.25}})}, {"acc", "mae"}},
                 .weighted_metrics = {"mse"}, .loss_weights = {1, 0.5}});
  K::save_model(model, temp("two.h5"));
  const K::Array ya = K::Array({1, 0, 1}).reshape({3, 1});
  const K::Logs before = model.evaluate(kX, {ya, kY}, {.sample_weight = K::Array{1, 2, 0}});
  for (const char* name : {"a_loss", "b_loss", "a_precision", "b_acc", "b_mae", "a_mse", "b_mse"}) {
    EXPECT_TRUE(before.find(name).has_value()) << name;
  }
  const auto expect_same = [&](const std::string& path) {
    const K::Model again = K::load_model(path);
    const K::Logs after = again.evaluate(kX, {ya, kY}, {.sample_weight = K::Array{1, 2, 0}});
    EXPECT_EQ(after.entries(), before.entries());
  };
  expect_same(temp("two.h5"));
  // As tf_keras writes what is given by the names of outputs.
  expect_same(edited(model, "names.h5", [](K::Json& config) {
    config["loss"] = {{"b", config["loss"][1]}, {"a", "mse"}};
    config["metrics"] = {{"a", config["metrics"][0][0]}, {"b", config["metrics"][1]}};
    config["loss_weights"] = {{"a", 1}, {"b", 0.5}};
  }));
}

TEST(Training, WhatIsUnknownLeavesTheModelUncompiled) {
  const K::Sequential model = trained("adam", 1);
  const auto expect_uncompiled = [&](const std::string& path, const std::string& why) {
    K::Model loaded;
    const std::string warning = warning_of(path, &loaded);
    EXPECT_NE(warning.find("the model is not compiled: "), std::string::npos) << warning;
    EXPECT_NE(warning.find(why), std::string::npos) << warning;
    EXPECT_FALSE(loaded.compiled());
    EXPECT_EQ(values(loaded.get_weights()), values(model.get_weights()));
  };
  const auto expect_edited = [&](const char* key, const K::Json& value, const std::string& why) {
    expect_uncompiled(edited(model, "edited.h5", [&](K::Json& config) { config[key] = value; }), why);
  };
  model.compile({.loss = {K::Loss([](const K::Tensor& t, const K::Tensor& p) { return K::mean(K::abs(t - p), -1); }, "mine")}});
  K::save_model(model, temp("custom.h5"));
  expect_uncompiled(temp("custom.h5"), "'mine'");
  model.compile({.loss = {"mse"}});
  expect_edited("metrics", {"best"}, "'best'");
  expect_edited("metrics", {{{"class_name", 3}}}, "class_name");
  expect_edited("optimizer_config", {{"class_name", "Lion"}, {"config", K::Json::object()}}, "'Lion'");
  expect_edited("optimizer_config", {{"class_name", "RMSprop"}, {"config", {{"momentum", 0.5}}}}, "'momentum' is 0.5");
  expect_edited("loss", {{"other", "mse"}}, "output 'other'");
  expect_edited("loss", nullptr, "'loss'");
  expect_edited("loss_weights", {"a"}, "no number");
}

TEST(Training, AStateThatDoesNotFitIsLeftAlone) {
  const K::Sequential model = trained("adam", 2);
  K::save_model(model, temp("state.h5"));
  EXPECT_EQ(warning_of(temp("state.h5")), "");
  model.get_layer(0).set_trainable(false);
  K::save_model(model, temp("frozen.h5"));  // Kept for fewer weights than Keras would ask for.
  EXPECT_EQ(warning_of(temp("frozen.h5")), "");
  const std::string path = edited(model, "no_state.h5", [](K::Json&) {});
  EXPECT_EQ(warning_of(path), "");
  {
    const K::hdf5::File from = K::hdf5::File::open("test", path);
    K::hdf5::File file = K::hdf5::File::create("test", temp("less.h5"));
    for (const char* name : {"model_config", "training_config"}) file.write_text("/", name, *from.text("/", name));
    K::internal::write_weights(file, "/model_weights", model);
    file.make_group("/optimizer_weights");
    file.write("/optimizer_weights/m_0:0", K::Array(1.0));
    file.write_texts("/optimizer_weights", "weight_names", {"m_0:0", "gone:0"});
    file.commit();
  }
  K::Model loaded;
  const std::string warning = warning_of(temp("less.h5"), &loaded);
  EXPECT_NE(warning.find("the optimizer starts anew: it holds 1 of 'm' where the model needs"), std::string::npos) << warning;
  EXPECT_EQ(loaded.optimizer().iterations().value().item<int64_t>(), 0);
}

// check_written.py trains in Keras what this leaves.
TEST(Training, IsWrittenForKeras) {
  const char* const keep = std::getenv("KEEL_KEEP_MODELS");
  const std::string folder = keep != nullptr ? keep : ::testing::TempDir();
  for (const char* name : {"sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"}) {
    const K::Sequential model = trained(name, 3);
    K::save_model(model, folder + "/trained_" + name + ".h5");
    for (int i = 0; i < 3; ++i) model.train_on_batch(kX, kY);
    K::save_weights(model, folder + "/after_" + name + ".h5");
  }
}

}  // namespace
