#include "ops/reduction/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "core/gradients.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "ops/math/arithmetic.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::both_ways;
using testing_util::error_of;
using testing_util::fed_unknown;
using testing_util::iota;

constexpr double kInf = std::numeric_limits<double>::infinity();

using Reduce = Tensor (*)(const Tensor&, const Axes&, bool);

auto over(Reduce f, const Axes& axis, bool keepdims = false) {
  return [=](const Tensor& t) { return f(t, axis, keepdims); };
}

// `f` over the axes of `mask`, one output element at a time.
std::vector<double> reference(const Array& x, const std::vector<bool>& mask, double start,
                              double (*combine)(double, double)) {
  std::vector<double> out;
  int64_t kept = 1;
  for (int a = 0; a < x.rank(); ++a) kept *= mask[a] ? 1 : x.shape()[a];
  out.assign(kept, start);
  for (int64_t i = 0; i < x.elements(); ++i) {
    int64_t rest = i, to = 0, stride = 1;
    for (int a = x.rank() - 1; a >= 0; --a) {
      const int64_t at = rest % x.shape()[a];
      rest /= x.shape()[a];
      if (mask[a]) continue;
      to += at * stride;
      stride *= x.shape()[a];
    }
    out[to] = combine(out[to], x.element<double>(i));
  }
  return out;
}

double add_of(double a, double b) { return a + b; }
double product_of(double a, double b) { return a * b; }
double max_of(double a, double b) { return std::max(a, b); }
double min_of(double a, double b) { return std::min(a, b); }

TEST(Reduce, OverEverySetOfAxes) {
  std::mt19937 random(1);
  Array x({3, 5, 2, 7}, DType::kFloat32);
  for (int64_t i = 0; i < x.elements(); ++i) {
    x.mutable_data<float>()[i] = static_cast<float>(static_cast<int>(random() % 5) - 2);
  }
  for (int set = 0; set < 16; ++set) {
    SCOPED_TRACE(set);
    std::vector<int64_t> axes;
    std::vector<bool> mask(4, false);
    for (int a = 0; a < 4; ++a) {
      if (set >> a & 1) axes.push_back(a % 2 ? a : a - 4), mask[a] = true;
    }
    for (const char* dtype : {"float32", "float64", "int32", "int64", "float16", "bfloat16"}) {
      SCOPED_TRACE(dtype);
      const Array typed = x.cast(dtype);
      for (bool keepdims : {false, true}) {
        const Array s = both_ways(over(sum, axes, keepdims), typed);
        EXPECT_EQ(s.to_vector<double>(), reference(x, mask, 0, add_of));
        EXPECT_EQ(s.rank(), keepdims ? 4 : 4 - static_cast<int>(axes.size()));
        EXPECT_EQ(both_ways(over(max, axes, keepdims), typed).to_vector<double>(), reference(x, mask, -kInf, max_of));
        EXPECT_EQ(both_ways(over(min, axes, keepdims), typed).to_vector<double>(), reference(x, mask, kInf, min_of));
        if (axes.size() < 3) {
          std::vector<double> want = reference(x, mask, 1, product_of), got;
          for (double v : both_ways(over(prod, axes, keepdims), typed).to_vector<double>()) got.push_back(v + 0.0);
          for (double& v : want) v += 0.0;
          EXPECT_EQ(got, want);
        }
      }
    }
  }
}

TEST(Reduce, OfNothing) {
  const Array x({0, 3}, DType::kFloat32);
  EXPECT_THAT(both_ways(over(sum, 0), x).to_vector<double>(), ElementsAre(0, 0, 0));
  EXPECT_THAT(both_ways(over(prod, 0), x).to_vector<double>(), ElementsAre(1, 1, 1));
  EXPECT_THAT(both_ways(over(max, 0), x).to_vector<double>(), ElementsAre(-kInf, -kInf, -kInf));
  EXPECT_THAT(both_ways(over(min, 0), x).to_vector<double>(), ElementsAre(kInf, kInf, kInf));
  EXPECT_TRUE(std::isnan(eval(mean(constant(x), 0)).element<double>(0)));
  EXPECT_EQ(eval(mean(constant(x.cast("int32"), {.dtype = "int32"}), 0)).element<int>(0), 0);
  EXPECT_EQ(eval(max(constant(x.cast("int32"), {.dtype = "int32"}), 0)).element<int>(0),
            std::numeric_limits<int32_t>::lowest());
  EXPECT_THAT(both_ways(over(any, 0), x).to_vector<int>(), ElementsAre(0, 0, 0));
  EXPECT_THAT(both_ways(over(all, 0), x).to_vector<int>(), ElementsAre(1, 1, 1));
  EXPECT_EQ(both_ways(over(sum, 1), x).shape(), Shape{0});
}

TEST(Mean, OfEveryDtype) {
  EXPECT_THAT(both_ways(over(mean, 1), Array{{1, 2}, {3, 6}}.cast("float32")).to_vector<double>(),
              ElementsAre(1.5, 4.5));
  EXPECT_THAT(both_ways(over(mean, 1), Array{{-4, 3, 2, 1, -4}, {2, 0, 1, -1, 4}}.cast("int32")).to_vector<int>(),
              ElementsAre(0, 1));
  EXPECT_EQ(both_ways(over(mean, {}), Array{-1, -1, -1, 0}.cast("int8")).item<int>(), 0);
  EXPECT_EQ(both_ways(over(mean, {}), Array{250, 252, 254}.cast("uint8")).item<int>(), 252);
  const Array b = both_ways(over(mean, {}), Array{1, 0, 1, 1}.cast("bool"));
  EXPECT_EQ(b.dtype(), DType("float32"));
  EXPECT_EQ(b.item<double>(), 0.75);
  EXPECT_EQ(both_ways(over(mean, {}), Array::full({5000}, 20, "float16")).item<double>(), 20);
}

