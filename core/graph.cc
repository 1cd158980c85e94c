#include "core/graph.h"

#include <algorithm>

#include "core/config.h"
#include "core/in_name_of.h"
#include "core/leaves.h"
#include "core/sparse.h"
#include "core/uid.h"

namespace keel {
namespace {

// As in TensorFlow. What has a shape has had the memory for it.
constexpr int kMostAxes = 254;

void check_dims(std::string_view function, const Shape& shape, int64_t least) {
  for (int64_t d : shape) {
    if (d < least) {
      fail(function, ": shape ", shape, " has the dimension ", d, "; accepted are sizes from 0",
           least < 0 ? " and None" : "");
    }
  }
}

Array full(std::string_view function, const Shape& shape, double value, DType dtype) {
  return in_name_of([&] { return Array::full(shape, value, dtype); }, function, ": shape ", shape);
}

Variable filled(std::string_view function, const Shape& shape, double value,
                const NewVariableOptions& options) {
  check_dims(function, shape, 0);
  const DType dtype = options.dtype.value_or(DType(floatx()));
  std::string name = options.name.empty()
                         ? "variable_" + std::to_string(get_uid("variable"))
                         : options.name;
  return Variable(full(function, shape, value, dtype), std::move(name));
}

Tensor placeholder_of(std::string name, DType dtype, Shape shape, bool is_keras_tensor) {
  auto op = std::make_shared<PlaceholderOp>();
  op->name_ = std::move(name);
  op->dtype = dtype;
  op->shape = std::move(shape);
  op->is_keras_tensor = is_keras_tensor;
  return Tensor(make_node(std::move(op), {}), 0);
}

Tensor sparse_placeholder(const std::string& name, DType dtype, const Shape& shape, const PlaceholderOptions& options) {
  if (options.default_value.has_value()) fail("placeholder: a sparse placeholder takes no default value");
  if (shape.rank() == 0) fail("placeholder: a sparse placeholder of shape () was asked for; accepted are one axis and more");
  Shape frame = shape;
  frame.insert(0, 0);
  const bool keras = options.keras_tensor;
  return sparse_tensor(placeholder_of(name + "/indices", DType::kInt64, {None, shape.rank()}, keras),
                       placeholder_of(name + "/values", dtype, {None}, keras),
                       placeholder_of(name, DType::kBool, frame, keras));
}

}  // namespace

Tensor placeholder(const PlaceholderOptions& options) {
  Shape shape;
  if (options.shape.has_value()) {
    shape = *options.shape;
    check_dims("placeholder", shape, None);
  } else if (options.ndim.has_value()) {
    if (*options.ndim < 0 || *options.ndim > kMostAxes) {
      fail("placeholder: ndim is ", *options.ndim, "; accepted are 0 to ", kMostAxes);
    }
    shape.resize(*options.ndim, None);
  } else {
    fail("placeholder: neither shape nor ndim is given; at least one must be");
  }
  const DType dtype = options.dtype.value_or(DType(floatx()));
  std::string name = options.name.empty()
                         ? "placeholder_" + std::to_string(get_uid("placeholder"))
                         : options.name;
  if (options.sparse) return sparse_placeholder(name, dtype, shape, options);
  internal::Identity<Array> default_value;
  if (options.default_value.has_value()) {
    if (!options.default_value->defined()) fail("placeholder: the default value is an empty array handle");
    Array value = options.default_value->is_weak() ? options.default_value->cast(dtype)
                                                   : *options.default_value;
    if (value.dtype() != dtype || !fits(value.shape(), shape)) {
      fail("placeholder: the default value is ", value.dtype(), value.shape(), " but the placeholder ",
           dtype, shape);
    }
    default_value.object = std::make_shared<Array>(std::move(value));
  }
  auto op = std::make_shared<PlaceholderOp>();
  op->name_ = std::move(name);
  op->dtype = dtype;
  op->shape = std::move(shape);
  op->default_value = std::move(default_value);
  op->is_keras_tensor = options.keras_tensor;
  return Tensor(make_node(std::move(op), {}), 0);
}

bool is_placeholder(const Tensor& x) {
  if (is_sparse(x)) return is_placeholder(sparse_values(x));
  return x.defined() && op_as<PlaceholderOp>(x) != nullptr;
}

bool is_keras_tensor(const Tensor& x) {
  if (!x.defined()) fail("is_keras_tensor: x is an empty tensor handle");
  return (is_sparse(x) ? sparse_values(x) : x).op().is_layer_output();
}

bool is_keras_tensor(const Array& x) {
  fail("is_keras_tensor: x is an array of shape ", x.shape(), "; accepted are symbolic tensors");
}

Tensor constant(const Array& value, const ConstantOptions& options) {
  if (!value.defined()) fail("constant: value is an empty array handle");
  const DType dtype = options.dtype.value_or(value.is_weak() ? DType(floatx()) : value.dtype());
  Array array = value.dtype() == dtype ? value.copy() : value.cast(dtype);
  if (options.shape.has_value() && *options.shape != array.shape()) {
    check_dims("constant", *options.shape, 0);
    if (array.elements() == 1) {
      array = full("constant", *options.shape, array.element<double>(0), dtype);
    } else if (array.elements() == options.shape->elements()) {
      array = array.reshape(*options.shape);
    } else {
      fail("constant: value has ", array.elements(), " elements, which do not fill shape ",
           *options.shape);
    }
  }
  return constant_tensor(array);
}

const Shape& int_shape(const Tensor& x) { return x.shape(); }

int ndim(const Tensor& x) { return x.rank(); }

std::string dtype(const Tensor& x) { return std::string(x.dtype().name()); }

int64_t count_params(const Tensor& x) {
  if (!x.shape().is_static()) {
    fail("count_params: x has shape ", x.shape(), "; its number of elements is not known");
  }
  return x.shape().elements();
}

Variable zeros(const Shape& shape, const NewVariableOptions& options) {
  return filled("zeros", shape, 0, options);
}

Variable ones(const Shape& shape, const NewVariableOptions& options) {
  return filled("ones", shape, 1, options);
}

Variable eye(int64_t size, const NewVariableOptions& options) {
  if (size < 0) fail("eye: size is ", size, "; accepted are numbers from 0");
  return eye(Shape{size, size}, options);
}

Variable eye(const Shape& size, const NewVariableOptions& options) {
  if (size.rank() != 2) fail("eye: size is ", size, "; accepted are a number of rows, and {rows, columns}");
  Variable matrix = filled("eye", size, 0, options);
  Array value = matrix.value().copy();
  visit_dtype(value.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* data = value.mutable_data<T>();
    for (int64_t i = 0; i < std::min(size[0], size[1]); ++i) data[i * (size[1] + 1)] = convert_element<T>(1.0);
  });
  matrix.state()->assign(std::move(value));
  return matrix;
}

Tensor zeros_like(const Tensor& x, const NewVariableOptions& options) {
  return full_like(x, 0, options.dtype.value_or(x.dtype()));
}

Tensor ones_like(const Tensor& x, const NewVariableOptions& options) {
  return full_like(x, 1, options.dtype.value_or(x.dtype()));
}

Array cast_to_floatx(const Array& x) { return x.cast(DType(floatx())); }

}  // namespace keel
