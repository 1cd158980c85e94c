#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "layers_support/layers/layers.h"
#include "layers_support/models/model.h"
#include "layers_support/training/step.h"
#include "testing/error_of.h"

namespace K = keel;

namespace {

using keel::testing_util::error_of;

// Points inside and outside of a circle.
struct Circle {
  explicit Circle(int64_t n) {
    x = K::eval(K::random_uniform({n, 2}, {.minval = -1, .maxval = 1, .seed = 5}));
    std::vector<int32_t> inside;
    for (int64_t i = 0; i < n; ++i) inside.push_back(std::hypot(x.element<float>(2 * i), x.element<float>(2 * i + 1)) < 0.75);
    y = K::Array::of({n}, inside);
  }
  K::Array x, y;
};

K::Sequential classifier() {
  return K::Sequential({K::layers::Dense(24, {.activation = "tanh", .input_shape = K::Shape{2}}), K::layers::Dropout(0.1),
                        K::layers::BatchNormalization(), K::layers::Dense(2, {.activation = "softmax"})});
}

TEST(Training, ASequentialModelLearns) {
  K::set_random_seed(1);
  const Circle data(400);
  const K::Sequential model = classifier();
  model.compile({.optimizer = K::optimizers::adam({.learning_rate = 0.02}), .loss = {"sparse_categorical_crossentropy"}, .metrics = {"accuracy"}});
  const auto history = model.fit(data.x, data.y, {.epochs = 40, .verbose = 0, .validation_split = 0.25, .seed = 1});
  EXPECT_GT(history["val_accuracy"].back(), 0.93);
  EXPECT_LT(history["loss"].back(), 0.5 * history["loss"].front());
  // As compiled as when predicted, whatever the number of samples.
  const K::Array scores = model.predict(data.x);
  EXPECT_EQ(scores.shape(), (K::Shape{400, 2}));
  EXPECT_NEAR(model.evaluate(data.x, data.y).at("accuracy"), [&] {
    double right = 0;
    for (int64_t i = 0; i < 400; ++i) right += (scores.element<float>(2 * i + 1) > scores.element<float>(2 * i)) == data.y.element<int>(i);
    return right / 400;
  }(), 1e-9);
}

// A handle that is copied is the same model; predict() needs no compile().
TEST(Training, TheStateBelongsToTheModel) {
  const Circle data(50);
  const K::Sequential model = classifier();
  EXPECT_EQ(model.predict(data.x).shape(), (K::Shape{50, 2}));
  EXPECT_NE(error_of([&] { model.fit(data.x, data.y); }).find("was not compiled"), std::string::npos);
  const K::Model same = model;
  same.compile({.optimizer = "sgd", .loss = {"sparse_categorical_crossentropy"}});
  model.fit(data.x, data.y, {.verbose = 0});
  EXPECT_EQ(same.optimizer().iterations().value().item<int64_t>(), 2);
}

// Seed 002's example 3: batch normalization in a loop of one's own moves its averages with the step.
TEST(Training, ALoopOfOnesOwnMovesAverages) {
  const Circle data(64);
  const K::Sequential model = classifier();
  K::Optimizer optimizer = "adam";
  const auto step = K::value_and_gradients(model, [&](const K::Tensors& in) {
    return K::mean(K::losses::sparse_categorical_crossentropy(in[1], model(in[0], true)));
  });
  const auto averages = [&] { return model.get_layer(2).get_weights()[2].to_vector<float>(); };
  const auto before = averages();
  double first = 0, last = 0;
  for (int i = 0; i < 30; ++i) {
    const auto [loss, gradients] = step({data.x, data.y});
    optimizer.apply_gradients(K::zip(gradients, model.trainable_weights()));
    (i == 0 ? first : last) = loss.item<double>();
  }
  EXPECT_NE(averages(), before);
  EXPECT_LT(last, first);
}

// Masked steps weigh nothing.
TEST(Training, MasksWeighTheLoss) {
  const K::Tensor in = K::Input({3, 1});
  const K::Model model(in, K::layers::TimeDistributed(K::layers::Dense(1, {.use_bias = false, .kernel_initializer = "ones"}))(
                               K::layers::Masking()(in)));
  model.compile({.optimizer = "sgd", .loss = {"mse"}});
  const K::Array x = K::Array{1, 0, 2, 0, 0, 3}.reshape({2, 3, 1}), y = K::Array{0, 9, 0, 9, 9, 0}.reshape({2, 3, 1});
  EXPECT_NEAR(model.evaluate(x, y).at("loss"), (1 + 4 + 9) / 6.0, 1e-6);
}

}  // namespace
