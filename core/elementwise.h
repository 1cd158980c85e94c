// Ops that work element by element.
#ifndef KEEL_CORE_ELEMENTWISE_H_
#define KEEL_CORE_ELEMENTWISE_H_

#include "core/loops/program.h"
#include "core/op.h"

namespace keel {

// The program of one micro-op whose operands are the inputs, in order.
LoopProgram program_of(const MicroOp& op, SignatureSpan in, const Signature& out);

// What the element-wise ops share: broadcasting, one dtype for all operands, and a kernel made from
// the micro-op. `micro_op()` says which; where the result's dtype is not that of the operands, or
// some dtypes make no sense, `result_dtype` says so.
class Elementwise : public Op {
 public:
  const MicroOp* micro_op() const override = 0;
  // The result's dtype for operands of `dtype`; ValueError where the op has no meaning for it. By
  // default `dtype`, accepted when it is not bool and the micro-op exists for its lane type.
  virtual DType result_dtype(DType dtype) const;
  Signatures infer(SignatureSpan in) const override;
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override;
  OverStack over_stack(SignatureSpan in, const std::vector<bool>& stacked) const override;
  // A gradient method may return gradients in the shape of the result: they are summed back here.
  Tensors fit_gradients(const Tensors& inputs, Tensors gradients) const override;
};

// An element-wise op without attributes:
//
//   class Exp final : public ElementwiseOp<Exp> {
//    public:
//     static constexpr std::string_view kName = "exp";
//     const MicroOp* micro_op() const override { return &kExp; }
//     Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * y}; }
//   };
template <typename D>
class ElementwiseOp : public OpOf<D, Elementwise> {
 public:
  auto fields() const { return std::tie(); }
};

}  // namespace keel

#endif  // KEEL_CORE_ELEMENTWISE_H_
