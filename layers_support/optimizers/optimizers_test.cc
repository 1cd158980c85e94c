#include "layers_support/optimizers/optimizers.h"

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "layers_support/weights/weights.h"
#include "nlohmann/json.hpp"
#include "testing/error_of.h"

namespace keel {
namespace {

using testing_util::error_of;

Array array_of(const Json& json, DType dtype) {
  std::vector<double> values;
  Shape shape;
  if (json[0].is_array()) {
    shape = {static_cast<int64_t>(json.size()), static_cast<int64_t>(json[0].size())};
    for (const Json& row : json) values.insert(values.end(), row.begin(), row.end());
  } else {
    shape = {static_cast<int64_t>(json.size())};
    values.assign(json.begin(), json.end());
  }
  return Array::of(shape, values).cast(dtype);
}

void expect_near(const Array& actual, const Json& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(static_cast<size_t>(actual.elements()), expected.size());
  for (int64_t i = 0; i < actual.elements(); ++i) {
    const double e = expected[i];
    EXPECT_NEAR(actual.element<double>(i), e, tolerance * std::max(1.0, std::abs(e))) << what << " element " << i;
  }
}

const Json& keras_values() {
  static const Json data = [] {
    std::ifstream file("layers_support/optimizers/testdata/optimizers.json");
    return Json::parse(file);
  }();
  return data;
}

// The two weights and the loss of make_optimizer_values.py.
struct Problem {
  explicit Problem(const Json& entry) : dtype(entry["dtype"].get<std::string>()) {
    const Json& data = keras_values();
    const auto constraint = WeightConstraint::from_config(entry.value("constraint", Json(nullptr)));
    w = variable(array_of(data["w"], dtype), {.dtype = dtype, .constraint = constraint.constraint()});
    b = variable(array_of(data["b"], dtype), {.dtype = dtype});
    const Tensor a = constant(array_of(data["a"], dtype), {.dtype = dtype});
    const Tensor c = constant(array_of(data["c"], dtype), {.dtype = dtype});
    loss = sum(square(a * w)) + sum(square(b - c));
  }
  DType dtype;
  Variable w, b;
  Tensor loss;
};

template <typename Step>
void expect_as_keras(const Json& entry, const Problem& problem, Step&& step) {
  const double tolerance = problem.dtype == DType::kFloat64 ? 1e-12 : 2e-6;
  for (int n = 1; n <= 7; ++n) {
    step();
    const auto expected = entry["weights"].find(std::to_string(n));
    if (expected == entry["weights"].end()) continue;
    const std::string what = entry["class_name"].get<std::string>() + entry["config"].dump() + " step " + std::to_string(n);
    expect_near(problem.w.value(), (*expected)[0], tolerance, what);
    expect_near(problem.b.value(), (*expected)[1], tolerance, what);
  }
}

// testdata/optimizers.json: weights after steps of Keras 2.3.1.
TEST(Optimizers, WeightsOfKeras) {
  const ConfigScope scope;
  ASSERT_GE(keras_values()["cases"].size(), 36u);
  for (const Json& entry : keras_values()["cases"]) {
    set_floatx(entry["dtype"].get<std::string>());
    const Problem problem(entry);
    Optimizer optimizer = Optimizer::from_config(entry);
    const Function step = function({}, {problem.loss}, optimizer.get_updates(problem.loss, {problem.w, problem.b}));
    expect_as_keras(entry, problem, [&] { step(); });
    EXPECT_EQ(optimizer.iterations().value().item<int64_t>(), 7);
  }
}

// The same with gradients as arrays.
TEST(Optimizers, GradientsAppliedOneCallAtATime) {
  const ConfigScope scope;
  for (const Json& entry : keras_values()["cases"]) {
    set_floatx(entry["dtype"].get<std::string>());
    const Problem problem(entry);
    Optimizer optimizer = Optimizer::from_config(entry);
    const Function both = function({}, gradients(problem.loss, {problem.w, problem.b}));
    expect_as_keras(entry, problem, [&] {
      const auto g = both();
      optimizer.apply_gradients({{g[0], problem.w}, {g[1], problem.b}});
    });
  }
}

TEST(Optimizers, ConfigsGoThereAndBack) {
  for (const char* name : {"sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"}) {
    const Optimizer optimizer(name);
    EXPECT_EQ(Optimizer::from_config(optimizer.config()).config(), optimizer.config()) << name;
  }
  for (const Json& entry : keras_values()["cases"]) {
    const Json written = Optimizer::from_config(entry).config()["config"];
    for (const auto& [key, value] : entry["config"].items()) {
      ASSERT_TRUE(written.contains(key)) << entry["class_name"] << key;
      if (value.is_number()) EXPECT_NEAR(written[key].get<double>(), value.get<double>(), 1e-7) << entry["class_name"] << key;
      else EXPECT_EQ(written[key], value);
    }
  }
  // tf_keras writes schedules as objects.
  const Optimizer scheduled = optimizers::adam({.learning_rate = schedules::exponential_decay({})});
  EXPECT_EQ(Optimizer::from_config(scheduled.config()).config(), scheduled.config());
}

TEST(Optimizers, TheLearningRateCanBeSetOrScheduled) {
  const Variable w = variable(Array(1.0));
  Optimizer optimizer = optimizers::sgd({.learning_rate = 0.5});
  const Function step = function({}, {}, optimizer.get_updates(sum(w), {w}));
  step();
  EXPECT_FLOAT_EQ(w.value().item<float>(), 0.5);
  set_value(optimizer.learning_rate(), 0.25);
  step();
  EXPECT_FLOAT_EQ(w.value().item<float>(), 0.25);

  Optimizer scheduled = optimizers::sgd({.learning_rate = schedules::piecewise_constant_decay({0}, {1, 0.125})});
  const Function next = function({}, {}, scheduled.get_updates(sum(w), {w}));
  EXPECT_DOUBLE_EQ(scheduled.current_learning_rate(), 1);
  next();
  EXPECT_FLOAT_EQ(w.value().item<float>(), -0.75);
  EXPECT_DOUBLE_EQ(scheduled.current_learning_rate(), 0.125);
  next();
  EXPECT_FLOAT_EQ(w.value().item<float>(), -0.875);
  EXPECT_NE(error_of([&] { scheduled.learning_rate(); }).find("schedule"), std::string::npos);
}

TEST(Optimizers, SlotsBelongToTheirWeights) {
  const Variable w = variable(Array{1, 2}), b = variable(Array(3.0));
  Optimizer optimizer = "adam";
  const Tensor loss = sum(square(w)) + b;
  optimizer.get_updates(loss, {w, b});
  // Keras's order: iterations, m of each, v of each. A second graph shares them.
  optimizer.get_updates(loss, {b, w});
  const auto kept = optimizer.weights();
  ASSERT_EQ(kept.size(), 5u);
  EXPECT_EQ(kept[0].shape(), Shape{});
  EXPECT_EQ(kept[1].shape(), Shape{2});
  EXPECT_EQ(kept[2].shape(), Shape{});
  EXPECT_EQ(kept[3].shape(), Shape{2});
  EXPECT_EQ(optimizers::nadam().weights().size(), 1u);
}

TEST(Optimizers, HalfPrecisionWeights) {
  for (const char* dtype : {"float16", "bfloat16"}) {
    const Variable w = variable(Array{1, -2, 3}, {.dtype = dtype});
    for (const char* name : {"sgd", "rmsprop", "adagrad", "adam", "adamax", "nadam"}) {
      Optimizer optimizer = name;
      const Function step = function({}, {}, optimizer.get_updates(sum(square(w)), {w}));
      for (int i = 0; i < 3; ++i) step();
      for (const double v : w.value().to_vector<double>()) EXPECT_TRUE(std::isfinite(v)) << name << dtype;
    }
  }
}

TEST(Optimizers, Errors) {
  EXPECT_NE(error_of([] { Optimizer("adamw2"); }).find("'adamw2'; accepted are SGD"), std::string::npos);
  EXPECT_NE(error_of([] { optimizers::sgd({.learning_rate = -1.0}); }).find("learning_rate is -1"), std::string::npos);
  EXPECT_NE(error_of([] { optimizers::adam({.beta_1 = 1}); }).find("beta_1 is 1"), std::string::npos);
  EXPECT_NE(error_of([] { optimizers::sgd({.clipnorm = -1}); }).find("clipnorm is -1"), std::string::npos);
  const Variable w = variable(Array{1, 2}, {.name = "kernel"}), b = variable(Array(3.0), {.name = "bias"});
  Optimizer optimizer = "adam";
  EXPECT_NE(error_of([&] { optimizer.get_updates(sum(w), {w, b}); }).find("does not depend on weight 'bias'"), std::string::npos);
  const auto before = w.value().to_vector<float>();
  EXPECT_NE(error_of([&] { optimizer.apply_gradients({{Array::full({3}, 1, "float32"), w}}); })
                .find("gradient of 'kernel' is (3,)"), std::string::npos);
  EXPECT_EQ(w.value().to_vector<float>(), before);
  EXPECT_EQ(optimizer.iterations().value().item<int64_t>(), 0);
}

}  // namespace
}  // namespace keel
