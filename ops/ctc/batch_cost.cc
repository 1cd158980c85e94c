#include "ops/ctc/batch_cost.h"

#include <string_view>
#include <tuple>

#include "core/config.h"
#include "core/op.h"
#include "ops/array/reshape.h"
#include "ops/ctc/arguments.h"
#include "ops/ctc/batch_cost_kernel.h"
#include "ops/math/math.h"

namespace keel {
namespace {

constexpr std::string_view kFunction = "ctc_batch_cost";

enum Input { kPred, kTrue, kInputLength, kLabelLength, kExtra };   // The last: dcost, or v.

// Calls f(0.0f) or f(0.0).
template <typename F>
decltype(auto) visit_float(DType dtype, F&& f) {
  return dtype == DType::kFloat64 ? f(double{}) : f(float{});
}

// What the op and its derivatives share: attributes, and what kernels take.
template <typename D>
class CtcOp : public OpOf<D> {
 public:
  double epsilon;
  bool zero_infinity;
  auto fields() const { return std::tie(epsilon, zero_infinity); }

 protected:
  // The number of samples, after checking that all shapes fit.
  static int64_t check_shapes(SignatureSpan in) {
    check_ctc_predictions(kFunction, in[kPred]);
    const Shape &y = in[kPred].shape, &labels = in[kTrue].shape;
    if (labels.rank() != 2 || !may_equal(labels[0], y[0])) {
      fail(kFunction, ": y_true has shape ", labels, " and y_pred ", y, "; accepted are (samples, labels) and (samples, ",
           "steps, classes)");
    }
    const int64_t samples = y[0] == None ? labels[0] : y[0];
    check_ctc_lengths(kFunction, "input_length", in[kInputLength].shape, samples);
    check_ctc_lengths(kFunction, "label_length", in[kLabelLength].shape, samples);
    if (y[1] > kMostCtcSteps) {
      fail(kFunction, ": y_pred of shape ", y, " has ", y[1], " steps; accepted are up to ", kMostCtcSteps);
    }
    return samples;
  }

  size_t scratch(CtcPass pass, const Signature& y, const Signature& labels, const ThreadPool& pool) const {
    return visit_float(y.dtype, [&](auto zero) {
      return ctc_scratch_bytes<decltype(zero)>(pass, y.shape[1], labels.shape[1], pool);
    });
  }

  // After checking the values that kernels take for granted.
  CtcBatch batch(Views in) const {
    const Shape &y = *in[kPred].shape, &labels = *in[kTrue].shape;
    const CtcBatch b{y[0], y[1], y[2], labels[1], in[kTrue].as<int64_t>(), in[kInputLength].as<int64_t>(),
                     in[kLabelLength].as<int64_t>(), epsilon, zero_infinity};
    check_ctc_length_values(kFunction, "input_length", b.input_lengths, b.samples, b.steps, "steps");
    check_ctc_length_values(kFunction, "label_length", b.label_lengths, b.samples, b.width, "labels in y_true");
    for (int64_t n = 0; n < b.samples; ++n) {
      for (int64_t i = 0; i < b.label_lengths[n]; ++i) {
        const int64_t label = b.labels[n * b.width + i];
        if (label < 0 || label >= b.classes - 1) {
          fail(kFunction, ": y_true has label ", label, " at (", n, ", ", i, "); accepted are 0 to ", b.classes - 2,
               ", since the last of the ", b.classes, " classes of y_pred is the blank");
        }
      }
    }
    return b;
  }
};

// A kernel that runs `Pass` of an op.
template <typename O>
class CtcKernel final : public Kernel {
 public:
  CtcKernel(const O& op, SignatureSpan in) : op_(op), y_(in[kPred]), labels_(in[kTrue]) {}
  size_t scratch_bytes(const ThreadPool& pool) const override { return op_.scratch(O::kPass, y_, labels_, pool); }
  void run(const Exec& exec, Views in, Views out) const override {
    const CtcBatch batch = op_.batch(in);
    visit_float(y_.dtype, [&](auto zero) { O::template call<decltype(zero)>(batch, exec, in, out); });
  }

