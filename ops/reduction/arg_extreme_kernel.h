// Where extremes are, over arrays.
#ifndef KEEL_OPS_REDUCTION_ARG_EXTREME_KERNEL_H_
#define KEEL_OPS_REDUCTION_ARG_EXTREME_KERNEL_H_

#include <cstdint>

#include "core/dtype.h"
#include "core/threads.h"

namespace keel {

// x: [outer, n, inner] of `dtype`, n above 0; out: [outer, inner]: the index in [0, n) of the largest
// element (the smallest, where `least`), the first of equal ones, the first NaN before all else.
void arg_extreme(const ThreadPool& pool, const void* x, DType dtype, int64_t outer, int64_t n,
                 int64_t inner, bool least, int64_t* out);

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_ARG_EXTREME_KERNEL_H_
