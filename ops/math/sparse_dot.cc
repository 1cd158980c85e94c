#include "ops/math/sparse_dot.h"

#include "core/op.h"
#include "core/sparse.h"
#include "ops/math/product.h"
#include "ops/math/sparse_kernel.h"

namespace keel {
namespace {

[[noreturn]] void fail_at(const View& indices, int64_t position, const Shape& x) {
  const auto* index = indices.as<int64_t>() + 2 * position;
  fail("dot: index (", index[0], ", ", index[1], ") at position ", position, " of the sparse x of shape ", x,
       " is out of range or not in row-major order");
}

SparseShape shape_of(const Shape& frame, int64_t count) { return {frame[1], frame[2], count}; }

Tensor sampled_product(const Tensor& indices, const Tensor& frame, const Tensor& a, const Tensor& b);

// Inputs: the parts of a sparse S [m, k], and B. S · B, or Sᵀ · B.
class SparseDot final : public OpOf<SparseDot> {
 public:
  static constexpr std::string_view kName = "sparse_dot";
  bool transposed;

  auto fields() const { return std::tie(transposed); }
  bool reads_only_shape(int i) const override { return i == 2; }

  Signatures infer(SignatureSpan in) const override {
    check_product_dtypes("dot", in[1].dtype, in[3].dtype);
    const Shape x = framed_shape(in[2].shape), &b = in[3].shape;
    check_summed("dot", x, b, x[transposed ? 0 : 1], b[0]);
    return {{in[1].dtype, Shape{x[transposed ? 1 : 0], b[1]}}};
  }
  size_t scratch_bytes(SignatureSpan in, SignatureSpan) const override {
    return sparse_product_scratch_bytes(shape_of(in[2].shape, in[1].shape[0]), transposed);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const SparseShape shape = shape_of(*in[2].shape, (*in[1].shape)[0]);
    const int64_t bad = visit_product_type(out[0].dtype, [&](auto zero) {
      using T = decltype(zero);
      return sparse_product<T>(shape, transposed, in[0].as<int64_t>(), in[1].as<T>(), in[3].as<T>(),
                               (*in[3].shape)[1], out[0].as<T>(), exec.scratch, exec.pool);
    });
    if (bad >= 0) fail_at(in[0], bad, framed_shape(*in[2].shape));
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &indices = y.input(0), &frame = y.input(2), &b = y.input(3);
    const Tensor dvalues = transposed ? sampled_product(indices, frame, b, dy) : sampled_product(indices, frame, dy, b);
    return {Tensor(), dvalues, Tensor(), make<SparseDot>({indices, y.input(1), frame, dy}, !transposed)};
  }
};

// Inputs: indices and frame of a sparse matrix [m, k], A [m, n] and B [k, n]. The elements of A · Bᵀ where
// that matrix has some.
class SampledProduct final : public OpOf<SampledProduct> {
 public:
  static constexpr std::string_view kName = "sampled_product";

  auto fields() const { return std::tie(); }
  bool reads_only_shape(int i) const override { return i == 1; }
  Signatures infer(SignatureSpan in) const override { return {{in[2].dtype, Shape{in[0].shape[0]}}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    const SparseShape shape = shape_of(*in[1].shape, (*in[0].shape)[0]);
    const int64_t bad = visit_product_type(out[0].dtype, [&](auto zero) {
      using T = decltype(zero);
      return keel::sampled_product<T>(shape, in[0].as<int64_t>(), in[2].as<T>(), in[3].as<T>(),
                                      (*in[2].shape)[1], out[0].as<T>(), exec.pool);
    });
    if (bad >= 0) fail_at(in[0], bad, framed_shape(*in[1].shape));
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &indices = y.input(0), &frame = y.input(1);
    return {Tensor(), Tensor(), make<SparseDot>({indices, dy, frame, y.input(3)}, false),
            make<SparseDot>({indices, dy, frame, y.input(2)}, true)};
  }
};

Tensor sampled_product(const Tensor& indices, const Tensor& frame, const Tensor& a, const Tensor& b) {
  return make<SampledProduct>({indices, frame, a, b});
}

}  // namespace

Tensor sparse_dot(const Tensor& x, const Tensor& y) {
  return make<SparseDot>({sparse_indices(x), sparse_values(x), sparse_frame(x), y}, false);
}

}  // namespace keel
