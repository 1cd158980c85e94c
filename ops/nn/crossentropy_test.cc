#include "ops/nn/crossentropy.h"

#include <cmath>
#include <vector>

#include "core/config.h"
#include "gtest/gtest.h"
#include "ops/array/array.h"
#include "ops/math/math.h"
#include "ops/nn/softmax.h"
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

// Labels of 12 rows of 5 classes.
const std::vector<double> kLabels = {0, 1, 2, 3, 4, 4, 3, 2, 1, 0, 0, 4};

TEST(CategoricalCrossentropy, EqualsItsComposedForm) {
  for (const auto& [dtype, epsilon] : kFloatTypes) {
    const Tensor x = constant_tensor(random_array({3, 4, 5}, 1, -3, 3).cast(dtype));
    const Tensor t = constant_tensor(random_array({3, 4, 5}, 2, 0, 1).cast(dtype));
    for (int64_t axis : {-1, 0, 1}) {
      const Tensor loss = categorical_crossentropy(t, x, {.from_logits = true, .axis = axis});
      EXPECT_EQ(loss.dtype(), dtype);
      const Tensor wide = cast(x, DType::kFloat64);
      const Tensor expected =
          sum(cast(t, DType::kFloat64) * (logsumexp(wide, axis, true) - wide), axis);
      expect_values(loss, eval(expected).to_vector<double>(), 3 * epsilon);
      // By way of softmax() it is the same, to the last bit.
      EXPECT_EQ(eval(categorical_crossentropy(t, softmax(x, axis), {.axis = axis})).to_vector<double>(),
                eval(loss).to_vector<double>());
    }
  }
}

TEST(CategoricalCrossentropy, OfProbabilities) {
  // Renormalized.
  expect_values(categorical_crossentropy(tensor({1, 3}, {0, 1, 0}), tensor({1, 3}, {1, 2, 1})),
                {std::log(2.0)});
  // Clipped.
  expect_values(categorical_crossentropy(tensor({1, 3}, {1, 0, 0}), tensor({1, 3}, {0, 1, 0})),
                {-std::log(1e-7)});
}

TEST(CategoricalCrossentropy, LargeLogits) {
  expect_values(categorical_crossentropy(tensor({2, 2}, {1, 0, 0, 1}),
                                         tensor({2, 2}, {100, -100, 1000, -1000}), {.from_logits = true}),
                {0, 2000});
  // A class that cannot be is no harm where it is not the target.
  expect_values(categorical_crossentropy(tensor({1, 2}, {1, 0}), tensor({1, 2}, {3, -INFINITY}),
                                         {.from_logits = true}), {0});
}

TEST(CategoricalCrossentropy, Gradients) {
  const std::vector<Array> inputs{random_array({3, 4}, 1, 0.1, 0.9), random_array({3, 4}, 2, -2, 2)};
  check_gradients([](const Tensors& in) {
    return categorical_crossentropy(in[0], in[1], {.from_logits = true});
  }, inputs);
  check_gradients([](const Tensors& in) {
    return categorical_crossentropy(in[0], softmax(in[1], 0), {.axis = 0});
  }, inputs);
  check_gradients([](const Tensors& in) { return categorical_crossentropy(in[0], in[1]); },
                  {inputs[0], random_array({3, 4}, 3, 0.2, 0.8)});
}

TEST(SparseCategoricalCrossentropy, EqualsTheDenseOne) {
  for (const auto& [dtype, epsilon] : kFloatTypes) {
    const Tensor x = constant_tensor(random_array({12, 5}, 1, -3, 3).cast(dtype));
    std::vector<double> one_hot(60);
    for (size_t i = 0; i < 12; ++i) one_hot[i * 5 + static_cast<size_t>(kLabels[i])] = 1;
    const Tensor dense = categorical_crossentropy(tensor({12, 5}, one_hot, dtype), x, {.from_logits = true});
    const std::vector<double> expected = eval(dense).to_vector<double>();
    for (DType label : {DType::kInt32, DType::kInt64, DType::kUint8, DType::kFloat32}) {
      const Tensor loss = sparse_categorical_crossentropy(tensor(kLabels, label), x, {.from_logits = true});
      EXPECT_EQ(loss.shape(), (Shape{12}));
      expect_values(loss, expected, epsilon);
    }
    expect_values(sparse_categorical_crossentropy(tensor({12, 1}, kLabels, DType::kInt32), softmax(x)),
                  expected, epsilon);
  }
}

