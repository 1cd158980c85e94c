#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/reduction/arg_extreme_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "ops/reduction/arg_extreme_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// What elements are compared as: themselves where there are vectors of them to compare.
template <typename T>
struct LaneOf {
  using type = T;
};
template <>
struct LaneOf<bool> {
  using type = uint8_t;
};
template <>
struct LaneOf<float16> {
  using type = float;
};
template <>
struct LaneOf<bfloat16> {
  using type = float;
};

// Elements that are looked at before the best of them is compared with the best so far.
constexpr int64_t kBlock = 2048;
// Columns that are compared side by side.
constexpr int64_t kColumns = 64;

// Whether a comes before b in the order asked for, NaN before all.
template <bool kLeast, class V>
HWY_INLINE auto Before(V a, V b) {
  const auto better = kLeast ? hn::Lt(a, b) : hn::Gt(a, b);
  if constexpr (hwy::IsFloat<hn::TFromV<V>>()) {
    return hn::Or(better, hn::AndNot(hn::IsNaN(b), hn::IsNaN(a)));
  } else {
    return better;
  }
}
template <bool kLeast, typename T>
HWY_INLINE bool BeforeScalar(T a, T b) {
  return (kLeast ? a < b : a > b) | ((a != a) & (b == b));
}

// n elements as lanes; `room` holds those that have to be converted.
template <typename T, typename Lane = typename LaneOf<T>::type>
HWY_INLINE const Lane* AsLanes(const T* x, int64_t n, Lane* room) {
  if constexpr (sizeof(T) == sizeof(Lane)) {
    return reinterpret_cast<const Lane*>(x);
  } else {
    int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR  // There float16's infinities and NaN would become numbers.
    const hn::ScalableTag<float> d;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
    for (; i + lanes <= n; i += lanes) {
      hn::StoreU(hn::PromoteTo(d, hn::LoadU(hn::Rebind<T, decltype(d)>(), x + i)), d, room + i);
    }
#endif
    for (; i < n; ++i) room[i] = to_float(x[i]);
    return room;
  }
}

// The best of n elements.
template <bool kLeast, typename Lane>
HWY_INLINE Lane BestOf(const Lane* HWY_RESTRICT x, int64_t n) {
  const hn::ScalableTag<Lane> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  Lane best = x[0];
  int64_t i = 0;
  if (n >= 4 * lanes) {
    auto a = hn::LoadU(d, x), b = a, c = a, e = a;
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
      const auto va = hn::LoadU(d, x + i), vb = hn::LoadU(d, x + i + lanes);
      const auto vc = hn::LoadU(d, x + i + 2 * lanes), ve = hn::LoadU(d, x + i + 3 * lanes);
      a = hn::IfThenElse(Before<kLeast>(va, a), va, a);
      b = hn::IfThenElse(Before<kLeast>(vb, b), vb, b);
      c = hn::IfThenElse(Before<kLeast>(vc, c), vc, c);
      e = hn::IfThenElse(Before<kLeast>(ve, e), ve, e);
    }
    a = hn::IfThenElse(Before<kLeast>(b, a), b, a);
    c = hn::IfThenElse(Before<kLeast>(e, c), e, c);
    a = hn::IfThenElse(Before<kLeast>(c, a), c, a);
    HWY_ALIGN Lane all[hn::MaxLanes(d)];
    hn::Store(a, d, all);
    for (int64_t k = 0; k < lanes; ++k) best = BeforeScalar<kLeast>(all[k], best) ? all[k] : best;
  }
  for (; i < n; ++i) best = BeforeScalar<kLeast>(x[i], best) ? x[i] : best;
  return best;
}

// The first of n elements that is `best`.
template <typename Lane>
HWY_INLINE int64_t FirstOf(const Lane* HWY_RESTRICT x, int64_t n, Lane best) {
  const hn::ScalableTag<Lane> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  if (best == best) {
    const auto wanted = hn::Set(d, best);
    for (; i + lanes <= n; i += lanes) {
      const auto found = hn::Eq(hn::LoadU(d, x + i), wanted);
      if (!hn::AllFalse(d, found)) return i + hn::FindFirstTrue(d, found);
    }
  }
  while (x[i] != best && (best == best || x[i] == x[i])) ++i;
  return i;
}

