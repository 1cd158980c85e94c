// Elements several times.
#ifndef KEEL_OPS_ARRAY_REPEAT_H_
#define KEEL_OPS_ARRAY_REPEAT_H_

#include <cstdint>
#include <vector>

#include "core/tensor.h"

namespace keel {

// Each element along `axis` `rep` times in a row, as numpy.repeat. Any dtype. ValueError where `rep`
// is below 1 or the axis is out of range. Source: keras.backend.repeat_elements.
Tensor repeat_elements(const Tensor& x, int64_t rep, int64_t axis);

// The same along every axis at once, n[i] times along axis i, in one copy. ValueError where `n` is not as
// long as the rank of `x`, or holds a number below 1.
Tensor repeat_elements(const Tensor& x, const std::vector<int64_t>& n);

// x: [N, D] as [N, n, D], each row `n` times. ValueError where `x` is not of rank 2 or `n` is
// negative. Source: keras.backend.repeat.
Tensor repeat(const Tensor& x, int64_t n);

// `x` as a whole n[i] times along axis i. Where `n` is shorter than the rank of `x`, it is for the
// last axes. Any dtype. ValueError where `n` is longer, holds a negative number, or makes a size that
// overflows. Source: keras.backend.tile.
Tensor tile(const Tensor& x, const std::vector<int64_t>& n);
Tensor tile(const Tensor& x, int64_t n);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_REPEAT_H_
