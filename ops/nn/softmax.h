// Softmax.
#ifndef KEEL_OPS_NN_SOFTMAX_H_
#define KEEL_OPS_NN_SOFTMAX_H_

#include <cstdint>

#include "core/tensor.h"

namespace keel {

// exp(x) / Σ exp(x) along `axis`, computed from x − max so that nothing overflows. x: any shape of
// rank 1 or more, a floating dtype; a NaN or +inf makes what lies along its axis NaN. Each
// exponential is exact to 2 ULP. ValueError where `axis` is out of range. Source:
// keras.backend.softmax.
Tensor softmax(const Tensor& x, int64_t axis = -1);

namespace internal {

// The x of which `y` is the softmax along `axis`; an empty handle where y is something else.
Tensor softmax_logits(const Tensor& y, int axis);

}  // namespace internal

}  // namespace keel

#endif  // KEEL_OPS_NN_SOFTMAX_H_
