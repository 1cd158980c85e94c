#include "layers_support/training/step.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "layers_support/losses/losses.h"
#include "testing/error_of.h"

namespace K = keel;

namespace {

using keel::testing_util::error_of;

// y = x · w, with a count of its training calls as an update.
class Linear final : public K::LayerImpl {
 public:
  int traced = 0;
  K::Variable w, calls;
  void build(const K::Shape& x) override {
    w = add_weight("w", {x.back(), 1}, {.initializer = "zeros"});
    calls = add_weight("calls", {}, {.initializer = "zeros", .trainable = false});
  }
  K::Tensor call(const K::Tensor& x, const K::Training& training) override {
    ++traced;
    if (training) add_update(K::update_add(calls, 1));
    return K::dot(x, w);
  }
};

K::LossFunction squared(const K::Layer& model) {
  return [model](const K::Tensors& in) {
    return K::mean(K::losses::mean_squared_error(in[1], model(in[0], true)));
  };
}

const K::Array kX = K::Array{{1, 0}, {0, 1}, {1, 1}}.cast("float32");
const K::Array kY = K::Array{1, 2, 3}.reshape({3, 1}).cast("float32");

TEST(ValueAndGradients, TheGradientAndTheUpdates) {
  const K::LayerOf<Linear> model;
  const auto step = K::value_and_gradients(model, squared(model));
  const auto [loss, gradients] = step({kX, kY});
  EXPECT_FLOAT_EQ(loss.item<float>(), 14.0f / 3);
  ASSERT_EQ(gradients.size(), 1u);
  EXPECT_FLOAT_EQ(gradients[0].element<float>(0), -2 * (1 + 3) / 3.0f);
  EXPECT_FLOAT_EQ(gradients[0].element<float>(1), -2 * (2 + 3) / 3.0f);
  EXPECT_FLOAT_EQ(model->calls.value().item<float>(), 1);
  EXPECT_EQ(model->w.value().to_vector<float>(), (std::vector<float>{0, 0}));
}

// Seed 002's loop: it learns, and builds its graph once.
TEST(ValueAndGradients, ALoopOfOnesOwn) {
  const K::LayerOf<Linear> model;
  K::Optimizer optimizer = K::optimizers::sgd({.learning_rate = 0.2});
  const auto step = K::value_and_gradients(model, squared(model));
  float first = 0, last = 0;
  for (int i = 0; i < 200; ++i) {
    const auto [loss, gradients] = step({kX, kY});
    optimizer.apply_gradients(K::zip(gradients, model.trainable_weights()));
    (i == 0 ? first : last) = loss.item<float>();
  }
  EXPECT_LT(last, 1e-6f * first);
  EXPECT_NEAR(model->w.value().element<float>(1), 2, 1e-3);
  EXPECT_EQ(model->traced, 1);
  EXPECT_FLOAT_EQ(model->calls.value().item<float>(), 200);
  // Another number of samples needs no new graph, another dtype does.
  step({K::slice_rows(kX, 0, 2), K::slice_rows(kY, 0, 2)});
  EXPECT_EQ(model->traced, 1);
  step({kX, kY.cast("int32")});
  EXPECT_EQ(model->traced, 2);
}

TEST(TrainStep, DoesTheSameInOneFunction) {
  const K::LayerOf<Linear> apart, whole;
  K::Optimizer optimizer = "adam";
  const auto gradients_of = K::value_and_gradients(apart, squared(apart));
  const K::TrainStep step(whole, "adam", squared(whole));
  for (int i = 0; i < 20; ++i) {
    const auto [loss, gradients] = gradients_of({kX, kY});
    optimizer.apply_gradients(K::zip(gradients, apart.trainable_weights()));
    EXPECT_FLOAT_EQ(step({kX, kY}).item<float>(), loss.item<float>());
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_FLOAT_EQ(apart->w.value().element<float>(i), whole->w.value().element<float>(i));
  }
  EXPECT_FLOAT_EQ(whole->calls.value().item<float>(), 20);
  EXPECT_NE(step.explain({kX, kY}).find("dot"), std::string::npos) << step.explain({kX, kY});
}

TEST(ValueAndGradients, OfVariablesAndUnrelatedOnes) {
  const K::Variable a = K::variable(K::Array(3.0)), b = K::variable(K::Array{1, 1});
  const auto step = K::value_and_gradients(std::vector{a, b}, [&](const K::Tensors& in) { return a * a * in[0]; });
  const auto [value, gradients] = step({K::Array(2.0)});
  EXPECT_FLOAT_EQ(value.item<float>(), 18);
  EXPECT_FLOAT_EQ(gradients[0].item<float>(), 12);
  EXPECT_EQ(gradients[1].to_vector<float>(), (std::vector<float>{0, 0}));
}

TEST(ValueAndGradients, Errors) {
  const K::Variable a = K::variable(K::Array{1, 2});
  const auto vector = K::value_and_gradients(std::vector{a}, [&](const K::Tensors&) { return a * 1.0; });
  EXPECT_NE(error_of([&] { vector(K::Arrays{}); }).find("the loss has shape (2,)"), std::string::npos);
  EXPECT_NE(error_of([&] { K::zip({K::Array(1.0)}, {}); }).find("1 gradients and 0 variables"), std::string::npos);
  EXPECT_NE(error_of([&] { vector({K::Array()}); }).find("empty handle"), std::string::npos);
}

}  // namespace