// A few elements, `stride` apart, in one pass without branches.
template <bool kLeast, typename T>
HWY_INLINE int64_t OfFew(const T* x, int64_t n, int64_t stride) {
  using Lane = typename LaneOf<T>::type;
  auto lane = [&](int64_t i) HWY_ATTR {
    if constexpr (std::is_same_v<T, float16> || std::is_same_v<T, bfloat16>) {
      return to_float(x[i * stride]);
    } else {
      return static_cast<Lane>(x[i * stride]);
    }
  };
  Lane best = lane(0);
  int64_t at = 0;
  for (int64_t i = 1; i < n; ++i) {
    const Lane v = lane(i);
    const bool before = BeforeScalar<kLeast>(v, best);
    best = before ? v : best;
    at = before ? i : at;
  }
  return at;
}

// A dense row: the best of each block, and then the first such element of the block that has it.
template <bool kLeast, typename T>
int64_t OfRow(const T* x, int64_t n) {
  using Lane = typename LaneOf<T>::type;
  HWY_ALIGN Lane room[sizeof(T) == sizeof(Lane) ? 1 : kBlock];
  room[0] = Lane{};
  Lane best{};
  int64_t at = -1;
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t count = std::min(kBlock, n - i);
    const Lane here = BestOf<kLeast>(AsLanes(x + i, count, room), count);
    if (at < 0 || BeforeScalar<kLeast>(here, best)) {
      best = here;
      at = i;
    }
    if (best != best) break;  // Nothing comes before a NaN.
  }
  const int64_t count = std::min(kBlock, n - at);
  return at + FirstOf(AsLanes(x + at, count, room), count, best);
}

// kColumns columns at most, row by row.
template <bool kLeast, typename T>
void OfColumns(const T* x, int64_t n, int64_t inner, int64_t columns, int64_t* out) {
  using Lane = typename LaneOf<T>::type;
  using Index = hwy::MakeSigned<Lane>;
  const hn::ScalableTag<Lane> d;
  const hn::ScalableTag<Index> di;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t padded = (columns + lanes - 1) / lanes * lanes;
  constexpr int64_t kRoom = kColumns + hn::MaxLanes(d);
  HWY_ALIGN Lane best[kRoom];
  HWY_ALIGN Lane row[kRoom];
  HWY_ALIGN Index at[kRoom];
  // Indices fit lanes for as many rows as those can count; each such stretch is then put together.
  constexpr int64_t kStretch = sizeof(Index) >= 4 ? int64_t{1} << 30 : (int64_t{1} << (8 * sizeof(Index) - 1)) - 1;
  Lane overall[kColumns];
  for (int64_t first = 0; first < n; first += kStretch) {
    const int64_t count = std::min(kStretch, n - first);
    for (int64_t t = 0; t < count; ++t) {
      const T* const from = x + (first + t) * inner;
      const Lane* now = row;
      if constexpr (sizeof(T) == sizeof(Lane)) {
        if (padded == columns) {
          now = reinterpret_cast<const Lane*>(from);
        } else {
          std::memcpy(row, from, columns * sizeof(T));
          std::fill(row + columns, row + padded, Lane{});
        }
      } else {
        AsLanes(from, columns, row);
        std::fill(row + columns, row + padded, Lane{});
      }
      const auto index = hn::Set(di, static_cast<Index>(t));
      for (int64_t c = 0; c < padded; c += lanes) {
        const auto v = hn::LoadU(d, now + c);
        if (t == 0) {
          hn::Store(v, d, best + c);
          hn::Store(index, di, at + c);
          continue;
        }
        const auto old = hn::Load(d, best + c);
        const auto better = Before<kLeast>(v, old);
        hn::Store(hn::IfThenElse(better, v, old), d, best + c);
        hn::Store(hn::IfThenElse(hn::RebindMask(di, better), index, hn::Load(di, at + c)), di, at + c);
      }
    }
    for (int64_t c = 0; c < columns; ++c) {
      if (first == 0 || BeforeScalar<kLeast>(best[c], overall[c])) {
        overall[c] = best[c];
        out[c] = first + at[c];
      }
    }
  }
}

