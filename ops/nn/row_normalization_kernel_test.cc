#include "core/simd_targets.h"

#include "ops/nn/row_normalization_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

#include "core/dtype.h"
#include "gtest/gtest.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::epsilon_of;
using testing_util::Guarded;
using testing_util::on_every_target;
using testing_util::pool_of;
using testing_util::value_of;
using testing_util::view;

// What rows have in plain double, for one row of x and dy.
struct Row {
  double mean = 0, variance = 0, inverse = 0;
  std::vector<double> normalized;
  template <typename T>
  Row(const T* x, int64_t n, double epsilon) {
    for (int64_t i = 0; i < n; ++i) mean += value_of(x[i]) / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) variance += std::pow(value_of(x[i]) - mean, 2) / static_cast<double>(n);
    inverse = 1 / std::sqrt(variance + epsilon);
    for (int64_t i = 0; i < n; ++i) normalized.push_back((value_of(x[i]) - mean) * inverse);
  }
};

// `offset` is added to numbers of [-2, 2].
template <typename T>
void check(int64_t count, int64_t n, double offset = 0) {
  SCOPED_TRACE(testing::Message() << count << " x " << n);
  using Compute = std::conditional_t<sizeof(T) == 8, double, float>;
  constexpr double kEpsilon = 0.01;
  const Shape shape{count, n}, row_shape{n}, count_shape{count};
  const RowShape rows{count, n};
  std::mt19937 random(static_cast<unsigned>(count * n));
  Guarded<T> x(count * n, 1), dy(count * n, 3), gamma(n, 1), beta(n, 2);
  for (Guarded<T>* to : {&x, &dy, &gamma, &beta}) to->fill(random);
  for (int64_t i = 0; i < count * n; ++i) x.data()[i] = convert_element<T>(value_of(x.data()[i]) + offset);
  std::vector<Guarded<T>> ys, dxs, dgammas, dbetas;
  for (int threads : {1, 2, 7}) {
    Guarded<T> y(count * n, 1), dx(count * n, 2), dgamma(n, 1), dbeta(n, 3);
    Guarded<Compute> mean(count, 1), inverse(count, 3);
    Guarded<char> scratch(static_cast<int64_t>(normalize_rows_scratch_bytes(rows)));
    normalize_rows(view(x, shape), view(gamma, row_shape), view(beta, row_shape), rows, kEpsilon,
                   view(y, shape), view(mean, count_shape), view(inverse, count_shape), pool_of(threads));
    normalize_rows_backward(view(dy, shape), view(x, shape), view(gamma, row_shape),
                            view(mean, count_shape), view(inverse, count_shape), rows, view(dx, shape),
                            view(dgamma, row_shape), view(dbeta, row_shape), scratch.data(),
                            pool_of(threads));
    ASSERT_TRUE(y.intact() && dx.intact() && dgamma.intact() && dbeta.intact());
    ASSERT_TRUE(mean.intact() && inverse.intact() && scratch.intact());
    ys.push_back(y), dxs.push_back(dx), dgammas.push_back(dgamma), dbetas.push_back(dbeta);
    ASSERT_TRUE(ys.back().same_bits(ys[0]) && dxs.back().same_bits(dxs[0]));
    ASSERT_TRUE(dgammas.back().same_bits(dgammas[0]) && dbetas.back().same_bits(dbetas[0]));
  }
  // A mean is off by roundings of the offset.
  const double eps = (sizeof(T) == 8 ? 128 : 32) * epsilon_of<T>() * (1 + offset / 2);
  std::vector<double> dgamma(static_cast<size_t>(n)), dbeta(dgamma), terms(dgamma);
  for (int64_t r = 0; r < count; ++r) {
    const T *in = x.data() + r * n, *flow = dy.data() + r * n;
    const Row row(in, n, kEpsilon);
    double flows = 0, products = 0, magnitude = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double g = value_of(flow[i]), scaled = g * value_of(gamma.data()[i]), at = row.normalized[i];
      dgamma[i] += g * at;
      dbeta[i] += g;
      terms[i] += std::abs(g) * (1 + std::abs(at));
      flows += scaled / static_cast<double>(n);
      products += scaled * at / static_cast<double>(n);
      magnitude = std::max(magnitude, std::abs(scaled));
    }
    for (int64_t i = 0; i < n; ++i) {
      const double at = row.normalized[i], factor = value_of(gamma.data()[i]);
      ASSERT_NEAR(value_of(ys[0].data()[r * n + i]), at * factor + value_of(beta.data()[i]),
                  eps * (2 + row.inverse + std::abs(at * factor)));
      ASSERT_NEAR(value_of(dxs[0].data()[r * n + i]),
                  (value_of(flow[i]) * factor - flows - at * products) * row.inverse,
                  eps * row.inverse * (1 + row.inverse) * (1 + magnitude * (1 + std::abs(at))));
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    ASSERT_NEAR(value_of(dgammas[0].data()[i]), dgamma[i], eps * (1 + 12 * terms[i]));
    ASSERT_NEAR(value_of(dbetas[0].data()[i]), dbeta[i], eps * (1 + terms[i]));
  }
}

