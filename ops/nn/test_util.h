// For the tests of this family.
#ifndef KEEL_OPS_NN_TEST_UTIL_H_
#define KEEL_OPS_NN_TEST_UTIL_H_

#include <cmath>
#include <string>
#include <vector>

#include "core/function.h"
#include "core/graph.h"
#include "core/gradients.h"
#include "gtest/gtest.h"

namespace keel::testing_util {

// Checks that `f` throws a ValueError whose message holds all of `fragments`.
template <typename F>
void expect_error(const F& f, const std::vector<std::string>& fragments) {
  try {
    f();
    ADD_FAILURE() << "no error";
  } catch (const ValueError& error) {
    for (const std::string& fragment : fragments) {
      EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
    }
  }
}

// A constant tensor of these numbers.
inline Tensor tensor(const Shape& shape, const std::vector<double>& values,
                     DType dtype = DType::kFloat32) {
  return constant_tensor(Array::of(shape, values).cast(dtype));
}
inline Tensor tensor(const std::vector<double>& values, DType dtype = DType::kFloat32) {
  return tensor(Shape{static_cast<int64_t>(values.size())}, values, dtype);
}

// Checks the value of `x`: within `tolerance`, relative to max(1, |expected|); NaN equals NaN.
inline void expect_values(const Tensor& x, const std::vector<double>& expected,
                          double tolerance = 1e-6) {
  const std::vector<double> values = eval(x).to_vector<double>();
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == expected[i] || (std::isnan(values[i]) && std::isnan(expected[i]))) continue;
    EXPECT_NEAR(values[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i]))) << "at " << i;
  }
}

// The floating dtypes, each with the distance of its neighbours near 1.
struct FloatType {
  DType dtype;
  double epsilon;
};
inline const FloatType kFloatTypes[] = {{DType::kFloat16, 1.0 / 1024},
                                        {DType::kBfloat16, 1.0 / 128},
                                        {DType::kFloat32, 1.2e-7},
                                        {DType::kFloat64, 2.3e-16}};

}  // namespace keel::testing_util

#endif  // KEEL_OPS_NN_TEST_UTIL_H_
