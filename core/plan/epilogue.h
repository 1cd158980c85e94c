// Epilogues: element-wise programs that take up the rows of another step's result while the caches
// hold them, in the place of a pass of their own over memory.
#ifndef KEEL_CORE_PLAN_EPILOGUE_H_
#define KEEL_CORE_PLAN_EPILOGUE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/kernel.h"
#include "core/loops/loop_kernel.h"
#include "core/plan/graph.h"

namespace keel::plan {

// An element-wise program of which one input is the result of the op before it.
class Epilogue {
 public:
  // `program` with the result as its input `result`; null where rows cannot be had one by one: it
  // reduces, or an input is neither as large as the result nor the same for all rows, or nothing can
  // be written where the result was.
  static std::shared_ptr<const Epilogue> make(const LoopProgram& program, int result);

  // Inputs besides the result.
  int inputs() const { return static_cast<int>(row_bytes_.size()) - 1; }
  // The output that takes the memory of the result.
  int in_place() const { return in_place_; }
  // Rows [begin, end) of the outputs, from those of the inputs; the result lies in output in_place().
  void run(Views inputs, Views outputs, int64_t begin, int64_t end) const;
  // Whether output `out` may have the memory of input `in` besides the result.
  bool may_alias(int out, int in) const;
  std::string to_string() const { return loop_.to_string(); }

  // For make().
  Epilogue(LoopKernel loop, int64_t columns) : loop_(std::move(loop)), columns_(columns) {}

 private:
  int program_input(int in) const { return in < result_ ? in : in + 1; }

  const LoopKernel loop_;  // On all rows.
  const int64_t columns_;
  int result_ = 0, in_place_ = -1;
  std::vector<int64_t> row_bytes_, output_row_bytes_;  // 0: one row for all.
};

// `op`'s kernel, which tells of its rows, and `epilogue` on them. Inputs: those of `op`, then the epilogue's.
std::unique_ptr<Kernel> make_epilogue_kernel(std::unique_ptr<Kernel> op, int op_inputs, const Signature& result,
                                             std::shared_ptr<const Epilogue> epilogue);

}  // namespace keel::plan

#endif  // KEEL_CORE_PLAN_EPILOGUE_H_
