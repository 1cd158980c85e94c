// Graphs made of a fuzzer's bytes: built, differentiated, run.
#ifndef KEEL_TESTING_FUZZ_DRIVE_H_
#define KEEL_TESTING_FUZZ_DRIVE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/tensor.h"
#include "testing/fuzz/draw.h"

namespace keel::fuzz {

// One call of a function of the family, with arguments drawn.
using Action = Tensors (*)(Draw& draw);

// What is fuzzed.
struct Family {
  std::vector<Action> actions;
  bool repeatable = true;  // Whether the same call gives the same bits, on any number of threads.
};

// The family that a program is linked with.
const Family& family();

// Makes a graph of `data` and runs it. A ValueError is an answer; aborts where a result has another shape
// or dtype than was said, or other bits when it is computed again with more threads. With KEEL_FUZZ_PRINT
// in the environment, prints the graph and what is fed to it.
void drive(const Family& family, const uint8_t* data, size_t size);

}  // namespace keel::fuzz

#endif  // KEEL_TESTING_FUZZ_DRIVE_H_
