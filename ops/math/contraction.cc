#include "ops/math/contraction.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "core/op.h"
#include "ops/math/gemm_kernel.h"
#include "ops/math/product.h"
#include "ops/math/product_device.h"

namespace keel {
namespace {

// The product over `dims` [begin, end).
int64_t extent(const Shape& dims, int begin, int end) {
  return Shape(Dims(dims).subspan(begin, end - begin)).elements();
}

int64_t known(int64_t a, int64_t b) { return a != None ? a : b; }

// The contraction and its two gradients, which are contractions of the same three tensors; together
// they are closed under differentiation.
//   kForward: X, Y -> C
//   kLeft:    C, Y -> X   summed over the axes of Y
//   kRight:   X, C -> Y   summed over the axes of X
class Contraction final : public OpOf<Contraction> {
 public:
  enum Kind : int { kForward, kLeft, kRight };
  static constexpr std::string_view kName = "contraction";
  int kind;
  bool batched;
  int x_rank, x_axis, y_rank, y_axis;

  auto fields() const { return std::tie(kind, batched, x_rank, x_axis, y_rank, y_axis); }

  Signatures infer(SignatureSpan in) const override {
    const std::string_view function = batched ? "batch_dot" : "dot";
    check_product_dtypes(function, in[0].dtype, in[1].dtype);
    const Shape &a = in[0].shape, &b = in[1].shape;
    if (batched) check_batches(a, b);
    Shape out;
    if (batched) out.push_back(known(a[0], b[0]));
    const int x_rest = x_rank - 1 - batched;  // Axes of C that come from x.
    if (kind == kForward) {
      check_summed(function, a, b, a[x_axis], b[y_axis]);
      for (int i = batched; i < x_rank; ++i) {
        if (i != x_axis) out.push_back(a[i]);
      }
      for (int i = batched; i < y_rank; ++i) {
        if (i != y_axis) out.push_back(b[i]);
      }
    } else if (kind == kLeft) {
      for (int i = 0; i < x_rest; ++i) out.push_back(a[batched + i]);
      out.insert(x_axis, b[y_axis]);
    } else {
      for (int i = batched + x_rest; i < b.rank(); ++i) out.push_back(b[i]);
      out.insert(y_axis, a[x_axis]);
    }
    return {{in[0].dtype, out}};
  }

  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override;

  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &a = y.input(0), &b = y.input(1);
    auto contraction = [&](Kind k, const Tensor& l, const Tensor& r) {
      return make<Contraction>({l, r}, static_cast<int>(k), batched, x_rank, x_axis, y_rank, y_axis);
    };
    switch (kind) {
      case kForward: return {contraction(kLeft, dy, b), contraction(kRight, a, dy)};
      case kLeft: return {contraction(kForward, dy, b), contraction(kRight, dy, a)};
      default: return {contraction(kLeft, b, dy), contraction(kForward, a, dy)};
    }
  }
};

// `count` products whose operands lie so far apart, in elements.
struct Loop {
  int64_t count = 1, a = 0, b = 0, c = 0;
};

// The products of a contraction beside the batch of each; those along `summed` are added up.
struct Products {
  bool swapped = false;  // The second input is the left operand.
  Loop loops[3], summed;

  // Calls product(a, b, c, accumulate) with the place of each.
  template <typename F>
  void for_each(F product) const {
    for (int64_t i = 0; i < loops[1].count; ++i) {
      for (int64_t j = 0; j < loops[2].count; ++j) {
        for (int64_t s = 0; s < summed.count; ++s) {
          product(i * loops[1].a + j * loops[2].a + s * summed.a, i * loops[1].b + j * loops[2].b + s * summed.b,
                  i * loops[1].c + j * loops[2].c, s > 0);
        }
      }
    }
  }

  // What divides all those places.
  int64_t apart() const {
    int64_t divisor = 0;
    for (const Loop& loop : {loops[1], loops[2], summed}) {
      for (int64_t step : {loop.a, loop.b, loop.c}) divisor = std::gcd(divisor, step);
    }
    return divisor;
  }
};

class ContractionOnDevice final : public Kernel {
 public:
  ContractionOnDevice(std::unique_ptr<DeviceProduct> product, const Products& products, int64_t element)
      : product_(std::move(product)), products_(products), element_(element) {}
  size_t scratch_bytes(const ThreadPool&) const override { return product_->scratch_bytes(); }
  void run(const Exec& exec, Views in, Views out) const override {
    const auto *a = in[products_.swapped].as<std::byte>(), *b = in[!products_.swapped].as<std::byte>();
    products_.for_each([&](int64_t at_a, int64_t at_b, int64_t at_c, bool accumulate) {
      product_->run(a + at_a * element_, b + at_b * element_, out[0].as<std::byte>() + at_c * element_, accumulate,
                    exec.scratch);
    });
  }

