#include "ops/ctc/batch_cost.h"

#include <cmath>
#include <string>
#include <vector>

#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "ops/reduction/reduction.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::HasSubstr;

Tensor ints(const Shape& shape, const std::vector<int32_t>& values) { return constant_tensor(Array::of(shape, values)); }

using testing_util::error_of;

TEST(CtcBatchCost, DerivativesAreSlopes) {
  const Tensor labels = ints({3, 4}, {0, 1, 1, 2, 2, 2, -7, 99, 1, 0, 1, 0}), steps = ints({3, 1}, {6, 4, 5});
  const Tensor lengths = ints({3, 1}, {4, 2, 0});
  testing::check_gradients([&](const Tensors& in) { return ctc_batch_cost(labels, in[0], steps, lengths); },
                           {testing::random_array({3, 6, 4}, 1, 0.05, 1)}, {.tolerance = 1e-5});
}

TEST(CtcBatchCost, AnyDtype) {
  const Array values = testing::random_array({2, 8, 5}, 3, 0.1, 1);
  const auto cost = [&](DType y, DType label) {
    return eval(ctc_batch_cost(cast(ints({2, 2}, {0, 3, 1, 1}), label), constant_tensor(values.cast(y)),
                               cast(ints({2}, {8, 7}), label), cast(ints({2, 1}, {2, 2}), label)));
  };
  const Array want = cost("float64", "int64");
  for (DType y : {"float16", "bfloat16", "float32"}) {
    const Array got = cost(y, "uint8");
    EXPECT_EQ(got.dtype(), y);
    EXPECT_EQ(got.shape(), (Shape{2, 1}));
    for (int i = 0; i < 2; ++i) EXPECT_NEAR(got.element<double>(i), want.element<double>(i), y == DType::kFloat32 ? 1e-5 : 0.05);
  }
  EXPECT_EQ(cost("float32", "float32").element<float>(1), cost("float32", "int32").element<float>(1));
}

TEST(CtcBatchCost, UnknownShapesAndEmptyBatches) {
  const Tensor y = placeholder({.shape = Shape{None, None, None}}), labels = placeholder({.ndim = 2, .dtype = "int32"});
  const Tensor steps = placeholder({.ndim = 2, .dtype = "int32"}), lengths = placeholder({.ndim = 2, .dtype = "int32"});
  const Tensor cost = ctc_batch_cost(labels, y, steps, lengths);
  EXPECT_EQ(cost.shape(), (Shape{None, 1}));
  const Function f = function({y, labels, steps, lengths}, {cost, gradients(cost, {y})[0]});
  const auto int_array = [](const Shape& s, double v) { return Array::full(s, v, "int32"); };
  const auto empty = f({Array::full({0, 3, 4}, 1, "float32"), int_array({0, 2}, 0), int_array({0, 1}, 0), int_array({0, 1}, 0)});
  EXPECT_EQ(empty[0].shape(), (Shape{0, 1}));
  EXPECT_EQ(empty[1].shape(), (Shape{0, 3, 4}));
  // One step, one label: −log 1/4.
  const auto one = f({Array::full({1, 1, 4}, 1, "float32"), int_array({1, 1}, 2), int_array({1, 1}, 1), int_array({1, 1}, 1)});
  EXPECT_NEAR(one[0].item<float>(), std::log(4), 1e-6);
  // No label at all: two blanks.
  const auto none = f({Array::full({1, 2, 4}, 1, "float32"), int_array({1, 0}, 0), int_array({1, 1}, 2), int_array({1, 1}, 0)});
  EXPECT_NEAR(none[0].item<float>(), 2 * std::log(4), 1e-6);
  EXPECT_THAT(error_of([&] {
                f({Array::full({1, 0, 4}, 1, "float32"), int_array({1, 1}, 0), int_array({1, 1}, 0), int_array({1, 1}, 0)});
              }), HasSubstr("at least one step and class"));
  EXPECT_THAT(error_of([&] {
                f({Array::full({2, 3, 4}, 1, "float32"), int_array({2, 1}, 0), int_array({1, 1}, 0), int_array({2, 1}, 0)});
              }), HasSubstr("input_length has shape (1, 1)"));
}

