#include "core/structure.h"

#include <cstring>

#include "core/leaves.h"
#include "core/loops/micro_ops.h"

namespace keel {
namespace {

class Add final : public ElementwiseOp<Add> {
 public:
  static constexpr std::string_view kName = "add";
  const MicroOp* micro_op() const override { return &kAdd; }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    for (int i : {0, 1}) {
      const Signature& other = in[1 - i];
      if (other.value != nullptr && other.value->elements() == 1 &&
          other.value->element<double>(0) == 0 && in[i].shape == out[0].shape) {
        return i;
      }
    }
    return -1;
  }
  Tensors gradient(const Tensor&, const Tensor& dy) const { return {dy, dy}; }
};

// What identity, stop_gradient and with_dependencies share: the plan drops them, but for one that
// must wait for others.
template <typename D>
class Forwarding : public OpOf<D> {
 public:
  auto fields() const { return std::tie(); }
  Signatures infer(SignatureSpan in) const override { return {in[0]}; }
  int forwards(SignatureSpan, SignatureSpan) const override { return 0; }
  void run(const Exec&, Views in, Views out) const override {
    std::memcpy(out[0].data, in[0].data, byte_size(*out[0].shape, out[0].dtype));
  }
};

class IdentityOp final : public Forwarding<IdentityOp> {
 public:
  static constexpr std::string_view kName = "identity";
  Tensors gradient(const Tensor&, const Tensor& dy) const { return {dy}; }
};

class StopGradient final : public Forwarding<StopGradient> {
 public:
  static constexpr std::string_view kName = "stop_gradient";
  static constexpr std::string_view kNoGradient = "it is there to stop them";
};

class ShapeOf final : public OpOf<ShapeOf> {
 public:
  static constexpr std::string_view kName = "shape";
  static constexpr std::string_view kNoGradient = "a shape has no slope";
  auto fields() const { return std::tie(); }
  bool reads_only_shape(int) const override { return true; }
  Signatures infer(SignatureSpan in) const override {
    return {{DType::kInt32, Shape{in[0].shape.rank()}}};
  }
  void run(const Exec&, Views in, Views out) const override {
    for (int i = 0; i < in[0].shape->rank(); ++i) {
      out[0].as<int32_t>()[i] = convert_element<int32_t>((*in[0].shape)[i]);
    }
  }
};

class SizeRatio final : public OpOf<SizeRatio> {
 public:
  static constexpr std::string_view kName = "size_ratio";
  static constexpr std::string_view kNoGradient = "a size has no slope";
  DType dtype;
  auto fields() const { return std::tie(dtype); }
  bool reads_only_shape(int) const override { return true; }
  Signatures infer(SignatureSpan) const override { return {{dtype, Shape{}}}; }
  void run(const Exec&, Views in, Views out) const override {
    const double ratio = static_cast<double>(in[0].shape->elements()) /
                         static_cast<double>(in[1].shape->elements());
    visit_dtype(dtype, [&](auto zero) {
      *out[0].as<decltype(zero)>() = convert_element<decltype(zero)>(ratio);
    });
  }
};

class BroadcastLike final : public OpOf<BroadcastLike> {
 public:
  static constexpr std::string_view kName = "broadcast_like";
  auto fields() const { return std::tie(); }
  bool reads_only_shape(int i) const override { return i == 1; }
  const MicroOp* micro_op() const override { return &kIdentity; }
  Signatures infer(SignatureSpan in) const override {
    const Shape shape = broadcast(kName, in[0].shape, in[1].shape);
    if (in[1].shape.is_static() && in[0].shape.is_static() && shape != in[1].shape) {
      fail("broadcast_like: x of shape ", in[0].shape, " does not broadcast to ", in[1].shape);
    }
    return {{in[0].dtype, in[1].shape.rank() < shape.rank() ? shape : in[1].shape}};
  }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    return in[0].shape == out[0].shape ? 0 : -1;
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
    LoopProgram program;
    program.shape = out[0].shape;
    program.inputs.push_back({in[0].dtype, in[0].shape});
    program.outputs.push_back({0});
    return make_loop_kernel(program);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {sum_to_like(dy, y.input(0)), Tensor()};
  }
};

