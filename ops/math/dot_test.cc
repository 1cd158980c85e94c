#include "ops/math/dot.h"

#include <string>
#include <vector>

#include "core/function.h"
#include "core/graph.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::keel::testing::check_gradients;
using ::keel::testing::random_array;
using ::testing::HasSubstr;

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const ValueError& e) {
    return e.what();
  }
  return "";
}

Tensor product(const Tensors& x) { return dot(x[0], x[1]); }

// Theano's rule, summed in double.
void expect_product(const Array& x, const Array& y, DType dtype, double tolerance) {
  const Tensor a = placeholder({.shape = x.shape(), .dtype = dtype});
  const Tensor b = placeholder({.shape = y.shape(), .dtype = dtype});
  const Array in_x = x.cast(dtype), in_y = y.cast(dtype);
  const Array got = function({a, b}, {dot(a, b)})({in_x, in_y})[0];
  const int64_t k = x.shape().back(), n = y.shape().back(), m = k == 0 ? 0 : x.elements() / k;
  int64_t stack = 1;
  for (int i = 0; i + 2 < y.rank(); ++i) stack *= y.shape()[i];
  ASSERT_EQ(got.elements(), m * stack * n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t s = 0; s < stack; ++s) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t c = 0; c < k; ++c) {
          sum += in_x.element<double>(i * k + c) * in_y.element<double>((s * k + c) * n + j);
        }
        ASSERT_NEAR(got.element<double>((i * stack + s) * n + j), sum, tolerance) << dtype;
      }
    }
  }
}

TEST(Dot, IsTheProductForEveryDtype) {
  const Array x = random_array({5, 33}, 1, -2, 2), y = random_array({33, 17}, 2, -2, 2);
  expect_product(x, y, "float32", 1e-4);
  expect_product(x, y, "float64", 1e-12);
  expect_product(x, y, "float16", 0.06);
  expect_product(x, y, "bfloat16", 0.3);
  const Array i = random_array({5, 9}, 1, -50, 50), j = random_array({9, 4}, 2, -50, 50);
  expect_product(i, j, "int32", 0);
  expect_product(i, j, "int64", 0);
}

TEST(Dot, FollowsTheanoBeyondMatrices) {
  expect_product(random_array({2, 3}, 1), random_array({4, 3, 5}, 2), "float64", 1e-12);
  expect_product(random_array({2, 7, 3}, 1), random_array({4, 2, 3, 5}, 2), "float64", 1e-12);
  expect_product(random_array({2, 7, 3}, 1), random_array({3, 5}, 2), "float64", 1e-12);
  const Tensor x = placeholder({.shape = Shape{None, 28, 3}}), y = placeholder({.shape = Shape{3, 4}});
  EXPECT_EQ(dot(x, y).shape(), (Shape{None, 28, 4}));
}

TEST(Dot, HasGradients) {
  check_gradients(product, {random_array({3, 4}, 1), random_array({4, 2}, 2)});
  check_gradients(product, {random_array({2, 3, 4}, 1), random_array({4, 2}, 2)});
  check_gradients(product, {random_array({2, 3}, 1), random_array({4, 3, 2}, 2)});
  check_gradients(product, {random_array({2, 2, 3}, 1), random_array({2, 2, 3, 2}, 2)});
}

TEST(Dot, EmptySizes) {
  const Tensor x = placeholder({.ndim = 2}), y = placeholder({.ndim = 2});
  const Function f = function({x, y}, {dot(x, y)});
  EXPECT_EQ(f({Array::full({0, 3}, 1, "float32"), Array::full({3, 2}, 1, "float32")})[0].shape(), (Shape{0, 2}));
  const Array zero = f({Array::full({2, 0}, 1, "float32"), Array::full({0, 2}, 1, "float32")})[0];
  for (float v : zero.to_vector<float>()) EXPECT_EQ(v, 0);
}

TEST(Dot, UnchangedWeightsArePackedAndChangedOnesAreNoticed) {
  const Variable w = variable(Array::full({40, 40}, 1, "float32"));
  const Tensor x = placeholder({.shape = Shape{None, 40}});
  const Function f = function({x}, {dot(x, w)});
  const Array ones = Array::full({16, 40}, 1, "float32");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(f({ones})[0].element<float>(7), 40);
  set_value(w, Array::full({40, 40}, 2, "float32"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(f({ones})[0].element<float>(7), 80);
}

TEST(Dot, Errors) {
  const Tensor x = constant({{1, 2}, {3, 4}}), y = constant({{1, 2}, {3, 4}, {5, 6}});
  EXPECT_THAT(error_of([&] { dot(x, y); }), HasSubstr("the summed sizes 2 and 3 differ (x: (2, 2), y: (3, 2))"));
  EXPECT_THAT(error_of([&] { dot(constant(1.0), y); }), HasSubstr("is a scalar"));
  EXPECT_THAT(error_of([&] { dot(x, constant({{1, 2}, {3, 4}}, {.dtype = "float64"})); }), HasSubstr("not promoted"));
}

}  // namespace
}  // namespace keel