TEST(CtcBatchCost, RejectsWhatIsOutOfRange) {
  const auto run = [](std::vector<int32_t> labels, int32_t steps, int32_t length) {
    return error_of([&] {
      eval(ctc_batch_cost(ints({1, 2}, labels), constant_tensor(Array::full({1, 3, 4}, 0.25, "float32")), ints({1, 1}, {steps}),
                          ints({1, 1}, {length})));
    });
  };
  EXPECT_EQ(run({0, 2}, 3, 2), "");
  EXPECT_EQ(run({0, 9}, 3, 1), "");  // What does not count is not looked at.
  EXPECT_THAT(run({0, 3}, 3, 2), HasSubstr("ctc_batch_cost: y_true has label 3 at (0, 1); accepted are 0 to 2"));
  EXPECT_THAT(run({-1, 2}, 3, 2), HasSubstr("label -1 at (0, 0)"));
  EXPECT_THAT(run({0, 2}, 4, 2), HasSubstr("input_length of sample 0 is 4; accepted are 0 to 3"));
  EXPECT_THAT(run({0, 2}, -1, 2), HasSubstr("input_length of sample 0 is -1"));
  EXPECT_THAT(run({0, 2}, 3, 3), HasSubstr("label_length of sample 0 is 3; accepted are 0 to 2"));
  EXPECT_THAT(run({0, 2}, 3, -2), HasSubstr("label_length of sample 0 is -2"));
  const Tensor y = constant_tensor(Array::full({1, 3, 4}, 0.25, "float32")), one = ints({1, 1}, {1});
  EXPECT_THAT(error_of([&] { ctc_batch_cost(ints({2}, {1, 1}), y, one, one); }), HasSubstr("y_true has shape (2,)"));
  EXPECT_THAT(error_of([&] { ctc_batch_cost(one, one, one, one); }), HasSubstr("y_pred is of dtype int32"));
  const Tensor z = constant_tensor(Array::full({1, 3, 0}, 0.25, "float32"));
  EXPECT_THAT(error_of([&] { ctc_batch_cost(one, z, one, one); }), HasSubstr("shape (1, 3, 0)"));
}

TEST(CtcBatchCost, WithoutAPathInfiniteOrZero) {
  const Tensor y = placeholder({.shape = Shape{2, 3, 3}}), labels = ints({2, 3}, {0, 0, 1, 0, 1, 1});
  const Tensor steps = ints({2, 1}, {3, 3}), lengths = ints({2, 1}, {3, 2});  // 0, 0, 1 takes four steps.
  const Array in = Array::full({2, 3, 3}, 0.3, "float32");
  for (bool zero : {false, true}) {
    const Tensor cost = ctc_batch_cost(labels, y, steps, lengths, {.zero_infinity = zero});
    const auto out = function({y}, {cost, gradients(cost, {y})[0]})({in});
    EXPECT_EQ(out[0].element<double>(0), zero ? 0 : INFINITY);
    EXPECT_NEAR(out[0].element<double>(1), -std::log(5.0 / 27), 1e-6);
    for (int i = 0; i < 9; ++i) {
      if (zero) EXPECT_EQ(out[1].element<double>(i), 0);
      else EXPECT_TRUE(std::isnan(out[1].element<double>(i)));
      EXPECT_TRUE(std::isfinite(out[1].element<double>(9 + i)));
    }
  }
}

TEST(CtcBatchCost, HasNoThirdDerivative) {
  const Tensor y = placeholder({.shape = Shape{1, 3, 3}, .dtype = "float64"});
  const Tensor cost = ctc_batch_cost(ints({1, 1}, {0}), y, ints({1, 1}, {3}), ints({1, 1}, {1}));
  const Tensor first = gradients(cost, {y})[0], second = gradients(sum(first * first), {y})[0];
  EXPECT_THAT(error_of([&] { gradients(sum(second), {y}); }), HasSubstr("third derivative"));
}

}  // namespace
}  // namespace keel