template <typename T>
void check_lengths() {
  for (int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130, 1000}) check<T>(5, n);
  for (int64_t count : {1, 2, 255, 256, 257, 3000}) check<T>(count, 5);
  check<T>(3, 4096);
  check<T>(3, 9001);
  check<T>(0, 5);
  check<T>(70, 300);
}

TEST(NormalizeRows, Float32) { on_every_target(check_lengths<float>); }
TEST(NormalizeRows, Float64) { on_every_target(check_lengths<double>); }
TEST(NormalizeRows, Float16) { on_every_target(check_lengths<hwy::float16_t>); }
TEST(NormalizeRows, Bfloat16) { on_every_target(check_lengths<hwy::bfloat16_t>); }

TEST(NormalizeRows, ALargeMeanCostsNothingButItsRounding) {
  on_every_target([] {
    check<float>(40, 70, 1e3);
    check<double>(40, 5000, 1e6);
  });
}

// Results that are written past the caches are those of a few rows at a time, which are not.
TEST(NormalizeRows, LargeResultsHaveTheSameBits) {
  on_every_target([] {
    constexpr int64_t kLength = 64, kCount = (int64_t{1} << 24) / (kLength * 4) + 3, kPart = kCount / 2;
    const Shape shape{kCount, kLength}, row{kLength}, counts{kCount};
    std::mt19937 random(1);
    Guarded<float> x(kCount * kLength), dy(kCount * kLength), gamma(kLength), beta(kLength);
    for (Guarded<float>* to : {&x, &dy, &gamma, &beta}) to->fill(random);
    const auto run = [&](int64_t first, int64_t count, Guarded<float>& y, Guarded<float>& dx) {
      Guarded<float> mean(kCount), inverse(kCount), sums(kLength), others(kLength);
      Guarded<char> scratch(static_cast<int64_t>(normalize_rows_scratch_bytes({count, kLength})));
      const auto from = [&](Guarded<float>& array) {
        return View{array.data() + first * kLength, DType::kFloat32, &shape};
      };
      normalize_rows(from(x), view(gamma, row), view(beta, row), {count, kLength}, 0.1, from(y),
                     view(mean, counts), view(inverse, counts), pool_of(2));
      normalize_rows_backward(from(dy), from(x), view(gamma, row), view(mean, counts), view(inverse, counts),
                              {count, kLength}, from(dx), view(sums, row), view(others, row), scratch.data(),
                              pool_of(2));
    };
    Guarded<float> y(kCount * kLength), dx(kCount * kLength), parts_y(kCount * kLength), parts_dx(kCount * kLength);
    run(0, kCount, y, dx);
    run(0, kPart, parts_y, parts_dx);
    run(kPart, kCount - kPart, parts_y, parts_dx);
    EXPECT_TRUE(y.same_bits(parts_y) && dx.same_bits(parts_dx));
    EXPECT_TRUE(y.intact() && dx.intact());
  });
}

TEST(NormalizeRows, InPlace) {
  on_every_target([] {
    const Shape shape{3, 21}, row{21}, count{3};
    std::mt19937 random(1);
    Guarded<float> x(63), y(63), gamma(21), beta(21), mean(3), inverse(3), dx(63), sums(21), others(21);
    for (Guarded<float>* to : {&x, &gamma, &beta}) to->fill(random);
    Guarded<char> scratch(static_cast<int64_t>(normalize_rows_scratch_bytes({3, 21})));
    const auto forward = [&](Guarded<float>& to) {
      normalize_rows(view(x, shape), view(gamma, row), view(beta, row), {3, 21}, 0.1, view(to, shape),
                     view(mean, count), view(inverse, count), pool_of(1));
    };
    const auto backward = [&](Guarded<float>& dy, Guarded<float>& to) {
      normalize_rows_backward(view(dy, shape), view(x, shape), view(gamma, row), view(mean, count),
                              view(inverse, count), {3, 21}, view(to, shape), view(sums, row),
                              view(others, row), scratch.data(), pool_of(1));
    };
    forward(y);
    Guarded<float> dy = y;
    backward(y, dx);
    backward(dy, dy);
    EXPECT_TRUE(dy.same_bits(dx));
    forward(x);
    EXPECT_TRUE(x.same_bits(y));
  });
}

}  // namespace
}  // namespace keel
