#include "ops/math/dot.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/loops/micro_ops.h"
#include "core/op.h"
#include "core/sparse.h"
#include "core/structure.h"
#include "ops/math/arithmetic.h"
#include "ops/math/contraction.h"
#include "ops/math/gemm_kernel.h"
#include "ops/math/packed_weights.h"
#include "ops/math/product.h"
#include "ops/math/product_device.h"
#include "ops/math/sparse_dot.h"

namespace keel {
namespace {

int64_t rows_of(const Shape& shape) {
  return Shape(Dims(shape).subspan(0, shape.rank() - 1)).elements();
}

class ProductOnDevice final : public Kernel {
 public:
  explicit ProductOnDevice(std::unique_ptr<DeviceProduct> product) : product_(std::move(product)) {}
  size_t scratch_bytes(const ThreadPool&) const override { return product_->scratch_bytes(); }
  void run(const Exec& exec, Views in, Views out) const override {
    product_->run(in[0].data, in[1].data, out[0].data, /*accumulate=*/false, exec.scratch);
  }

 private:
  const std::unique_ptr<DeviceProduct> product_;
};

// One product, its right operand kept packed for as long as it does not change.
template <typename T>
class ProductKernel final : public Kernel {
 public:
  explicit ProductKernel(const GemmShape& shape) : shape_(shape) {}

  size_t scratch_bytes(const ThreadPool& pool) const override {
    return std::max(gemm_scratch_bytes<T>(shape_, pool),
                    shape_.batch == 1 ? gemm_packed_scratch_bytes<T>(shape_, pool) : 0);
  }

  void run(const Exec& exec, Views in, Views out) const override {
    const T *a = in[0].as<T>(), *b = in[1].as<T>();
    T* c = out[0].as<T>();
    if (const auto packed = packed_b(in[1], exec.pool)) {
      gemm_packed<T>(shape_, a, packed->bytes_begin(), c, {.rows_done = exec.rows_done}, exec.scratch, exec.pool);
    } else {
      gemm<T>(shape_, a, b, c, {.rows_done = exec.rows_done}, exec.scratch, exec.pool);
    }
  }

  std::unique_ptr<Kernel> on_device(const Device& device) const override {
    auto product = make_device_product(device, dtype_of<T>(), shape_);
    return product == nullptr ? nullptr : std::make_unique<ProductOnDevice>(std::move(product));
  }
  std::string_view cuda_library() const override { return kDeviceProductLibrary<T>; }

 private:
  std::shared_ptr<const Array> packed_b(const View& b, const ThreadPool& pool) const {
    if (shape_.batch != 1 || shape_.m < 8) return nullptr;
    return packed_.find(b, gemm_packed_b_bytes<T>(shape_), [&](void* packed) {
      gemm_pack_b<T>(shape_, b.as<T>(), packed, pool);
    });
  }

  const GemmShape shape_;
  mutable PackedWeights packed_;
};

std::unique_ptr<Kernel> make_product_kernel(DType dtype, const GemmShape& shape) {
  return visit_product_type(dtype, [&](auto zero) -> std::unique_ptr<Kernel> {
    return std::make_unique<ProductKernel<decltype(zero)>>(shape);
  });
}

// op(A)·op(B), where A and B are seen as matrices: all axes but the last as rows. The rows' axes of an
// A that is not transposed are those of the result.
class MatMul final : public OpOf<MatMul> {
 public:
  static constexpr std::string_view kName = "dot";
  bool transpose_a, transpose_b;

  auto fields() const { return std::tie(transpose_a, transpose_b); }

  Signatures infer(SignatureSpan in) const override {
    check_product_dtypes("dot", in[0].dtype, in[1].dtype);
    const Shape &a = in[0].shape, &b = in[1].shape;
    const int64_t ka = transpose_a ? rows_of(a) : a.back(), kb = transpose_b ? b.back() : rows_of(b);
    check_summed("dot", a, b, ka, kb);
    Shape out;
    if (transpose_a) out.push_back(a.back());
    else out = Shape(Dims(a).subspan(0, a.rank() - 1));
    out.push_back(transpose_b ? rows_of(b) : b.back());
    return {{in[0].dtype, out}};
  }

  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan) const override {
    const Shape &a = in[0].shape, &b = in[1].shape;
    GemmShape shape;
    shape.transpose_a = transpose_a;
    shape.transpose_b = transpose_b;
    shape.m = transpose_a ? a.back() : rows_of(a);
    shape.k = transpose_a ? rows_of(a) : a.back();
    shape.n = transpose_b ? rows_of(b) : b.back();
    return make_product_kernel(in[0].dtype, shape);
  }

