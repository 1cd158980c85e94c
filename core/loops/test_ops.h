// Micro-ops of the tests' own, so that core's tests stand on core alone.
#ifndef KEEL_CORE_LOOPS_TEST_OPS_H_
#define KEEL_CORE_LOOPS_TEST_OPS_H_

#include "core/loops/program.h"

namespace keel {

extern const MicroOp kTestSub, kTestMul, kTestMax, kTestNeg, kTestFma, kTestLess, kTestPositive,
    kTestAnd, kTestSelect;

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_TEST_OPS_H_
