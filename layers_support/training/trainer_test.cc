#include "layers_support/training/trainer.h"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/error_of.h"

namespace K = keel;

namespace {

using keel::testing_util::error_of;

// x · w + b with what a test wants to see.
class Linear final : public K::LayerImpl {
 public:
  explicit Linear(int64_t units = 1, K::Regularizer regularizer = nullptr) : units_(units), regularizer_(regularizer) {}
  void build(const K::Shape& x) override {
    w = add_weight("w", {x.back(), units_}, {.initializer = "zeros", .regularizer = regularizer_});
    b = add_weight("b", {units_}, {.initializer = "zeros"});
    steps = add_weight("steps", {}, {.initializer = "zeros", .trainable = false});
  }
  K::Tensor call(const K::Tensor& x, const K::Training& training) override {
    if (training) add_update(K::update_add(steps, 1));
    // In training the output is off by 1, so that phases can be told apart.
    const K::Tensor y = K::dot(x, w) + b;
    return training ? y + 1 : y;
  }
  K::Variable w, b, steps;

 private:
  const int64_t units_;
  const K::Regularizer regularizer_;
};

// Two outputs.
class Fork final : public K::LayerImpl {
 public:
  K::Tensors call(const K::Tensors& in, const K::Training&) override { return {one_(in[0]), two_(in[0])}; }

