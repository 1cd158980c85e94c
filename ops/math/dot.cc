#include "ops/math/dot.h"

#include <algorithm>
#include <memory>

#include "core/op.h"
#include "core/structure.h"
#include "ops/math/gemm_kernel.h"
#include "ops/math/packed_weights.h"

namespace keel {
namespace {

// Calls f(T{}) for the types that products exist for.
template <typename F>
decltype(auto) visit_product_type(DType dtype, F&& f) {
  switch (dtype.kind()) {
    case DType::kFloat64: return f(double{});
    case DType::kFloat16: return f(float16{});
    case DType::kBfloat16: return f(bfloat16{});
    case DType::kInt32: return f(int32_t{});
    case DType::kInt64: return f(int64_t{});
    default: return f(float{});
  }
}

void check_operands(const Signature& x, const Signature& y) {
  if (x.dtype != y.dtype) {
    fail("dot: x is ", x.dtype, " and y ", y.dtype, "; dtypes are not promoted, cast one of them");
  }
  if (!x.dtype.is_floating() && x.dtype != DType::kInt32 && x.dtype != DType::kInt64) {
    fail("dot: x is ", x.dtype, "; accepted are floating dtypes, int32 and int64");
  }
}

int64_t rows_of(const Shape& shape) {
  return Shape(Dims(shape).subspan(0, shape.rank() - 1)).elements();
}

void check_summed(const Signature& x, const Signature& y, int64_t a, int64_t b) {
  if (a != None && b != None && a != b) {
    fail("dot: the summed sizes ", a, " and ", b, " differ (x: ", x.shape, ", y: ", y.shape, ')');
  }
}

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
      gemm_packed<T>(shape_, a, packed->bytes_begin(), c, {}, exec.scratch, exec.pool);
    } else {
      gemm<T>(shape_, a, b, c, {}, exec.scratch, exec.pool);
    }
  }

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
    check_operands(in[0], in[1]);
    const Shape &a = in[0].shape, &b = in[1].shape;
    const int64_t ka = transpose_a ? rows_of(a) : a.back(), kb = transpose_b ? b.back() : rows_of(b);
    check_summed(in[0], in[1], ka, kb);
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

  // A transposed matrix is read as it lies.
  std::shared_ptr<const Op> absorb(int i, const Op& producer, SignatureSpan in) const override {
    if (producer.name() != "permute_dimensions" || producer.attributes() != "pattern=[1, 0]" ||
        in[i].shape.rank() != 2) {
      return nullptr;
    }
    return make_op<MatMul>(transpose_a != (i == 0), transpose_b != (i == 1));
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

// The products of a matrix and a stack of them, and the two gradients of that; together they are
// closed under differentiation.
//   kForward: X [m, k], Y [s, k, n]   -> C  [m, s, n] = X · Y[s]
//   kLeft:    C [m, s, n], Y          -> X  [m, k]    = sum over s of C[:, s] · Y[s]ᵀ
//   kRight:   X, C                    -> Y  [s, k, n] = Xᵀ · C[:, s]
// X, the m of C and the s of both may be several axes.
class StackedDot final : public OpOf<StackedDot> {
 public:
  enum Kind : int { kForward, kLeft, kRight };
  static constexpr std::string_view kName = "stacked_dot";
  int kind;
  int stack_rank;  // Axes that s stands for.

  auto fields() const { return std::tie(kind, stack_rank); }

  Signatures infer(SignatureSpan in) const override {
    check_operands(in[0], in[1]);
    const Shape &a = in[0].shape, &b = in[1].shape;
    Shape out;
    if (kind == kForward) {
      check_summed(in[0], in[1], a.back(), b[b.rank() - 2]);
      for (int i = 0; i + 1 < a.rank(); ++i) out.push_back(a[i]);
      for (int i = 0; i < stack_rank; ++i) out.push_back(b[i]);
      out.push_back(b.back());
    } else if (kind == kLeft) {
      for (int i = 0; i + 1 + stack_rank < a.rank(); ++i) out.push_back(a[i]);
      out.push_back(b[b.rank() - 2]);
    } else {
      for (int i = b.rank() - 1 - stack_rank; i + 1 < b.rank(); ++i) out.push_back(b[i]);
      out.push_back(a.back());
      out.push_back(b.back());
    }
    return {{in[0].dtype, out}};
  }

  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override;

  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &a = y.input(0), &b = y.input(1);
    auto product = [&](Kind k, const Tensor& l, const Tensor& r) {
      return make<StackedDot>({l, r}, static_cast<int>(k), stack_rank);
    };
    switch (kind) {
      case kForward: return {product(kLeft, dy, b), product(kRight, a, dy)};
      case kLeft: return {product(kForward, dy, b), product(kRight, dy, a)};
      default: return {product(kLeft, b, dy), product(kForward, a, dy)};
    }
  }
};

