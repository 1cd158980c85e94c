#include "ops/reduction/moments.h"

#include <cmath>

#include "core/gradients.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using testing_util::both_ways;
using testing_util::error_of;
using testing_util::iota;

TEST(Moments, OfRowsAndColumns) {
  const Array x = Array{{2, 2}, {1, 3}}.cast("float32");
  EXPECT_THAT(both_ways([](const Tensor& t) { return var(t, 1); }, x).to_vector<double>(), ElementsAre(0, 1));
  EXPECT_THAT(both_ways([](const Tensor& t) { return std(t, 1); }, x).to_vector<double>(), ElementsAre(0, 1));
  EXPECT_THAT(both_ways([](const Tensor& t) { return var(t, 0, true); }, x).shape(), (Shape{1, 2}));
  EXPECT_NEAR(eval(std(constant(x))).item<double>(), std::sqrt(0.5), 1e-6);
  // A mean far from 0: the difference of two sums of squares would be nothing but error.
  EXPECT_NEAR(eval(var(constant(Array{1e4, 1e4 + 1, 1e4 + 2}))).item<double>(), 2.0 / 3, 1e-6);
  const Array b = eval(var(constant(Array{1, 0, 0}.cast("bool"), {.dtype = "bool"})));
  EXPECT_EQ(b.dtype(), DType("float32"));
  EXPECT_THAT(b.item<float>(), FloatNear(2.0f / 9, 1e-6f));
}

TEST(Moments, OfIntegersAreTruncated) {
  // The mean of 1, 2 and 5 is 2.67, cut to 2, and that of 1, 0 and 9 is 3.33, cut to 3.
  const Array v = eval(var(constant(Array{1, 2, 5}, {.dtype = "int32"})));
  EXPECT_EQ(v.dtype(), "int32");
  EXPECT_EQ(v.item<int>(), 3);
}

TEST(Moments, SayWhatTheyGot) {
  const Tensor x = constant(iota({2, 3}, "int32"), {.dtype = "int32"});
  EXPECT_THAT(error_of([&] { var(constant(iota({2, 3}, "uint8"), {.dtype = "uint8"})); }), HasSubstr("var: x is uint8"));
  EXPECT_THAT(error_of([&] { std(x); }), HasSubstr("std: x is int32"));
  EXPECT_THAT(error_of([] { std(constant(iota({2})), 1); }), HasSubstr("std: axis 1"));
}

TEST(Moments, HaveGradients) {
  const Array x = testing::random_array({3, 4}, 1);
  for (const Axes& axes : {Axes(), Axes(0), Axes(1)}) {
    testing::check_gradients([&](const Tensors& in) { return var(in[0], axes); }, {x});
    testing::check_gradients([&](const Tensors& in) { return std(in[0], axes, true); }, {x});
  }
  const Tensor same = placeholder({.shape = Shape{2}});
  const Array g = function({same}, gradients(std(same), {same}))({Array{2, 2}})[0];
  EXPECT_TRUE(std::isnan(g.element<double>(0)));
}

}  // namespace
}  // namespace keel
