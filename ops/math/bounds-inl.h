// Bounds on vectors that leave NaN as it is, where Highway's Min and Max may drop it.
#if defined(KEEL_OPS_MATH_BOUNDS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_MATH_BOUNDS_INL_H_
#undef KEEL_OPS_MATH_BOUNDS_INL_H_
#else
#define KEEL_OPS_MATH_BOUNDS_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// x86's instructions give their second operand where one of them is NaN.
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
template <class V>
constexpr bool kSecondWins = hwy::IsFloat<hn::TFromV<V>>();
#else
template <class V>
constexpr bool kSecondWins = false;
#endif

// The greater of `bound` and x; where x is NaN or as great (a zero of the other sign), x.
template <class V>
HWY_INLINE V AtLeast(V bound, V x) {
  if constexpr (kSecondWins<V>) return hn::Max(bound, x);
  return hn::IfThenElse(hn::Lt(x, bound), bound, x);
}

// The lesser of `bound` and x, in the same way.
template <class V>
HWY_INLINE V AtMost(V bound, V x) {
  if constexpr (kSecondWins<V>) return hn::Min(bound, x);
  return hn::IfThenElse(hn::Gt(x, bound), bound, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_MATH_BOUNDS_INL_H_