TEST(Sum, OfManyIsAccurate) {
  const Array x = Array::full({3000, 1001}, 0.1, "float32");
  const double want = 3003000 * static_cast<double>(0.1f);
  EXPECT_NEAR(eval(sum(constant(x))).item<double>(), want, 1e-6 * want);
  EXPECT_NEAR(eval(sum(constant(x), 0)).element<double>(7), want / 1001, 3e-6 * want / 1001);
  EXPECT_EQ(eval(sum(constant(Array::full({4096}, 1, "float16"), {.dtype = "float16"}))).item<double>(), 4096);
}

TEST(Extremes, KeepNaN) {
  const Array x = Array{{1, NAN, 3}, {NAN, 1, 2}, {1, 2, NAN}, {5, 6, 7}}.cast("float32");
  for (Reduce f : {max, min}) {
    const Array y = eval(f(constant(x), 1, false));
    for (int i : {0, 1, 2}) EXPECT_TRUE(std::isnan(y.element<double>(i))) << i;
    EXPECT_FALSE(std::isnan(y.element<double>(3)));
  }
  EXPECT_THAT(eval(max(constant(Array{{kInf, 1}, {-kInf, -5}}), 1)).to_vector<double>(), ElementsAre(kInf, -5));
}

TEST(AnyAll, OfEveryDtype) {
  for (const char* dtype : {"bool", "uint8", "int64", "float32", "bfloat16"}) {
    const Array x = Array{{0, 0}, {0, 2}, {3, 1}}.cast(dtype);
    const Array some = both_ways(over(any, 1), x);
    EXPECT_EQ(some.dtype(), DType("bool"));
    EXPECT_THAT(some.to_vector<int>(), ElementsAre(0, 1, 1));
    EXPECT_THAT(both_ways(over(all, -1, true), x).to_vector<int>(), ElementsAre(0, 0, 1));
  }
  EXPECT_EQ(eval(any(constant(Array{NAN, 0}))).item<int>(), 1);
  EXPECT_EQ(eval(all(constant(Array{NAN, 0}))).item<int>(), 0);
}

TEST(Reduce, SaysWhatItGot) {
  const Tensor x = constant(iota({2, 3})), b = constant(iota({2}, "bool"), {.dtype = "bool"});
  EXPECT_THAT(error_of([&] { sum(x, 2); }), HasSubstr("sum: axis 2 is out of range"));
  EXPECT_THAT(error_of([&] { max(x, {0, -2}); }), HasSubstr("max: axis -2 is named twice"));
  EXPECT_THAT(error_of([&] { prod(b); }), HasSubstr("prod: x is bool"));
  EXPECT_THAT(error_of([&] { mean(x, -3); }), HasSubstr("mean: axis -3"));
  EXPECT_THAT(error_of([&] { all(x, 5); }), HasSubstr("all: axis 5"));
  EXPECT_THAT(error_of([&] { sum(Tensor()); }), HasSubstr("sum: x is an empty tensor handle"));
}

TEST(Reduce, HasGradients) {
  const Array x = testing::random_array({2, 3, 4}, 1);
  for (Reduce f : {sum, mean, max, min, prod}) {
    for (const Axes& axes : {Axes(), Axes(1), Axes({0, 2}), Axes(-1)}) {
      for (bool keepdims : {false, true}) {
        testing::check_gradients([&](const Tensors& in) { return f(in[0], axes, keepdims); }, {x});
      }
    }
  }
}

TEST(Extremes, ShareTheGradientOfTies) {
  const Tensor x = placeholder({.shape = Shape{None, 4}});
  const Tensors g = gradients(max(x, 1), {x});
  EXPECT_THAT(function({x}, g)({Array{{1, 3, 3, 2}, {5, 5, 5, 5}}})[0].to_vector<double>(),
              ElementsAre(0, 0.5, 0.5, 0, 0.25, 0.25, 0.25, 0.25));
}

TEST(Prod, HasExactGradientsAtZero) {
  const Tensor x = placeholder({.shape = Shape{None, 3}});
  const Function f = function({x}, gradients(prod(x, 1), {x}));
  EXPECT_THAT(f({Array{{0, 2, 3}, {0, 0, 3}, {1, 2, 3}}})[0].to_vector<double>(),
              ElementsAre(6, 0, 0, 0, 0, 0, 6, 3, 2));
  const Array zero = Array{{0.0, 2.0, 3.0}, {0.5, 0.0, 0.0}};
  testing::check_gradients([](const Tensors& in) { return prod(in[0], 1); }, {zero});
  testing::check_gradients([](const Tensors& in) { return prod(in[0], {0, 1}); }, {zero});
}

// A reduction at the end of a chain of element-wise ops is one step with it.
TEST(Reduce, FusesWithWhatItReduces) {
  const Tensor x = placeholder({.shape = Shape{None, 4}});
  const Function f = function({x}, {sum(square(x) * x, 1)});
  const std::string plan = f.explain({iota({3, 4})});
  EXPECT_THAT(plan, HasSubstr("\n1 steps"));
  EXPECT_EQ(f({iota({3, 4})})[0].element<double>(0), 36);
}

}  // namespace
}  // namespace keel
