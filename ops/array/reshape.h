// The same elements under another shape. All of these are views: no element moves.
#ifndef KEEL_OPS_ARRAY_RESHAPE_H_
#define KEEL_OPS_ARRAY_RESHAPE_H_

#include <concepts>
#include <cstdint>

#include "core/shape.h"
#include "core/tensor.h"

namespace keel {

namespace internal {
Tensor reshape_to_value(const Tensor& x, const Tensor& shape);
}  // namespace internal

// `x` with the dimensions `shape`, of which one may be -1 (None): it becomes what the number of
// elements asks for. Any dtype. ValueError where the numbers of elements differ (when fed, if they
// are not known before), two dimensions are -1, or one is and the others have a product of 0.
// Source: keras.backend.reshape.
Tensor reshape(const Tensor& x, const Shape& shape);

// The same with a shape computed by the graph: `shape` is a vector of integers whose length is known.
// A template, so that braces mean a Shape.
template <std::convertible_to<Tensor> T>
Tensor reshape(const Tensor& x, const T& shape) {
  return internal::reshape_to_value(x, shape);
}

// `x` as a vector. Source: keras.backend.flatten.
Tensor flatten(const Tensor& x);

// x: [N, …] as [N, product of the others]. ValueError for a scalar.
// Source: keras.backend.batch_flatten.
Tensor batch_flatten(const Tensor& x);

// `x` with a new axis of size 1 before the present axis `axis`; -1 puts it last. ValueError where
// `axis` is out of range. Source: keras.backend.expand_dims.
Tensor expand_dims(const Tensor& x, int64_t axis = -1);

// `x` without axis `axis`, whose size is 1; ValueError where it is not (when fed, if it is not known
// before). Source: keras.backend.squeeze.
Tensor squeeze(const Tensor& x, int64_t axis);

// `x` with axis `axis` split in two, of sizes `outer` and `inner`; one of them is None and becomes
// what is left. ValueError where the given one does not divide the axis.
Tensor split_axis(const Tensor& x, int64_t axis, int64_t outer, int64_t inner);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_RESHAPE_H_
