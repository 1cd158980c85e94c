#include "core/simd_targets.h"

#include "ops/reduction/logsumexp.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "ops/array/transpose.h"
#include "ops/math/kernel_test_util.h"
#include "ops/reduction/logsumexp_kernel.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::both_ways;
using testing_util::epsilon_of;
using testing_util::error_of;
using testing_util::Guarded;
using testing_util::iota;
using testing_util::on_every_target;
using testing_util::pool_of;
using testing_util::value_of;
using testing_util::view;

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

// Over the last axis by a kernel, over others composed.
TEST(LogSumExp, DoesNotOverflow) {
  const Array x = Array{{1000, 1000}, {-1000, -1001}, {-kInf, -kInf}, {-kInf, 1}, {kInf, 1}}.cast("float32");
  for (const Array& y : {eval(logsumexp(constant(x), 1)), eval(logsumexp(transpose(constant(x)), 0))}) {
    EXPECT_FLOAT_EQ(y.element<float>(0), 1000 + std::log(2.0f));
    EXPECT_FLOAT_EQ(y.element<float>(1), -1000 + std::log1p(std::exp(-1.0f)));
    EXPECT_EQ(y.element<double>(2), -kInf);
    EXPECT_EQ(y.element<double>(3), 1);
    EXPECT_EQ(y.element<double>(4), kInf);
  }
  EXPECT_TRUE(std::isnan(eval(logsumexp(constant(Array{1, NAN}))).item<double>()));
  EXPECT_EQ(eval(logsumexp(constant(Array({0}, DType::kFloat32)))).item<double>(), -kInf);
}

template <typename T>
void check_rows(int64_t rows, int64_t k) {
  const Shape shape{rows, k}, row_shape{rows};
  std::mt19937 random(static_cast<unsigned>(rows * 1000 + k));
  Guarded<T> x(rows * k, 1);
  x.fill(random);
  std::vector<Guarded<T>> results;
  for (int threads : {1, 2, 7}) {
    Guarded<T> y(rows, 1);
    Guarded<char> scratch(static_cast<int64_t>(logsumexp_scratch_bytes(rows, k)));
    logsumexp_rows(view(x, shape), rows, k, view(y, row_shape),
                   reinterpret_cast<std::byte*>(scratch.data()), pool_of(threads));
    ASSERT_TRUE(y.intact() && scratch.intact());
    results.push_back(y);
    ASSERT_TRUE(results.back().same_bits(results[0]));
  }
  for (int64_t row = 0; row < rows; ++row) {
    long double sum = 0;  // Added up one by one, thousands would leave their trace in a double.
    for (int64_t i = 0; i < k; ++i) sum += std::exp(value_of(x.data()[row * k + i]));
    const double wanted = static_cast<double>(std::log(sum));
    ASSERT_NEAR(value_of(results[0].data()[row]), wanted, 4 * epsilon_of<T>() * (1 + std::abs(wanted)))
        << row << " of " << rows << " x " << k;
  }
}

template <typename T>
void check_all_rows() {
  for (int64_t k : {1, 2, 3, 7, 8, 15, 16, 17, 63, 64, 65, 130, 511, 512, 513, 1000, 4096, 4097, 9000}) {
    check_rows<T>(3, k);
  }
  check_rows<T>(0, 3);
  check_rows<T>(5000, 10);
  check_rows<T>(1, 100000);
}

TEST(LogSumExpRows, Float32) { on_every_target(check_all_rows<float>); }
TEST(LogSumExpRows, Float64) { on_every_target(check_all_rows<double>); }
TEST(LogSumExpRows, Float16) { on_every_target(check_all_rows<hwy::float16_t>); }
TEST(LogSumExpRows, Bfloat16) { on_every_target(check_all_rows<hwy::bfloat16_t>); }

// One such element at every place of rows of one chunk and of several.
TEST(LogSumExpRows, Extremes) {
  on_every_target([] {
    const auto inf = static_cast<float>(kInf);
    for (int64_t k : {5, 37, 9000}) {
      const Shape shape{1, k}, row_shape{1};
      std::vector<char> scratch(logsumexp_scratch_bytes(1, k));
      const auto of = [&](std::vector<float>& x) {
        float y = 0;
        logsumexp_rows({x.data(), DType::kFloat32, &shape}, 1, k, {&y, DType::kFloat32, &row_shape},
                       reinterpret_cast<std::byte*>(scratch.data()), pool_of(2));
        return y;
      };
      for (int64_t at = 0; at < k; at += k < 100 ? 1 : 61) {
        for (float around : {0.0f, -inf, inf, 3e38f, -3e38f}) {
          std::vector<float> x(static_cast<size_t>(k), around);
          x[static_cast<size_t>(at)] = NAN;
          ASSERT_TRUE(std::isnan(of(x))) << at << " in " << around;
          x[static_cast<size_t>(at)] = inf;
          ASSERT_EQ(of(x), inf) << at << " in " << around;
        }
        std::vector<float> x(static_cast<size_t>(k), -inf);
        ASSERT_EQ(of(x), -inf);
        for (float one : {1.0f, 3e38f, -3e38f}) {
          x[static_cast<size_t>(at)] = one;
          ASSERT_EQ(of(x), one);
        }
      }
    }
  });
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
  testing::check_gradients([](const Tensors& in) { return logsumexp(in[0], 1); }, {x});
  testing::check_gradients([](const Tensors& in) { return logsumexp(in[0], 1, true); }, {x});
}

}  // namespace
}  // namespace keel
