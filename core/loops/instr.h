// The threaded code that loops run as.
#ifndef KEEL_CORE_LOOPS_INSTR_H_
#define KEEL_CORE_LOOPS_INSTR_H_

#include <cstddef>
#include <cstdint>

namespace keel {

// One instruction: a stage and its operands in memory. A stage gets its own instruction, the index
// of the block's first element and, in vector registers, the accumulator: a block of as many
// elements as four vectors of four-byte lanes have. It computes, then tail-calls the stage of the
// next instruction with the new accumulator. A chain so runs at the speed of registers, with one
// indirect jump per stage.
//
// Stages have as many vector parameters as the accumulator has vectors; `run` is cast back to the
// exact type that the stage before it leaves the accumulator in. Loads expect no accumulator.
struct Instr {
  void (*run)();
  // Element i of an operand is at base + i·step bytes.
  std::byte* base;
  union {
    std::byte* base2;
    size_t end;    // After a reduction: the index to stop at.
    double scale;  // Of a scale.
  };
  int32_t step, step2;
};
static_assert(sizeof(Instr) == 32);

// Runs a program, which begins with a load and ends with a return, on blocks of elements from
// `first` on until `end`. The loop is here, in no stage, since a stage that jumped back to the start
// would pile up frames where compilers do not turn calls into jumps (sanitizers, no optimization).
inline void execute(const Instr* program, size_t first, size_t end, size_t block) {
  const auto start = reinterpret_cast<void (*)(const Instr*, size_t)>(program->run);
  for (size_t i = first; i < end; i += block) start(program, i);
}

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_INSTR_H_
