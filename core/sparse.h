// Sparse tensors: those of which only some elements are given, the others being 0.
//
// A sparse tensor is a bundle of dense ones: the places of its elements, their values, and a frame that
// carries the shape. Ops that know of sparse tensors (dot, concatenate, to_dense) work on the bundle; to
// all others it is a tensor like any other, spread out where they read it. Its gradient is sparse too,
// with elements in the same places.
#ifndef KEEL_CORE_SPARSE_H_
#define KEEL_CORE_SPARSE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/array.h"
#include "core/tensor.h"

namespace keel {

// The value of a sparse tensor: what is fed to a sparse placeholder.
class SparseArray {
 public:
  SparseArray() = default;
  // Element indices[i] of an array of this shape is values[i]. `indices`: [n, rank] of integers, in
  // row-major order and none twice; `values`: [n]. ValueError where that is not so, an index is out of
  // range, or `shape` is a scalar's.
  SparseArray(const Array& indices, const Array& values, const Shape& shape);
  // The elements of `dense` that are not 0. ValueError for a scalar.
  static SparseArray of_dense(const Array& dense);

  // int64 [n, rank].
  const Array& indices() const { return indices_; }
  // [n]
  const Array& values() const { return values_; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return values_.dtype(); }
  bool defined() const { return values_.defined(); }
  // The same as a dense array.
  Array to_dense() const;

 private:
  Array indices_, values_;
  Shape shape_;
};

// Whether `x` is a sparse tensor. Source: keras.backend.is_sparse.
bool is_sparse(const Tensor& x);
// `tensor` as a dense tensor; itself if it is one. Source: keras.backend.to_dense.
Tensor to_dense(const Tensor& tensor);

// Arguments of variable() for a sparse value.
struct SparseVariableOptions {
  std::optional<DType> dtype = std::nullopt;  // The value's own where absent; floatx() for plain numbers.
  std::string name = "";
};
// A sparse tensor with this value, which stays as it is: as in Keras, it is a tensor and not a variable
// that could be set. Source: keras.backend.variable.
Tensor variable(const SparseArray& value, const SparseVariableOptions& options = {});

// -- For ops that read or make sparse tensors. ------------------------------------------------------

// A sparse tensor of its parts: int64 [n, rank] in row-major order, none twice; [n]; a frame. What is
// out of order or range is a ValueError of whatever reads it.
Tensor sparse_tensor(const Tensor& indices, const Tensor& values, const Tensor& frame);
// The parts of a sparse tensor.
const Tensor& sparse_indices(const Tensor& x);
const Tensor& sparse_values(const Tensor& x);
const Tensor& sparse_frame(const Tensor& x);
// A frame of the shape of `like`: a bool tensor [0, dimensions...], which holds no element but whose
// shape is known as other shapes are. Ops whose input a frame is read the shape alone.
Tensor frame_like(const Tensor& like);
// The shape that a frame carries.
Shape framed_shape(const Shape& frame);

// The parts of `sparse` as they are fed: filled up with zeros to a number of elements that has few
// values, so that batches whose numbers differ share a plan. An element beyond the last row (its first
// index is the size of axis 0) is such padding; it comes last, and ops pass over it.
// Values that are plain numbers become `dtype`.
std::vector<Array> padded_parts(const SparseArray& sparse, DType dtype);

}  // namespace keel

#endif  // KEEL_CORE_SPARSE_H_
