#include "ops/array/reshape.h"

#include <algorithm>
#include <cstring>

#include "core/in_name_of.h"
#include "core/op.h"
#include "core/structure.h"

namespace keel {
namespace {

// What all views share. D has a name, fields and `Shape view_shape(SignatureSpan in)`.
template <typename D>
class ViewOp : public OpOf<D> {
 public:
  bool is_view() const override { return true; }
  Signatures infer(SignatureSpan in) const override {
    return {{in[0].dtype, static_cast<const D*>(this)->view_shape(in)}};
  }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    return in[0].shape == out[0].shape ? 0 : -1;
  }
  void run(const Exec&, Views in, Views out) const override {
    std::memcpy(out[0].data, in[0].data, byte_size(*out[0].shape, out[0].dtype));
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    Tensors dxs(y.node().inputs().size());
    dxs[0] = reshape_like(dy, y.input(0));
    return dxs;
  }
};

// The shape that `target` means for an x of shape `x`.
Shape resolve(const Shape& x, const Shape& target) {
  int inferred = -1;
  for (int i = 0; i < target.rank(); ++i) {
    if (target[i] < None) {
      fail("reshape: shape ", target, " holds ", target[i], "; accepted are sizes and one -1");
    }
    if (target[i] != None) continue;
    if (inferred >= 0) fail("reshape: shape ", target, " has more than one -1");
    inferred = i;
  }
  Shape others = target;
  if (inferred >= 0) others[inferred] = 1;
  const int64_t given = x.elements();
  const int64_t wanted = in_name_of([&] { return others.elements(); }, "reshape: shape ", target);
  if (inferred >= 0 && wanted == 0) {
    fail("reshape: the -1 in shape ", target, " could be anything, since the others make 0 elements");
  }
  if (given == None) return target;
  if (inferred < 0 ? wanted != given : given % wanted != 0) {
    fail("reshape: x of shape ", x, " has ", given, " elements, which do not make ", target);
  }
  if (inferred >= 0) others[inferred] = given / wanted;
  return others;
}

class Reshape final : public ViewOp<Reshape> {
 public:
  static constexpr std::string_view kName = "reshape";
  Shape shape;
  auto fields() const { return std::tie(shape); }
  Shape view_shape(SignatureSpan in) const { return resolve(in[0].shape, shape); }
};

// Input 1 is the shape.
class ReshapeToValue final : public ViewOp<ReshapeToValue> {
 public:
  static constexpr std::string_view kName = "reshape_to";
  auto fields() const { return std::tie(); }
  Shape view_shape(SignatureSpan in) const {
    const Signature& shape = in[1];
    if (!shape.dtype.is_integer() || shape.shape.rank() != 1 || shape.shape[0] == None) {
      fail("reshape: shape is a ", shape.dtype, " tensor of shape ", shape.shape,
           "; accepted are vectors of integers of known length");
    }
    Shape target;
    target.resize(static_cast<int>(shape.shape[0]), None);
    if (shape.value == nullptr) return target;
    for (int i = 0; i < target.rank(); ++i) target[i] = shape.value->element<int64_t>(i);
    return resolve(in[0].shape, target);
  }
};

class BatchFlatten final : public ViewOp<BatchFlatten> {
 public:
  static constexpr std::string_view kName = "batch_flatten";
  auto fields() const { return std::tie(); }
  Shape view_shape(SignatureSpan in) const {
    const Shape& x = in[0].shape;
    if (x.rank() == 0) fail("batch_flatten: x is a scalar; accepted are tensors with a batch axis");
    Shape rest = x;
    rest.erase(0);
    return {x[0], rest.elements()};
  }
};

class ExpandDims final : public ViewOp<ExpandDims> {
 public:
  static constexpr std::string_view kName = "expand_dims";
  int axis;
  auto fields() const { return std::tie(axis); }
  Shape view_shape(SignatureSpan in) const {
    const Shape& x = in[0].shape;
    Shape out = x;
    out.insert(axis, 1);
    return out;
  }
};

class Squeeze final : public ViewOp<Squeeze> {
 public:
  static constexpr std::string_view kName = "squeeze";
  int axis;
  auto fields() const { return std::tie(axis); }
  Shape view_shape(SignatureSpan in) const {
    const Shape& x = in[0].shape;
    if (x[axis] != 1 && x[axis] != None) {
      fail("squeeze: axis ", axis, " of x of shape ", x, " has size ", x[axis], "; accepted is 1");
    }
    Shape out = x;
    out.erase(axis);
    return out;
  }
};

class SplitAxis final : public ViewOp<SplitAxis> {
 public:
  static constexpr std::string_view kName = "split_axis";
  int axis;
  int64_t outer, inner;
  auto fields() const { return std::tie(axis, outer, inner); }
  Shape view_shape(SignatureSpan in) const {
    const Shape& x = in[0].shape;
    const int64_t given = std::max(outer, inner);
    if (x[axis] != None && x[axis] % given != 0) {
      fail("split_axis: axis ", axis, " of x of shape ", x, " is no multiple of ", given);
    }
    const int64_t left = x[axis] == None ? None : x[axis] / given;
    Shape out = x;
    out[axis] = outer == None ? left : outer;
    out.insert(axis + 1, inner == None ? left : inner);
    return out;
  }
};

}  // namespace

namespace internal {
Tensor reshape_to_value(const Tensor& x, const Tensor& shape) {
  return make<ReshapeToValue>({x, shape});
}
}  // namespace internal

Tensor reshape(const Tensor& x, const Shape& shape) { return make<Reshape>({x}, shape); }

Tensor flatten(const Tensor& x) { return reshape(x, Shape{None}); }

Tensor batch_flatten(const Tensor& x) { return make<BatchFlatten>({x}); }

Tensor expand_dims(const Tensor& x, int64_t axis) {
  const int64_t rank = x.rank(), front = axis < 0 ? axis + rank + 1 : axis;
  if (front < 0 || front > rank) {
    fail("expand_dims: axis ", axis, " is out of range for x of rank ", rank, "; accepted are ", -rank - 1, " to ", rank);
  }
  return make<ExpandDims>({x}, static_cast<int>(front));
}

Tensor squeeze(const Tensor& x, int64_t axis) {
  return make<Squeeze>({x}, check_axis("squeeze", axis, x.rank()));
}

Tensor split_axis(const Tensor& x, int64_t axis, int64_t outer, int64_t inner) {
  if (std::min(outer, inner) != None || std::max(outer, inner) < 1) {
    fail("split_axis: sizes ", outer, " and ", inner, "; accepted are one size above 0 and one None");
  }
  return make<SplitAxis>({x}, check_axis("split_axis", axis, x.rank()), outer, inner);
}

}  // namespace keel