 private:
  const std::unique_ptr<DeviceProduct> product_;
  const Products products_;
  const int64_t element_;  // Bytes.
};

// X is [batch, x1, k, x2] and read as x1 matrices [k, x2], or as one [x1, k] where there is no x2;
// Y likewise. Every pair of theirs is a product; C has the matrices [r, c] side by side in the rows and
// columns of one.
template <typename T>
class ContractionKernel final : public Kernel {
 public:
  ContractionKernel(const Contraction& op, const Shape& x, const Shape& y) {
    const int first = op.batched;
    const bool x_last = op.x_axis + 1 == op.x_rank, y_last = op.y_axis + 1 == op.y_rank;
    const int64_t x1 = extent(x, first, op.x_axis), x2 = extent(x, op.x_axis + 1, op.x_rank);
    const int64_t y1 = extent(y, first, op.y_axis), y2 = extent(y, op.y_axis + 1, op.y_rank);
    const int64_t k = x[op.x_axis], r = x_last ? x1 : x2, c = y_last ? y1 : y2;
    const int64_t x_stack = x_last ? 1 : x1, y_stack = y_last ? 1 : y1, width = y_stack * c;
    const Matrix mx = {x_last ? kR : kK, x_last ? kK : kR, x_last ? k : r, x1 * k * x2, k * r, 0};
    const Matrix my = {y_last ? kC : kK, y_last ? kK : kC, y_last ? k : c, y1 * k * y2, 0, k * c};
    const Matrix mc = {kR, kC, width, x_stack * r * width, r * width, c};
    const Matrix& to = op.kind == Contraction::kForward ? mc : op.kind == Contraction::kLeft ? mx : my;
    const Matrix& first_in = op.kind == Contraction::kLeft ? mc : mx;
    const Matrix& second_in = op.kind == Contraction::kRight ? mc : my;
    // The left operand of the product is the one that has the rows of its result.
    const bool swapped = first_in.rows != to.rows && first_in.cols != to.rows;
    const Matrix &a = swapped ? second_in : first_in, &b = swapped ? first_in : second_in;
    const int64_t sizes[] = {r, c, k};
    const Index summed = a.rows == to.rows ? a.cols : a.rows;
    shape_ = {.m = sizes[to.rows], .n = sizes[to.cols], .k = sizes[summed],
              .transpose_a = a.rows != to.rows, .transpose_b = b.cols != to.cols,
              .lda = a.ld, .ldb = b.ld, .ldc = to.ld};
    auto& [swapped_inputs, loops, summed_loop] = products_;
    swapped_inputs = swapped;
    loops[0] = {first == 0 ? 1 : x[0], a.batch_step, b.batch_step, to.batch_step};
    loops[1] = {x_stack, a.x_step, b.x_step, to.x_step};
    loops[2] = {y_stack, a.y_step, b.y_step, to.y_step};
    // Last what is summed, if anything; first what the product does as a batch.
    if (op.kind == Contraction::kLeft) summed_loop = std::exchange(loops[2], Loop{});
    if (op.kind == Contraction::kRight) summed_loop = std::exchange(loops[1], Loop{});
    std::sort(std::begin(loops), std::end(loops), [](const Loop& l, const Loop& m) { return l.count > m.count; });
    shape_.batch = loops[0].count;
    shape_.batch_step_a = loops[0].a;
    shape_.batch_step_b = loops[0].b;
    shape_.batch_step_c = loops[0].c;
  }

  size_t scratch_bytes(const ThreadPool& pool) const override { return gemm_scratch_bytes<T>(shape_, pool); }

  void run(const Exec& exec, Views in, Views out) const override {
    const T *a = in[products_.swapped].as<T>(), *b = in[!products_.swapped].as<T>();
    T* c = out[0].as<T>();
    if (products_.summed.count == 0) std::fill_n(c, out[0].shape->elements(), T{});
    products_.for_each([&](int64_t at_a, int64_t at_b, int64_t at_c, bool accumulate) {
      gemm<T>(shape_, a + at_a, b + at_b, c + at_c, {.accumulate = accumulate}, exec.scratch, exec.pool);
    });
  }

  std::unique_ptr<Kernel> on_device(const Device& device) const override {
    if (products_.summed.count == 0) return nullptr;
    auto product = make_device_product(device, dtype_of<T>(), shape_, products_.apart());
    if (product == nullptr) return nullptr;
    return std::make_unique<ContractionOnDevice>(std::move(product), products_, sizeof(T));
  }
  std::string_view cuda_library() const override { return kDeviceProductLibrary<T>; }

 private:
  enum Index { kR, kC, kK };
  struct Matrix {
    Index rows, cols;
    int64_t ld, batch_step, x_step, y_step;
  };
  GemmShape shape_;
  Products products_;
};

std::unique_ptr<Kernel> Contraction::compile(SignatureSpan in, SignatureSpan out) const {
  const Shape& x = kind == kLeft ? out[0].shape : in[0].shape;
  const Shape& y = kind == kRight ? out[0].shape : in[1].shape;
  return visit_product_type(in[0].dtype, [&](auto zero) -> std::unique_ptr<Kernel> {
    return std::make_unique<ContractionKernel<decltype(zero)>>(*this, x, y);
  });
}

}  // namespace

Tensor contract(const Tensor& x, int x_axis, const Tensor& y, int y_axis, bool batched) {
  return make<Contraction>({x, y}, static_cast<int>(Contraction::kForward), batched, x.rank(), x_axis,
                           y.rank(), y_axis);
}

}  // namespace keel
