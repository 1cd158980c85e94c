#include "core/elementwise.h"

#include <algorithm>

#include "core/loops/loop_kernel.h"
#include "core/loops/micro_ops.h"
#include "core/structure.h"

namespace keel {
namespace {

class ElementwiseKernel final : public Kernel {
 public:
  explicit ElementwiseKernel(const LoopProgram& program) : program_(program), loop_(program) {}
  size_t scratch_bytes(const ThreadPool&) const override { return loop_.scratch_bytes(); }
  void run(const Exec& exec, Views in, Views out) const override { loop_.run(exec, in, out); }
  bool may_alias(int out, int in) const override { return loop_.may_alias(out, in); }
  std::unique_ptr<Kernel> on_device(const Device& device) const override { return device.compile(program_); }
  std::string_view cuda_library() const override {
    bool has_source = true;
    for (const LoopProgram::Step& step : program_.steps) has_source &= !step.op->cuda.empty();
    for (const LoopProgram::Output& output : program_.outputs) {
      has_source &= output.reducer == nullptr || !output.reducer->combine->cuda.empty();
    }
    return has_source ? "NVRTC" : "";
  }

 private:
  const LoopProgram program_;
  LoopKernel loop_;
};

}  // namespace

std::unique_ptr<Kernel> make_loop_kernel(const LoopProgram& program) {
  return std::make_unique<ElementwiseKernel>(program);
}

std::unique_ptr<Kernel> make_reduction_kernel(const Reduction& reduction, const Signature& in) {
  LoopProgram program;
  program.shape = in.shape;
  program.reduced = reduction.reduced;
  program.inputs.push_back({in.dtype, in.shape});
  program.outputs.push_back({0, reduction.reducer, reduction.scale});
  return make_loop_kernel(program);
}

DType Elementwise::result_dtype(DType dtype) const {
  if (dtype.is_bool()) fail(name(), ": x is bool; accepted are numbers, into which cast() turns it");
  if (micro_op()->code(lane_of(dtype), MicroOp::kPlain) == nullptr) {
    fail(name(), ": x is ", dtype, ", for which it has no meaning");
  }
  return dtype;
}

Signatures Elementwise::infer(SignatureSpan in) const {
  Shape shape = in[0].shape;
  for (size_t i = 1; i < in.size(); ++i) {
    if (in[i].dtype != in[0].dtype) {
      fail(name(), ": the operands are ", in[0].dtype, " and ", in[i].dtype,
           "; dtypes are not promoted, cast one of them");
    }
    shape = broadcast(name(), shape, in[i].shape);
  }
  return {{result_dtype(in[0].dtype), shape}};
}

LoopProgram program_of(const MicroOp& op, SignatureSpan in, const Signature& out) {
  LoopProgram program;
  program.shape = out.shape;
  LoopProgram::Step step{&op, out.dtype, {0, 0, 0}};
  for (size_t i = 0; i < in.size(); ++i) {
    program.inputs.push_back({in[i].dtype, in[i].shape});
    step.args[i] = static_cast<int>(i);
  }
  program.steps.push_back(step);
  program.outputs.push_back({static_cast<int>(in.size())});
  return program;
}

std::unique_ptr<Kernel> Elementwise::compile(SignatureSpan in, SignatureSpan out) const {
  return make_loop_kernel(program_of(*micro_op(), in, out[0]));
}

// Operands without the new axis are broadcast along it, as long as those with it have it in front of
// all others.
OverStack Elementwise::over_stack(SignatureSpan in, const std::vector<bool>& stacked) const {
  int rank = 0;
  for (const Signature& s : in) rank = std::max(rank, s.shape.rank());
  for (size_t i = 0; i < in.size(); ++i) {
    if (stacked[i] && in[i].shape.rank() < rank) return OverStack::kNothing;
  }
  return OverStack::kStack;
}

Tensors Elementwise::fit_gradients(const Tensors& inputs, Tensors gradients) const {
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].defined()) gradients[i] = sum_to_like(gradients[i], inputs[i]);
  }
  return gradients;
}

}  // namespace keel
