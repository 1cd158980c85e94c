#include "core/simd_targets.h"
#include "ops/reduction/cumulative.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/gradients.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "ops/math/kernel_test_util.h"
#include "ops/reduction/recurrence.h"
#include "ops/reduction/scan_kernel.h"
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
using testing_util::value_of;

// All three scans against loops in float64. Integers: small numbers, and products of 1 and -1.
template <typename T>
void check(int64_t outer, int64_t n, int64_t inner, bool backwards) {
  SCOPED_TRACE(::testing::Message() << dtype_of<T>() << ' ' << outer << 'x' << n << 'x' << inner << ' ' << backwards);
  const ThreadPool pool(2), one(1);
  const ScanShape shape{outer, n, inner, backwards};
  std::mt19937 random(static_cast<unsigned>(outer + n * 3 + inner * 7));
  const int64_t size = outer * n * inner;
  Guarded<T> x(size, 1), y(size, 1), sums(size, 1), again(size, 1), products(size, 1), h(size, 1);
  for (int64_t i = 0; i < size; ++i) {
    x.data()[i] = convert_element<T>(std::is_integral_v<T> ? random() % 2 * 2 - 1.0 : 0.9 + random() % 16 / 64.0);
  }
  y.fill(random);
  std::vector<double> scratch(running_sum_scratch_bytes(shape) / sizeof(double) + 1);
  std::byte* const room = reinterpret_cast<std::byte*>(scratch.data());
  running_sum(pool, shape, dtype_of<T>(), y.data(), sums.data(), room);
  running_sum(one, shape, dtype_of<T>(), y.data(), again.data(), room);
  running_product(pool, shape, dtype_of<T>(), x.data(), products.data());
  recurrence(pool, shape, dtype_of<T>(), 0.5, x.data(), y.data(), h.data());
  EXPECT_TRUE(sums.same_bits(again));
  EXPECT_TRUE(sums.intact() && products.intact() && h.intact());
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t c = 0; c < inner; ++c) {
      double sum = 0, size_of_sum = 0, product = 1, state = 0.5, size_of_state = 0.5;
      for (int64_t t = 0; t < n; ++t) {
        const int64_t i = (o * n + (backwards ? n - 1 - t : t)) * inner + c;
        const double a = value_of(x.data()[i]), b = value_of(y.data()[i]);
        sum += b;
        size_of_sum += std::fabs(b);
        product *= a;
        ASSERT_NEAR(value_of(sums.data()[i]), sum, epsilon_of<T>() * std::fabs(sum) + 1e-13 * size_of_sum) << i;
        ASSERT_NEAR(value_of(products.data()[i]), product, (epsilon_of<T>() + 1e-13 * n) * std::fabs(product)) << i;
        if constexpr (!std::is_integral_v<T>) {
          ASSERT_NEAR(value_of(h.data()[i]), state, epsilon_of<T>() * std::fabs(state) + 1e-13 * size_of_state) << i;
        }
        state = a * state + b;
        size_of_state = a * size_of_state + std::fabs(b);
      }
    }
  }
}

template <typename T>
void check_shapes() {
  for (bool backwards : {false, true}) {
    for (int64_t n : {0, 1, 2, 9}) {
      for (int64_t inner : {1, 2, 3, 8, 9, 31, 64, 70, 300}) check<T>(3, n, inner, backwards);
    }
    check<T>(9, 50, 1, backwards);
    check<T>(1, 130, 5, backwards);
  }
}

TEST(ScanKernel, OfEveryDtypeOnEveryTarget) {
  on_every_target([] {
    check_shapes<float>();
    check_shapes<double>();
    check_shapes<float16>();
    check_shapes<bfloat16>();
    check_shapes<int32_t>();
    check_shapes<int64_t>();
  });
}

