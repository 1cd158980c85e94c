#include "ops/array/concatenate.h"

#include <algorithm>

#include "core/op.h"
#include "core/sparse.h"
#include "core/structure.h"
#include "ops/array/reshape.h"
#include "ops/array/slice.h"
#include "ops/array/sparse_concatenate.h"
#include "ops/array/strided_copy_kernel.h"

namespace keel {
namespace {

// The shape of `inputs` side by side.
Shape joined_shape(std::string_view function, SignatureSpan inputs, int axis) {
  Shape out = inputs[0].shape;
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Shape& shape = inputs[i].shape;
    for (int a = 0; a < out.rank(); ++a) {
      if (a == axis) {
        out[a] = out[a] == None || shape[a] == None ? None : checked_add(out[a], shape[a]);
      } else if (out[a] == None) {
        out[a] = shape[a];
      } else if (shape[a] != None && shape[a] != out[a]) {
        fail(function, ": tensor ", i, " has shape ", shape, " and tensor 0 ", inputs[0].shape,
             "; only axis ", axis, " may differ");
      }
    }
  }
  return out;
}

void check_alike(std::string_view function, const Tensors& tensors) {
  if (tensors.empty()) fail(function, ": the list of tensors is empty; accepted are one or more");
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) fail(function, ": tensor ", i, " is an empty tensor handle");
    if (tensors[i].dtype() != tensors[0].dtype()) {
      fail(function, ": tensor ", i, " is ", tensors[i].dtype(), " and tensor 0 ", tensors[0].dtype(),
           "; dtypes are not promoted, cast one of them");
    }
    if (tensors[i].rank() != tensors[0].rank()) {
      fail(function, ": tensor ", i, " has shape ", tensors[i].shape(), " and tensor 0 ",
           tensors[0].shape(), "; accepted are tensors of one rank");
    }
  }
}

Tensor part_of(const Tensor& dy, const Tensors& parts, int axis, int part);

class Concatenate final : public OpOf<Concatenate> {
 public:
  static constexpr std::string_view kName = "concatenate";
  int axis;

  auto fields() const { return std::tie(axis); }
  Signatures infer(SignatureSpan in) const override {
    return {{in[0].dtype, joined_shape(kName, in, axis)}};
  }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    // The only one that is not empty, too.
    for (size_t i = 0; i < in.size(); ++i) {
      if (in[i].shape == out[0].shape) return static_cast<int>(i);
    }
    return -1;
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const CopyAxes to = dense_axes(*out[0].shape);
    const size_t size = out[0].dtype.size();
    int64_t offset = 0;
    for (const View& part : in) {
      CopyAxes axes = dense_axes(*part.shape);
      for (size_t a = 0; a < axes.size(); ++a) axes[a].out_stride = to[a].out_stride;
      strided_copy(exec.pool, axes, size, part.data, out[0].as<char>() + offset * size);
      offset += (*part.shape)[axis] * to[axis].out_stride;
    }
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensors& parts = y.node().inputs();
    Tensors dxs;
    for (size_t i = 0; i < parts.size(); ++i) {
      dxs.push_back(part_of(dy, parts, axis, static_cast<int>(i)));
    }
    return dxs;
  }
};

// The part of input 0 where input `part` of a concatenation of inputs 1, 2 … is.
class PartOf final : public OpOf<PartOf> {
 public:
  static constexpr std::string_view kName = "part_of_concatenation";
  int axis, part;

  auto fields() const { return std::tie(axis, part); }
  bool reads_only_shape(int i) const override { return i > 0; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[part + 1].shape}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    CopyAxes axes = dense_axes(*out[0].shape);
    const CopyAxes from = dense_axes(*in[0].shape);
    int64_t offset = 0;
    for (int i = 1; i <= part; ++i) offset += (*in[i].shape)[axis] * from[axis].in_stride;
    for (size_t a = 0; a < axes.size(); ++a) axes[a].in_stride = from[a].in_stride;
    const size_t size = out[0].dtype.size();
    strided_copy(exec.pool, axes, size, in[0].as<char>() + offset * size, out[0].data);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensors& in = y.node().inputs();
    Tensors parts;
    for (size_t i = 1; i < in.size(); ++i) {
      parts.push_back(static_cast<int>(i) == part + 1 ? dy : full_like(in[i], 0, dy.dtype()));
    }
    Tensors dxs(in.size());
    dxs[0] = make<Concatenate>(parts, axis);
    return dxs;
  }
};

Tensor part_of(const Tensor& dy, const Tensors& parts, int axis, int part) {
  int64_t begin = 0;
  for (int i = 0; i <= part; ++i) {
    const int64_t size = parts[i].shape()[axis];
    if (size == None) {
      Tensors inputs{dy};
      inputs.insert(inputs.end(), parts.begin(), parts.end());
      return make<PartOf>(inputs, axis, part);
    }
    if (i < part) begin += size;
  }
  return slice(dy, axis, begin, parts[part].shape()[axis]);
}

}  // namespace

Tensor concatenate(const Tensors& tensors, int64_t axis) {
  check_alike("concatenate", tensors);
  const int checked = check_axis("concatenate", axis, tensors[0].rank());
  if (tensors.size() == 1) return tensors[0];
  if (std::all_of(tensors.begin(), tensors.end(), is_sparse)) {
    Signatures signatures;
    for (const Tensor& tensor : tensors) signatures.push_back(tensor.signature());
    joined_shape("concatenate", signatures, checked);  // For an error about these shapes.
    return sparse_concatenate(tensors, checked);
  }
  return make<Concatenate>(tensors, checked);
}

Tensor stack(const Tensors& x, int64_t axis) {
  check_alike("stack", x);
  const int checked = check_axis("stack", axis, x[0].rank() + 1);
  Tensors expanded;
  for (const Tensor& tensor : x) {
    for (int a = 0; a < tensor.rank(); ++a) {
      const int64_t size = tensor.shape()[a], first = x[0].shape()[a];
      if (size != None && first != None && size != first) {
        fail("stack: tensor ", expanded.size(), " has shape ", tensor.shape(), " and tensor 0 ", x[0].shape(),
             "; accepted are tensors of one shape");
      }
    }
    expanded.push_back(expand_dims(tensor, checked));
  }
  return concatenate(expanded, checked);
}

}  // namespace keel
