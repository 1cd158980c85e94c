// Exponential functions at every target, against the C library's in long double.
#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/math/exponential_test.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"
#include "ops/math/exponential-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

KEEL_MICRO_OP_1(TestExp, kFloatLanes, ExpOf(d, a))
KEEL_MICRO_OP_1(TestExpOfNegative, kFloatLanes, ExpOfNegative(d, hn::Neg(hn::Abs(a))))
KEEL_MICRO_OP_1(TestLog, kFloatLanes, LogOf(d, a))
KEEL_MICRO_OP_1(TestSin, kFloatLanes, SinOf(d, a))
KEEL_MICRO_OP_1(TestCos, kFloatLanes, CosOf(d, a))
KEEL_MICRO_OP_1(TestTanh, kFloatLanes, TanhOf(d, a))
KEEL_MICRO_OP_1(TestSigmoid, kFloatLanes, SigmoidOf(d, a))

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/loops/loop_kernel.h"
#include "gtest/gtest.h"

namespace keel {
namespace {

KEEL_EXPORT_MICRO_OP(TestExp, "exp", 1, "exp(a)")
KEEL_EXPORT_MICRO_OP(TestExpOfNegative, "exp_of_negative", 1, "exp(-fabs(a))")
KEEL_EXPORT_MICRO_OP(TestLog, "log", 1, "log(a)")
KEEL_EXPORT_MICRO_OP(TestSin, "sin", 1, "sin(a)")
KEEL_EXPORT_MICRO_OP(TestCos, "cos", 1, "cos(a)")
KEEL_EXPORT_MICRO_OP(TestTanh, "tanh", 1, "tanh(a)")
KEEL_EXPORT_MICRO_OP(TestSigmoid, "sigmoid", 1, "1 / (1 + exp(-a))")

using Real = long double;

struct Case {
  const MicroOp* op;
  Real (*exact)(Real);
  double low, high;      // Where numbers are drawn from.
  double worst;          // ULP.
};

Real sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }

const Case kCases[] = {
    {&kTestExp, [](Real x) { return std::exp(x); }, -110, 95, 1.5},
    {&kTestExp, [](Real x) { return std::exp(x); }, -750, 720, 1.5},
    {&kTestExpOfNegative, [](Real x) { return std::exp(-std::abs(x)); }, -87, 0, 1.5},
    {&kTestExpOfNegative, [](Real x) { return std::exp(-std::abs(x)); }, -708, 0, 1.5},
    {&kTestLog, [](Real x) { return std::log(x); }, -0.1, 20, 1},
    {&kTestSin, [](Real x) { return std::sin(x); }, -10, 10, 4},
    {&kTestCos, [](Real x) { return std::cos(x); }, -10, 10, 4},
    {&kTestSin, [](Real x) { return std::sin(x); }, -1e6, 1e6, 4},
    {&kTestCos, [](Real x) { return std::cos(x); }, -1e6, 1e6, 4},
    {&kTestTanh, [](Real x) { return std::tanh(x); }, -25, 25, 3},
    {&kTestTanh, [](Real x) { return std::tanh(x); }, -1, 1, 3},
    {&kTestSigmoid, sigmoid, -110, 30, 3},
    {&kTestSigmoid, sigmoid, -750, 50, 3},
};

// How many units in the last place `got` is off.
template <typename T>
Real ulps(T got, Real exact) {
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) == std::isnan(got) ? 0 : 1e30L;
  const T want = static_cast<T>(exact);
  if (std::isinf(want) || std::isinf(got)) return want == got ? 0 : 1e30L;
  const T size = std::max(std::abs(want), std::numeric_limits<T>::min());
  return std::abs(got - exact) / (std::nextafter(size, std::numeric_limits<T>::infinity()) - size);
}

template <typename T>
void check(const Case& c, int64_t target) {
  using L = std::numeric_limits<T>;
  std::vector<T> x = {0,       T(-0.0), 1,       -1,          L::infinity(), -L::infinity(),
                      L::max(), L::lowest(), L::min(), -L::min(), L::denorm_min(), L::quiet_NaN(),
                      T(88.72283), T(88.7229), T(-87.33), T(-103.97), T(709.78), T(709.79),
                      T(-708.39), T(-745.13), T(38999), T(39001)};
  std::mt19937_64 random(1);
  std::uniform_real_distribution<T> uniform(static_cast<T>(c.low), static_cast<T>(c.high));
  std::uniform_real_distribution<T> exponent(-30, 0);
  for (int i = 0; i < 20000; ++i) {
    x.push_back(uniform(random));
    x.push_back(uniform(random) * std::exp2(exponent(random)));
  }
  LoopProgram program;
  const Shape shape{static_cast<int64_t>(x.size())};
  const DType dtype = dtype_of<T>();
  program.shape = shape;
  program.inputs = {{dtype, shape}};
  program.steps = {{c.op, dtype, {0}}};
  program.outputs = {{1}};
  const LoopKernel kernel(program);
  ASSERT_EQ(kernel.target(), target);
  std::vector<T> y(x.size());
  const View in{x.data(), dtype, &shape, 0}, out{y.data(), dtype, &shape, 0};
  const ThreadPool pool(1);
  kernel.run({pool}, {&in, 1}, {&out, 1});
  for (size_t i = 0; i < x.size(); ++i) {
    // Of a float's cosine at 1e38 long double knows nothing.
    if ((c.op == &kTestSin || c.op == &kTestCos) && std::isfinite(x[i]) && std::abs(x[i]) > 1e15) {
      EXPECT_LE(std::abs(y[i]), 1) << x[i];
      continue;
    }
    // What is no normal number it may leave out.
    constexpr double kNormal = sizeof(T) == 4 ? 87 : 708;
    if (c.op == &kTestExpOfNegative && std::abs(x[i]) > kNormal && y[i] == 0) continue;
    ASSERT_LE(ulps(y[i], c.exact(x[i])), c.worst)
        << c.op->name << "(" << x[i] << ") = " << y[i] << " in " << dtype;
  }
  if (c.op == &kTestTanh || c.op == &kTestSin) {
    EXPECT_TRUE(std::signbit(y[1])) << "the sign of zero";
  }
}

class Exponential : public testing::TestWithParam<int64_t> {
 public:
  void SetUp() override { choose(GetParam()); }
  void TearDown() override { choose(0); }

 private:
  static void choose(int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

TEST_P(Exponential, IsExactToAFewUlps) {
  for (const Case& c : kCases) {
    check<float>(c, GetParam());
    check<double>(c, GetParam());
  }
}

std::vector<int64_t> targets() {
  std::vector<int64_t> all;
  for (int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1) {
    all.push_back(rest & -rest);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Targets, Exponential, testing::ValuesIn(targets()), [](const auto& info) {
  return std::string(hwy::TargetName(info.param));
});

}  // namespace
}  // namespace keel

#endif  // HWY_ONCE
