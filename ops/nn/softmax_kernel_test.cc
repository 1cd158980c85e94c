#include "core/simd_targets.h"

#include "ops/nn/softmax_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
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

const int64_t kLengths[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130, 511, 512, 513, 1000};

// Softmax of column `at` of [k, inner], in double.
template <typename T>
std::vector<double> softmax(const T* x, int64_t k, int64_t inner) {
  double max = -INFINITY, sum = 0;
  for (int64_t i = 0; i < k; ++i) max = std::max(max, value_of(x[i * inner]));
  std::vector<double> y(static_cast<size_t>(k));
  for (int64_t i = 0; i < k; ++i) sum += y[i] = std::exp(value_of(x[i * inner]) - max);
  for (double& v : y) v /= sum;
  return y;
}

template <typename T>
void check_softmax(int64_t outer, int64_t k, int64_t inner) {
  const int64_t n = outer * k * inner;
  const Shape shape{outer, k, inner};
  std::mt19937 random(static_cast<unsigned>(n));
  Guarded<T> x(n, 1), g(n, 1);
  x.fill(random);
  g.fill(random);
  const double tolerance = (sizeof(T) == 8 ? 32 : 8) * epsilon_of<T>();  // The reference's own too.
  std::vector<Guarded<T>> results, slopes;
  for (int threads : {1, 2, 7}) {
    Guarded<T> y(n, 3), dx(n, 2);
    softmax_forward(view(x, shape), outer, k, inner, view(y, shape), pool_of(threads));
    softmax_backward(view(y, shape), view(g, shape), outer, k, inner, view(dx, shape), pool_of(threads));
    ASSERT_TRUE(y.intact() && dx.intact());
    results.push_back(y);
    slopes.push_back(dx);
    ASSERT_TRUE(results.back().same_bits(results[0]) && slopes.back().same_bits(slopes[0]));
  }
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      const int64_t at = o * k * inner + i;
      const auto expected = softmax(x.data() + at, k, inner);
      double mean = 0, magnitude = 0;
      for (int64_t j = 0; j < k; ++j) {
        const double y = value_of(results[0].data()[at + j * inner]);
        ASSERT_NEAR(y, expected[j], tolerance * expected[j] + 1e-7 * (sizeof(T) == 2))
            << outer << ' ' << k << ' ' << inner << " at " << j;
        const double term = y * value_of(g.data()[at + j * inner]);
        mean += term;
        magnitude += std::abs(term);
      }
      for (int64_t j = 0; j < k; ++j) {
        const double y = value_of(results[0].data()[at + j * inner]);
        const double slope = value_of(g.data()[at + j * inner]);
        ASSERT_NEAR(value_of(slopes[0].data()[at + j * inner]), y * (slope - mean),
                    y * (8 * epsilon_of<T>() * (std::abs(slope) + magnitude)) + 1e-7 * (sizeof(T) == 2));
      }
    }
  }
  // In place.
  softmax_forward(view(x, shape), outer, k, inner, view(x, shape), pool_of(1));
  ASSERT_TRUE(n == 0 || std::memcmp(x.data(), results[0].data(), sizeof(T) * n) == 0);
  Guarded<T> dx = g;
  softmax_backward(view(x, shape), view(dx, shape), outer, k, inner, view(dx, shape), pool_of(1));
  ASSERT_TRUE(n == 0 || std::memcmp(dx.data(), slopes[0].data(), sizeof(T) * n) == 0);
}

template <typename T>
void check_shapes() {
  for (int64_t k : kLengths) check_softmax<T>(3, k, 1);
  for (int64_t inner : {2, 3, 5, 8, 15, 16, 17, 33, 70}) {
    check_softmax<T>(2, 5, inner);
    check_softmax<T>(1, 600, inner);
  }
  check_softmax<T>(0, 3, 1);
  check_softmax<T>(2, 0, 3);
  check_softmax<T>(2, 3, 0);
  check_softmax<T>(5000, 10, 1);
}

TEST(Softmax, Float32) { on_every_target(check_shapes<float>); }
TEST(Softmax, Float64) { on_every_target(check_shapes<double>); }
TEST(Softmax, Float16) { on_every_target(check_shapes<hwy::float16_t>); }
TEST(Softmax, Bfloat16) { on_every_target(check_shapes<hwy::bfloat16_t>); }

TEST(Softmax, Extremes) {
  on_every_target([] {
    const float inf = INFINITY;
    for (int64_t inner : {1, 2}) {
      const auto row = [&](std::vector<float> values) {
        std::vector<float> x;
        for (float v : values) x.insert(x.end(), static_cast<size_t>(inner), v);
        const Shape shape{static_cast<int64_t>(x.size())};
        softmax_forward({x.data(), DType::kFloat32, &shape}, 1, static_cast<int64_t>(values.size()),
                        inner, {x.data(), DType::kFloat32, &shape}, pool_of(1));
        std::vector<float> y;
        for (size_t i = 0; i < values.size(); ++i) y.push_back(x[i * static_cast<size_t>(inner)]);
        return y;
      };
      EXPECT_EQ(row({1000, 1000, -1000}), (std::vector<float>{0.5f, 0.5f, 0}));
      EXPECT_EQ(row({-inf, 0, 0}), (std::vector<float>{0, 0.5f, 0.5f}));
      EXPECT_EQ(row({3e38f, -3e38f}), (std::vector<float>{1, 0}));
      for (const auto& bad : {std::vector<float>{NAN, 1, 2}, {1, 2, NAN}, {inf, 1, 2}, {-inf, -inf, -inf}}) {
        for (float v : row(bad)) EXPECT_TRUE(std::isnan(v));
      }
    }
  });
}

