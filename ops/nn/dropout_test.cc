#include "ops/nn/dropout.h"

#include <limits>
#include <vector>

#include "core/session.h"
#include "core/threads.h"
#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "ops/nn/test_util.h"

namespace keel {
namespace {

using testing_util::expect_error;
using testing_util::tensor;

Tensor ones(const Shape& shape, DType dtype = DType::kFloat32) {
  return constant_tensor(Array::full(shape, 1, dtype));
}

TEST(Dropout, KeepsAndScales) {
  for (DType dtype : {DType::kFloat16, DType::kBfloat16, DType::kFloat32, DType::kFloat64}) {
    const Array y = eval(dropout(ones({100, 200}, dtype), 0.75, {.seed = 3}));
    EXPECT_EQ(y.dtype(), dtype);
    int kept = 0;
    for (double v : y.to_vector<double>()) {
      ASSERT_TRUE(v == 0 || v == 4);
      kept += v != 0;
    }
    EXPECT_NEAR(kept / 20000.0, 0.25, 0.02);
  }
}

TEST(Dropout, NoiseShape) {
  for (const Shape& noise : {Shape{60, 1, 3}, Shape{None, 1, None}}) {
    const Array y = eval(dropout(ones({60, 50, 3}), 0.5, {.noise_shape = noise, .seed = 3}));
    for (int64_t n = 0; n < 60; ++n) {
      for (int64_t t = 1; t < 50; ++t) {
        for (int64_t c = 0; c < 3; ++c) {
          ASSERT_EQ(y.element<float>((n * 50 + t) * 3 + c), y.element<float>(n * 150 + c));
        }
      }
    }
  }
}

TEST(Dropout, LevelZeroIsTheIdentity) {
  const Tensor x = tensor({1, -2, 3});
  EXPECT_EQ(eval(dropout(x, 0)).to_vector<double>(), (std::vector<double>{1, -2, 3}));
}

TEST(Dropout, DroppedInfinitiesAreZero) {
  const Array x = Array::full({1000}, std::numeric_limits<double>::infinity(), DType::kFloat32);
  for (float v : eval(dropout(constant_tensor(x), 0.5)).to_vector<float>()) ASSERT_FALSE(v != v);
}

TEST(Dropout, TheGradientUsesTheCallsMask) {
  const Tensor x = placeholder({.shape = Shape{None, 7}});
  const Tensor y = dropout(x, 0.5);
  const Function f = function({x}, {y, gradients(y, {x})[0]});
  std::vector<float> before;
  for (int call = 0; call < 3; ++call) {
    const auto out = f({Array::full({50, 7}, 1, DType::kFloat32)});
    EXPECT_EQ(out[0].to_vector<float>(), out[1].to_vector<float>());
    EXPECT_NE(out[0].to_vector<float>(), before);
    before = out[0].to_vector<float>();
  }
}

TEST(Dropout, SeedsRepeatOnAnyNumberOfThreads) {
  std::vector<float> first;
  for (int threads : {1, 2, 7}) {
    const ThreadPool pool(threads);
    const UseThreadPool use(pool);
    const std::vector<float> y = eval(dropout(ones({200000}), 0.3, {.seed = 9})).to_vector<float>();
    if (first.empty()) first = y;
    EXPECT_EQ(y, first);
  }
}

TEST(Dropout, BadArguments) {
  const Tensor x = tensor({1, 2, 3});
  for (double level : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    expect_error([&] { dropout(x, level); }, {"dropout", "level"});
  }
  expect_error([&] { dropout(x, 0.5, {.noise_shape = Shape{2}}); }, {"dropout", "noise_shape", "(2,)", "(3,)"});
  expect_error([&] { dropout(x, 0, {.noise_shape = Shape{2}}); }, {"dropout", "noise_shape"});
  expect_error([&] { dropout(x, 0.5, {.noise_shape = Shape{1, 3}}); }, {"dropout", "noise_shape"});
  expect_error([&] { dropout(tensor({1}, DType::kInt32), 0.5); }, {"dropout", "int32"});
}

}  // namespace
}  // namespace keel
