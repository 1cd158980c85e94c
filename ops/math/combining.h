// Micro-ops of element-wise functions that reductions combine values by, too.
#ifndef KEEL_OPS_MATH_COMBINING_H_
#define KEEL_OPS_MATH_COMBINING_H_

#include "core/loops/program.h"

namespace keel {

extern const MicroOp kMultiply;
// NaN where either operand is.
extern const MicroOp kMaximum, kMinimum;

}  // namespace keel

#endif  // KEEL_OPS_MATH_COMBINING_H_