// Rows of logits and targets; some targets are 0 where the logit is -inf.
template <typename T>
void check_cross_entropy(int64_t rows, int64_t k) {
  const Shape shape{rows, k}, row_shape{rows};
  std::mt19937 random(static_cast<unsigned>(rows * 1000 + k));
  Guarded<T> x(rows * k, 1), t(rows * k, 1);
  x.fill(random);
  t.fill(random);
  Guarded<int32_t> labels(rows);
  Guarded<int64_t> long_labels(rows);
  for (int64_t i = 0; i < rows; ++i) {
    labels.data()[i] = static_cast<int32_t>(random() % static_cast<unsigned>(k));
    long_labels.data()[i] = labels.data()[i];
    if (k > 1) {
      const int64_t gone = i * k + (labels.data()[i] + 1) % k;
      x.data()[gone] = convert_element<T>(-INFINITY);
      t.data()[gone] = convert_element<T>(0);
    }
  }
  std::vector<Guarded<T>> all;
  for (int threads : {1, 2, 7}) {
    Guarded<T> loss(rows), max(rows), inverse(rows), sparse(rows), longs(rows);
    cross_entropy_forward(view(x, shape), view(t, shape), rows, k, view(loss, row_shape),
                          view(max, row_shape), view(inverse, row_shape), pool_of(threads));
    ASSERT_EQ(sparse_cross_entropy_forward(view(x, shape), view(labels, row_shape), rows, k,
                                           view(sparse, row_shape), view(max, row_shape),
                                           view(inverse, row_shape), pool_of(threads)), -1);
    ASSERT_EQ(sparse_cross_entropy_forward(view(x, shape), view(long_labels, row_shape), rows, k,
                                           view(longs, row_shape), view(max, row_shape),
                                           view(inverse, row_shape), pool_of(threads)), -1);
    ASSERT_TRUE(loss.intact() && max.intact() && inverse.intact() && sparse.intact());
    ASSERT_TRUE(longs.same_bits(sparse));
    for (Guarded<T>* part : {&loss, &max, &inverse, &sparse}) all.push_back(*part);
    for (size_t i = 4; i < all.size(); ++i) ASSERT_TRUE(all[i].same_bits(all[i % 4]));
  }
  for (int64_t row = 0; row < rows; ++row) {
    const T* logits = x.data() + row * k;
    double max = -INFINITY, sum = 0, loss = 0, magnitude = 0;
    for (int64_t i = 0; i < k; ++i) max = std::max(max, value_of(logits[i]));
    for (int64_t i = 0; i < k; ++i) sum += std::exp(value_of(logits[i]) - max);
    for (int64_t i = 0; i < k; ++i) {
      const double weight = value_of(t.data()[row * k + i]);
      if (weight == 0) continue;
      const double term = weight * (max + std::log(sum) - value_of(logits[i]));
      loss += term;
      magnitude += std::abs(term);
    }
    const double eps = (sizeof(T) == 8 ? 32 : 8) * epsilon_of<T>();
    ASSERT_NEAR(value_of(all[0].data()[row]), loss, eps * magnitude + eps / 8);
    ASSERT_EQ(value_of(all[1].data()[row]), max);
    ASSERT_NEAR(value_of(all[2].data()[row]), 1 / sum, eps / sum + 1e-7 * (sizeof(T) == 2));
    const double wanted = max + std::log(sum) - value_of(logits[labels.data()[row]]);
    ASSERT_NEAR(value_of(all[3].data()[row]), wanted, eps * wanted + eps / 8);
  }
}

template <typename T>
void check_cross_entropies() {
  for (int64_t k : kLengths) check_cross_entropy<T>(3, k);
  check_cross_entropy<T>(0, 3);
  check_cross_entropy<T>(5000, 10);
}

TEST(CrossEntropy, Float32) { on_every_target(check_cross_entropies<float>); }
TEST(CrossEntropy, Float64) { on_every_target(check_cross_entropies<double>); }
TEST(CrossEntropy, Float16) { on_every_target(check_cross_entropies<hwy::float16_t>); }
TEST(CrossEntropy, Bfloat16) { on_every_target(check_cross_entropies<hwy::bfloat16_t>); }

TEST(CrossEntropy, NamesTheFirstBadLabel) {
  on_every_target([] {
    const int64_t rows = 9000;
    const Shape shape{rows, 2}, row_shape{rows};
    std::vector<float> x(2 * rows), loss(rows), max(rows), inverse(rows);
    for (int32_t bad : {-1, 2, std::numeric_limits<int32_t>::min()}) {
      std::vector<int32_t> labels(rows, 1);
      labels[8000] = labels[5000] = bad;
      EXPECT_EQ(sparse_cross_entropy_forward(
                    {x.data(), DType::kFloat32, &shape}, {labels.data(), DType::kInt32, &row_shape},
                    rows, 2, {loss.data(), DType::kFloat32, &row_shape},
                    {max.data(), DType::kFloat32, &row_shape},
                    {inverse.data(), DType::kFloat32, &row_shape}, pool_of(7)), 5000);
    }
  });
}

}  // namespace
}  // namespace keel
