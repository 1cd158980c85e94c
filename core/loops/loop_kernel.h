// Runs element-wise programs.
#ifndef KEEL_CORE_LOOPS_LOOP_KERNEL_H_
#define KEEL_CORE_LOOPS_LOOP_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/loops/program.h"
#include "core/view.h"

namespace keel {

struct LoopPlan;

// An element-wise program made ready for its shapes on this machine. Immutable and thread-safe.
class LoopKernel {
 public:
  // ValueError where an op has no meaning for the dtype of its operands, an input does not broadcast
  // to the program's shape, or the program exceeds LoopProgram's limits.
  explicit LoopKernel(const LoopProgram& program);
  LoopKernel(LoopKernel&&) noexcept;
  LoopKernel& operator=(LoopKernel&&) noexcept;
  ~LoopKernel();

  // Bytes of Exec::scratch that `run` needs; often 0.
  size_t scratch_bytes() const;

  // Computes the outputs from the inputs, both as the program lists them; only their data is looked
  // at. Work is split and sums are ordered by shape alone: any pool gives the same bits. Sums of
  // floats have an error that grows with the logarithm of their length. Takes nothing from the heap.
  void run(const Exec& exec, Views in, Views out) const;

  // The first `elements` alone, rows of the last axis, on this thread; of a program that reduces nothing. `scratch`
  // has scratch_bytes().
  void run_first(int64_t elements, std::byte* scratch, Views in, Views out) const;

  // Whether `output` may have the memory of `input`: it is as large, element by element, and is
  // written where the input has been read for the last time. Any other overlap is not allowed.
  bool may_alias(int output, int input) const;

  // The micro-ops in order, for plan dumps: "mul add max → store".
  std::string to_string() const;

  // The Highway target that runs.
  int64_t target() const;

 private:
  std::unique_ptr<const LoopPlan> plan_;
};

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_LOOP_KERNEL_H_
