#include "ops/array/gather.h"

#include "core/op.h"
#include "ops/array/gather_kernel.h"

namespace keel {
namespace {

// Calls f(pointer) with the indices as the integers that they are.
template <typename F>
int64_t visit_indices(const View& indices, F&& f) {
  return visit_dtype(indices.dtype, [&](auto zero) -> int64_t {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      return f(static_cast<const T*>(indices.data));
    } else {
      return -1;
    }
  });
}

[[noreturn]] void fail_at(const View& indices, int64_t position, const Shape& reference) {
  visit_dtype(indices.dtype, [&](auto zero) {
    const auto index = indices.as<decltype(zero)>()[position];
    fail("gather: index ", convert_element<int64_t>(index), " at position ", position, " of indices of shape ",
         *indices.shape, " is out of range for reference of shape ", reference, "; accepted are 0 to ",
         reference[0] - 1);
  });
  __builtin_unreachable();
}

int64_t row_elements(const Shape& reference) {
  return Shape(Dims(reference).subspan(1)).elements();
}

class Gather final : public OpOf<Gather> {
 public:
  static constexpr std::string_view kName = "gather";
  auto fields() const { return std::tie(); }
  Signatures infer(SignatureSpan in) const override {
    Shape out = in[1].shape;
    for (int a = 1; a < in[0].shape.rank(); ++a) out.push_back(in[0].shape[a]);
    return {{in[0].dtype, out}};
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const Shape& reference = *in[0].shape;
    const int64_t row_bytes = row_elements(reference) * static_cast<int64_t>(in[0].dtype.size());
    const int64_t bad = visit_indices(in[1], [&](const auto* indices) {
      return gather_rows(exec.pool, in[0].data, reference[0], row_bytes, indices,
                         in[1].shape->elements(), out[0].data);
    });
    if (bad >= 0) fail_at(in[1], bad, reference);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const;
};

// The gradient of gather: inputs are the indices, the rows' gradients, and the reference, of which
// only the shape is read.
class ScatterAdd final : public OpOf<ScatterAdd> {
 public:
  static constexpr std::string_view kName = "scatter_add";
  auto fields() const { return std::tie(); }
  bool reads_only_shape(int i) const override { return i == 2; }
  Signatures infer(SignatureSpan in) const override { return {{in[1].dtype, in[2].shape}}; }
  size_t scratch_bytes(SignatureSpan in, SignatureSpan out) const override {
    return scatter_add_scratch_bytes(out[0].shape[0], in[0].shape.elements());
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const Shape& shape = *out[0].shape;
    const int64_t bad = visit_indices(in[0], [&](const auto* indices) {
      return scatter_add_rows(exec.pool, indices, in[0].shape->elements(), in[1].data, in[1].dtype,
                              shape[0], row_elements(shape), out[0].data, exec.scratch);
    });
    if (bad >= 0) fail_at(in[0], bad, shape);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {Tensor(), gather(dy, y.input(0)), Tensor()};
  }
};

Tensors Gather::gradient(const Tensor& y, const Tensor& dy) const {
  return {make<ScatterAdd>({y.input(1), dy, y.input(0)}), Tensor()};
}

}  // namespace

Tensor gather(const Tensor& reference, const Tensor& indices) {
  if (reference.rank() == 0) fail("gather: reference is a scalar; accepted are tensors with rows");
  if (!indices.dtype().is_integer()) {
    fail("gather: indices are ", indices.dtype(), "; accepted are integer dtypes");
  }
  return make<Gather>({reference, indices});
}

}  // namespace keel
