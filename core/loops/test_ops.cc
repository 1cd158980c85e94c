// Micro-ops of the tests' own, so that core's tests stand on core alone.
#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/loops/test_ops.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"
#include "core/loops/test_ops.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

constexpr unsigned kFourByteLanes =
    LaneBit(Lane::kInt32) | LaneBit(Lane::kUint32) | LaneBit(Lane::kFloat32);

KEEL_MICRO_OP_2(TestSub, kAllLanes, hn::Sub(a, b))
KEEL_MICRO_OP_2(TestMul, kFloatLanes | kFourByteLanes, hn::Mul(a, b))
KEEL_COMBINE(TestMax, kAllLanes, hn::Max(a, b))
KEEL_MICRO_OP_1(TestNeg, kSignedLanes, hn::Neg(a))
KEEL_MICRO_OP_3(TestFma, kFloatLanes, hn::MulAdd(a, b, c))
KEEL_COMPARE(TestLess, kAllLanes, hn::Lt(a, b))
KEEL_TEST(TestPositive, kAllLanes, hn::Gt(a, hn::Zero(d)))
KEEL_MICRO_OP_2(TestAnd, kBoolLanes, hn::And(a, b))
KEEL_SELECT(TestSelect, kAllLanes)

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {

KEEL_EXPORT_MICRO_OP(TestSub, "sub", 2, "a - b")
KEEL_EXPORT_MICRO_OP(TestMul, "mul", 2, "a * b")
KEEL_EXPORT_MICRO_OP(TestMax, "max", 2, "max(a, b)")
KEEL_EXPORT_MICRO_OP(TestNeg, "neg", 1, "-a")
KEEL_EXPORT_MICRO_OP(TestFma, "fma", 3, "fma(a, b, c)")
KEEL_EXPORT_MICRO_OP(TestLess, "less", 2, "a < b")
KEEL_EXPORT_MICRO_OP(TestPositive, "positive", 1, "a > 0")
KEEL_EXPORT_MICRO_OP(TestAnd, "and", 2, "a & b")
KEEL_EXPORT_MICRO_OP(TestSelect, "select", 3, "a ? b : c")

}  // namespace keel
#endif  // HWY_ONCE
