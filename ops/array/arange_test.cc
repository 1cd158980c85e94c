#include "ops/array/arange.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "ops/math/math.h"
#include "testing/error_of.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::error_of;

TEST(Arange, Counts) {
  EXPECT_THAT(eval(arange(5)).values<int32_t>(), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(eval(arange(2, 7)).to_vector<int>(), ElementsAre(2, 3, 4, 5, 6));
  EXPECT_THAT(eval(arange(0, 10, 3)).to_vector<int>(), ElementsAre(0, 3, 6, 9));
  EXPECT_THAT(eval(arange(5, 0, -2)).to_vector<int>(), ElementsAre(5, 3, 1));
  EXPECT_THAT(eval(arange(0, 1, 0.25, "float32")).values<float>(), ElementsAre(0, 0.25f, 0.5f, 0.75f));
  EXPECT_THAT(eval(arange(1, 4, 1, "int64")).values<int64_t>(), ElementsAre(1, 2, 3));
  EXPECT_EQ(arange(-3).shape(), Shape{0});
  EXPECT_EQ(arange(3, 3).shape(), Shape{0});
}

TEST(Arange, OfFractionsIsFloat) {
  EXPECT_THAT(eval(arange(0, 1, 0.25)).values<float>(), ElementsAre(0, 0.25f, 0.5f, 0.75f));
  EXPECT_THAT(eval(arange(2.5)).values<float>(), ElementsAre(0, 1, 2));
  EXPECT_THAT(eval(arange(0.5, 3)).values<float>(), ElementsAre(0.5f, 1.5f, 2.5f));
  EXPECT_EQ(arange(-2.5).shape(), Shape{0});
  EXPECT_THAT(eval(arange(0, 3, 0.5, "int32")).to_vector<int>(), ElementsAre(0, 0, 1, 1, 2, 2));
}

TEST(Arange, SaysWhatItGot) {
  EXPECT_THAT(error_of([] { arange(0, 5, 0); }), HasSubstr("arange: start 0, stop 5, step 0"));
  EXPECT_THAT(error_of([] { arange(NAN); }), HasSubstr("accepted are finite numbers"));
  EXPECT_THAT(error_of([] { arange(0, 5, NAN); }), HasSubstr("accepted are finite numbers"));
  EXPECT_THAT(error_of([] { arange(0, 1e300); }), HasSubstr("1e+300 elements"));
  EXPECT_NE(error_of([] { arange(0, 1e18); }), "");
  EXPECT_THAT(error_of([] { arange(0, 5, 1, "bool"); }), HasSubstr("dtype is bool"));
  EXPECT_THAT(error_of([] { arange(5, 1); }), HasSubstr("start 5, stop 1, step 1; the step leads away from stop"));
  EXPECT_THAT(error_of([] { arange(0, 5, -1); }), HasSubstr("leads away"));
}

TEST(Arange, BetweenBoundsOfTheGraph) {
  const Tensor n = placeholder({.shape = Shape{}, .dtype = "int32"}), x = placeholder({.shape = Shape{}});
  const Tensor counted = arange(n), stepped = arange(x, x + 1, x * 0.0 + 0.25, "float64");
  EXPECT_EQ(counted.shape(), Shape{None});
  EXPECT_EQ(counted.dtype(), "int32");
  const Function f = function({n, x}, {counted, stepped, counted + counted});
  const auto out = f({3, 2});
  EXPECT_THAT(out[0].to_vector<int>(), ElementsAre(0, 1, 2));
  EXPECT_THAT(out[1].values<double>(), ElementsAre(2, 2.25, 2.5, 2.75));
  EXPECT_THAT(out[2].to_vector<int>(), ElementsAre(0, 2, 4));
  EXPECT_EQ(f({-1, 2})[0].shape(), Shape{0});
  EXPECT_THAT(error_of([&] { f({1, INFINITY}); }), HasSubstr("accepted are finite numbers"));
  EXPECT_THAT(error_of([&] { arange(n, x, n); }), HasSubstr("scalars of one dtype"));
  EXPECT_THAT(error_of([&] { arange(placeholder({.shape = Shape{2}})); }), HasSubstr("scalars of one dtype"));
  EXPECT_THAT(error_of([&] { arange(n, "bool"); }), HasSubstr("dtype is bool"));
}

}  // namespace
}  // namespace keel
