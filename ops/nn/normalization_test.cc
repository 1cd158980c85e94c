#include "ops/nn/normalization.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "ops/nn/test_util.h"
#include "ops/reduction/reduction.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using testing::check_gradients;
using testing::random_array;
using testing_util::expect_error;
using testing_util::expect_values;
using testing_util::kFloatTypes;
using testing_util::tensor;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(BatchNormalization, Formula) {
  const Tensor x = tensor({2, 2}, {1, 2, 3, 4}), mean = tensor({1, 2}), var = tensor({3, 8});
  const Tensor beta = tensor({10, 20}), gamma = tensor({2, 3});
  expect_values(batch_normalization(x, mean, var, beta, gamma, {.epsilon = 1}), {10, 20, 12, 22});
  expect_values(batch_normalization(x, mean, var, {}, gamma, {.epsilon = 1}), {0, 0, 2, 2});
  expect_values(batch_normalization(x, mean, var, beta, {}, {.epsilon = 1}), {10, 20, 11, 20 + 2 / 3.0});
  expect_values(batch_normalization(x, mean, var, {}, {}), {0, 0, 2 / std::sqrt(3.001), 2 / std::sqrt(8.001)});
  // No variance and no epsilon: what IEEE says.
  expect_values(batch_normalization(x, mean, tensor({0, 0}), {}, {}, {.epsilon = 0}),
                {kNaN, kNaN, INFINITY, INFINITY});
}

TEST(BatchNormalization, VectorsRunAlongTheAxis) {
  const Tensor x = constant_tensor(random_array({2, 3, 4, 4}, 1));
  const Tensor v = constant_tensor(random_array({3}, 2, 0.5, 1.5));
  const Tensor full = constant_tensor(random_array({3}, 2, 0.5, 1.5).reshape({1, 3, 1, 1}));
  expect_values(batch_normalization(x, v, v, v, v, {.axis = 1}),
                eval(batch_normalization(x, full, full, full, full)).to_vector<double>());
  expect_error([&] { batch_normalization(x, v, v, v, v); }, {"batch_normalization", "mean", "(3,)", "(2, 3, 4, 4)"});
}

TEST(BatchNormalization, Gradients) {
  check_gradients([](const Tensors& in) {
    return batch_normalization(in[0], in[1], in[2], in[3], in[4]);
  }, {random_array({4, 3}, 1), random_array({3}, 2), random_array({3}, 3, 0.5, 2), random_array({3}, 4),
      random_array({3}, 5)});
}

// Layer normalization: the moments are those of each row of x itself.
Tensor normalize_rows(const Tensor& x, const std::vector<int64_t>& axes, const Tensor& gamma,
                      const Tensor& beta, double epsilon) {
  return batch_normalization(x, mean(x, axes, true), var(x, axes, true), beta, gamma, {.epsilon = epsilon});
}

bool is_one_op(const Tensor& y) { return y.op().name() == "normalized_rows"; }

TEST(BatchNormalization, ByTheMomentsOfRows) {
  const Array value = random_array({3, 4, 5}, 1, -2, 3);
  for (const auto& type : kFloatTypes) {
    const Tensor x = constant_tensor(value.cast(type.dtype)), wide = cast(x, DType::kFloat64);
    for (const std::vector<int64_t>& axes : {std::vector<int64_t>{-1}, {1, 2}, {0, 1, 2}}) {
      Shape row{5};
      if (axes.size() > 1) row.insert(0, 4);
      if (axes.size() > 2) row.insert(0, 3);
      const Tensor gamma = constant_tensor(random_array(row, 2).cast(type.dtype));
      const Tensor beta = constant_tensor(random_array(row, 3).cast(type.dtype));
      const Tensor plain = (wide - mean(wide, axes, true)) / sqrt(var(wide, axes, true) + 0.01);
      const auto check = [&](const Tensor& g, const Tensor& b) {
        Tensor expected = plain;
        if (g.defined()) expected = expected * cast(g, DType::kFloat64);
        if (b.defined()) expected = expected + cast(b, DType::kFloat64);
        const Tensor y = normalize_rows(x, axes, g, b, 0.01);
        EXPECT_TRUE(is_one_op(y));
        EXPECT_EQ(y.dtype(), type.dtype);
        expect_values(y, eval(expected).to_vector<double>(), 8 * type.epsilon);
      };
      check(gamma, beta);
      check({}, {});
      check(gamma, {});
      check({}, beta);
    }
  }
}

