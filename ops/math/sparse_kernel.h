// Products of sparse and dense matrices.
//
// A sparse matrix of `rows` x `columns` comes as `count` elements, element i in row indices[2·i] and
// column indices[2·i + 1], in row-major order; elements in row `rows` are padding, which comes last and
// does not count. Storage types: those of gemm_kernel.h; float16 and bfloat16 are summed in float and
// rounded once, integers wrap around. A sum is one chain of fused multiply-adds per 256 elements of a row,
// added in order, so any number of threads gives the same bits. Thread-safe; results must not overlap
// operands.
#ifndef KEEL_OPS_MATH_SPARSE_KERNEL_H_
#define KEEL_OPS_MATH_SPARSE_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"

namespace keel {

// A sparse matrix: its sides, and how many elements are given, padding among them.
struct SparseShape {
  int64_t rows = 0, columns = 0;
  int64_t count = 0;
};

// Bytes of scratch that sparse_product() wants; 64-byte aligned, contents free.
size_t sparse_product_scratch_bytes(const SparseShape& shape, bool transposed);

// C [rows, n] = S · B, where B is [columns, n]; transposed: C [columns, n] = Sᵀ · B, where B is [rows, n].
// Returns -1, or the position of the first index that is out of range or order; then C is not written.
template <typename T>
int64_t sparse_product(const SparseShape& shape, bool transposed, const int64_t* indices, const T* values,
                       const T* b, int64_t n, T* c, void* scratch, const ThreadPool& pool);

// values[i] = A[row of i, :] · B[column of i, :], 0 for padding; A is [rows, n], B [columns, n]. Returns
// -1, or the position of an index that is out of range.
template <typename T>
int64_t sampled_product(const SparseShape& shape, const int64_t* indices, const T* a, const T* b, int64_t n,
                        T* values, const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_MATH_SPARSE_KERNEL_H_
