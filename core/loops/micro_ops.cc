#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/loops/micro_ops.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"
#include "core/loops/micro_ops.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

KEEL_COMBINE(Add, kAllLanes, hn::Add(a, b))

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {

KEEL_EXPORT_MICRO_OP(Add, "add", 2, "a + b")

// Its code depends on two dtypes, so loops put it together themselves.
constinit const MicroOp kCast = {
    "cast", 1, [](Lane, int) -> MicroOp::Code { return nullptr; }, "a"};

constinit const Reducer kSum = {"sum", &kAdd, 0};

}  // namespace keel
#endif  // HWY_ONCE
