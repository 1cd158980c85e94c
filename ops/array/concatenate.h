// Tensors side by side.
#ifndef KEEL_OPS_ARRAY_CONCATENATE_H_
#define KEEL_OPS_ARRAY_CONCATENATE_H_

#include <cstdint>

#include "core/tensor.h"

namespace keel {

// `tensors`, of one dtype and rank, one after the other along `axis`. ValueError where there are
// none, where dtypes or ranks differ, or dimensions other than that axis (when fed, if they are not
// known before). A sparse tensor where all of them are. Source: keras.backend.concatenate.
Tensor concatenate(const Tensors& tensors, int64_t axis = -1);

// `x`, of one dtype and shape, along a new axis `axis`. ValueError as for concatenate(). Source:
// keras.backend.stack.
Tensor stack(const Tensors& x, int64_t axis = 0);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_CONCATENATE_H_
