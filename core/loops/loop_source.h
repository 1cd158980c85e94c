// Element-wise programs as CUDA C++.
#ifndef KEEL_CORE_LOOPS_LOOP_SOURCE_H_
#define KEEL_CORE_LOOPS_LOOP_SOURCE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/loops/program.h"

namespace keel {

// A program as source, and how to launch it. Its kernels take pointers to all inputs, then all outputs,
// then the places of all partial results.
//
// Elements are computed in the types of their lanes, as on the CPU. Where values are reduced, a block of
// threads shares the work on some results, each thread combining in order what falls to it; threads
// are then combined by halves, and so are blocks, which put partial results aside first. The order depends
// on shapes alone.
struct LoopSource {
  static constexpr int kThreads = 256;  // Of a block.
  struct Grid {
    uint32_t x = 0, y = 1;  // Blocks; where x is 0 there is nothing to do.
  };

  std::string code;  // Defines `loop` and, where there are partial results, `combine_partials`.
  Grid loop, combine;
  std::vector<int64_t> partials;  // Where in the scratch they begin, per reduced output; bytes.
  int64_t scratch_bytes = 0;
};

// Writes the source of `program`, which a LoopKernel has accepted.
LoopSource write_loop_source(const LoopProgram& program);

// What the source calls, for the compiler that makes code for the GPU; stands before it.
extern const std::string_view kLoopPrelude;

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_LOOP_SOURCE_H_
