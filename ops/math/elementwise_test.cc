#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::keel::testing::check_gradients;
using ::keel::testing::random_array;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using testing_util::error_of;

struct UnaryCase {
  const char* name;
  Tensor (*op)(const Tensor&);
  double (*reference)(double);
  double low, high;
  double ulp;  // Allowed error.
};

const UnaryCase kUnary[] = {
    {"exp", exp, std::exp, -80, 80, 4},
    {"log", log, std::log, 1e-6, 50, 4},
    {"sin", sin, std::sin, -50, 50, 4},
    {"cos", cos, std::cos, -50, 50, 4},
    {"tanh", tanh, std::tanh, -6, 6, 4},
    {"sigmoid", sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -30, 30, 4},
    {"abs", abs, [](double x) { return std::fabs(x); }, -3, 3, 0},
    {"square", square, [](double x) { return x * x; }, -3, 3, 1},
    {"sqrt", sqrt, std::sqrt, 0.01, 9, 1},
    {"sign", sign, [](double x) { return double((x > 0) - (x < 0)); }, -3, 3, 0},
    {"round", round, std::nearbyint, -9, 9, 0},
    {"negative", [](const Tensor& x) { return -x; }, [](double x) { return -x; }, -3, 3, 0},
};

class Unary : public ::testing::TestWithParam<UnaryCase> {};

// Distance between neighbours of |x| in a float with `bits` of fraction.
double ulp_of(double x, int bits) {
  return std::ldexp(1.0, std::max(std::ilogb(std::max(std::fabs(x), 1e-300)), -1022) - bits);
}

TEST_P(Unary, IsCloseToDouble) {
  const UnaryCase& c = GetParam();
  for (const auto& [dtype, bits] : {std::pair<DType, int>{"float32", 23}, {"float64", 52},
                                    {"float16", 10}, {"bfloat16", 7}}) {
    for (int64_t n : {0, 1, 15, 16, 63, 64, 65, 257, 1000}) {
      const Array x = random_array({n}, 3 + n, c.low, c.high).cast(dtype);
      const Tensor p = placeholder({.shape = Shape{None}, .dtype = dtype});
      const Array y = function({p}, {c.op(p)})({x})[0];
      ASSERT_EQ(y.dtype(), dtype);
      for (int64_t i = 0; i < n; ++i) {
        const double in = x.element<double>(i), want = c.reference(in);
        if (dtype == DType::kFloat16 && (std::fabs(want) > 65504 || std::fabs(want) < 1e-4)) continue;
        const double slack = (bits < 23 ? 0.51 : std::max(c.ulp, 0.5)) * ulp_of(want, bits);
        // Sines near their zeros are exact absolutely.
        const double floor = c.op == static_cast<Tensor (*)(const Tensor&)>(sin) ||
                                     c.op == static_cast<Tensor (*)(const Tensor&)>(cos)
                                 ? ulp_of(1, bits) * 4
                                 : 0;
        ASSERT_NEAR(y.element<double>(i), want, std::max(slack, floor)) << c.name << '(' << in << ") " << dtype;
      }
    }
  }
}

TEST_P(Unary, HasGradients) {
  const UnaryCase& c = GetParam();
  if (std::string(c.name) == "round") return;
  const double low = std::max(c.low, -2.0), high = std::min(c.high, 2.0);
  check_gradients([&](const Tensors& x) { return c.op(x[0]); }, {random_array({3, 5}, 5, std::max(low, c.low > 0 ? 0.3 : low), high)},
                  {.tolerance = 1e-5});
}

INSTANTIATE_TEST_SUITE_P(Ops, Unary, ::testing::ValuesIn(kUnary),
                         [](const auto& info) { return std::string(info.param.name); });

std::vector<double> of(const Tensor& x) { return eval(x).to_vector<double>(); }
Tensor doubles(const Array& x) { return constant(x, {.dtype = "float64"}); }

TEST(Exponential, EndsOfTheLine) {
  for (const char* dtype : {"float32", "float64"}) {
    const Tensor x = constant({-kInfinity, -1e5, 0, 1e5, kInfinity, kNaN}, {.dtype = dtype});
    EXPECT_THAT(of(exp(x)), ElementsAre(0, 0, 1, kInfinity, kInfinity, ::testing::IsNan()));
    EXPECT_THAT(of(tanh(x)), ElementsAre(-1, -1, 0, 1, 1, ::testing::IsNan()));
    EXPECT_THAT(of(sigmoid(x)), ElementsAre(0, 0, 0.5, 1, 1, ::testing::IsNan()));
    EXPECT_THAT(of(log(x)), ElementsAre(::testing::IsNan(), ::testing::IsNan(), -kInfinity,
                                        ::testing::DoubleNear(std::log(1e5), 1e-5), kInfinity, ::testing::IsNan()));
    EXPECT_NEAR(of(sin(constant({1e6}, {.dtype = dtype})))[0], std::sin(1e6), 1e-6);
  }
}