  bool tells_rows(SignatureSpan) const override { return true; }

  // A transposed matrix is read as it lies.
  std::shared_ptr<const Op> absorb(int i, const Op& producer, SignatureSpan in) const override {
    if (producer.name() != "permute_dimensions" || producer.attributes() != "pattern=[1, 0]" ||
        in[i].shape.rank() != 2) {
      return nullptr;
    }
    return make_op<MatMul>(transpose_a != (i == 0), transpose_b != (i == 1));
  }

  // A new axis in front of A is one of more rows; where A is transposed, rows are what is summed over.
  OverStack over_stack(SignatureSpan, const std::vector<bool>& stacked) const override {
    if (stacked[0] && !stacked[1] && !transpose_a) return OverStack::kStack;
    if (stacked[0] && stacked[1] && transpose_a && !transpose_b) return OverStack::kSum;
    return OverStack::kNothing;
  }

  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &a = y.input(0), &b = y.input(1);
    auto product = [](const Tensor& l, const Tensor& r, bool tl, bool tr) {
      return make<MatMul>({l, r}, tl, tr);
    };
    const Tensor da = transpose_a ? product(b, dy, transpose_b, true)
                                  : product(dy, b, false, !transpose_b);
    const Tensor db = transpose_b ? product(dy, a, true, transpose_a)
                                  : product(a, dy, !transpose_a, false);
    return {reshape_like(da, a), reshape_like(db, b)};
  }
};

// The rows of `products` = x · y added up, once x and y are known to fit.
class RowSums final : public OpOf<RowSums> {
 public:
  static constexpr std::string_view kName = "batch_dot_rows";

  auto fields() const { return std::tie(); }
  bool reads_only_shape(int i) const override { return i > 0; }
  Signatures infer(SignatureSpan in) const override {
    const Shape &x = in[1].shape, &y = in[2].shape;
    check_batches(x, y);
    check_summed("batch_dot", x, y, x[1], y[1]);
    return {{in[0].dtype, Shape{in[0].shape[0], 1}}};
  }
  bool reduction(SignatureSpan, Reduction* how) const override {
    *how = {&kSum, {false, true}};
    return true;
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan) const override {
    Reduction how;
    reduction(in, &how);
    return make_reduction_kernel(how, in[0]);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {broadcast_like(dy, y.input(0)), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor dot(const Tensor& x, const Tensor& y) {
  for (const Tensor* operand : {&x, &y}) {
    if (!operand->defined()) fail("dot: an empty tensor handle was given");
    if (operand->rank() == 0) {
      fail("dot: an operand is a scalar (x: ", x.shape(), ", y: ", y.shape(), ')');
    }
  }
  if (is_sparse(x) && x.rank() == 2 && y.rank() == 2) return sparse_dot(x, y);
  if (y.rank() > 2) return contract(x, x.rank() - 1, y, y.rank() - 2, /*batched=*/false);
  if (y.rank() == 2) return make<MatMul>({x, y}, false, false);
  fail("dot: y has shape ", y.shape(), "; it needs at least two axes");
}

Tensor batch_dot(const Tensor& x, const Tensor& y, const DotAxes& axes) {
  for (const Tensor* operand : {&x, &y}) {
    if (!operand->defined()) fail("batch_dot: an empty tensor handle was given");
    if (operand->rank() < 2) {
      fail("batch_dot: x has shape ", x.shape(), " and y ", y.shape(),
           "; both need at least two axes, the first of which is the batch");
    }
  }
  const int64_t default_y = y.rank() == 2 ? 1 : y.rank() - 2;
  const int x_axis = check_axis("batch_dot", axes.x().value_or(x.rank() - 1), x.rank());
  const int y_axis = check_axis("batch_dot", axes.y().value_or(default_y), y.rank());
  if (x_axis == 0 || y_axis == 0) {
    fail("batch_dot: axes are ", x_axis, " of x and ", y_axis,
         " of y; axis 0 is the batch and is not summed over: without a batch, give both one of size 1");
  }
  if (x.rank() > 2 || y.rank() > 2) return contract(x, x_axis, y, y_axis, /*batched=*/true);
  // A product and a sum are one pass over memory, and so are its gradients.
  check_product_dtypes("batch_dot", x.dtype(), y.dtype());
  check_batches(x.shape(), y.shape());
  check_summed("batch_dot", x.shape(), y.shape(), x.shape()[1], y.shape()[1]);
  return make<RowSums>({x * y, x, y});
}

}  // namespace keel
