// Classes as unit vectors.
#ifndef KEEL_OPS_ARRAY_ONE_HOT_H_
#define KEEL_OPS_ARRAY_ONE_HOT_H_

#include <cstdint>

#include "core/tensor.h"

namespace keel {

// indices: […], any integer dtype; result: […, num_classes], float32: 1 at the index, 0 elsewhere.
// An index out of range gives zeros. No gradient flows to indices. ValueError where `indices` is not
// of an integer dtype or `num_classes` is below 1. Source: keras.backend.one_hot.
Tensor one_hot(const Tensor& indices, int64_t num_classes);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_ONE_HOT_H_