TEST(BatchNormalization, ByOtherMomentsStaysComposed) {
  const Tensor x = constant_tensor(random_array({4, 4}, 1)), z = constant_tensor(random_array({4, 4}, 2));
  const Tensor m = mean(x, 1, true), v = var(x, 1, true);
  const auto one_op = [&](const Tensor& mean, const Tensor& var, const Tensor& gamma = {}) {
    return is_one_op(batch_normalization(x, mean, var, {}, gamma));
  };
  EXPECT_TRUE(one_op(m, v));
  EXPECT_FALSE(one_op(mean(z, 1, true), v));
  EXPECT_FALSE(one_op(m, var(z, 1, true)));
  EXPECT_FALSE(one_op(m, mean(square(x), 1, true)));
  EXPECT_FALSE(one_op(sum(x, 1, true), v));
  EXPECT_FALSE(one_op(mean(x, 0, true), var(x, 0, true)));
  EXPECT_FALSE(one_op(m, v, tensor({4, 1}, {1, 2, 3, 4}, DType::kFloat64)));
  EXPECT_FALSE(one_op(m, v, tensor({1}, {2}, DType::kFloat64)));
  const Tensor unknown = placeholder({.shape = Shape{None, None}});
  EXPECT_FALSE(is_one_op(normalize_rows(unknown, {1}, {}, {}, 0.1)));
}

TEST(BatchNormalization, GradientsByTheMomentsOfRows) {
  for (const std::vector<int64_t>& axes : {std::vector<int64_t>{-1}, {1, 2}}) {
    const Shape row = axes.size() == 1 ? Shape{4} : Shape{3, 4};
    check_gradients([&](const Tensors& in) { return normalize_rows(in[0], axes, in[1], in[2], 0.1); },
                    {random_array({2, 3, 4}, 1, -2, 2), random_array(row, 2), random_array(row, 3)},
                    {.tolerance = 1e-5});
    check_gradients([&](const Tensors& in) { return normalize_rows(in[0], axes, {}, {}, 0.1); },
                    {random_array({2, 3, 4}, 1, -2, 2)}, {.tolerance = 1e-5});
  }
}

TEST(BatchNormalization, NoRows) {
  const Tensor x = placeholder({.shape = Shape{None, 3}});
  const Tensor y = normalize_rows(x, {1}, tensor({1, 2, 3}), tensor({1, 2, 3}), 0.1);
  EXPECT_TRUE(is_one_op(y));
  const auto values = function({x}, {y, gradients(y, {x})[0]})({Array::full({0, 3}, 0, DType::kFloat32)});
  EXPECT_EQ(values[0].shape(), (Shape{0, 3}));
  EXPECT_EQ(values[1].shape(), (Shape{0, 3}));
}

// Axes of every kind: channels last and first, leading, trailing, all, and two runs of kept ones.
const std::vector<std::vector<int64_t>> kAxes = {{0, 1, 2}, {0, 2, 3}, {0}, {3}, {1, -1}, {0, 1, 2, 3},
                                                 {0, 2}, {1}, {3, 0}};

