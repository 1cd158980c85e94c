// LEARNING_PHASE.md's statements about layers and models; each test says which it checks. Those about
// the backend's flag (1 to 15) are in core/function_test.cc and ops/control/control_test.cc, those about
// fit, predict and evaluate (17) beside them.
#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "layers_support/layers/layers.h"
#include "layers_support/models/model.h"

namespace keel {
namespace {

class LearningPhaseOfLayers : public testing::Test {
 protected:
  static Array filled(const Shape& shape, double value) { return Array::full(shape, value, DType::kFloat32); }
  // Whether a fraction of ones was dropped; the others are multiplied.
  static bool dropped(const Array& y) {
    bool any = false;
    for (const float value : y.values<float>()) {
      EXPECT_TRUE(value == 0 || value == 1 || value == 2) << value;
      any = any || value != 1;
    }
    return any;
  }
  const Array ones_ = filled({4, 32}, 1);
  const LearningPhaseScope scope_;
};

TEST_F(LearningPhaseOfLayers, TheMarkSpreadsThroughLayersAndModels) {  // 8
  const Tensor x = Input({3, 2});
  EXPECT_TRUE(layers::Dropout(0.5)(x).uses_learning_phase());
  EXPECT_FALSE(layers::Dropout(0.5)(x, true).uses_learning_phase());
  EXPECT_FALSE(layers::Dropout(0)(x).uses_learning_phase());
  const Tensor sequence = layers::LSTM(2, {.dropout = 0.5})(x);
  EXPECT_TRUE(sequence.uses_learning_phase());
  EXPECT_TRUE(layers::LSTM(2, {.recurrent_dropout = 0.5})(x).uses_learning_phase());
  EXPECT_FALSE(layers::LSTM(2)(x).uses_learning_phase());
  const Model model(x, layers::Dense(1)(sequence));
  EXPECT_TRUE(model.outputs()[0].uses_learning_phase());
  EXPECT_TRUE(model(placeholder({.shape = Shape{None, 3, 2}})).uses_learning_phase());
  // In rnn() it spreads from the step to the last output.
  const auto step = [](const Tensor& in, const Tensors& states) {
    const Tensor y = in_train_phase([&] { return in * 2; }, in) + states[0];
    return std::make_pair(y, Tensors{y});
  };
  const RnnResult result = rnn(step, x, {zeros_like(element_at(x, 0, 1))});
  EXPECT_TRUE(result.last_output.uses_learning_phase());
  set_learning_phase(1);
  const Tensor fixed = layers::Dropout(0.5)(x);
  EXPECT_FALSE(fixed.uses_learning_phase());
  EXPECT_TRUE(dropped(function({x}, {fixed})({filled({4, 3, 2}, 1)})[0]));
}

TEST_F(LearningPhaseOfLayers, ALayerFollowsTheCallThenThePhase) {  // 16
  class Outer final : public ModelImpl {
   public:
    Tensor call(const Tensor& x, const Training&) override { return dropout_(x); }
    layers::Dropout dropout_{0.5};
  };
  const ModelOf<Outer> model;
  EXPECT_FALSE(dropped(model(ones_)));
  EXPECT_TRUE(dropped(model(ones_, true)));
  set_learning_phase(1);
  EXPECT_TRUE(dropped(model(ones_)));
  EXPECT_FALSE(dropped(model(ones_, false)));
  EXPECT_FALSE(dropped(layers::Dropout(0.5)(ones_, false)));
  set_learning_phase(0);
  EXPECT_FALSE(dropped(model(ones_)));
  EXPECT_TRUE(dropped(model(ones_, true)));
  EXPECT_THROW(model(ones_, 2), ValueError);
}

TEST_F(LearningPhaseOfLayers, ABareModelFollowsThePhase) {  // 17
  const Sequential model({layers::Dropout(0.5, {.input_shape = {32}})});
  EXPECT_FALSE(dropped(model(ones_)));
  set_learning_phase(1);
  EXPECT_TRUE(dropped(model(ones_)));
  EXPECT_FALSE(dropped(model(ones_, false)));
}

TEST_F(LearningPhaseOfLayers, FrozenInTheFunctionalApi) {  // 18
  const Tensor x = Input({32});
  const Model random(x, layers::Dropout(0.5)(x, true)), quiet(x, layers::Dropout(0.5)(x, false));
  EXPECT_TRUE(dropped(random(ones_)));
  EXPECT_TRUE(dropped(random(ones_, false)));
  EXPECT_FALSE(dropped(quiet(ones_)));
  EXPECT_FALSE(dropped(quiet(ones_, true)));
  set_learning_phase(0);
  EXPECT_TRUE(dropped(random(ones_)));
}

class SkipsDropout final : public ModelImpl {
 public:
  Tensor call(const Tensor& x, const Training& training) override {
    return training ? dropout_(x, training) : x;
  }
  layers::Dropout dropout_{0.5};
};
class TakesNoFlag final : public ModelImpl {
 public:
  Tensor call(const Tensor& x) override { return dropout_(x); }
  layers::Dropout dropout_{0.5};
};

TEST_F(LearningPhaseOfLayers, AbsentCountsAsFalseInUserCode) {  // 19
  const ModelOf<SkipsDropout> skips;
  EXPECT_FALSE(dropped(skips(ones_)));
  EXPECT_TRUE(dropped(skips(ones_, true)));
  const ModelOf<TakesNoFlag> takes_none;
  EXPECT_FALSE(dropped(takes_none(ones_)));
  set_learning_phase(1);
  EXPECT_FALSE(dropped(skips(ones_)));
  // A tensor has no value that `if` could ask for.
  EXPECT_THROW(skips(constant(ones_), placeholder({.ndim = 0})), ValueError);
}

TEST_F(LearningPhaseOfLayers, DropoutIsInverted) {  // 20
  const Array many = filled({100, 100}, 1);
  for (const double rate : {0.25, 0.5, 0.9}) {
    const layers::Dropout layer(rate, {.seed = 3});
    const Array y = layer(many, true);
    double sum = 0;
    for (const float value : y.values<float>()) {
      EXPECT_TRUE(value == 0 || std::abs(value - 1 / (1 - rate)) < 1e-5) << value;
      sum += value;
    }
    EXPECT_NEAR(sum / 10000, 1, 0.1);
    EXPECT_EQ(layer(many, false).to_vector<float>(), many.to_vector<float>());
  }
  const layers::Dropout one(0.5, {.seed = 7}), other(0.5, {.seed = 7});
  const std::vector<float> first = one(ones_, true).to_vector<float>(), second = one(ones_, true).to_vector<float>();
  EXPECT_NE(first, second);
  EXPECT_EQ(other(ones_, true).to_vector<float>(), first);
  EXPECT_EQ(other(ones_, true).to_vector<float>(), second);
  EXPECT_FALSE(dropped(layers::Dropout(0)(ones_, true)));
  EXPECT_THROW(layers::Dropout(1), ValueError);
  EXPECT_THROW(layers::Dropout(1.5), ValueError);
  EXPECT_THROW(layers::Dropout(-0.1), ValueError);
  EXPECT_THROW(layers::Dropout(std::nan("")), ValueError);
}

TEST_F(LearningPhaseOfLayers, BatchNormalizationMovesItsAveragesInTrainingOnly) {  // 21
  const layers::BatchNormalization layer({.momentum = 0.9, .epsilon = 1e-3});
  const Array x = Array{{1, 10}, {3, 20}, {5, 60}}.cast("float32");  // Means 3 and 30, variances 8/3 and 1400/3.
  const Array y = layer(x, true);
  EXPECT_NEAR(y.element<double>(0), -2 / std::sqrt(8. / 3 + 1e-3), 1e-5);
  EXPECT_NEAR(y.element<double>(5), 30 / std::sqrt(1400. / 3 + 1e-3), 1e-5);
  const std::vector<Array> weights = layer.get_weights();  // gamma, beta, mean, variance
  EXPECT_NEAR(weights[2].element<double>(0), 0.1 * 3, 1e-6);
  EXPECT_NEAR(weights[2].element<double>(1), 0.1 * 30, 1e-6);
  EXPECT_NEAR(weights[3].element<double>(0), 0.9 + 0.1 * 8 / 3, 1e-6);
  EXPECT_NEAR(weights[3].element<double>(1), 0.9 + 0.1 * 1400 / 3, 1e-4);

  const Array z = layer(x, false);
  EXPECT_NEAR(z.element<double>(0), (1 - 0.3) / std::sqrt(0.9 + 0.8 / 3 + 1e-3), 1e-5);
  EXPECT_EQ(layer.get_weights()[2].to_vector<float>(), weights[2].to_vector<float>());
  layer(x);
  EXPECT_EQ(layer.get_weights()[2].to_vector<float>(), weights[2].to_vector<float>());

  const layers::BatchNormalization unbiased({.momentum = 0.9, .unbiased_moving_variance = true});
  unbiased(x, true);
  EXPECT_NEAR(unbiased.get_weights()[3].element<double>(0), 0.9 + 0.1 * 4, 1e-6);
}

TEST_F(LearningPhaseOfLayers, AFedPhaseMovesTheAveragesOnceAStep) {  // 21, 24
  const layers::BatchNormalization layer({.momentum = 0.5});
  const Tensor x = Input({1});
  const Tensor y = layer(x);
  const Variable mean = layer.non_trainable_weights()[0];
  const Function step = function({x, learning_phase()}, {y, mean}, layer.updates());
  const Array value = filled({2, 1}, 8);
  EXPECT_EQ(step({value, 0})[1].element<float>(0), 0);
  EXPECT_EQ(step({value, 1})[1].element<float>(0), 0);  // The old value.
  EXPECT_EQ(step({value, 0})[1].element<float>(0), 4);
  EXPECT_EQ(step({value, 1})[1].element<float>(0), 4);
  EXPECT_EQ(mean.value().element<float>(0), 6);
}

TEST_F(LearningPhaseOfLayers, FrozenBatchNormalizationIsInference) {  // 22
  const Array x = Array{{1, 10}, {3, 20}}.cast("float32");
  const layers::BatchNormalization frozen({.momentum = 0.9});
  frozen(x, true);
  const std::vector<Array> weights = frozen.get_weights();
  frozen.set_trainable(false);
  EXPECT_EQ(frozen(x, true).to_vector<float>(), frozen(x, false).to_vector<float>());
  for (size_t i = 0; i < weights.size(); ++i) {
    // Frozen weights all count as not trainable, in the same order.
    EXPECT_EQ(frozen.get_weights()[i].to_vector<float>(), weights[i].to_vector<float>());
  }
  frozen.set_trainable(true);
  EXPECT_NE(frozen(x, true).to_vector<float>(), frozen(x, false).to_vector<float>());

  const layers::BatchNormalization as_before({.momentum = 0.9, .frozen_is_inference = false});
  as_before(x, true);
  as_before.set_trainable(false);
  EXPECT_NE(as_before(x, true).to_vector<float>(), as_before(x, false).to_vector<float>());

  const Tensor in = Input({2});
  const layers::BatchNormalization inference;
  const Model model(in, inference(in, false));
  const std::vector<Array> before = model.get_weights();
  EXPECT_EQ(model(x, true).to_vector<float>(), model(x, false).to_vector<float>());
  EXPECT_TRUE(model.updates().empty());
  EXPECT_EQ(model.get_weights()[2].to_vector<float>(), before[2].to_vector<float>());
}

TEST_F(LearningPhaseOfLayers, ABatchOfOneGivesBeta) {  // 23
  const layers::BatchNormalization layer({.beta_initializer = initializers::constant(0.25), .unbiased_moving_variance = true});
  for (const float value : layer(Array{{3, -7, 1e6}}.cast("float32"), true).values<float>()) EXPECT_EQ(value, 0.25f);
  for (const Array& weight : layer.get_weights()) {
    for (const float value : weight.values<float>()) EXPECT_TRUE(std::isfinite(value));
  }
}

TEST_F(LearningPhaseOfLayers, TestOutputsApproachTrainOutputs) {  // 23
  const layers::BatchNormalization layer({.momentum = 0.9});
  Array last;
  const auto largest_difference = [&] {
    const Array train = layer(last, true), test = layer(last, false);
    double largest = 0;
    for (int64_t i = 0; i < train.elements(); ++i) {
      largest = std::max(largest, std::abs(train.element<double>(i) - test.element<double>(i)));
    }
    return largest;
  };
  const auto draw = [] { return eval(random_normal({512, 3}, {.mean = 5, .stddev = 3})); };
  last = draw();
  const double before = largest_difference();
  for (int i = 0; i < 200; ++i) layer(draw(), true);
  last = draw();
  const double after = largest_difference();
  EXPECT_GT(before, 5);
  EXPECT_LT(after, 0.5);
}

TEST_F(LearningPhaseOfLayers, OmittedUpdatesAreSaidOnce) {  // 24
  const layers::BatchNormalization layer;
  const Tensor x = Input({2});
  const Tensor y = layers::Dense(1)(layer(x));
  const Array value = filled({4, 2}, 1);
  const Function omits = function({x, learning_phase()}, {y});
  testing::internal::CaptureStderr();
  omits({value, 0});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  omits({value, 1});
  omits({filled({5, 2}, 1), 1});
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("not among its updates"), std::string::npos);
  EXPECT_EQ(said.find("warning"), said.rfind("warning"));

  testing::internal::CaptureStderr();
  function({x, learning_phase()}, {y}, layer.updates())({value, 1});
  const Tensor train = layer(x, true);
  function({x}, {train}, layer.updates())({value});
  layer(value, true);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  function({x}, {train})({value});
  EXPECT_NE(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace keel
