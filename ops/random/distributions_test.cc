#include "ops/random/random.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/function.h"
#include "core/graph.h"
#include "core/session.h"
#include "core/threads.h"
#include "gtest/gtest.h"

namespace keel {
namespace {

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

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double mean_of(const Array& x) {
  double sum = 0;
  for (double v : x.to_vector<double>()) sum += v;
  return sum / static_cast<double>(x.elements());
}

TEST(Random, DefaultsAreKerass) {
  const Tensor normal = random_normal({100, 200}, {.seed = 1});
  EXPECT_EQ(normal.dtype(), DType::kFloat32);
  EXPECT_EQ(normal.shape(), (Shape{100, 200}));
  EXPECT_NEAR(mean_of(eval(normal)), 0, 0.03);
  EXPECT_NEAR(mean_of(eval(random_uniform({100, 200}, {.seed = 5}))), 0.5, 0.01);
  EXPECT_EQ(mean_of(eval(random_binomial({100, 200}))), 0);
  EXPECT_NEAR(mean_of(eval(random_binomial({100, 200}, {.p = 0.3, .seed = 1}))), 0.3, 0.02);
  EXPECT_EQ(eval(random_normal({})).elements(), 1);
  EXPECT_EQ(eval(random_normal({0, 3})).elements(), 0);
  EXPECT_EQ(eval(truncated_normal({2, 1, 3}, {.dtype = "float16"})).dtype(), DType::kFloat16);
}

TEST(Random, Integers) {
  const Array dice = eval(random_uniform({10000}, {.minval = 1, .maxval = 7, .dtype = "int32", .seed = 2}));
  EXPECT_NEAR(mean_of(dice), 3.5, 0.1);
  for (int32_t value : dice.values<int32_t>()) ASSERT_TRUE(value >= 1 && value <= 6);
}

TEST(Random, EveryCallDrawsAgain) {
  const Function f = function({}, {random_uniform({8}, {.seed = 3})});
  const auto first = f()[0].to_vector<float>(), second = f()[0].to_vector<float>();
  EXPECT_NE(first, second);
  // Another node of the same seed repeats the numbers, call by call.
  const Function g = function({}, {random_uniform({8}, {.seed = 3})});
  EXPECT_EQ(g()[0].to_vector<float>(), first);
  EXPECT_EQ(g()[0].to_vector<float>(), second);
}

TEST(Random, NodesOfOneCallDiffer) {
  const Function f = function({}, {random_uniform({8}), random_uniform({8})});
  const auto values = f();
  EXPECT_NE(values[0].to_vector<float>(), values[1].to_vector<float>());
}

TEST(Random, TheSessionsSeedRepeats) {
  const auto draw = [] {
    set_random_seed(11);
    const Function f = function({}, {random_normal({5}), random_uniform({5})});
    const auto values = f();
    return std::vector<std::vector<float>>{values[0].to_vector<float>(), values[1].to_vector<float>()};
  };
  EXPECT_EQ(draw(), draw());
}

TEST(Random, ThreadsDoNotMatter) {
  std::vector<std::vector<float>> results;
  for (int threads : {1, 2, 7}) {
    const ThreadPool pool(threads);
    const UseThreadPool use(pool);
    results.push_back(eval(random_normal({300000}, {.seed = 5})).to_vector<float>());
    EXPECT_EQ(results.back(), results.front());
  }
}

TEST(Random, ShapeFromTheGraph) {
  const Tensor x = placeholder({.shape = Shape{None, 3}});
  const Tensor noise = random_normal(shape(x), {.seed = 1});
  EXPECT_EQ(noise.rank(), 2);
  const Function f = function({x}, {noise});
  EXPECT_EQ(f({Array::full({4, 3}, 0, DType::kFloat32)})[0].shape(), (Shape{4, 3}));
  EXPECT_EQ(f({Array::full({2, 3}, 0, DType::kFloat32)})[0].shape(), (Shape{2, 3}));
  expect_error([&] { random_normal(x); }, {"random_normal", "shape", "float32"});
}

TEST(Random, KeepMask) {
  const Tensor x = placeholder({.shape = Shape{None, 50, 3}});
  const Tensor mask = random_keep_mask("dropout", x, 0.8, Shape{None, 1, 3}, 3);
  EXPECT_EQ(mask.shape(), (Shape{None, 1, 3}));
  EXPECT_EQ(mask.dtype(), DType::kBool);
  const Function f = function({x}, {mask});
  const Array kept = f({Array::full({2000, 50, 3}, 0, DType::kFloat32)})[0];
  EXPECT_EQ(kept.shape(), (Shape{2000, 1, 3}));
  EXPECT_NEAR(mean_of(kept), 0.8, 0.02);
  expect_error([&] { random_keep_mask("dropout", x, 0.8, Shape{None, 2, 3}); },
               {"dropout", "noise_shape", "(None, 2, 3)", "(None, 50, 3)"});
  expect_error([&] { random_keep_mask("dropout", x, 0.8, Shape{1, 1, 1, 1}); }, {"noise_shape"});
  expect_error([&] { random_keep_mask("dropout", x, 0.8, Shape{-2, 1, 1}); }, {"noise_shape"});
}

TEST(Random, Variables) {
  const Variable u = random_uniform_variable({100, 20}, -0.05, 0.05, {.name = "w", .seed = 4});
  EXPECT_EQ(u.name(), "w");
  EXPECT_EQ(u.dtype(), DType::kFloat32);
  for (float value : u.value().values<float>()) ASSERT_TRUE(value >= -0.05f && value < 0.05f);
  EXPECT_EQ(random_uniform_variable({100, 20}, -0.05, 0.05, {.seed = 4}).value().to_vector<float>(),
            u.value().to_vector<float>());
  const Variable n = random_normal_variable({100, 200}, 2.5, 0.5, {.dtype = "float64", .seed = 4});
  EXPECT_EQ(n.dtype(), DType::kFloat64);
  EXPECT_NEAR(mean_of(n.value()), 2.5, 0.02);
}

TEST(Random, BadArguments) {
  expect_error([] { random_normal({2}, {.stddev = -1}); }, {"random_normal", "stddev", "-1"});
  expect_error([] { random_normal({2}, {.mean = kNaN}); }, {"random_normal", "mean", "nan"});
  expect_error([] { truncated_normal({2}, {.stddev = kNaN}); }, {"truncated_normal", "stddev"});
  expect_error([] { truncated_normal({2}, {.stddev = kInfinity}); }, {"truncated_normal", "inf"});
  expect_error([] { random_normal({2}, {.dtype = "int32"}); }, {"random_normal", "int32"});
  expect_error([] { random_uniform({2}, {.minval = 2, .maxval = 1}); }, {"random_uniform", "minval"});
  expect_error([] { random_uniform({2}, {.minval = kNaN}); }, {"random_uniform", "minval", "nan"});
  expect_error([] { random_uniform({2}, {.minval = -1e308, .maxval = 1e308}); }, {"finite"});
  expect_error([] { random_uniform({2}, {.maxval = 1.5, .dtype = "int32"}); }, {"1.5", "whole"});
  expect_error([] { random_uniform({2}, {.maxval = 300, .dtype = "uint8"}); }, {"300", "uint8"});
  expect_error([] { random_uniform({2}, {.maxval = 0, .dtype = "int8"}); }, {"below"});
  expect_error([] { random_uniform({2}, {.dtype = "bool"}); }, {"bool"});
  expect_error([] { random_binomial({2}, {.p = 1.5}); }, {"random_binomial", "1.5"});
  expect_error([] { random_binomial({2}, {.p = -0.1}); }, {"random_binomial", "-0.1"});
  expect_error([] { random_binomial({2}, {.p = kNaN}); }, {"random_binomial", "nan"});
  expect_error([] { random_uniform_variable({2}, 1, 0); }, {"random_uniform_variable", "low"});
  expect_error([] { random_normal_variable({2}, 0, -1); }, {"random_normal_variable", "scale"});
  for (const Shape& shape : {Shape{int64_t{1} << 40, int64_t{1} << 40}, Shape{int64_t{1} << 50}, Shape{-1}}) {
    EXPECT_THROW(random_normal(shape), ValueError);
    EXPECT_THROW(random_uniform(shape), ValueError);
    EXPECT_THROW(random_binomial(shape), ValueError);
    EXPECT_THROW(random_uniform_variable(shape, 0, 1), ValueError);
  }
}

}  // namespace
}  // namespace keel
