// Whether targets are among the best predictions.
#ifndef KEEL_OPS_NN_IN_TOP_K_H_
#define KEEL_OPS_NN_IN_TOP_K_H_

#include <cstdint>

#include "core/tensor.h"

namespace keel {

// Per row, whether fewer than `k` predictions are above that of the target class: a tie with the k-th
// counts as in. False where the target is out of range or a prediction of the row is not finite.
// predictions: [N, classes], floating; targets: [N], int32 or int64; the result: [N], bool. ValueError
// where k is not positive or shapes or dtypes do not fit. Source: keras.backend.in_top_k.
Tensor in_top_k(const Tensor& predictions, const Tensor& targets, int64_t k);

}  // namespace keel

#endif  // KEEL_OPS_NN_IN_TOP_K_H_
