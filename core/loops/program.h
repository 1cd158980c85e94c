// Element-wise programs: what the plan fuses chains of element-wise ops into, and what every
// element-wise op and every reduction runs as.
#ifndef KEEL_CORE_LOOPS_PROGRAM_H_
#define KEEL_CORE_LOOPS_PROGRAM_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/dtype.h"
#include "core/shape.h"

namespace keel {

// The type that elements are computed in, whatever they are stored as.
enum class Lane : uint8_t { kInt32, kUint32, kFloat32, kInt64, kUint64, kFloat64 };
inline constexpr int kLanes = 6;

// bool and integers of at most 32 signed bits: kInt32; float16 and bfloat16: kFloat32.
Lane lane_of(DType dtype);

// One vector operation on one, two or three operands, compiled for every target and lane type it
// makes sense for. Written by KEEL_MICRO_OP (micro_op-inl.h), once, beside the op that uses it.
struct MicroOp {
  // How its code takes its operands: from the accumulator first; from the accumulator second; the
  // same with one element for all lanes as the other; in chosen lanes only; as a fold of all lanes
  // into one; or over and over on what is in memory. The last three are for reducers.
  enum Form : int { kPlain, kSwapped, kScalar, kScalarSwapped, kMasked, kFold, kReduce };

  std::string_view name;
  int arity;
  // The code for one lane type on the best target of this machine; null where the op has no meaning
  // for it. Opaque outside core/loops.
  using Code = void (*)();
  Code (*code)(Lane lane, int form);
  // The same as a C expression over the operands a, b and c, for NVRTC.
  std::string_view cuda;
  // Time relative to an addition; decides how finely work is split among threads.
  int cost = 1;
};

// How values along an axis become one: an associative micro-op and what it starts from.
struct Reducer {
  std::string_view name;
  const MicroOp* combine;
  // The value of no elements, as a double: 0 for a sum, -inf for a maximum (the lowest value where
  // the dtype is an integer).
  double identity;
};

// A program in single-assignment form over the elements of an iteration space. A result of dtype
// bool is 0 or 1 in every lane; integers narrower than a lane wrap after every step.
struct LoopProgram {
  // What one program may hold; whoever fuses stays within.
  static constexpr int kMaxInputs = 24, kMaxSteps = 64, kMaxOutputs = 8;

  // Values are numbered: first the inputs, then the steps.
  struct Input {
    DType dtype;
    Shape shape;  // Static; broadcasts to `LoopProgram::shape` by NumPy's rule.
  };
  struct Step {
    const MicroOp* op;  // kCast (micro_ops.h) converts its operand to `dtype`.
    DType dtype;        // Of the result. All operands have one dtype, except a select's condition.
    int args[3];
  };
  struct Output {
    int value;
    // Null: stored element by element, in an array of shape `LoopProgram::shape`. Otherwise reduced
    // over `LoopProgram::reduced` into an array of the remaining axes.
    const Reducer* reducer = nullptr;
    // A reduced float result is multiplied by this: 1/n makes a sum a mean.
    double scale = 1;
  };

  Shape shape;                // Of the iteration space; static.
  std::vector<bool> reduced;  // Per axis; empty where no output is reduced.
  std::vector<Input> inputs;
  std::vector<Step> steps;
  std::vector<Output> outputs;
};

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_PROGRAM_H_
