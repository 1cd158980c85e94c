// The most that this machine does.
#ifndef KEEL_BENCHMARKS_MACHINE_H_
#define KEEL_BENCHMARKS_MACHINE_H_

#include <array>

#include "benchmarks/harness.h"

namespace keel::bench {

// The best of many short runs, on `threads` threads at once.
struct Limits {
  struct Bandwidth {
    double copy, read, write;  // Bytes a second; a copy counts what it reads and what it writes.
  };
  int threads;
  double flops;                            // f32, a multiply-add counting two.
  std::array<double, 3> capacity;          // Bytes of traffic that each level below takes.
  std::array<Bandwidth, 3> levels;         // Second-level cache, last-level cache, memory.

  // The least time for `workload`: the larger of what its flops and its bytes take, the bytes at the
  // speed of the smallest cache that holds them all. 0 where it has neither.
  double seconds(const Workload& workload) const;
};

// Takes about a second.
Limits measure_limits(int threads);

// The Highway target that kernels run on.
const char* machine_target();

}  // namespace keel::bench

#endif  // KEEL_BENCHMARKS_MACHINE_H_