// Rows that are cut into chunks; sums of a few kinds of numbers, exact in float64.
TEST(ScanKernel, LongRows) {
  on_every_target([] {
    for (bool backwards : {false, true}) {
      for (int64_t n : {16384, 20001, 65537}) {
        SCOPED_TRACE(n);
        Array x({2, n}, DType::kFloat32);
        for (int64_t i = 0; i < 2 * n; ++i) x.mutable_data<float>()[i] = static_cast<float>(i % 7) - 2.5f;
        const ScanShape shape{2, n, 1, backwards};
        std::vector<double> scratch(running_sum_scratch_bytes(shape) / sizeof(double));
        ASSERT_GT(scratch.size(), 0u);
        std::vector<float> out(2 * n), again(2 * n);
        for (int threads : {1, 3}) {
          running_sum(ThreadPool(threads), shape, DType::kFloat32, x.data<float>(),
                      threads == 1 ? out.data() : again.data(), reinterpret_cast<std::byte*>(scratch.data()));
        }
        EXPECT_EQ(out, again);
        for (int64_t r = 0; r < 2; ++r) {
          double sum = 0;
          for (int64_t t = 0; t < n; ++t) {
            const int64_t i = r * n + (backwards ? n - 1 - t : t);
            sum += x.element<double>(i);
            ASSERT_EQ(out[i], static_cast<float>(sum)) << i;
          }
        }
      }
    }
  });
}

TEST(CumSum, OfEveryAxis) {
  EXPECT_THAT(both_ways([](const Tensor& t) { return cumsum(t); }, iota({3, 2})).to_vector<int>(),
              ElementsAre(0, 1, 2, 4, 6, 9));
  EXPECT_THAT(both_ways([](const Tensor& t) { return cumsum(t, -1); }, iota({2, 3}, "int32")).to_vector<int>(),
              ElementsAre(0, 1, 3, 3, 7, 12));
  EXPECT_EQ(both_ways([](const Tensor& t) { return cumsum(t); }, iota({0, 2})).shape(), (Shape{0, 2}));
  EXPECT_THAT(both_ways([](const Tensor& t) { return cumsum(t); }, Array{200, 100}.cast("uint8")).to_vector<int>(),
              ElementsAre(200, 44));
}

TEST(CumProd, OfEveryAxis) {
  EXPECT_THAT(both_ways([](const Tensor& t) { return cumprod(t, 1); }, Array{{1, 2, 3}, {4, 5, 0}}).to_vector<int>(),
              ElementsAre(1, 2, 6, 4, 20, 0));
  EXPECT_THAT(both_ways([](const Tensor& t) { return cumprod(t, 0); }, Array{{1, 2}, {4, 5}}.cast("int64")).to_vector<int>(),
              ElementsAre(1, 2, 4, 10));
}

TEST(Cumulative, SaysWhatItGot) {
  EXPECT_THAT(error_of([] { cumsum(constant(iota({2})), 1); }), HasSubstr("cumsum: axis 1"));
  EXPECT_THAT(error_of([] { cumprod(constant(1.0)); }), HasSubstr("cumprod: axis 0"));
  EXPECT_THAT(error_of([] { cumsum(constant(iota({2}, "bool"), {.dtype = "bool"})); }), HasSubstr("cumsum: x is bool"));
}

TEST(Cumulative, HasGradients) {
  const Array x = testing::random_array({3, 4, 2}, 1, 0.5, 1.5);
  for (int axis : {0, 1, 2}) {
    testing::check_gradients([&](const Tensors& in) { return cumsum(in[0], axis); }, {x});
    testing::check_gradients([&](const Tensors& in) { return cumprod(in[0], axis); }, {x});
    for (bool backwards : {false, true}) {
      testing::check_gradients([&](const Tensors& in) { return product_before(in[0], axis, backwards); }, {x});
    }
  }
  const Tensor zero = placeholder({.shape = Shape{3}});
  const Array g = function({zero}, gradients(cumprod(zero), {zero}))({Array{1, 0, 2}})[0];
  EXPECT_TRUE(std::isnan(g.element<double>(1)));
}

TEST(ProductBefore, IsExactAtZero) {
  const Array x = Array{{2, 0, 3}, {0, 5, 0}};
  EXPECT_THAT(both_ways([](const Tensor& t) { return product_before(t, 1, false); }, x).to_vector<int>(),
              ElementsAre(1, 2, 0, 1, 0, 0));
  EXPECT_THAT(both_ways([](const Tensor& t) { return product_before(t, 1, true); }, x).to_vector<int>(),
              ElementsAre(0, 3, 1, 0, 0, 1));
  testing::check_gradients([](const Tensors& in) { return product_before(in[0], 1, false); }, {x});
  EXPECT_THAT(error_of([] { product_before(constant(iota({2}, "int32"), {.dtype = "int32"}), 0, false); }),
              HasSubstr("product_before: x is int32"));
}

}  // namespace
}  // namespace keel
