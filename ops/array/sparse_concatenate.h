// Sparse tensors side by side.
#ifndef KEEL_OPS_ARRAY_SPARSE_CONCATENATE_H_
#define KEEL_OPS_ARRAY_SPARSE_CONCATENATE_H_

#include "core/tensor.h"

namespace keel {

// concatenate() of sparse tensors alone, of one dtype and rank: a sparse tensor. `axis` is in range.
Tensor sparse_concatenate(const Tensors& tensors, int axis);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_SPARSE_CONCATENATE_H_
