// Functions over the elements of a tensor.
#ifndef KEEL_OPS_CONTROL_MAP_H_
#define KEEL_OPS_CONTROL_MAP_H_

#include <functional>
#include <optional>
#include <string>

#include "core/dtype.h"
#include "core/tensor.h"

namespace keel {

// What map_fn may be told besides.
struct MapOptions {
  std::string name = {};  // In errors, beside the function's.
  // What `fn` must return; by default any dtype.
  std::optional<DType> dtype = {};
};

// `fn` of every element of the leading axis of `elems`, stacked: (n, …) of what `fn` gives, whose shape
// is that of every element's result. `fn` is called once, with a placeholder for an element; no
// elements give an empty result. Gradients flow to `elems` and to whatever else `fn` reads. ValueError
// for a scalar, and where the result is not of `dtype`. Source: keras.backend.map_fn.
Tensor map_fn(const std::function<Tensor(const Tensor& element)>& fn, const Tensor& elems,
              const MapOptions& options = {});
// The same for the elements of several tensors whose leading axes are of one size.
Tensor map_fn(const std::function<Tensor(const Tensors& elements)>& fn, const Tensors& elems,
              const MapOptions& options = {});

// What foldl and foldr may be told besides.
struct FoldOptions {
  // The accumulator before the first element; empty: that element itself.
  Tensor initializer = {};
  std::string name = {};  // In errors, beside the function's.
};

// From an accumulator and an element to the next accumulator, of the same dtype and shape.
using FoldFunction = std::function<Tensor(const Tensor& accumulator, const Tensor& element)>;

// Combines the elements of the leading axis of `elems` from left to right: fn(fn(fn(initializer, e0),
// e1), e2) … of the initializer's dtype and shape. `fn` is called once, with placeholders. Gradients
// flow to all that it reads. ValueError for a scalar, for nothing to fold without an initializer, and
// where the accumulator would change its dtype or shape. Source: keras.backend.foldl.
Tensor foldl(const FoldFunction& fn, const Tensor& elems, const FoldOptions& options = {});

// The same from right to left, from the last element on. Source: keras.backend.foldr.
Tensor foldr(const FoldFunction& fn, const Tensor& elems, const FoldOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_CONTROL_MAP_H_
