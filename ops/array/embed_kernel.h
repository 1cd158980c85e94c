// An array among zeros: what padding does, and the gradient of a slice.
#ifndef KEEL_OPS_ARRAY_EMBED_KERNEL_H_
#define KEEL_OPS_ARRAY_EMBED_KERNEL_H_

#include <cstddef>

#include "core/shape.h"
#include "core/threads.h"

namespace keel {

// Element i of `in` goes to element begin + i·step (per axis) of `out`; all others of `out` become
// 0. Elements are `element_size` bytes: 1, 2, 4 or 8.
void embed(const ThreadPool& pool, Dims in_shape, Dims begin, Dims step, Dims out_shape,
           size_t element_size, const void* in, void* out);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_EMBED_KERNEL_H_
