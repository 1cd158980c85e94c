#include "core/simd_targets.h"
#include "ops/math/sparse_kernel.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::epsilon_of;
using testing_util::Guarded;
using testing_util::on_every_target;
using testing_util::random_element;
using testing_util::value_of;

struct Matrix {
  SparseShape shape;
  std::vector<int64_t> indices;
};

// About one element in `step`, in order, then some padding.
Matrix random_matrix(int64_t rows, int64_t columns, int step, int64_t padding) {
  std::mt19937 random(static_cast<unsigned>(rows * 31 + columns));
  Matrix m{{rows, columns, padding}, {}};
  for (int64_t i = 0; i < rows * columns; ++i) {
    if (random() % static_cast<unsigned>(step) != 0) continue;
    m.indices.insert(m.indices.end(), {i / columns, i % columns});
    ++m.shape.count;
  }
  for (int64_t i = 0; i < padding; ++i) m.indices.insert(m.indices.end(), {rows, 0});
  return m;
}

template <typename T>
void expect_close(const Guarded<T>& got, const std::vector<double>& want, const std::vector<double>& magnitude) {
  ASSERT_TRUE(got.intact());
  // Sums are in float32 at least: rounding to T once is what narrow types lose.
  const double sum_error = std::is_integral_v<T> ? 0 : sizeof(T) == 8 ? 2e-14 : 3e-5;
  for (int64_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(value_of(got.data()[i]), want[i], sum_error * magnitude[i] + epsilon_of<T>() * std::fabs(want[i]) / (sizeof(T) == 2 ? 1 : 1e9))
        << i;
  }
}

template <typename T>
void check(const Matrix& m, int64_t n) {
  std::mt19937 random(7);
  const auto [rows, columns, count] = m.shape;
  Guarded<T> values(count, 1);
  values.fill(random);
  for (bool transposed : {false, true}) {
    const int64_t in_rows = transposed ? rows : columns, out_rows = transposed ? columns : rows;
    Guarded<T> b(in_rows * n, 3), other(out_rows * n, 1);
    b.fill(random);
    other.fill(random);
    std::vector<double> want(out_rows * n), magnitude(out_rows * n);
    std::vector<double> dots(count), dot_magnitudes(count);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = m.indices[2 * i], column = m.indices[2 * i + 1];
      if (row == rows) continue;
      const int64_t to = transposed ? column : row, from = transposed ? row : column;
      for (int64_t j = 0; j < n; ++j) {
        const double term = value_of(values.data()[i]) * value_of(b.data()[from * n + j]);
        want[to * n + j] += term;
        magnitude[to * n + j] += std::fabs(term);
        const double product = value_of(other.data()[to * n + j]) * value_of(b.data()[from * n + j]);
        dots[i] += product;
        dot_magnitudes[i] += std::fabs(product);
      }
    }
    std::vector<Guarded<T>> results;
    for (int threads : {1, 3}) {
      const ThreadPool pool(threads);
      Guarded<char> scratch(static_cast<int64_t>(sparse_product_scratch_bytes(m.shape, transposed)));
      Guarded<T> c(out_rows * n, 2);
      ASSERT_EQ(sparse_product<T>(m.shape, transposed, m.indices.data(), values.data(), b.data(), n, c.data(),
                                  scratch.data(), pool), -1);
      ASSERT_TRUE(scratch.intact());
      expect_close(c, want, magnitude);
      results.push_back(c);
      Guarded<T> sampled(count, 1);
      const T *left = transposed ? b.data() : other.data(), *right = transposed ? other.data() : b.data();
      ASSERT_EQ(sampled_product<T>(m.shape, m.indices.data(), left, right, n, sampled.data(), pool), -1);
      expect_close(sampled, dots, dot_magnitudes);
    }
    EXPECT_TRUE(results[0].same_bits(results[1]));
  }
}

template <typename T>
void check_sizes() {
  for (int64_t n : {1, 2, 7, 8, 16, 17, 33, 130, 300}) check<T>(random_matrix(13, 9, 3, 5), n);
  check<T>(random_matrix(3, 1000, 1, 0), 5);  // Sums of several parts.
  check<T>(random_matrix(200, 150, 20, 64), 40);
  check<T>(random_matrix(0, 5, 1, 2), 3);
  check<T>(random_matrix(5, 0, 1, 0), 3);
  check<T>(random_matrix(4, 4, 1000, 0), 3);
  check<T>(random_matrix(4, 4, 2, 0), 0);
}

TEST(SparseKernel, AgreesWithSumsInDouble) {
  on_every_target([] {
    check_sizes<float>();
    check_sizes<double>();
    check_sizes<hwy::float16_t>();
    check_sizes<hwy::bfloat16_t>();
    check_sizes<int32_t>();
    check_sizes<int64_t>();
  });
}

TEST(SparseKernel, FindsBadIndices) {
  const ThreadPool pool(2);
  auto bad = [&](const std::vector<int64_t>& indices, bool transposed) {
    const SparseShape shape{3, 4, static_cast<int64_t>(indices.size() / 2)};
    std::vector<float> values(indices.size() / 2, 1), b(12, 1), c(12);
    std::vector<int64_t> scratch(sparse_product_scratch_bytes(shape, transposed) / 8);
    return sparse_product<float>(shape, transposed, indices.data(), values.data(), b.data(), 3, c.data(), scratch.data(), pool);
  };
  for (bool transposed : {false, true}) {
    EXPECT_EQ(bad({0, 0, 0, 3, 2, 1}, transposed), -1);
    EXPECT_EQ(bad({0, 0, 0, 4}, transposed), 1);
    EXPECT_EQ(bad({0, -1}, transposed), 0);
    EXPECT_EQ(bad({-1, 0}, transposed), 0);
    EXPECT_EQ(bad({0, 1, 4, 0}, transposed), 1);
    EXPECT_EQ(bad({1, 0, 0, 1}, transposed), 1);
    EXPECT_EQ(bad({1, 1, 1, 1}, transposed), 1);
    EXPECT_EQ(bad({1, 1, 1, 0}, transposed), 1);
    EXPECT_EQ(bad({3, 0, 1, 1}, transposed), 0);  // Padding comes last.
    EXPECT_EQ(bad({1, 1, 3, 0, 3, 0}, transposed), -1);
  }
  const std::vector<int64_t> indices = {0, 0, 0, 4};
  std::vector<float> a(12), values(2);
  EXPECT_EQ(sampled_product<float>({3, 4, 2}, indices.data(), a.data(), a.data(), 3, values.data(), pool), 1);
}

}  // namespace
}  // namespace keel