template <typename T>
class StackedKernel final : public Kernel {
 public:
  StackedKernel(int kind, int64_t m, int64_t s, int64_t k, int64_t n) : kind_(kind), stack_(s) {
    if (kind == StackedDot::kForward) {
      shape_ = {.m = m, .n = n, .k = k, .ldc = s * n, .batch = s, .batch_step_b = k * n, .batch_step_c = n};
    } else if (kind == StackedDot::kLeft) {  // One product per matrix of the stack, added up.
      shape_ = {.m = m, .n = k, .k = n, .transpose_b = true, .lda = s * n};
      a_step_ = n, b_step_ = k * n;
    } else {
      shape_ = {.m = k, .n = n, .k = m, .transpose_a = true, .ldb = s * n, .batch = s,
                .batch_step_b = n, .batch_step_c = k * n};
    }
  }
  size_t scratch_bytes(const ThreadPool& pool) const override {
    return gemm_scratch_bytes<T>(shape_, pool);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    T* c = out[0].as<T>();
    if (kind_ != StackedDot::kLeft) {
      gemm<T>(shape_, in[0].as<T>(), in[1].as<T>(), c, {}, exec.scratch, exec.pool);
      return;
    }
    if (stack_ == 0) std::fill_n(c, shape_.m * shape_.n, T{});
    for (int64_t s = 0; s < stack_; ++s) {
      gemm<T>(shape_, in[0].as<T>() + s * a_step_, in[1].as<T>() + s * b_step_, c,
              {.accumulate = s > 0}, exec.scratch, exec.pool);
    }
  }

 private:
  const int kind_;
  const int64_t stack_;
  int64_t a_step_ = 0, b_step_ = 0;
  GemmShape shape_;
};

std::unique_ptr<Kernel> StackedDot::compile(SignatureSpan in, SignatureSpan out) const {
  const Shape& y = kind == kRight ? out[0].shape : in[1].shape;
  const Shape& x = kind == kLeft ? out[0].shape : in[0].shape;
  const int64_t s = Shape(Dims(y).subspan(0, stack_rank)).elements();
  return visit_product_type(in[0].dtype, [&](auto zero) -> std::unique_ptr<Kernel> {
    return std::make_unique<StackedKernel<decltype(zero)>>(kind, rows_of(x), s, x.back(), y.back());
  });
}

}  // namespace

Tensor dot(const Tensor& x, const Tensor& y) {
  for (const Tensor* operand : {&x, &y}) {
    if (!operand->defined()) fail("dot: an empty tensor handle was given");
    if (operand->rank() == 0) {
      fail("dot: an operand is a scalar (x: ", x.shape(), ", y: ", y.shape(), ')');
    }
  }
  if (y.rank() > 2) {
    return make<StackedDot>({x, y}, static_cast<int>(StackedDot::kForward), y.rank() - 2);
  }
  if (y.rank() == 2) return make<MatMul>({x, y}, false, false);
  fail("dot: y has shape ", y.shape(), "; it needs at least two axes");
}

}  // namespace keel
