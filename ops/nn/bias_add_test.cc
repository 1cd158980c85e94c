#include "ops/nn/bias_add.h"

#include <vector>

#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "ops/nn/test_util.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using testing::check_gradients;
using testing::random_array;
using testing_util::expect_error;
using testing_util::expect_values;
using testing_util::tensor;

TEST(BiasAdd, Vectors) {
  const Tensor x = tensor({1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}), bias = tensor({10, 20});
  expect_values(bias_add(x, bias), {11, 22, 13, 24, 15, 26, 17, 28});
  expect_values(bias_add(x, bias, "channels_last"), {11, 22, 13, 24, 15, 26, 17, 28});
  expect_values(bias_add(x, bias, "channels_first"), {11, 12, 13, 14, 25, 26, 27, 28});
  // A matrix has its channels last.
  expect_values(bias_add(tensor({1, 2}, {1, 2}), bias, "channels_first"), {11, 22});
}

TEST(BiasAdd, OneAxisLessHasTheShapeOfChannelsLast) {
  // x: (N, C, W) takes a bias of (W, C), and its elements as they lie.
  const Tensor x = tensor({1, 2, 3}, {0, 0, 0, 0, 0, 0}), bias = tensor({3, 2}, {1, 2, 3, 4, 5, 6});
  expect_values(bias_add(x, bias, "channels_first"), {1, 2, 3, 4, 5, 6});
  expect_values(bias_add(tensor({1, 3, 2}, {0, 0, 0, 0, 0, 0}), bias), {1, 2, 3, 4, 5, 6});
}

TEST(BiasAdd, OneAxisLessBroadcasts) {
  const Tensor x = tensor({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  expect_values(bias_add(x, tensor({2, 1}, {10, 20})), {11, 12, 13, 24, 25, 26});
  expect_values(bias_add(x, tensor({1, 3}, {10, 20, 30})), {11, 22, 33, 14, 25, 36});
  expect_values(bias_add(x, tensor({1, 2}, {10, 20}), "channels_first"), {11, 12, 13, 24, 25, 26});
}

TEST(BiasAdd, Gradients) {
  for (const char* format : {"channels_last", "channels_first"}) {
    const bool first = format[9] == 'f';
    const Shape x = first ? Shape{2, 4, 3, 2} : Shape{2, 3, 2, 4};
    for (const Shape& bias : {Shape{4}, Shape{3, 2, 4}}) {
      check_gradients([&](const Tensors& in) { return square(bias_add(in[0], in[1], format)); },
                      {random_array(x, 1), random_array(bias, 2)});
    }
  }
}

TEST(BiasAdd, BadArguments) {
  const Tensor x = tensor({1, 2, 3}, {1, 2, 3, 4, 5, 6}), bias = tensor({1, 2, 3});
  expect_error([&] { bias_add(x, bias, "channels_middle"); }, {"channels_middle"});
  expect_error([&] { bias_add(x, tensor({1, 2})); }, {"bias_add", "(2,)", "(1, 2, 3)"});
  expect_error([&] { bias_add(x, bias, "channels_first"); }, {"bias_add", "channels first"});
  expect_error([&] { bias_add(x, tensor({1, 2, 3}, {1, 2, 3, 4, 5, 6})); }, {"bias_add", "(1, 2, 3)"});
  expect_error([&] { bias_add(x, tensor({3, 1}, {1, 2, 3})); }, {"bias_add", "(3, 1)"});
  expect_error([&] { bias_add(bias, bias); }, {"bias_add"});
  expect_error([&] { bias_add(x, tensor({1, 2, 3}, DType::kFloat64)); }, {"float64"});
}

}  // namespace
}  // namespace keel
