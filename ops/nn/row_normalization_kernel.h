// Rows normalized by their own moments, for layer normalization. float16 and bfloat16 are computed in
// float32. Thread-safe; results have the same bits for any number of threads.
#ifndef KEEL_OPS_NN_ROW_NORMALIZATION_KERNEL_H_
#define KEEL_OPS_NN_ROW_NORMALIZATION_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"
#include "core/view.h"

namespace keel {

// `count` rows of `length` elements.
struct RowShape {
  int64_t count = 1, length = 1;
};

// y = (x − mean) / √(variance + epsilon) · gamma + beta. x, y: rows of one floating dtype, which may be
// one array; gamma, beta: [length] of that dtype. mean, inverse: [count] of the type that is computed in;
// `inverse` is 1 / √(variance + epsilon). A row is read from memory once; its mean is summed first and
// its variance around that, in vectors and beyond 4096 elements in double.
void normalize_rows(const View& x, const View& gamma, const View& beta, const RowShape& shape,
                    double epsilon, const View& y, const View& mean, const View& inverse,
                    const ThreadPool& pool);

// Bytes of scratch that normalize_rows_backward() wants: 64-byte aligned, contents free.
size_t normalize_rows_scratch_bytes(const RowShape& shape);

// The gradients of the above for dy, the gradient of y; dx may be dy. dgamma = Σ dy · (x − mean) · inverse
// and dbeta = Σ dy over all rows, both [length] and of the dtype of x; terms are added in pieces of at most
// 256 rows, and those in double.
void normalize_rows_backward(const View& dy, const View& x, const View& gamma, const View& mean,
                             const View& inverse, const RowShape& shape, const View& dx,
                             const View& dgamma, const View& dbeta, void* scratch,
                             const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_NN_ROW_NORMALIZATION_KERNEL_H_