TEST(Arithmetic, Values) {
  const Tensor x = constant({-2.5, -1, 0, 1.5, 2.5}), y = constant({2, 0, 2, -2, 0.5});
  EXPECT_THAT(of(x + y), ElementsAre(-0.5, -1, 2, -0.5, 3));
  EXPECT_THAT(of(x - y), ElementsAre(-4.5, -1, -2, 3.5, 2));
  EXPECT_THAT(of(2 - x), ElementsAre(4.5, 3, 2, 0.5, -0.5));
  EXPECT_THAT(of(x * y), ElementsAre(-5, 0, 0, -3, 1.25));
  EXPECT_THAT(of(x / y), ElementsAre(-1.25, -kInfinity, 0, -0.75, 5));
  EXPECT_THAT(of(1 / (y + 2)), ElementsAre(0.25, 0.5, 0.25, kInfinity, ::testing::DoubleNear(0.4, 1e-7)));
  EXPECT_THAT(of(maximum(x, y)), ElementsAre(2, 0, 2, 1.5, 2.5));
  EXPECT_THAT(of(minimum(x, 0)), ElementsAre(-2.5, -1, 0, 0, 0));
  EXPECT_THAT(of(clip(x, -1, 2)), ElementsAre(-1, -1, 0, 1.5, 2));
  EXPECT_THAT(of(clip(x, 1, -1)), ElementsAre(1, 1, 1, 1, 1));
  EXPECT_THAT(of(round(x)), ElementsAre(-2, -1, 0, 2, 2));
  EXPECT_THAT(of(sqrt(x)), ElementsAre(0, 0, 0, ::testing::DoubleNear(1.2247449, 1e-6), ::testing::DoubleNear(1.5811388, 1e-6)));
  EXPECT_THAT(of(pow(x, 3)), ElementsAre(-15.625, -1, 0, 3.375, 15.625));
  EXPECT_THAT(of(pow(x, 0)), ElementsAre(1, 1, 1, 1, 1));
  EXPECT_THAT(of(pow(constant({4.0, 9.0}), 0.5)), ElementsAre(2, 3));
  EXPECT_THAT(of(pow(constant({4.0, 2.0}), -1)), ElementsAre(0.25, 0.5));
  const Tensor n = constant({kNaN, 1});
  EXPECT_THAT(of(maximum(n, 0)), ElementsAre(::testing::IsNan(), 1));
  EXPECT_THAT(of(minimum(constant({0, 0}), n)), ElementsAre(::testing::IsNan(), 0));
}

TEST(Arithmetic, Integers) {
  const Tensor x = constant({200, 100, 7}, {.dtype = "uint8"}), y = constant({100, 100, 2}, {.dtype = "uint8"});
  EXPECT_THAT(of(x + y), ElementsAre(44, 200, 9));
  EXPECT_THAT(of(x * y), ElementsAre(32, 16, 14));
  EXPECT_THAT(of(greater(x + y, 100)), ElementsAre(0, 1, 0));
  const Tensor i = constant({-7, 3, 2000000000}, {.dtype = "int32"});
  EXPECT_EQ((i / constant({2, 2, 2}, {.dtype = "int32"})).dtype(), DType::kFloat64);
  EXPECT_THAT(of(i / constant({2, 2, 2}, {.dtype = "int32"})), ElementsAre(-3.5, 1.5, 1e9));
  EXPECT_THAT(of(pow(constant({-3, 2}, {.dtype = "int64"}), 5)), ElementsAre(-243, 32));
  EXPECT_THAT(of(constant({1e12}, {.dtype = "int64"}) * constant({3}, {.dtype = "int64"})), ElementsAre(3e12));
  EXPECT_THAT(error_of([&] { pow(i, 0.5); }), HasSubstr("pow: a is 0.5"));
  EXPECT_THAT(error_of([&] { exp(i); }), HasSubstr("exp: x is int32"));
}

