// From element-wise programs to threaded code.
#ifndef KEEL_CORE_LOOPS_COMPILE_H_
#define KEEL_CORE_LOOPS_COMPILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/loops/instr.h"
#include "core/loops/program.h"
#include "core/loops/stages.h"

namespace keel {

// An operand that is known only when a loop runs.
struct Patch {
  uint16_t instr;
  uint8_t operand;  // 0: Instr::base and step; 1: base2 and step2.
  uint8_t index;    // Of the input, slot or output.
};

// What the code does with one output.
struct CompiledOutput {
  Lane lane;         // In which its value leaves the accumulator.
  DType dtype;
  int combine = -1;  // Of a reduced output: the instruction that adds a block to its accumulators.
  int store = -1;    // Of any other: the instruction that stores it.
};

// A program as threaded code, and where a run writes its pointers into it.
struct CompiledLoop {
  std::vector<Instr> code;
  std::vector<Patch> inputs, slots, outputs, accumulators;  // `inputs` by index.
  std::vector<CompiledOutput> output;
  int slot_count = 0;         // Blocks of 8-byte lanes in which values wait.
  std::vector<int> last_read;  // Per input: the last instruction that reads it; -1 if none does.
  int cost = 0;
  std::string text;  // "mul add max"
};

// How an input will lie in memory: as it is stored; as lanes, whatever it is stored as; or as lanes
// that are all alike throughout a run.
enum class InputForm : uint8_t { kStored, kLanes, kSplat };

// Compiles `program`, whose inputs will be in `forms`.
// With `tile`, values to be reduced are stored in their lanes' type rather than combined; either
// way `accumulators` says where.
// ValueError where an op has no meaning for its operands or the program is too long.
CompiledLoop compile_loop(const LoopProgram& program, const std::vector<InputForm>& forms, bool tile,
                          const StageTable& stages);

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_COMPILE_H_