 private:
  const O& op_;
  const Signature y_, labels_;
};

// The derivative of the cost along v, and the Hessian of the cost times v. Inputs: as kExtra, v.
class CtcCostTangent final : public CtcOp<CtcCostTangent> {
 public:
  static constexpr std::string_view kName = "ctc_batch_cost_tangent";
  static constexpr CtcPass kPass = CtcPass::kTangent;
  Signatures infer(SignatureSpan in) const override {
    return {{in[kPred].dtype, Shape{check_shapes(in), 1}}, in[kPred]};
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan) const override {
    return std::make_unique<CtcKernel<CtcCostTangent>>(*this, in);
  }
  template <typename T>
  static void call(const CtcBatch& batch, const Exec& exec, Views in, Views out) {
    ctc_cost_tangent<T>(batch, in[kPred].as<T>(), in[kExtra].as<T>(), out[0].as<T>(), out[1].as<T>(), exec.scratch,
                        exec.pool);
  }
  Tensors gradient(const Tensors& outputs, const Tensors& gradients) const;

 private:
  friend CtcKernel<CtcCostTangent>;
};

// The cost's gradient by y_pred. Inputs: as kExtra, the gradient by the cost.
class CtcCostGradient final : public CtcOp<CtcCostGradient> {
 public:
  static constexpr std::string_view kName = "ctc_batch_cost_gradient";
  static constexpr CtcPass kPass = CtcPass::kGradient;
  Signatures infer(SignatureSpan in) const override {
    check_shapes(in);
    return {in[kPred]};
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan) const override {
    return std::make_unique<CtcKernel<CtcCostGradient>>(*this, in);
  }
  template <typename T>
  static void call(const CtcBatch& batch, const Exec& exec, Views in, Views out) {
    ctc_cost_gradient<T>(batch, in[kPred].as<T>(), in[kExtra].as<T>(), out[0].as<T>(), exec.scratch, exec.pool);
  }
  // The gradient is dcost · ∇cost(y): along v, what it has to do with dcost is the cost's slope, and
  // with y the Hessian, which is symmetric.
  Tensors gradient(const Tensor& g, const Tensor& v) const {
    const Tensors& in = g.node().inputs();
    const Tensors tangent = make_all<CtcCostTangent>(
        {in[kPred], in[kTrue], in[kInputLength], in[kLabelLength], v}, epsilon, zero_infinity);
    return {tangent[1] * expand_dims(in[kExtra]), Tensor(), Tensor(), Tensor(), tangent[0]};
  }

 private:
  friend CtcKernel<CtcCostGradient>;
};

Tensors CtcCostTangent::gradient(const Tensors& outputs, const Tensors& gradients) const {
  if (gradients[1].defined()) {
    fail(kFunction, ": a third derivative by y_pred was asked for; there are the first and the second");
  }
  const Tensors& in = outputs[0].node().inputs();
  const Tensor first = make<CtcCostGradient>(
      {in[kPred], in[kTrue], in[kInputLength], in[kLabelLength], gradients[0]}, epsilon, zero_infinity);
  return {outputs[1] * expand_dims(gradients[0]), Tensor(), Tensor(), Tensor(), first};
}

// Inputs: predictions (float32 or float64), labels and lengths (int64).
class CtcCost final : public CtcOp<CtcCost> {
 public:
  static constexpr std::string_view kName = "ctc_batch_cost";
  static constexpr CtcPass kPass = CtcPass::kCost;
  Signatures infer(SignatureSpan in) const override { return {{in[kPred].dtype, Shape{check_shapes(in), 1}}}; }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan) const override {
    return std::make_unique<CtcKernel<CtcCost>>(*this, in);
  }
  template <typename T>
  static void call(const CtcBatch& batch, const Exec& exec, Views in, Views out) {
    ctc_cost<T>(batch, in[kPred].as<T>(), out[0].as<T>(), exec.scratch, exec.pool);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensors& in = y.node().inputs();
    return {make<CtcCostGradient>({in[kPred], in[kTrue], in[kInputLength], in[kLabelLength], dy}, epsilon,
                                  zero_infinity),
            Tensor(), Tensor(), Tensor()};
  }

 private:
  friend CtcKernel<CtcCost>;
};

}  // namespace

Tensor ctc_batch_cost(const Tensor& y_true, const Tensor& y_pred, const Tensor& input_length,
                      const Tensor& label_length, const CtcBatchCostOptions& options) {
  check_ctc_predictions(kFunction, y_pred.signature());
  const DType dtype = y_pred.dtype();
  const bool narrow = dtype.size() < 4;
  const Tensor cost =
      make<CtcCost>({narrow ? cast(y_pred, DType::kFloat32) : y_pred, as_int64(kFunction, "y_true", y_true),
                     as_int64(kFunction, "input_length", input_length), as_int64(kFunction, "label_length", label_length)},
                    epsilon(), options.zero_infinity);
  return narrow ? cast(cost, dtype) : cost;
}

}  // namespace keel