TEST(Arithmetic, Errors) {
  const Tensor f = constant({1, 2}), d = doubles({1, 2}), three = constant({1, 2, 3});
  EXPECT_THAT(error_of([&] { f + d; }), HasSubstr("add: the operands are float32 and float64"));
  EXPECT_THAT(error_of([&] { f * three; }), HasSubstr("shapes (2,) and (3,) do not broadcast"));
  EXPECT_THAT(error_of([&] { where(f, f, f); }), HasSubstr("condition is float32"));
  EXPECT_THAT(error_of([&] { logical_not(f); }), HasSubstr("accepted is bool"));
  const Tensor flags = constant({1, 0}, {.dtype = "bool"});
  EXPECT_THAT(error_of([&] { flags + flags; }), HasSubstr("add: x is bool; accepted are numbers"));
  EXPECT_THAT(error_of([&] { square(flags); }), HasSubstr("square: x is bool"));
  EXPECT_THAT(error_of([&] { Tensor() + 1; }), HasSubstr("empty tensor handle"));
  const Tensor p = placeholder({.shape = Shape{None, 3}}), q = placeholder({.shape = Shape{None, 3}});
  EXPECT_THAT(error_of([&] { function({p, q}, {p - q})({Array::full({2, 3}, 1, "float32"), Array::full({4, 3}, 1, "float32")}); }),
              HasSubstr("subtract: shapes (2, 3) and (4, 3)"));
}

// A plain number takes the dtype of the tensor, which must hold it: nothing is cut off.
TEST(Arithmetic, NumbersBesideIntegers) {
  const Tensor x = constant({0, 1, 2}, {.dtype = "int32"}), u = constant({0, 1, 2}, {.dtype = "uint8"});
  const Tensor flags = constant({1, 0}, {.dtype = "bool"});
  EXPECT_THAT(error_of([&] { x + 0.5; }), HasSubstr("add: 0.5 is no int32"));
  EXPECT_THAT(error_of([&] { 0.5 - x; }), HasSubstr("subtract: 0.5 is no int32"));
  EXPECT_THAT(error_of([&] { x * 0.5; }), HasSubstr("multiply: 0.5 is no int32"));
  EXPECT_THAT(error_of([&] { x + kNaN; }), HasSubstr("add: nan is no int32"));
  EXPECT_THAT(error_of([&] { u + 300; }), HasSubstr("add: 300 is no uint8"));
  EXPECT_THAT(error_of([&] { u + -1; }), HasSubstr("add: -1 is no uint8"));
  EXPECT_THAT(error_of([&] { maximum(x, 1.5); }), HasSubstr("maximum: 1.5 is no int32"));
  EXPECT_THAT(error_of([&] { equal(x, 1.5); }), HasSubstr("equal: 1.5 is no int32"));
  EXPECT_THAT(error_of([&] { less(x, 0x1p31); }), HasSubstr("less: "));
  EXPECT_THAT(error_of([&] { less(x, kInfinity); }), HasSubstr("less: inf is no int32"));
  EXPECT_THAT(error_of([&] { greater(constant({1}, {.dtype = "int64"}), 0x1p63); }), HasSubstr("greater: "));
  EXPECT_THAT(error_of([&] { equal(flags, 2); }), HasSubstr("equal: 2 is no bool"));
  EXPECT_THAT(error_of([&] { clip(x, 0.5, 1); }), HasSubstr("0.5 is no int32"));
  EXPECT_THAT(error_of([&] { clip(Tensor(), -kInfinity, kInfinity); }), HasSubstr("clip: an empty tensor handle"));
  EXPECT_THAT(of(equal(flags, 1)), ElementsAre(1, 0));
  EXPECT_THAT(of(x + -1), ElementsAre(-1, 0, 1));
  EXPECT_THAT(of(less(u, 255)), ElementsAre(1, 1, 1));
  EXPECT_THAT(of(greater(constant({1}, {.dtype = "int64"}), -0x1p63)), ElementsAre(1));
  EXPECT_THAT(of(less_equal(x, -0x1p31)), ElementsAre(0, 0, 0));
  EXPECT_THAT(of(clip(u, -1, 1)), ElementsAre(0, 1, 1));
  EXPECT_THAT(of(clip(u, 1, 300)), ElementsAre(1, 1, 2));
  EXPECT_THAT(of(clip(x, 1, kInfinity)), ElementsAre(1, 1, 2));
  EXPECT_THAT(of(x / 0.5), ElementsAre(0, 2, 4));
}

