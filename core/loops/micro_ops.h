// The micro-ops and reducers that the core itself needs; all others live beside their ops.
#ifndef KEEL_CORE_LOOPS_MICRO_OPS_H_
#define KEEL_CORE_LOOPS_MICRO_OPS_H_

#include "core/loops/program.h"

namespace keel {

// Converts to the step's dtype: a float becomes an integer by truncation, saturated, NaN as 0;
// integers wrap; anything but 0 becomes true; float16 and bfloat16 are rounded to nearest even.
extern const MicroOp kCast;

// a + b
extern const MicroOp kAdd;

// The sum; with scale 1/n, the mean.
extern const Reducer kSum;

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_MICRO_OPS_H_
