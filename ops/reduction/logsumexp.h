// The logarithm of a sum of exponentials.
#ifndef KEEL_OPS_REDUCTION_LOGSUMEXP_H_
#define KEEL_OPS_REDUCTION_LOGSUMEXP_H_

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// log(Σ exp(x)) along `axis` (as in sum()), with no overflow on the way: the largest element is taken
// out before. -inf of nothing. x: a floating dtype. ValueError otherwise. Source:
// keras.backend.logsumexp.
Tensor logsumexp(const Tensor& x, const Axes& axis = {}, bool keepdims = false);

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_LOGSUMEXP_H_
