#include "ops/math/blas_product.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/threads.h"
#include "gtest/gtest.h"

namespace keel {
namespace {

// Column-major products, as the definition of BLAS's gemm reads.
void blas_gemm(const BlasProduct& p, const float* l, const float* r, float* d) {
  for (int64_t batch = 0; batch < p.batch; ++batch) {
    auto at = [&](const float* data, const BlasProduct::Matrix& matrix, int64_t row, int64_t column) {
      if (matrix.transposed) std::swap(row, column);
      EXPECT_LT(row, matrix.rows);
      EXPECT_LT(column, matrix.columns);
      return data[batch * matrix.batch_step + column * matrix.ld + row];
    };
    for (int64_t i = 0; i < p.m; ++i) {
      for (int64_t j = 0; j < p.n; ++j) {
        float sum = 0;
        for (int64_t k = 0; k < p.k; ++k) sum += at(l, p.l, i, k) * at(r, p.r, k, j);
        d[batch * p.d.batch_step + j * p.d.ld + i] = sum;
      }
    }
  }
}

TEST(BlasProduct, IsTheProductOfRowMajorMatrices) {
  const ThreadPool pool(1);
  std::vector<float> a(4000), b(4000);
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i * 7 % 23) - 11, b[i] = static_cast<float>(i * 5 % 19) - 9;
  for (bool transpose_a : {false, true}) {
    for (bool transpose_b : {false, true}) {
      for (const auto& [m, n, k] : {std::array<int64_t, 3>{3, 5, 7}, {1, 4, 6}, {4, 1, 2}, {8, 8, 1}}) {
        for (int64_t extra : {0, 3}) {
          for (int64_t batch : {1, 3}) {
            GemmShape shape{.m = m, .n = n, .k = k, .transpose_a = transpose_a, .transpose_b = transpose_b};
            if (extra != 0) {
              shape.lda = (transpose_a ? m : k) + extra;
              shape.ldb = (transpose_b ? k : n) + extra;
              shape.ldc = n + extra;
            }
            if (batch > 1) {
              shape.batch = batch;
              shape.batch_step_a = 200;
              shape.batch_step_b = 0;  // Shared.
              shape.batch_step_c = 150;
            }
            std::vector<float> wanted(1000, 5), got(1000, 5);
            std::vector<std::byte> scratch(gemm_scratch_bytes<float>(shape, pool) + 64);
            void* aligned = scratch.data();
            size_t space = scratch.size();
            std::align(64, 1, aligned, space);
            gemm<float>(shape, a.data(), b.data(), wanted.data(), {}, aligned, pool);
            blas_gemm(blas_product(shape), b.data(), a.data(), got.data());
            EXPECT_EQ(wanted, got) << transpose_a << transpose_b << ' ' << m << ' ' << n << ' ' << k << ' ' << extra;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace keel