TEST(Comparison, Values) {
  const Tensor x = constant({1, 2, kNaN, 2}), y = constant({2, 2, 2, 1});
  EXPECT_EQ(equal(x, y).dtype(), DType::kBool);
  EXPECT_THAT(of(equal(x, y)), ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(of(not_equal(x, y)), ElementsAre(1, 0, 1, 1));
  EXPECT_THAT(of(greater(x, y)), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(of(greater_equal(x, y)), ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(of(less(x, y)), ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(of(less_equal(x, y)), ElementsAre(1, 1, 0, 0));
  const Tensor a = less(x, y), b = equal(x, y);
  EXPECT_THAT(of(logical_or(a, b)), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(of(logical_and(a, b)), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(of(logical_not(a)), ElementsAre(0, 1, 1, 1));
  EXPECT_THAT(of(where(a, x, y)), ElementsAre(1, 2, 2, 1));
  for (const char* dtype : {"uint8", "int32", "int64", "uint64", "float64", "float16", "bool"}) {
    const Tensor u = constant({0, 1, 1}, {.dtype = dtype}), v = constant({1, 1, 0}, {.dtype = dtype});
    EXPECT_THAT(of(less(u, v)), ElementsAre(1, 0, 0)) << dtype;
    EXPECT_THAT(of(where(less(u, v), u, v)), ElementsAre(0, 1, 0)) << dtype;
  }
}

TEST(Cast, SaturatesAndRounds) {
  const Tensor x = constant({kNaN, 1e30, -1e30, -1.9, 300.7, 0});
  EXPECT_THAT(of(cast(x, "int32")), ElementsAre(0, 2147483647, -2147483648.0, -1, 300, 0));
  EXPECT_THAT(of(cast(x, "uint8")), ElementsAre(0, 255, 0, 0, 255, 0));
  EXPECT_THAT(of(cast(x, "bool")), ElementsAre(1, 1, 1, 1, 1, 0));
  EXPECT_EQ(eval(cast(x, "int64")).element<int64_t>(1), std::numeric_limits<int64_t>::max());
  EXPECT_THAT(of(cast(constant({0.1}), "float16")), ElementsAre(0.0999755859375));
  EXPECT_FALSE(gradients(cast(cast(x, "int32"), "float32"), {x})[0].defined());
}

TEST(Gradients, OfBinaryOps) {
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensors&)>>> ops = {
      {"add", [](const Tensors& x) { return x[0] + x[1]; }},
      {"subtract", [](const Tensors& x) { return x[0] - x[1]; }},
      {"multiply", [](const Tensors& x) { return x[0] * x[1]; }},
      {"divide", [](const Tensors& x) { return x[0] / x[1]; }},
      {"pow", [](const Tensors& x) { return pow(x[1], x[0]); }},
      {"maximum", [](const Tensors& x) { return maximum(x[0], x[1]) * x[0]; }},
      {"minimum", [](const Tensors& x) { return minimum(x[0], x[1]) * x[1]; }},
      {"where", [](const Tensors& x) { return where(greater(x[0], 0.8), x[0] * x[0], x[1]); }},
      {"cube", [](const Tensors& x) { return pow(x[0], 3) * x[1]; }},
  };
  for (const auto& [name, f] : ops) {
    SCOPED_TRACE(name);
    check_gradients(f, {random_array({2, 3}, 1, 0.4, 1.4), random_array({3}, 2, 0.5, 1.5)}, {.tolerance = 1e-5});
    check_gradients(f, {random_array({3, 1}, 3, 0.4, 1.4), random_array({1, 2}, 4, 0.5, 1.5)}, {.tolerance = 1e-5});
  }
}

TEST(Gradients, AtKinks) {
  auto slopes = [](const Tensor& x, const Tensor& y) { return of(gradients(y, {x})[0]); };
  const Tensor x = doubles({-1, 0, 1}), zero = doubles({-1, 0, 1});
  EXPECT_THAT(slopes(x, abs(x)), ElementsAre(-1, 0, 1));
  EXPECT_THAT(slopes(x, clip(x, -1, 1)), ElementsAre(1, 1, 1));
  EXPECT_THAT(slopes(x, sign(x)), ElementsAre(0, 0, 0));
  EXPECT_THAT(slopes(x, sqrt(x)), ElementsAre(0, kInfinity, 0.5));
  EXPECT_THAT(slopes(x, maximum(x, zero)), ElementsAre(1, 1, 1));
  EXPECT_THAT(slopes(zero, maximum(x, zero)), ElementsAre(0, 0, 0));
  EXPECT_FALSE(gradients(round(x), {x})[0].defined());
}

}  // namespace
}  // namespace keel
