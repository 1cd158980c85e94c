// The ops that graphs themselves need: identity, constants in the shape of something, and what
// broadcasting does to gradients.
#ifndef KEEL_CORE_STRUCTURE_H_
#define KEEL_CORE_STRUCTURE_H_

#include <memory>

#include "core/elementwise.h"
#include "core/op.h"
#include "core/tensor.h"

namespace keel {

// x + y, broadcast. Operands of one dtype; the public operators are in ops/math.
Tensor add(const Tensor& x, const Tensor& y);

// A tensor with the value of `x`. Source: keras.backend.identity.
Tensor identity(const Tensor& x);

// `x`, to be computed only after all of `dependencies` were.
Tensor with_dependencies(const Tensor& x, Tensors dependencies);

// `x`, through which no gradient flows. Source: keras.backend.stop_gradient.
Tensor stop_gradient(const Tensor& x);
Tensors stop_gradient(const Tensors& variables);

// A constant tensor with the value of `value`.
Tensor constant_tensor(const Array& value);

// The plain number `value` as a scalar of `dtype`.
Tensor scalar(double value, DType dtype);

// `value` in the shape of `x`, converted to `dtype`.
Tensor full_like(const Tensor& x, double value, DType dtype);

// The shape of `x`, dynamic dimensions included: an int32 vector. Source: keras.backend.shape.
Tensor shape(const Tensor& x);

// elements(x) / elements(y), as a scalar of `dtype`: the count behind a mean.
Tensor size_ratio(const Tensor& x, const Tensor& y, DType dtype);

// `x` broadcast to the shape of `like`.
Tensor broadcast_like(const Tensor& x, const Tensor& like);

// `x`, the gradient of a broadcast result, brought back to the shape of operand `like`: summed over
// the axes along which that was repeated.
Tensor sum_to_like(const Tensor& x, const Tensor& like);

// `x` in the shape of `like`, which has as many elements.
Tensor reshape_like(const Tensor& x, const Tensor& like);

// The micro-op of what only broadcasts; programs leave it out.
extern const MicroOp kIdentity;

// A kernel that runs an element-wise program.
std::unique_ptr<Kernel> make_loop_kernel(const LoopProgram& program);
// A kernel that reduces one input of this signature.
std::unique_ptr<Kernel> make_reduction_kernel(const Reduction& reduction, const Signature& in);

// Fills its output with a plain number; input 0 gives the shape.
class FullLike final : public OpOf<FullLike> {
 public:
  static constexpr std::string_view kName = "full_like";
  static constexpr std::string_view kNoGradient = "it reads the shape of its input alone";
  double value;
  DType dtype;

  auto fields() const { return std::tie(value, dtype); }
  bool reads_only_shape(int) const override { return true; }
  Signatures infer(SignatureSpan in) const override { return {{dtype, in[0].shape}}; }
  void run(const Exec& exec, Views in, Views out) const override;
};

}  // namespace keel

#endif  // KEEL_CORE_STRUCTURE_H_
