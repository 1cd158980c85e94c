// Softmax and the cross-entropies of a softmax, over any floating storage type. float16 and bfloat16
// are computed in float32. Thread-safe; results have the same bits for any number of threads.
//
// Accuracy: every exponential within 2 ULP; sums in blocks of 32 terms per lane, these compensated.
#ifndef KEEL_OPS_NN_SOFTMAX_KERNEL_H_
#define KEEL_OPS_NN_SOFTMAX_KERNEL_H_

#include <cstdint>

#include "core/threads.h"
#include "core/view.h"

namespace keel {

// x, y: [outer, k, inner] of one floating dtype; y may be x. y = exp(x − max) / Σ exp(x − max) along
// k. A NaN or +inf makes its row NaN, as does a row of −inf.
void softmax_forward(const View& x, int64_t outer, int64_t k, int64_t inner, const View& y,
                     const ThreadPool& pool);

// What the gradient of y = softmax(x) makes of dy: dx = y · (dy − Σ dy·y), Σ along k. Same layout;
// dx may be dy.
void softmax_backward(const View& y, const View& dy, int64_t outer, int64_t k, int64_t inner,
                      const View& dx, const ThreadPool& pool);

// Per row of x and target, [rows, k]: max = the row's greatest x, inverse = 1 / Σ exp(x − max), and
// loss = Σ target · (log Σ exp(x) − x), where a target of 0 counts as nothing whatever x is.
void cross_entropy_forward(const View& x, const View& target, int64_t rows, int64_t k,
                           const View& loss, const View& max, const View& inverse,
                           const ThreadPool& pool);

// The same for target = 1 at labels[row] (int32 or int64: [rows]) and 0 elsewhere. Returns the first
// row whose label is not in [0, k), where the results are then undefined, or -1.
int64_t sparse_cross_entropy_forward(const View& x, const View& labels, int64_t rows, int64_t k,
                                     const View& loss, const View& max, const View& inverse,
                                     const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_NN_SOFTMAX_KERNEL_H_