// The axes of x over which it is summed to get the shape of `like`.
std::vector<bool> summed_axes(const Shape& x, const Shape& like) {
  std::vector<bool> summed(x.rank());
  const int extra = x.rank() - like.rank();
  for (int i = 0; i < x.rank(); ++i) summed[i] = i < extra || (like[i - extra] == 1 && x[i] != 1);
  return summed;
}

class SumToLike final : public OpOf<SumToLike> {
 public:
  static constexpr std::string_view kName = "sum_to_like";
  auto fields() const { return std::tie(); }
  bool reads_only_shape(int i) const override { return i == 1; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[1].shape}}; }
  int forwards(SignatureSpan in, SignatureSpan) const override {
    return in[0].shape == in[1].shape ? 0 : -1;
  }
  OverStack over_stack(SignatureSpan, const std::vector<bool>& stacked) const override {
    return stacked[0] && !stacked[1] ? OverStack::kSum : OverStack::kNothing;
  }
  bool reduction(SignatureSpan in, Reduction* reduction) const override {
    *reduction = {&kSum, summed_axes(in[0].shape, in[1].shape), 1};
    return true;
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan) const override {
    Reduction how;
    reduction(in, &how);
    return make_reduction_kernel(how, in[0]);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {broadcast_like(dy, y.input(0)), Tensor()};
  }
};

class ReshapeLike final : public OpOf<ReshapeLike> {
 public:
  static constexpr std::string_view kName = "reshape_like";
  auto fields() const { return std::tie(); }
  bool reads_only_shape(int i) const override { return i == 1; }
  bool is_view() const override { return true; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[1].shape}}; }
  int forwards(SignatureSpan in, SignatureSpan) const override {
    return in[0].shape == in[1].shape ? 0 : -1;
  }
  void run(const Exec&, Views in, Views out) const override {
    std::memcpy(out[0].data, in[0].data, byte_size(*out[0].shape, out[0].dtype));
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {reshape_like(dy, y.input(0)), Tensor()};
  }
};

bool same_static_shape(const Tensor& a, const Tensor& b) {
  return a.shape().is_static() && a.shape() == b.shape();
}

}  // namespace

const MicroOp kIdentity{"identity", 1, [](Lane, int) -> MicroOp::Code { return nullptr; }, "a"};

void FullLike::run(const Exec&, Views, Views out) const {
  const int64_t n = out[0].shape->elements();
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(out[0].as<T>(), n, convert_element<T>(value));
  });
}

Tensor add(const Tensor& x, const Tensor& y) { return make<Add>({x, y}); }

Tensor identity(const Tensor& x) { return make<IdentityOp>({x}); }

Tensor with_dependencies(const Tensor& x, Tensors dependencies) {
  return Tensor(make_node(make_op<IdentityOp>(), {x}, std::move(dependencies)), 0);
}

Tensor stop_gradient(const Tensor& x) { return make<StopGradient>({x}); }

Tensors stop_gradient(const Tensors& variables) {
  Tensors out;
  for (const Tensor& x : variables) out.push_back(stop_gradient(x));
  return out;
}

Tensor constant_tensor(const Array& value) {
  return make<ConstantOp>({}, internal::Identity<Array>{std::make_shared<Array>(value)});
}

Tensor scalar(double value, DType dtype) { return constant_tensor(Array::full({}, value, dtype)); }

Tensor full_like(const Tensor& x, double value, DType dtype) {
  return make<FullLike>({x}, value, dtype);
}

Tensor shape(const Tensor& x) { return make<ShapeOf>({x}); }

Tensor size_ratio(const Tensor& x, const Tensor& y, DType dtype) {
  return make<SizeRatio>({x, y}, dtype);
}

Tensor broadcast_like(const Tensor& x, const Tensor& like) {
  return same_static_shape(x, like) ? x : make<BroadcastLike>({x, like});
}

Tensor sum_to_like(const Tensor& x, const Tensor& like) {
  return same_static_shape(x, like) ? x : make<SumToLike>({x, like});
}

Tensor reshape_like(const Tensor& x, const Tensor& like) {
  return same_static_shape(x, like) ? x : make<ReshapeLike>({x, like});
}

}  // namespace keel