TEST(SparseCategoricalCrossentropy, ShapesFollowOutput) {
  const Tensor x = constant_tensor(random_array({3, 4, 5}, 1, -3, 3));
  const Tensor loss = sparse_categorical_crossentropy(tensor({3, 4}, kLabels, DType::kInt32), x,
                                                      {.from_logits = true});
  EXPECT_EQ(loss.shape(), (Shape{3, 4}));
  const Tensor fed = placeholder({.shape = Shape{None, 5}});
  const Tensor labels = placeholder({.shape = Shape{None, None}, .dtype = DType::kInt32});
  const Function f = function({labels, fed}, {sparse_categorical_crossentropy(labels, fed)});
  EXPECT_EQ(f({Array::full({2, 1}, 3, DType::kInt32), Array::full({2, 5}, 0.2, DType::kFloat32)})[0].shape(),
            (Shape{2}));
  EXPECT_THROW(f({Array::full({2, 2}, 3, DType::kInt32), Array::full({2, 5}, 0.2, DType::kFloat32)}),
               ValueError);
}

TEST(SparseCategoricalCrossentropy, AlongAnyAxis) {
  const Tensor x = constant_tensor(random_array({3, 5, 4}, 1, -3, 3)), labels = tensor({3, 4}, kLabels, DType::kInt32);
  const Tensor last = permute_dimensions(x, {0, 2, 1});
  for (const bool from_logits : {true, false}) {
    const Tensor p = from_logits ? x : sigmoid(x), p_last = from_logits ? last : sigmoid(last);
    const std::vector<double> expected =
        eval(sparse_categorical_crossentropy(labels, p_last, {.from_logits = from_logits})).to_vector<double>();
    for (const int64_t axis : {1, -2}) {
      const Tensor loss = sparse_categorical_crossentropy(labels, p, {.from_logits = from_logits, .axis = axis});
      EXPECT_EQ(loss.shape(), (Shape{3, 4}));
      expect_values(loss, expected);
    }
  }
  expect_values(sparse_categorical_crossentropy(labels, softmax(x, 1), {.axis = 1}),
                eval(sparse_categorical_crossentropy(labels, softmax(last))).to_vector<double>());
  expect_error([&] { sparse_categorical_crossentropy(labels, x, {.axis = 3}); },
               {"sparse_categorical_crossentropy", "axis 3"});
}

TEST(SparseCategoricalCrossentropy, OfProbabilities) {
  expect_values(sparse_categorical_crossentropy(tensor({0, 1}, DType::kInt64),
                                                tensor({2, 2}, {0.5, 0.5, 0.75, 0.25})),
                {std::log(2.0), std::log(4.0)});
}

TEST(SparseCategoricalCrossentropy, Gradients) {
  const auto labels = [] { return tensor({3, 1, 0}, DType::kInt32); };
  check_gradients([&](const Tensors& in) {
    return sparse_categorical_crossentropy(labels(), in[0], {.from_logits = true});
  }, {random_array({3, 4}, 1, -2, 2)});
  check_gradients([&](const Tensors& in) {
    return sparse_categorical_crossentropy(tensor({3, 1}, {3, 1, 0}, DType::kFloat64), softmax(in[0]));
  }, {random_array({3, 1, 4}, 1, -2, 2)});
  check_gradients([&](const Tensors& in) { return sparse_categorical_crossentropy(labels(), in[0]); },
                  {random_array({3, 4}, 1, 0.2, 0.8)});
}

