// Steps that are calls of compiled functions: Keel as a user calls it, the cost of the call included.
#ifndef KEEL_BENCHMARKS_CALLS_H_
#define KEEL_BENCHMARKS_CALLS_H_

#include <vector>

#include "benchmarks/harness.h"
#include "core/array.h"
#include "core/function.h"
#include "core/tensor.h"

namespace keel::bench {

// The numbers of Floats(…, seed, low, high).
Array floats(const Shape& shape, int seed, float low = -1, float high = 1);

// A float32 placeholder.
Tensor input(const Shape& shape);

// Calls `function` with `inputs`; the first output is the result. What is fed counts as new in each call;
// weights that do not change, which Keel packs once as the peers do, are variables.
Step call(const Function& function, std::vector<Array> inputs);

// A function of one array of this shape, Floats(…, 0).
template <typename F>
MakeStep unary_call(const Shape& shape, F f) {
  return [=](const Setting&) {
    const Tensor x = input(shape);
    return call(function({x}, {f(x)}), {floats(shape, 0)});
  };
}

}  // namespace keel::bench

#endif  // KEEL_BENCHMARKS_CALLS_H_
