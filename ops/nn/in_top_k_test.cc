#include "ops/nn/in_top_k.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "ops/nn/test_util.h"

namespace keel {
namespace {

using testing_util::expect_error;
using testing_util::expect_values;
using testing_util::kFloatTypes;
using testing_util::tensor;

TEST(InTopK, TiesAreIn) {
  for (const auto& [dtype, epsilon] : kFloatTypes) {
    const Tensor scores = tensor({4, 4}, {1, 2, 2, 0, 1, 2, 2, 0, 3, 2, 1, 0, 0, 0, 0, 0}, dtype);
    for (DType label : {DType::kInt32, DType::kInt64}) {
      const Tensor y = in_top_k(scores, tensor({1, 0, 1, 3}, label), 1);
      EXPECT_EQ(y.dtype(), DType::kBool);
      EXPECT_EQ(y.shape(), (Shape{4}));
      expect_values(y, {1, 0, 0, 1});
      expect_values(in_top_k(scores, tensor({2, 0, 1, 3}, label), 2), {1, 0, 1, 1});
      expect_values(in_top_k(scores, tensor({3, 3, 3, 3}, label), 4), {1, 1, 1, 1});
    }
  }
}

TEST(InTopK, WhatCannotBeSaidIsFalse) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const Tensor scores = tensor({5, 2}, {nan, 2, inf, 0, 0, -inf, 1, 2, 1, 2});
  expect_values(in_top_k(scores, tensor({1, 0, 0, 2, -1}, DType::kInt32), 2), {0, 0, 0, 0, 0});
}

TEST(InTopK, UnknownShapes) {
  const Tensor scores = placeholder({.shape = Shape{None, None}});
  const Tensor targets = placeholder({.shape = Shape{None}, .dtype = DType::kInt32});
  const Function f = function({scores, targets}, {in_top_k(scores, targets, 1)});
  EXPECT_EQ(f({Array::full({0, 3}, 0, DType::kFloat32), Array::full({0}, 0, DType::kInt32)})[0].shape(), (Shape{0}));
  EXPECT_THROW(f({Array::full({2, 3}, 0, DType::kFloat32), Array::full({3}, 0, DType::kInt32)}), ValueError);
}

TEST(InTopK, BadArguments) {
  const Tensor scores = tensor({2, 2}, {1, 2, 3, 4}), targets = tensor({0, 1}, DType::kInt32);
  expect_error([&] { in_top_k(scores, targets, 0); }, {"in_top_k", "k is 0"});
  expect_error([&] { in_top_k(scores, targets, -1); }, {"in_top_k", "-1"});
  expect_error([&] { in_top_k(scores, tensor({0, 1, 1}, DType::kInt32), 1); }, {"in_top_k", "(3,)"});
  expect_error([&] { in_top_k(targets, targets, 1); }, {"in_top_k", "(2,)"});
  expect_error([&] { in_top_k(scores, tensor({0, 1}), 1); }, {"in_top_k", "float32"});
}

}  // namespace
}  // namespace keel