TEST(NormalizeBatchInTraining, EqualsItsComposedForm) {
  for (const auto& [dtype, epsilon] : kFloatTypes) {
    const Array value = random_array({3, 5, 4, 6}, 1, -2, 3).cast(dtype);
    const Tensor wide = constant_tensor(value.cast(DType::kFloat64));
    for (const auto& axes : kAxes) {
      const Tensor m = mean(wide, axes), v = var(wide, axes);
      const NormalizedBatch got = normalize_batch_in_training(constant_tensor(value), {}, {}, axes);
      EXPECT_EQ(got.mean.shape(), m.shape());
      EXPECT_EQ(got.normalized.dtype(), dtype);
      expect_values(got.mean, eval(m).to_vector<double>(), 4 * epsilon);
      expect_values(got.variance, eval(v).to_vector<double>(), 8 * epsilon);
      const Tensor expected = (wide - mean(wide, axes, true)) / sqrt(var(wide, axes, true) + 1e-3);
      expect_values(got.normalized, eval(expected).to_vector<double>(), 16 * epsilon);
    }
  }
}

TEST(NormalizeBatchInTraining, GammaAndBeta) {
  const Tensor x = tensor({2, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const Tensor gamma = tensor({1, 2, 3}), beta = tensor({10, 20, 30});
  const NormalizedBatch got = normalize_batch_in_training(x, gamma, beta, {0, 2}, 0.75);
  expect_values(got.mean, {4.5, 6.5, 8.5});
  expect_values(got.variance, {9.25, 9.25, 9.25});
  const double s = std::sqrt(10.0);
  expect_values(got.normalized,
                {10 - 3.5 / s, 10 - 2.5 / s, 20 - 7 / s, 20 - 5 / s, 30 - 10.5 / s, 30 - 7.5 / s,
                 10 + 2.5 / s, 10 + 3.5 / s, 20 + 5 / s, 20 + 7 / s, 30 + 7.5 / s, 30 + 10.5 / s});
}

TEST(NormalizeBatchInTraining, ParametersWithAllAxes) {
  const Tensor x = constant_tensor(random_array({2, 3, 4, 5}, 1));
  const Array gamma = random_array({3, 5}, 2);
  for (const std::vector<int64_t>& axes : {std::vector<int64_t>{0, 2}, {2, 0}}) {
    const Tensor g = constant_tensor(gamma), full = constant_tensor(gamma.reshape({1, 3, 1, 5}));
    expect_values(normalize_batch_in_training(x, full, full, axes).normalized,
                  eval(normalize_batch_in_training(x, g, g, axes).normalized).to_vector<double>());
    check_gradients([&](const Tensors& in) {
      return normalize_batch_in_training(in[0], in[1], in[2], axes, 0.1).normalized;
    }, {random_array({2, 3, 4, 5}, 1), gamma, random_array({1, 3, 1, 5}, 3)}, {.tolerance = 1e-5});
  }
}

TEST(NormalizeBatchInTraining, ALargeMeanCostsNothing) {
  const Tensor x = tensor({4, 1}, {1e6 + 1, 1e6 + 2, 1e6 + 3, 1e6 + 4});
  expect_values(normalize_batch_in_training(x, {}, {}, {0}, 0).normalized,
                {-1.5 / std::sqrt(1.25), -0.5 / std::sqrt(1.25), 0.5 / std::sqrt(1.25), 1.5 / std::sqrt(1.25)});
}

TEST(NormalizeBatchInTraining, BatchesOfOneAndOfNone) {
  // A batch of one is its own mean: beta.
  expect_values(normalize_batch_in_training(tensor({1, 2}, {3, 4}), {}, tensor({5, 6}), {0}).normalized, {5, 6});
  const Tensor x = placeholder({.shape = Shape{None, 3}});
  const NormalizedBatch got = normalize_batch_in_training(x, {}, {}, {0});
  EXPECT_EQ(got.normalized.shape(), (Shape{None, 3}));
  EXPECT_EQ(got.mean.shape(), (Shape{3}));
  const Function f = function({x}, {got.normalized, got.mean, gradients(got.normalized, {x})[0]});
  const auto values = f({Array::full({0, 3}, 0, DType::kFloat32)});
  EXPECT_EQ(values[0].shape(), (Shape{0, 3}));
  EXPECT_TRUE(std::isnan(values[1].element<double>(0)));
  EXPECT_EQ(values[2].shape(), (Shape{0, 3}));
}

TEST(NormalizeBatchInTraining, Gradients) {
  for (const auto& axes : std::vector<std::vector<int64_t>>{{0, 1}, {0, 2}, {1}, {0, 1, 2}}) {
    const Array x = random_array({3, 2, 4}, 1, -2, 2);
    check_gradients([&](const Tensors& in) {
      return normalize_batch_in_training(in[0], {}, {}, axes, 0.1).normalized;
    }, {x}, {.tolerance = 1e-5});
    check_gradients([&](const Tensors& in) {
      return normalize_batch_in_training(in[0], {}, {}, axes).mean;
    }, {x}, {.second_order = false});
    check_gradients([&](const Tensors& in) {
      return normalize_batch_in_training(in[0], {}, {}, axes).variance;
    }, {x});
  }
  check_gradients([](const Tensors& in) {
    return normalize_batch_in_training(in[0], in[1], in[2], {0, 2}, 0.1).normalized;
  }, {random_array({3, 2, 4}, 1, -2, 2), random_array({2}, 2), random_array({2}, 3)}, {.tolerance = 1e-5});
}

TEST(L2Normalize, Values) {
  const Tensor x = tensor({2, 2}, {3, 4, 0, 0});
  expect_values(l2_normalize(x, 1), {0.6, 0.8, 0, 0});
  expect_values(l2_normalize(x, 0), {1, 1, 0, 0});
  expect_values(l2_normalize(x), {0.6, 0.8, 0, 0});
  expect_values(l2_normalize(tensor({1e-7})), {0.1}, 1e-6);  // Not below 1e-12 within the root.
  for (const auto& [dtype, epsilon] : kFloatTypes) {
    expect_values(l2_normalize(tensor({1, -2, 2}, dtype), -1), {1 / 3.0, -2 / 3.0, 2 / 3.0}, 2 * epsilon);
  }
}

TEST(L2Normalize, Gradients) {
  for (const Axes& axis : {Axes(1), Axes({0, 2}), Axes()}) {
    check_gradients([&](const Tensors& in) { return l2_normalize(in[0], axis); },
                    {random_array({2, 3, 2}, 1, 0.5, 2)});
  }
}

TEST(Normalization, BadArguments) {
  const Tensor x = tensor({2, 3}, {1, 2, 3, 4, 5, 6}), v = tensor({1, 2, 3});
  const Tensor whole = tensor({1, 2, 3}, DType::kInt32), wide = tensor({1, 2, 3}, DType::kFloat64);
  expect_error([&] { normalize_batch_in_training(x, {}, {}, {}); }, {"normalize_batch_in_training", "reduction_axes", "empty"});
  expect_error([&] { normalize_batch_in_training(x, {}, {}, {0, 0}); }, {"normalize_batch_in_training"});
  expect_error([&] { normalize_batch_in_training(x, {}, {}, {2}); }, {"normalize_batch_in_training", "2"});
  expect_error([&] { normalize_batch_in_training(x, tensor({1, 2}), {}, {0}); }, {"gamma", "(2, 3)"});
  expect_error([&] { normalize_batch_in_training(x, {}, wide, {0}); }, {"beta", "float64"});
  expect_error([&] { normalize_batch_in_training(x, {}, {}, {0}, kNaN); }, {"epsilon", "nan"});
  expect_error([&] { normalize_batch_in_training(whole, {}, {}, {0}); }, {"int32"});
  expect_error([&] { batch_normalization(x, v, v, v, wide); }, {"batch_normalization", "gamma", "float64"});
  expect_error([&] { batch_normalization(x, tensor({1, 2}), v, v, v); }, {"mean", "(2,)"});
  expect_error([&] { batch_normalization(x, v, v, v, v, {.epsilon = -1}); }, {"epsilon", "-1"});
  expect_error([&] { batch_normalization(x, v, v, v, v, {.axis = 2}); }, {"batch_normalization", "2"});
  expect_error([&] { l2_normalize(x, 2); }, {"l2_normalize", "2"});
  expect_error([&] { l2_normalize(whole); }, {"l2_normalize", "int32"});
}

}  // namespace
}  // namespace keel
