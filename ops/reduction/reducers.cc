#include "core/simd_targets.h"

#include <cstdint>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/reduction/reducers.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "core/loops/micro_op-inl.h"
#include "ops/reduction/reducers.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// x86's own maximum and minimum drop a NaN that comes first.
template <class V>
HWY_INLINE V GreaterOrNaN(V a, V b) {
  if constexpr (hwy::IsFloat<hn::TFromV<V>>()) {
    return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b);
  } else {
    return hn::IfThenElse(hn::Gt(a, b), a, b);
  }
}
template <class V>
HWY_INLINE V LessOrNaN(V a, V b) {
  if constexpr (hwy::IsFloat<hn::TFromV<V>>()) {
    return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b);
  } else {
    return hn::IfThenElse(hn::Lt(a, b), a, b);
  }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ProductOf(D d, V a, V b) {
  using T = hn::TFromD<D>;
  if constexpr (sizeof(T) == 8 && !hwy::IsFloat<T>()) {  // AVX2 has no such instruction.
    constexpr size_t kLanes = hn::MaxLanes(D());
    HWY_ALIGN uint64_t x[kLanes], y[kLanes];
    const hn::RebindToUnsigned<D> du;
    hn::Store(hn::BitCast(du, a), du, x);
    hn::Store(hn::BitCast(du, b), du, y);
    for (size_t i = 0; i < kLanes; ++i) x[i] *= y[i];
    return hn::BitCast(d, hn::Load(du, x));
  } else {
    (void)d;
    return hn::Mul(a, b);
  }
}

KEEL_COMBINE(Greatest, kAllLanes, GreaterOrNaN(a, b))
KEEL_COMBINE(Least, kAllLanes, LessOrNaN(a, b))
KEEL_COMBINE(Product, kAllLanes, ProductOf(d, a, b))

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

KEEL_EXPORT_MICRO_OP(Greatest, "max", 2, "a > b || a != a ? a : b", 2)
KEEL_EXPORT_MICRO_OP(Least, "min", 2, "a < b || a != a ? a : b", 2)
KEEL_EXPORT_MICRO_OP(Product, "mul", 2, "a * b")

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

constinit const Reducer kMaxReducer = {"max", &kGreatest, -kInfinity};
constinit const Reducer kMinReducer = {"min", &kLeast, kInfinity};
constinit const Reducer kProdReducer = {"prod", &kProduct, 1};
constinit const Reducer kAnyReducer = {"any", &kGreatest, 0};
constinit const Reducer kAllReducer = {"all", &kLeast, 1};

}  // namespace keel
#endif  // HWY_ONCE
