// Rows by number: embeddings.
#ifndef KEEL_OPS_ARRAY_GATHER_H_
#define KEEL_OPS_ARRAY_GATHER_H_

#include "core/tensor.h"

namespace keel {

// reference: [N, …R], any dtype; indices: […I], any integer dtype, in [0, N). Result: […I, …R], row
// indices[i] of `reference` at i. Its gradient sums rows in an order that depends on the indices
// alone, so it has the same bits on any number of threads. ValueError where `reference` is a scalar
// or `indices` not of an integer dtype, and, when it is run, where an index is out of range. Source:
// keras.backend.gather.
Tensor gather(const Tensor& reference, const Tensor& indices);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_GATHER_H_
