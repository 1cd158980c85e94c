// What softmax, cross-entropies and logsumexp compute of a row: its greatest element, and a sum of
// exponentials.
#if defined(KEEL_OPS_REDUCTION_EXP_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_REDUCTION_EXP_ROWS_INL_H_
#undef KEEL_OPS_REDUCTION_EXP_ROWS_INL_H_
#else
#define KEEL_OPS_REDUCTION_EXP_ROWS_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "ops/math/exponential-inl.h"
#include "ops/math/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Terms that are added up in vector lanes before they go into a double: 32 per lane.
template <typename S>
constexpr int64_t kSumBlock = 32 * kLanesOf<S>;

template <typename T>
constexpr T kLowest = -std::numeric_limits<T>::infinity();

// The greatest of a row; undefined, though not harmful, where it holds a NaN.
template <typename S>
HWY_INLINE ComputeType<S> RowMax(const S* x, int64_t k) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  constexpr int64_t N = kLanesOf<S>;
  Lanes<S> a = hn::Set(d, kLowest<T>), b = a, c = a, e = a;
  int64_t i = 0;
  for (; i + 4 * N <= k; i += 4 * N) {
    a = hn::Max(a, Load(x + i));
    b = hn::Max(b, Load(x + i + N));
    c = hn::Max(c, Load(x + i + 2 * N));
    e = hn::Max(e, Load(x + i + 3 * N));
  }
  EachVector(x + i, k - i, kLowest<T>, [&](auto v, int64_t, int64_t) HWY_ATTR { a = hn::Max(a, v); });
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(a, b), hn::Max(c, e))));
}

// Σ exp(x − max) of a row. `to`: null, or where the terms go.
template <typename S, bool kStore>
HWY_INLINE double RowSumExp(const S* x, int64_t k, ComputeType<S> max, S* to) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  const Lanes<S> shift = hn::Set(d, max);
  double sum = 0;
  // Lanes beyond the end hold -inf and so add 0.
  for (int64_t begin = 0; begin < k; begin += kSumBlock<S>) {
    const int64_t n = std::min<int64_t>(kSumBlock<S>, k - begin);
    Lanes<S> total = hn::Zero(d);
    EachVector(x + begin, n, kLowest<T>, [&](auto v, int64_t i, int64_t count) HWY_ATTR {
      const auto e = ExpOfNegative(d, hn::Sub(v, shift));
      total = hn::Add(total, e);
      if constexpr (kStore) StoreCount(e, count, to + begin + i);
    });
    sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, total)));
  }
  return sum;
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_REDUCTION_EXP_ROWS_INL_H_
