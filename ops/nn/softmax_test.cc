#include "ops/nn/softmax.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "ops/nn/test_util.h"
#include "ops/reduction/reduction.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using testing_util::expect_error;
using testing_util::expect_values;
using testing_util::kFloatTypes;
using testing_util::tensor;

// What softmax() is, in other ops.
Tensor composed(const Tensor& x, int64_t axis) {
  const Tensor e = exp(x - max(x, axis, true));
  return e / sum(e, axis, true);
}

TEST(Softmax, EqualsItsComposedForm) {
  for (const auto& [dtype, epsilon] : kFloatTypes) {
    const Array x = testing::random_array({3, 5, 4}, 1, -4, 4).cast(dtype);
    for (int64_t axis : {-1, 0, 1, 2}) {
      const Tensor y = softmax(constant_tensor(x), axis);
      EXPECT_EQ(y.dtype(), dtype);
      EXPECT_EQ(y.shape(), (Shape{3, 5, 4}));
      expect_values(y, eval(composed(constant_tensor(x), axis)).to_vector<double>(), 2 * epsilon);
    }
  }
}

TEST(Softmax, LargeAndInfinite) {
  expect_values(softmax(tensor({1000, 1000, -1000})), {0.5, 0.5, 0});
  expect_values(softmax(tensor({-INFINITY, 0, 0})), {0, 0.5, 0.5});
}

TEST(Softmax, UnknownShapesAndNoRows) {
  const Tensor x = placeholder({.shape = Shape{None, None}});
  const Tensor y = softmax(x);
  EXPECT_EQ(y.shape(), (Shape{None, None}));
  const Function f = function({x}, {y});
  EXPECT_EQ(f({Array::full({0, 3}, 0, DType::kFloat32)})[0].shape(), (Shape{0, 3}));
  EXPECT_EQ(f({Array::full({2, 4}, 1, DType::kFloat32)})[0].element<float>(7), 0.25f);
}

TEST(Softmax, Gradients) {
  for (int64_t axis : {-1, 0, 1}) {
    testing::check_gradients([&](const Tensors& in) { return softmax(in[0], axis); },
                             {testing::random_array({3, 4, 2}, 1, -2, 2)});
  }
  // The fused gradient against that of the composed form, in float32.
  const Tensor x = constant_tensor(testing::random_array({7, 33}, 2, -3, 3).cast(DType::kFloat32));
  const Tensor weights = constant_tensor(testing::random_array({7, 33}, 3).cast(DType::kFloat32));
  expect_values(gradients(softmax(x) * weights, {x})[0],
                eval(gradients(composed(x, -1) * weights, {x})[0]).to_vector<double>(), 1e-6);
}

TEST(Softmax, BadArguments) {
  const Tensor x = tensor({2, 2}, {1, 2, 3, 4});
  expect_error([&] { softmax(x, 2); }, {"softmax", "2"});
  expect_error([&] { softmax(x, -3); }, {"softmax", "-3"});
  expect_error([&] { softmax(tensor({1, 2}, DType::kInt32)); }, {"softmax", "int32"});
  expect_error([&] { softmax(scalar(1, DType::kFloat32)); }, {"softmax"});
}

}  // namespace
}  // namespace keel
