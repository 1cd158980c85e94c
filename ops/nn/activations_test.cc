#include "ops/nn/activations.h"

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "ops/nn/test_util.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using testing_util::expect_error;
using testing_util::expect_values;
using testing_util::kFloatTypes;
using testing_util::tensor;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Activation {
  const char* name;
  std::function<Tensor(const Tensor&)> f;
  std::function<double(double)> reference;
};

const Activation kActivations[] = {
    {"relu", [](const Tensor& x) { return relu(x); }, [](double x) { return x > 0 ? x : 0; }},
    {"leaky relu", [](const Tensor& x) { return relu(x, {.alpha = 0.25}); },
     [](double x) { return x > 0 ? x : 0.25 * x; }},
    {"steep relu", [](const Tensor& x) { return relu(x, {.alpha = 2}); },
     [](double x) { return x > 0 ? x : 2 * x; }},
    {"relu1.5", [](const Tensor& x) { return relu(x, {.max_value = 1.5}); },
     [](double x) { return std::min(std::max(x, 0.0), 1.5); }},
    {"threshold relu", [](const Tensor& x) { return relu(x, {.threshold = 0.5}); },
     [](double x) { return x > 0.5 ? x : 0; }},
    {"full relu",
     [](const Tensor& x) { return relu(x, {.alpha = 0.25, .max_value = 2, .threshold = 0.5}); },
     [](double x) { return x > 2 ? 2 : x > 0.5 ? x : 0.25 * (x - 0.5); }},
    {"elu", [](const Tensor& x) { return elu(x); },
     [](double x) { return x > 0 ? x : std::expm1(x); }},
    {"elu(0.5)", [](const Tensor& x) { return elu(x, 0.5); },
     [](double x) { return x > 0 ? x : 0.5 * std::expm1(x); }},
    {"softplus", [](const Tensor& x) { return softplus(x); },
     [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }},
    {"softsign", [](const Tensor& x) { return softsign(x); },
     [](double x) { return x / (1 + std::abs(x)); }},
    {"hard_sigmoid", [](const Tensor& x) { return hard_sigmoid(x); },
     [](double x) { return std::clamp(0.2 * x + 0.5, 0.0, 1.0); }},
};

TEST(Activations, Values) {
  for (const auto& [dtype, epsilon] : kFloatTypes) {
    std::vector<double> x;
    // Exact in every dtype.
    for (int i = -150; i <= 150; ++i) x.push_back(i / 16.0);
    for (double far : {-800.0, -100.0, 90.0, 1000.0, 0.0}) x.push_back(far);
    for (const Activation& a : kActivations) {
      SCOPED_TRACE(a.name);
      std::vector<double> expected;
      for (double v : x) expected.push_back(a.reference(v));
      const Tensor y = a.f(tensor(x, dtype));
      EXPECT_EQ(y.dtype(), dtype);
      // Compositions round in between.
      expect_values(y, expected, 4 * epsilon);
    }
  }
}

TEST(Activations, SmallResultsKeepTheirDigits) {
  const std::vector<double> plus = eval(softplus(tensor({-20, -80}))).to_vector<double>();
  EXPECT_NEAR(plus[0] / std::exp(-20.0), 1, 1e-6);
  EXPECT_NEAR(plus[1] / std::exp(-80.0), 1, 1e-6);
  const std::vector<double> linear = eval(elu(tensor({-1e-6, -1e-20}))).to_vector<double>();
  EXPECT_NEAR(linear[0] / -1e-6, 1, 1e-6);
  EXPECT_NEAR(linear[1] / -1e-20, 1, 1e-6);
}

TEST(Activations, Extremes) {
  const Tensor x = tensor({-kInfinity, kInfinity, kNaN});
  expect_values(relu(x), {0, kInfinity, kNaN});
  expect_values(relu(x, {.max_value = 6}), {0, 6, kNaN});
  expect_values(relu(x, {.alpha = 0.1}), {-kInfinity, kInfinity, kNaN});
  expect_values(elu(x), {-1, kInfinity, kNaN});
  expect_values(softplus(x), {0, kInfinity, kNaN});
  expect_values(hard_sigmoid(x), {0, 1, kNaN});
}

TEST(Activations, ReluOfIntegers) {
  const Tensor y = relu(tensor({-3, 0, 5}, DType::kInt32));
  EXPECT_EQ(y.dtype(), DType::kInt32);
  expect_values(y, {0, 0, 5});
}

TEST(Activations, SlopesAtKinks) {
  const auto slope = [](const std::function<Tensor(const Tensor&)>& f, double at) {
    const Tensor x = tensor({at});
    return eval(gradients(f(x), {x})[0]).item<double>();
  };
  EXPECT_EQ(slope([](const Tensor& x) { return relu(x); }, 0), 0);
  EXPECT_EQ(slope([](const Tensor& x) { return relu(x, {.alpha = 0.5}); }, 0), 0.5);
  EXPECT_EQ(slope([](const Tensor& x) { return elu(x, 0.5); }, 0), 0.5);
  EXPECT_EQ(slope([](const Tensor& x) { return elu(x); }, 95), 1);  // Beyond what exp() can give.
  EXPECT_EQ(slope([](const Tensor& x) { return elu(x); }, 1000), 1);
  EXPECT_EQ(slope([](const Tensor& x) { return softplus(x); }, 0), 0.5);
  EXPECT_NEAR(slope([](const Tensor& x) { return hard_sigmoid(x); }, 2.5), 0.2, 1e-7);
  EXPECT_NEAR(slope([](const Tensor& x) { return hard_sigmoid(x); }, -2.5), 0.2, 1e-7);
}

TEST(Activations, SlopeOfSoftsignFarFromZero) {
  const Tensor x = tensor({1e3, -1e6, 1e15, kInfinity});
  const std::vector<double> slopes = eval(gradients(softsign(x), {x})[0]).to_vector<double>();
  EXPECT_NEAR(slopes[0] * 1001 * 1001, 1, 1e-6);
  EXPECT_NEAR(slopes[1] * 1e12, 1, 1e-5);
  EXPECT_NEAR(slopes[2] * 1e30, 1, 1e-6);
  EXPECT_EQ(slopes[3], 0);
}

TEST(Activations, Gradients) {
  for (const Activation& a : kActivations) {
    SCOPED_TRACE(a.name);
    testing::check_gradients([&](const Tensors& in) { return a.f(in[0]); },
                             {testing::random_array({3, 5}, 1, -3, 3)});
  }
}

TEST(Activations, BadArguments) {
  const Tensor x = tensor({1, 2}), whole = tensor({1, 2}, DType::kInt32);
  expect_error([&] { relu(x, {.alpha = kNaN}); }, {"relu", "alpha", "nan"});
  expect_error([&] { relu(x, {.max_value = -1}); }, {"relu", "max_value", "-1"});
  expect_error([&] { relu(whole, {.alpha = 0.5}); }, {"relu", "int32"});
  expect_error([&] { elu(whole); }, {"elu", "int32"});
  expect_error([&] { softplus(whole); }, {"softplus", "int32"});
  expect_error([&] { softsign(whole); }, {"softsign", "int32"});
  expect_error([&] { hard_sigmoid(whole); }, {"hard_sigmoid", "int32"});
}

}  // namespace
}  // namespace keel