 private:
  K::LayerOf<Linear> one_, two_;
};

// n samples of y = 2·x0 − x1 + 0.5.
struct Data {
  explicit Data(int64_t n) {
    x = K::eval(K::random_uniform({n, 2}, {.minval = -1, .maxval = 1, .seed = 1}));
    std::vector<float> targets;
    for (int64_t i = 0; i < n; ++i) targets.push_back(2 * x.element<float>(2 * i) - x.element<float>(2 * i + 1) + 0.5f);
    y = K::Array::of({n, 1}, targets);
  }
  K::Array x, y;
};

TEST(Trainer, LearnsALine) {
  const Data data(100);
  const K::LayerOf<Linear> model;
  K::Trainer trainer(model, {.optimizer = K::optimizers::sgd({.learning_rate = 0.2}), .loss = {"mse"}, .metrics = {"mae"}});
  const K::History history = trainer.fit(data.x, data.y, {.batch_size = 16, .epochs = 60, .verbose = 0, .seed = 3});
  ASSERT_EQ(history.epochs().size(), 60u);
  EXPECT_EQ(history.names(), (std::vector<std::string>{"loss", "mae"}));
  EXPECT_LT(history["loss"].back(), 1e-4 * history["loss"].front());
  EXPECT_NEAR(model->w.value().element<float>(0), 2, 0.02);
  EXPECT_NEAR(model->b.value().element<float>(0), -0.5, 0.02);  // The 1 of training is learnt away.
  EXPECT_FLOAT_EQ(model->steps.value().item<float>(), 60 * 7);
  EXPECT_EQ(trainer.optimizer().iterations().value().item<int64_t>(), 60 * 7);
}

// LEARNING_PHASE.md, 17.
TEST(Trainer, Statement17FitTrainsAndTheOthersTestWhateverThePhaseIs) {
  const K::LearningPhaseScope scope;
  for (const int phase : {-1, 0, 1}) {
    K::clear_session();
    if (phase >= 0) K::set_learning_phase(phase);
    const K::LayerOf<Linear> model;
    K::Trainer trainer(model, {.optimizer = K::optimizers::sgd({.learning_rate = 0.0}), .loss = {"mse"}});
    const K::Array x{{1, 1}}, y = K::Array{0}.reshape({1, 1});
    EXPECT_EQ(trainer.fit(x, y, {.verbose = 0})["loss"], std::vector<double>{1});
    EXPECT_EQ(trainer.evaluate(x, y).at("loss"), 0);
    EXPECT_EQ(trainer.predict(x).item<float>(), 0);
    EXPECT_EQ(trainer.train_on_batch(x, y).at("loss"), 1);
    EXPECT_EQ(trainer.test_on_batch(x, y).at("loss"), 0);
  }
}

// What asks for the backend's phase itself is fed it.
TEST(Trainer, Statement17TheBackendsPhaseIsFed) {
  class Phased final : public K::LayerImpl {
   public:
    K::Tensor call(const K::Tensor& x) override { return K::in_train_phase(x + 1, x); }
  };
  const K::LayerOf<Phased> model;
  K::Trainer trainer(model, {.loss = {"mse"}});
  const K::Array x = K::Array{0}.reshape({1, 1});
  EXPECT_EQ(trainer.test_on_batch(x, x).at("loss"), 0);
  EXPECT_EQ(trainer.train_on_batch(x, x).at("loss"), 1);
  EXPECT_EQ(trainer.predict(x).item<float>(), 0);
}

TEST(Trainer, SeedsRepeatAndShufflingMatters) {
  const Data data(50);
  auto weights_after = [&](uint64_t seed, bool shuffle) {
    const K::LayerOf<Linear> model;
    K::Trainer trainer(model, {.optimizer = "adam", .loss = {"mse"}});
    trainer.fit(data.x, data.y, {.batch_size = 7, .epochs = 2, .verbose = 0, .shuffle = shuffle, .seed = seed});
    return model->w.value().to_vector<float>();
  };
  EXPECT_EQ(weights_after(1, true), weights_after(1, true));
  EXPECT_NE(weights_after(1, true), weights_after(2, true));
  EXPECT_EQ(weights_after(1, false), weights_after(2, false));
}

TEST(Trainer, WhatIsHeldOutIsNotLearntFrom) {
  const Data data(40);
  K::Array y = data.y.copy();
  for (int i = 30; i < 40; ++i) y.mutable_data<float>()[i] = 1000;
  const K::LayerOf<Linear> split, given;
  const K::CompileOptions options{.optimizer = "sgd", .loss = {"mse"}, .metrics = {"mse"}};
  K::Trainer by_split(split, options), by_data(given, options);
  const auto a = by_split.fit(data.x, y, {.epochs = 3, .verbose = 0, .validation_split = 0.25, .seed = 1});
  const auto b = by_data.fit(K::slice_rows(data.x, 0, 30), K::slice_rows(y, 0, 30),
                             {.epochs = 3, .verbose = 0, .validation_x = K::slice_rows(data.x, 30, 40),
                              .validation_y = K::slice_rows(y, 30, 40), .seed = 1});
  EXPECT_EQ(split->w.value().to_vector<float>(), given->w.value().to_vector<float>());
  EXPECT_EQ(a["val_loss"], b["val_loss"]);
  EXPECT_GT(a["val_loss"].back(), 1e5);
  EXPECT_LT(a["loss"].back(), 100);
  EXPECT_NEAR(a["val_loss"].back(), a["val_mse"].back(), 1);
}

TEST(Trainer, SampleAndClassWeights) {
  const K::Array x{{1, 0}, {0, 1}}, y{{0, 1}, {1, 0}};
  auto loss = [&](const K::FitOptions& o) {
    const K::LayerOf<Linear> model(2);
    K::Trainer trainer(model, {.optimizer = "sgd", .loss = {"mse"}});
    K::FitOptions options = o;
    options.verbose = 0;
    return trainer.fit(x, y, options)["loss"][0];
  };
  // Outputs are all 1: each sample's mean squared error is 0.5.
  EXPECT_FLOAT_EQ(loss({}), 0.5);
  EXPECT_FLOAT_EQ(loss({.sample_weight = K::Array{4, 0}}), 1);
  EXPECT_FLOAT_EQ(loss({.class_weight = {{0, 1}, {1, 3}}}), 1);
  EXPECT_FLOAT_EQ(loss({.sample_weight = K::Array{4, 0}, .class_weight = {{0, 1}, {1, 3}}}), 3);
  EXPECT_NE(error_of([&] { loss({.class_weight = {{0, 1}}}); }).find("no weight for class 1"), std::string::npos);
}

TEST(Trainer, PenaltiesJoinTheLoss) {
  const K::LayerOf<Linear> model(1, K::regularizers::l2(0.5));
  model.build({{K::None, 2}});
  K::set_value(model->w, K::Array{1, 2}.reshape({2, 1}));
  K::Trainer trainer(model, {.optimizer = "sgd", .loss = {"mse"}});
  EXPECT_FLOAT_EQ(trainer.evaluate(K::Array{{0, 0}}, K::Array{0}.reshape({1, 1})).at("loss"), 2.5);
}

TEST(Trainer, SeveralOutputs) {
  const Data data(20);
  const K::LayerOf<Fork> model;
  K::Trainer trainer(model, {.optimizer = "adam", .loss = {"mse", "mae"}, .metrics_per_output = {{}, {"mse"}},
                             .loss_weights = {1, 0.5}});
  const K::Logs logs = trainer.evaluate({data.x}, {data.y, data.y});
  EXPECT_NEAR(logs.at("loss"), logs.at("output_1_loss") + 0.5 * logs.at("output_2_loss"), 1e-6);
  EXPECT_NEAR(logs.at("output_2_mse"), logs.at("output_1_loss"), 1e-6);
  EXPECT_EQ(trainer.predict_all(data.x).size(), 2u);
  EXPECT_NE(error_of([&] { trainer.predict(data.x); }).find("2 outputs"), std::string::npos);
  EXPECT_NE(error_of([&] { trainer.evaluate(data.x, data.y); }).find("2 outputs but got 1 targets"), std::string::npos);
}

TEST(Trainer, CallbacksSeeEachStep) {
  class Steps final : public K::Callback {
   public:
    void on_batch_begin(K::TrainingRun&, int64_t) override { ++begun; }
    void on_batch_end(K::TrainingRun&, int64_t, double) override { EXPECT_EQ(++ended, begun); }
    int begun = 0, ended = 0;
  };
  const auto steps = std::make_shared<Steps>();
  const Data data(20);
  const K::LayerOf<Linear> model;
  K::Trainer trainer(model, {.loss = {"mse"}});
  trainer.fit(data.x, data.y, {.batch_size = 5, .epochs = 2, .verbose = 0, .callbacks = {steps}});
  EXPECT_EQ(steps->ended, 8);
}

TEST(Trainer, PredictionsAreInOrder) {
  const Data data(70);
  const K::LayerOf<Linear> model;
  K::Trainer trainer(model, {.loss = {"mse"}});
  trainer.fit(data.x, data.y, {.verbose = 0});
  EXPECT_EQ(trainer.predict(data.x, {.batch_size = 32}).to_vector<float>(),
            trainer.predict(data.x, {.batch_size = 1000}).to_vector<float>());
  EXPECT_EQ(trainer.predict(K::slice_rows(data.x, 0, 0)).shape(), (K::Shape{0, 1}));
}

TEST(Callbacks, EarlyStoppingKeepsTheBest) {
  const Data data(32);
  const K::LayerOf<Linear> model;
  // A rate that leaps over the goal: the loss grows from the first epoch on.
  K::Trainer trainer(model, {.optimizer = K::optimizers::sgd({.learning_rate = 4.0}), .loss = {"mse"}});
  std::vector<float> first;
  const auto look = K::callbacks::lambda_callback([&](K::TrainingRun& run, int epoch, K::Logs&) {
    if (epoch == 0) first = run.model.get_weights()[0].to_vector<float>();
  });
  const auto history = trainer.fit(data.x, data.y, {.epochs = 50, .verbose = 0, .callbacks = {look, K::callbacks::early_stopping({
      .monitor = "loss", .patience = 2, .restore_best_weights = true})}, .seed = 1});
  EXPECT_EQ(history.epochs().size(), 3u);
  EXPECT_EQ(model->w.value().to_vector<float>(), first);
  EXPECT_NE(error_of([&] { trainer.fit(data.x, data.y, {.verbose = 0, .callbacks = {K::callbacks::early_stopping()}}); })
                .find("no 'val_loss'"), std::string::npos);
}

TEST(Callbacks, RatesFollowPlateausAndSchedules) {
  const Data data(32);
  const K::LayerOf<Linear> model;
  K::Trainer trainer(model, {.optimizer = K::optimizers::sgd({.learning_rate = 0.5}), .loss = {"mse"}});
  const auto halving = K::callbacks::learning_rate_scheduler([](int epoch, double rate) { return epoch == 0 ? rate : rate / 2; });
  const auto history = trainer.fit(data.x, data.y, {.epochs = 3, .verbose = 0, .callbacks = {halving}});
  EXPECT_EQ(history["lr"], (std::vector<double>{0.5, 0.25, 0.125}));
  const auto plateau = K::callbacks::reduce_lr_on_plateau({.monitor = "loss", .factor = 0.5, .patience = 1, .min_delta = 1e9, .min_lr = 0.05});
  const auto reduced = trainer.fit(data.x, data.y, {.epochs = 4, .verbose = 0, .callbacks = {plateau}});
  ASSERT_EQ(reduced["lr"].size(), 4u);
  EXPECT_NEAR(reduced["lr"][2], 0.0625, 1e-6);
  EXPECT_NEAR(reduced["lr"][3], 0.05, 1e-6);
}

TEST(Callbacks, CsvHasALinePerEpoch) {
  const Data data(32);
  const K::LayerOf<Linear> model;
  K::Trainer trainer(model, {.optimizer = "sgd", .loss = {"mse"}});
  const std::string path = ::testing::TempDir() + "/log.csv";
  trainer.fit(data.x, data.y, {.epochs = 2, .verbose = 0, .callbacks = {K::callbacks::csv_logger(path)}});
  trainer.fit(data.x, data.y, {.epochs = 1, .verbose = 0, .callbacks = {K::callbacks::csv_logger(path, true)}});
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "epoch,loss");
  EXPECT_EQ(lines[2].substr(0, 2), "1,");
  EXPECT_NE(error_of([&] {
              trainer.fit(data.x, data.y, {.verbose = 0, .callbacks = {K::callbacks::csv_logger("/dev/null/x")}});
            }).find("cannot be written"), std::string::npos);
}