// Rows shorter than four vectors, kColumns of them at a time, as columns.
template <bool kLeast, typename T>
void OfShortRows(const T* x, int64_t n, int64_t rows, int64_t* out) {
  constexpr int64_t kMostElements = 4 * hn::MaxLanes(hn::ScalableTag<typename LaneOf<T>::type>());
  HWY_ALIGN T turned[kMostElements * kColumns];
  for (int64_t t = 0; t < n; ++t) {
    for (int64_t r = 0; r < rows; ++r) turned[t * rows + r] = x[r * n + t];
  }
  OfColumns<kLeast>(turned, n, rows, rows, out);
}

template <bool kLeast, typename T>
void Run(const ThreadPool& pool, const T* x, int64_t outer, int64_t n, int64_t inner, int64_t* out) {
  constexpr int64_t kPieceElements = 1 << 16;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(hn::ScalableTag<typename LaneOf<T>::type>()));
  if (inner == 1 && n >= 4 * lanes) {
    pool.parallel_for(outer, std::max<int64_t>(1, kPieceElements / n), [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t o = begin; o < end; ++o) out[o] = OfRow<kLeast>(x + o * n, n);
    });
    return;
  }
  if (inner == 1 && outer >= lanes) {
    const int64_t blocks = (outer + kColumns - 1) / kColumns;
    const int64_t grain = std::max<int64_t>(1, kPieceElements / (n * kColumns));
    pool.parallel_for(blocks, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t o = i * kColumns;
        OfShortRows<kLeast>(x + o * n, n, std::min(kColumns, outer - o), out + o);
      }
    });
    return;
  }
  if (inner < lanes) {
    pool.parallel_for(outer * inner, std::max<int64_t>(1, kPieceElements / n), [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) {
        out[i] = OfFew<kLeast>(x + i / inner * n * inner + i % inner, n, inner);
      }
    });
    return;
  }
  const int64_t blocks = (inner + kColumns - 1) / kColumns;
  const int64_t grain = std::max<int64_t>(1, kPieceElements / (n * std::min(inner, kColumns)));
  pool.parallel_for(outer * blocks, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t o = i / blocks, c = i % blocks * kColumns;
      OfColumns<kLeast>(x + o * n * inner + c, n, inner, std::min(kColumns, inner - c), out + o * inner + c);
    }
  });
}

void ArgMost(const ThreadPool& pool, const void* x, DType dtype, int64_t outer, int64_t n, int64_t inner,
             int64_t* out) {
  visit_dtype(dtype, [&](auto zero) HWY_ATTR {
    Run<false>(pool, static_cast<const decltype(zero)*>(x), outer, n, inner, out);
  });
}
void ArgLeast(const ThreadPool& pool, const void* x, DType dtype, int64_t outer, int64_t n, int64_t inner,
              int64_t* out) {
  visit_dtype(dtype, [&](auto zero) HWY_ATTR {
    Run<true>(pool, static_cast<const decltype(zero)*>(x), outer, n, inner, out);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {
HWY_EXPORT(ArgMost);
HWY_EXPORT(ArgLeast);
}  // namespace

void arg_extreme(const ThreadPool& pool, const void* x, DType dtype, int64_t outer, int64_t n,
                 int64_t inner, bool least, int64_t* out) {
  if (outer == 0 || inner == 0) return;
  if (least) {
    HWY_DYNAMIC_DISPATCH(ArgLeast)(pool, x, dtype, outer, n, inner, out);
  } else {
    HWY_DYNAMIC_DISPATCH(ArgMost)(pool, x, dtype, outer, n, inner, out);
  }
}

}  // namespace keel
#endif  // HWY_ONCE