TEST(SparseCategoricalCrossentropy, LabelsOutOfRange) {
  const Tensor x = tensor({3, 2}, {1, 2, 3, 4, 5, 6});
  for (double bad : {-1.0, 2.0}) {
    const Tensor loss = sparse_categorical_crossentropy(tensor({0, bad, 1}, DType::kInt32), x,
                                                        {.from_logits = true});
    expect_error([&] { eval(loss); }, {"sparse_categorical_crossentropy", "label 1 of target",
                                       bad < 0 ? "is -1" : "is 2", "0 to 1"});
  }
}

TEST(BinaryCrossentropy, Values) {
  const std::vector<double> targets = {0, 1, 0.25, 1, 0}, logits = {-3, 2, 0, -50, 100};
  std::vector<double> expected;
  for (size_t i = 0; i < 5; ++i) {
    const double x = logits[i];
    expected.push_back(std::max(x, 0.0) - x * targets[i] + std::log1p(std::exp(-std::abs(x))));
  }
  for (const auto& [dtype, epsilon] : kFloatTypes) {
    const Tensor t = tensor(targets, dtype), x = tensor(logits, dtype);
    expect_values(binary_crossentropy(t, x, {.from_logits = true}), expected, 4 * epsilon);
    // By way of sigmoid() nothing is lost either.
    expect_values(binary_crossentropy(t, sigmoid(x)), expected, 4 * epsilon);
  }
  expect_values(binary_crossentropy(tensor({0, 1, 0.25}), tensor({0.25, 0.25, 0.5})),
                {-std::log(0.75), -std::log(0.25), std::log(2.0)});
  // Keras clips, then adds epsilon again.
  expect_values(binary_crossentropy(tensor({1}), tensor({0})), {-std::log(2e-7)}, 1e-5);
}

TEST(BinaryCrossentropy, Gradients) {
  const Array t = random_array({3, 4}, 1, 0.1, 0.9);
  check_gradients([](const Tensors& in) {
    return binary_crossentropy(in[0], in[1], {.from_logits = true});
  }, {t, random_array({3, 4}, 2, -2, 2)});
  check_gradients([](const Tensors& in) { return binary_crossentropy(in[0], in[1]); },
                  {t, random_array({3, 4}, 2, 0.2, 0.8)});
}

TEST(Crossentropies, BadArguments) {
  const Tensor x = tensor({2, 2}, {1, 2, 3, 4});
  expect_error([&] { categorical_crossentropy(tensor({2, 3}, {1, 2, 3, 4, 5, 6}), x, {.from_logits = true}); },
               {"categorical_crossentropy", "(2, 3)", "(2, 2)"});
  expect_error([&] { categorical_crossentropy(tensor({1, 2}), x); }, {"categorical_crossentropy", "(2,)"});
  expect_error([&] { categorical_crossentropy(tensor({1, 2}, {1, 2}), x); },
               {"categorical_crossentropy", "(1, 2)", "(2, 2)"});
  expect_error([&] { categorical_crossentropy(tensor({2, 2}, {1, 2, 3, 4}, DType::kFloat64), x); },
               {"float64", "float32"});
  expect_error([&] { categorical_crossentropy(x, x, {.axis = 2}); }, {"categorical_crossentropy", "2"});
  expect_error([&] { sparse_categorical_crossentropy(tensor({0, 1, 0}, DType::kInt32), x); },
               {"sparse_categorical_crossentropy", "3 labels", "2 rows"});
  expect_error([&] { sparse_categorical_crossentropy(tensor({0, 1}, DType::kInt32), tensor({1, 2}, DType::kInt32)); },
               {"sparse_categorical_crossentropy", "int32"});
  expect_error([&] { binary_crossentropy(tensor({1, 2}, DType::kInt32), tensor({1, 2})); },
               {"binary_crossentropy", "int32"});
}

}  // namespace
}  // namespace keel