TEST(Callbacks, NanEndsTheRun) {
  const K::LayerOf<Linear> model;
  K::Trainer trainer(model, {.optimizer = "sgd", .loss = {"mse"}});
  const K::Array x{{NAN, 1}, {1, 1}}, y = K::Array{1, 1}.reshape({2, 1});
  const auto history = trainer.fit(x, y, {.batch_size = 1, .epochs = 5, .verbose = 0, .callbacks = {K::callbacks::terminate_on_nan()}, .shuffle = false});
  EXPECT_EQ(history.epochs().size(), 1u);
  EXPECT_FLOAT_EQ(model->steps.value().item<float>(), 1);
}

TEST(Trainer, Errors) {
  const Data data(10);
  const K::LayerOf<Linear> model;
  const K::CompileOptions options{.optimizer = "sgd", .loss = {"mse"}};
  K::Trainer trainer(model, options);
  const auto fit = [&](const K::Batch& x, const K::Batch& y, const K::FitOptions& o) { return error_of([&] { trainer.fit(x, y, o); }); };
  EXPECT_NE(error_of([&] { K::Trainer(model, {.optimizer = "sgd"}); }).find("no loss"), std::string::npos);
  EXPECT_NE(fit(data.x, K::slice_rows(data.y, 0, 5), {}).find("fit: arrays of 10 and of 5 samples"), std::string::npos);
  EXPECT_NE(fit(data.x, data.y, {.batch_size = 0}).find("batch_size is 0"), std::string::npos);
  EXPECT_NE(fit(data.x, data.y, {.validation_split = 1}).find("validation_split is 1"), std::string::npos);
  EXPECT_NE(fit(data.x, data.y, {.validation_split = 0.95}).find("leaves one part empty"), std::string::npos);
  EXPECT_NE(fit({}, data.y, {}).find("no input array"), std::string::npos);
  EXPECT_NE(fit(data.x, data.x, {}).find("mean_squared_error: y_true has shape (None, 2) and y_pred (None, 1)"), std::string::npos);
  EXPECT_NE(fit(K::slice_rows(data.x, 0, 0), K::slice_rows(data.y, 0, 0), {}).find("no samples"), std::string::npos);
  EXPECT_NE(error_of([&] { trainer.predict(K::Array(1.0)); }).find("predict: an array is empty or a scalar"), std::string::npos);
  EXPECT_EQ(trainer.optimizer().iterations().value().item<int64_t>(), 0);
}

}  // namespace
