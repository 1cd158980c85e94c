#include "ops/reduction/logsumexp.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::both_ways;
using testing_util::error_of;
using testing_util::iota;

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(LogSumExp, OverAxes) {
  const Array x = testing::random_array({3, 5}, 1, -3, 3);
  const auto rows = both_ways([](const Tensor& t) { return logsumexp(t, 1, true); }, x);
  EXPECT_EQ(rows.shape(), (Shape{3, 1}));
  double all = 0;
  for (int r = 0; r < 3; ++r) {
    double sum = 0;
    for (int c = 0; c < 5; ++c) sum += std::exp(x.element<double>(r * 5 + c));
    EXPECT_NEAR(rows.element<double>(r), std::log(sum), 1e-14);
    all += sum;
  }
  EXPECT_NEAR(eval(logsumexp(constant(x, {.dtype = "float64"}))).item<double>(), std::log(all), 1e-14);
}

TEST(LogSumExp, DoesNotOverflow) {
  const Array x = Array{{1000, 1000}, {-1000, -1001}, {-kInf, -kInf}, {-kInf, 1}, {kInf, 1}}.cast("float32");
  const Array y = eval(logsumexp(constant(x), 1));
  EXPECT_FLOAT_EQ(y.element<float>(0), 1000 + std::log(2.0f));
  EXPECT_FLOAT_EQ(y.element<float>(1), -1000 + std::log1p(std::exp(-1.0f)));
  EXPECT_EQ(y.element<double>(2), -kInf);
  EXPECT_EQ(y.element<double>(3), 1);
  EXPECT_EQ(y.element<double>(4), kInf);
  EXPECT_TRUE(std::isnan(eval(logsumexp(constant(Array{1, NAN}))).item<double>()));
  EXPECT_EQ(eval(logsumexp(constant(Array({0}, DType::kFloat32)))).item<double>(), -kInf);
}

TEST(LogSumExp, SaysWhatItGot) {
  EXPECT_THAT(error_of([] { logsumexp(constant(iota({2}, "int32"), {.dtype = "int32"})); }),
              HasSubstr("logsumexp: x is int32"));
  EXPECT_THAT(error_of([] { logsumexp(constant(iota({2})), 1); }), HasSubstr("logsumexp: axis 1"));
}

TEST(LogSumExp, HasGradients) {
  const Array x = testing::random_array({3, 4}, 1);
  testing::check_gradients([](const Tensors& in) { return logsumexp(in[0]); }, {x});
  testing::check_gradients([](const Tensors& in) { return logsumexp(in[0], 0); }, {x});
  testing::check_gradients([](const Tensors& in) { return logsumexp(in[0], 1, true); }, {x});
}

}  // namespace
}  // namespace keel
