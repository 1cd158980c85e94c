// Products as BLAS takes them.
#ifndef KEEL_OPS_MATH_BLAS_PRODUCT_H_
#define KEEL_OPS_MATH_BLAS_PRODUCT_H_

#include <cstdint>

#include "ops/math/gemm_kernel.h"

namespace keel {

// D = op(L)·op(R) of column-major matrices. A row-major matrix is the transpose of a column-major one, so
// C = op(A)·op(B) is Cᵀ = op(B)ᵀ·op(A)ᵀ: L is B, R is A and D is C, as they lie.
struct BlasProduct {
  // As stored: column j begins at j·ld; a batch of them so many elements apart.
  struct Matrix {
    int64_t rows, columns, ld, batch_step;
    bool transposed = false;
  };
  int64_t m, n, k, batch;  // op(L): [m, k], op(R): [k, n].
  Matrix l, r, d;
};

// What gemm() does for `s`.
inline BlasProduct blas_product(const GemmShape& s) {
  auto or_dense = [](int64_t ld, int64_t row) { return ld != 0 ? ld : row; };
  const int64_t a_row = s.transpose_a ? s.m : s.k, b_row = s.transpose_b ? s.k : s.n;
  BlasProduct p;
  p.m = s.n;
  p.n = s.m;
  p.k = s.k;
  p.batch = s.batch;
  p.l = {b_row, s.transpose_b ? s.n : s.k, or_dense(s.ldb, b_row), s.batch_step_b, s.transpose_b};
  p.r = {a_row, s.transpose_a ? s.k : s.m, or_dense(s.lda, a_row), s.batch_step_a, s.transpose_a};
  p.d = {s.n, s.m, or_dense(s.ldc, s.n), s.batch_step_c};
  return p;
}

}  // namespace keel

#endif  // KEEL_OPS_MATH_BLAS_PRODUCT_H_
