// Sequences of numbers.
#ifndef KEEL_OPS_ARRAY_ARANGE_H_
#define KEEL_OPS_ARRAY_ARANGE_H_

#include <optional>

#include "core/dtype.h"
#include "core/tensor.h"

namespace keel {

// start, start + step … below `stop` (above it for a negative step), as a constant vector. With one
// argument that is `stop`, and counting starts at 0: nothing of a negative one. dtype: int32 where it
// is absent and start, stop and step are whole, float32 where one is not. ValueError where `step` is 0
// or leads away from `stop`, a number is not finite, there would be more elements than memory_limit()
// allows, or for dtype bool. Source: keras.backend.arange.
Tensor arange(double start, std::optional<double> stop = std::nullopt, double step = 1,
              std::optional<DType> dtype = std::nullopt);

// The same between bounds that the graph computes: numeric scalars of one dtype, which is the result's
// too where `dtype` is absent. How many elements there are is known only when the graph runs; then come
// the errors above. The result has no gradient.
Tensor arange(const Tensor& start, const Tensor& stop, const Tensor& step,
              std::optional<DType> dtype = std::nullopt);
// From 0 to `stop`, by 1; nothing where `stop` is negative.
Tensor arange(const Tensor& stop, std::optional<DType> dtype = std::nullopt);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_ARANGE_H_
