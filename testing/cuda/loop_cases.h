// Element-wise programs to try the GPU's source on.
#ifndef KEEL_TESTING_CUDA_LOOP_CASES_H_
#define KEEL_TESTING_CUDA_LOOP_CASES_H_

#include <vector>

#include "core/loops/program.h"

namespace keel {

// What plans make of graphs with every element-wise op and reduction, for the dtypes they are for, and of a
// training step. Each once, always in the same order. They live to the end of the process.
const std::vector<LoopProgram>& loop_cases();

}  // namespace keel

#endif  // KEEL_TESTING_CUDA_LOOP_CASES_H_
