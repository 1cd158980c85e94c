// Matrix products: C = op(A) · op(B) (+ C), one or a strided batch of them.
//
// Storage types: float, double, hwy::float16_t, hwy::bfloat16_t, int32_t, int64_t. float16 and
// bfloat16 are summed in float and rounded once, to nearest even; integers wrap around.
// Accuracy: every element of C is one chain of fused multiply-adds over blocks of k, the blocks
// added in order; long chains of few elements are cut into partial sums. The order depends on the
// shape and the instruction set alone, so any number of threads gives the same bits.
// Thread-safe; several calls may share a pool. C must not overlap A, B or scratch.
#ifndef KEEL_OPS_MATH_GEMM_KERNEL_H_
#define KEEL_OPS_MATH_GEMM_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"
#include "hwy/base.h"

namespace keel {

// op(A): [m, k], op(B): [k, n], C: [m, n], row-major. A is stored [m, k], or [k, m] if
// transpose_a; B is stored [k, n], or [n, k] if transpose_b. Any size may be 0: k = 0 gives
// C = 0 or C.
struct GemmShape {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  // Elements from one stored row to the next; at least the length of a row. 0: rows are dense.
  int64_t lda = 0, ldb = 0, ldc = 0;
  // `batch` products, whose operands start so many elements apart; a step of 0 shares A or B.
  int64_t batch = 1;
  int64_t batch_step_a = 0, batch_step_b = 0, batch_step_c = 0;
};

// What happens on the way to C.
struct GemmEnd {
  bool accumulate = false;  // Adds what C holds.
  // Not null, where there is one product alone: told of rows of C, one of which there is.
  const RowsDone* rows_done = nullptr;
};

// Bytes of scratch that gemm() wants for this shape on this pool: 64-byte aligned, contents free.
template <typename T>
size_t gemm_scratch_bytes(const GemmShape& shape, const ThreadPool& pool);

// C = op(A)·op(B) (+ C). The caller has checked the shape.
template <typename T>
void gemm(const GemmShape& shape, const T* a, const T* b, T* c, const GemmEnd& end,
          void* scratch, const ThreadPool& pool);

// B packed once for many products (weights between updates). The packed form depends on n, k and
// the instruction set of this process, not on m; `shape.batch` must be 1. 64-byte aligned.
template <typename T>
size_t gemm_packed_b_bytes(const GemmShape& shape);
template <typename T>
void gemm_pack_b(const GemmShape& shape, const T* b, void* packed, const ThreadPool& pool);
// As gemm(), with B from gemm_pack_b().
template <typename T>
size_t gemm_packed_scratch_bytes(const GemmShape& shape, const ThreadPool& pool);
template <typename T>
void gemm_packed(const GemmShape& shape, const T* a, const void* packed_b, T* c,
                 const GemmEnd& end, void* scratch, const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_MATH_GEMM_KERNEL_H_
