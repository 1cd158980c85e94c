// Placeholders, constants and questions about tensors: the core of keras.backend.
#ifndef KEEL_CORE_GRAPH_H_
#define KEEL_CORE_GRAPH_H_

#include <optional>
#include <string>
#include <variant>

#include "core/structure.h"
#include "core/tensor.h"
#include "core/variable.h"

namespace keel {

// Arguments of placeholder(). At least one of `shape` and `ndim` must be given; `shape` wins.
struct PlaceholderOptions {
  std::optional<Shape> shape = std::nullopt;  // May hold None.
  std::optional<int> ndim = std::nullopt;     // That many unknown dimensions.
  std::optional<DType> dtype = std::nullopt;  // floatx() where absent.
  std::string name = "";
  std::optional<Array> default_value = std::nullopt;  // What it is where a function is not fed it.
  bool sparse = false;                        // Fed with a SparseArray.
  bool keras_tensor = false;                  // What Input() makes; is_keras_tensor() says so.
};

// A tensor to be fed to functions. ValueError where neither shape nor ndim is given, a dimension is
// below -1, or the default does not fit; where a sparse one is a scalar or has a default. Source: keras.backend.placeholder.
Tensor placeholder(const PlaceholderOptions& options);
// Whether `x` is a placeholder. Source: keras.backend.is_placeholder.
bool is_placeholder(const Tensor& x);

// Whether `x` is a Keras tensor: what Input() or a layer gave, not just any tensor. ValueError where it
// is no tensor at all. Source: keras.backend.is_keras_tensor.
bool is_keras_tensor(const Tensor& x);
bool is_keras_tensor(const Array& x);

// A constant tensor: `value`, cast to `dtype` (floatx() for plain numbers and lists where absent)
// and spread over `shape` where that is given: one element is repeated, otherwise the numbers of
// elements must agree. Source: keras.backend.constant.
struct ConstantOptions {
  std::optional<DType> dtype = std::nullopt;
  std::optional<Shape> shape = std::nullopt;
  std::string name = "";  // Accepted as Keras does; only placeholders and variables bear names.
};
Tensor constant(const Array& value, const ConstantOptions& options = {});

// The static shape of `x`, with None where unknown. Source: keras.backend.int_shape.
const Shape& int_shape(const Tensor& x);
// The number of axes of `x`. Source: keras.backend.ndim.
int ndim(const Tensor& x);
// The name of the dtype of `x`, such as "float32". Source: keras.backend.dtype.
std::string dtype(const Tensor& x);
// The number of elements of `x`; ValueError where a dimension is unknown. Source:
// keras.backend.count_params.
int64_t count_params(const Tensor& x);

// Arguments that the functions below share.
struct NewVariableOptions {
  std::optional<DType> dtype = std::nullopt;  // floatx() where absent.
  std::string name = "";
};
// Variables filled with 0 and 1. ValueError beyond memory_limit(), before anything is allocated.
// Source: keras.backend.zeros, ones.
Variable zeros(const Shape& shape, const NewVariableOptions& options = {});
Variable ones(const Shape& shape, const NewVariableOptions& options = {});
// A variable that holds the identity matrix of `size` rows, or one of {rows, columns} with 1 where they
// are equal. ValueError where a size is below 0. Source: keras.backend.eye.
Variable eye(int64_t size, const NewVariableOptions& options = {});
Variable eye(const Shape& size, const NewVariableOptions& options = {});
// Tensors of 0 and 1 in the shape of `x`, unknown dimensions included; dtype: that of `x` where
// absent; they bear no name. Source: keras.backend.zeros_like, ones_like.
Tensor zeros_like(const Tensor& x, const NewVariableOptions& options = {});
Tensor ones_like(const Tensor& x, const NewVariableOptions& options = {});

// `x` converted to floatx(). Source: keras.backend.cast_to_floatx.
Array cast_to_floatx(const Array& x);

}  // namespace keel

#endif  // KEEL_CORE_GRAPH_H_
