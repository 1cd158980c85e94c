#include "core/simd_targets.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/nn/softmax_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/math/lanes-inl.h"
#include "ops/nn/softmax_kernel.h"
#include "ops/reduction/exp_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

// Elements of a piece of parallel work: some 10 µs.
constexpr int64_t kGrain = 16384;

template <typename S>
void SoftmaxRow(const S* x, int64_t k, S* y) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  const T max = RowMax(x, k);
  // Narrow types have no room for the terms: they are computed twice.
  constexpr bool kKeep = !kIsNarrow<S>;
  const double sum = RowSumExp<S, kKeep>(x, k, max, y);
  const auto scale = hn::Set(d, static_cast<T>(1 / sum));
  const auto shift = hn::Set(d, max);
  EachVector(kKeep ? y : x, k, T(0), [&](auto v, int64_t i, int64_t count) HWY_ATTR {
    const auto term = kKeep ? v : ExpOfNegative(d, hn::Sub(v, shift));
    StoreCount(hn::Mul(term, scale), count, y + i);
  });
}

// Adds to `sum` with what earlier additions lost.
template <class V>
HWY_INLINE void AddCompensated(V term, V& sum, V& lost) {
  const V corrected = hn::Sub(term, lost);
  const V next = hn::Add(sum, corrected);
  lost = hn::Sub(hn::Sub(next, sum), corrected);
  sum = next;
}

// `width` columns (at most a vector) of [k, inner].
template <typename S>
void SoftmaxColumns(const S* x, int64_t k, int64_t inner, int64_t width, S* y) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  const bool whole = width == kLanesOf<S>;
  const auto load = [&](const S* from) HWY_ATTR {
    return whole ? Load(from) : LoadSome(from, width, T(0));
  };
  constexpr bool kKeep = !kIsNarrow<S>;
  Lanes<S> max = hn::Set(d, kLowest<T>), sum = hn::Zero(d), lost = sum;
  for (int64_t i = 0; i < k; ++i) max = hn::Max(max, load(x + i * inner));
  for (int64_t begin = 0; begin < k; begin += 32) {
    Lanes<S> block = hn::Zero(d);
    for (int64_t i = begin; i < std::min<int64_t>(k, begin + 32); ++i) {
      const auto e = ExpOfNegative(d, hn::Sub(load(x + i * inner), max));
      block = hn::Add(block, e);
      if constexpr (kKeep) StoreCount(e, width, y + i * inner);
    }
    AddCompensated(block, sum, lost);
  }
  const auto scale = hn::Div(hn::Set(d, T(1)), sum);
  for (int64_t i = 0; i < k; ++i) {
    const auto term = kKeep ? load(y + i * inner)
                            : ExpOfNegative(d, hn::Sub(load(x + i * inner), max));
    StoreCount(hn::Mul(term, scale), width, y + i * inner);
  }
}

template <typename S>
void SoftmaxBackwardRow(const S* y, const S* dy, int64_t k, S* dx) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  double sum = 0;
  for (int64_t begin = 0; begin < k; begin += kSumBlock<S>) {
    Lanes<S> total = hn::Zero(d);
    const S* other = dy + begin;
    EachVector(y + begin, std::min<int64_t>(kSumBlock<S>, k - begin), T(0),
               [&](auto v, int64_t i, int64_t count) HWY_ATTR {
                 const auto g = count == kLanesOf<S> ? Load(other + i) : LoadSome(other + i, count, T(0));
                 total = hn::MulAdd(v, g, total);
               });
    sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, total)));
  }
  const auto mean = hn::Set(d, static_cast<T>(sum));
  EachVector(y, k, T(0), [&](auto v, int64_t i, int64_t count) HWY_ATTR {
    const auto g = count == kLanesOf<S> ? Load(dy + i) : LoadSome(dy + i, count, T(0));
    StoreCount(hn::Mul(v, hn::Sub(g, mean)), count, dx + i);
  });
}

template <typename S>
void SoftmaxBackwardColumns(const S* y, const S* dy, int64_t k, int64_t inner, int64_t width, S* dx) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  const bool whole = width == kLanesOf<S>;
  const auto load = [&](const S* from) HWY_ATTR {
    return whole ? Load(from) : LoadSome(from, width, T(0));
  };
  Lanes<S> sum = hn::Zero(d), lost = sum;
  for (int64_t begin = 0; begin < k; begin += 32) {
    Lanes<S> block = hn::Zero(d);
    for (int64_t i = begin; i < std::min<int64_t>(k, begin + 32); ++i) {
      block = hn::MulAdd(load(y + i * inner), load(dy + i * inner), block);
    }
    AddCompensated(block, sum, lost);
  }
  for (int64_t i = 0; i < k; ++i) {
    const auto g = hn::Sub(load(dy + i * inner), sum);
    StoreCount(hn::Mul(load(y + i * inner), g), width, dx + i * inner);
  }
}

// Calls row(i) for every row of [outer, k, 1], or columns(offset, width) for every vector of columns
// of [outer, k, inner].
template <class Row, class Columns>
void EachSlice(int64_t outer, int64_t k, int64_t inner, int64_t lanes, const ThreadPool& pool,
               const Row& row, const Columns& columns) {
  if (k == 0 || inner == 0) return;
  if (inner == 1) {
    pool.parallel_for(outer, std::max<int64_t>(1, kGrain / k), [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) row(i);
    });
    return;
  }
  const int64_t strips = (inner - 1) / lanes + 1;
  pool.parallel_for(outer * strips, std::max<int64_t>(1, kGrain / (k * lanes)),
                    [&](int64_t begin, int64_t end) HWY_ATTR {
                      for (int64_t i = begin; i < end; ++i) {
                        const int64_t at = i % strips * lanes;
                        columns(i / strips * k * inner + at, std::min(lanes, inner - at));
                      }
                    });
}

void DoForward(const View& x, int64_t outer, int64_t k, int64_t inner, const View& y,
               const ThreadPool& pool) {
  VisitFloats(x.dtype, [&](auto zero) HWY_ATTR {
    using S = decltype(zero);
    const S* from = x.as<S>();
    S* to = y.as<S>();
    EachSlice(outer, k, inner, kLanesOf<S>, pool,
              [&](int64_t i) HWY_ATTR { SoftmaxRow(from + i * k, k, to + i * k); },
              [&](int64_t at, int64_t width) HWY_ATTR {
                SoftmaxColumns(from + at, k, inner, width, to + at);
              });
  });
}

void DoBackward(const View& y, const View& dy, int64_t outer, int64_t k, int64_t inner,
                const View& dx, const ThreadPool& pool) {
  VisitFloats(y.dtype, [&](auto zero) HWY_ATTR {
    using S = decltype(zero);
    const S *p = y.as<S>(), *g = dy.as<S>();
    S* to = dx.as<S>();
    EachSlice(outer, k, inner, kLanesOf<S>, pool,
              [&](int64_t i) HWY_ATTR { SoftmaxBackwardRow(p + i * k, g + i * k, k, to + i * k); },
              [&](int64_t at, int64_t width) HWY_ATTR {
                SoftmaxBackwardColumns(p + at, g + at, k, inner, width, to + at);
              });
  });
}

// Calls f(row, its max, log Σ exp(x − max)) for every row, after it has stored max and inverse.
template <typename S, class F>
void EachRow(const S* x, int64_t rows, int64_t k, S* max, S* inverse, const ThreadPool& pool,
             const F& f) {
  pool.parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(k, 1)),
                    [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t row = begin; row < end; ++row) {
      const ComputeType<S> highest = RowMax(x + row * k, k);
      const double sum = RowSumExp<S, false>(x + row * k, k, highest, nullptr);
      Narrow(highest, max[row]);
      Narrow(static_cast<ComputeType<S>>(1 / sum), inverse[row]);
      f(row, highest, std::log(sum));
    }
  });
}

void DoCrossEntropy(const View& x, const View& target, int64_t rows, int64_t k, const View& loss,
                    const View& max, const View& inverse, const ThreadPool& pool) {
  VisitFloats(x.dtype, [&](auto zero) HWY_ATTR {
    using S = decltype(zero);
    using T = ComputeType<S>;
    const S *from = x.as<S>(), *t = target.as<S>();
    EachRow(from, rows, k, max.as<S>(), inverse.as<S>(), pool,
            [&](int64_t row, T highest, double log_sum) HWY_ATTR {
      constexpr Tag<S> d;
      const auto shift = hn::Set(d, highest), log = hn::Set(d, static_cast<T>(log_sum));
      double sum = 0;
      for (int64_t begin = 0; begin < k; begin += kSumBlock<S>) {
        Lanes<S> total = hn::Zero(d);
        const S* weights = t + row * k + begin;
        EachVector(from + row * k + begin, std::min<int64_t>(kSumBlock<S>, k - begin), T(0),
                   [&](auto v, int64_t i, int64_t count) HWY_ATTR {
          const auto w = count == kLanesOf<S> ? Load(weights + i) : LoadSome(weights + i, count, T(0));
          const auto term = hn::Mul(w, hn::Sub(log, hn::Sub(v, shift)));
          total = hn::Add(total, hn::IfThenElseZero(hn::Ne(w, hn::Zero(d)), term));
        });
        sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, total)));
      }
      Narrow(static_cast<T>(sum), loss.as<S>()[row]);
    });
  });
}

template <typename Label>
int64_t SparseCrossEntropy(const View& x, const Label* labels, int64_t rows, int64_t k,
                           const View& loss, const View& max, const View& inverse,
                           const ThreadPool& pool) {
  std::atomic<int64_t> first_bad{rows};
  VisitFloats(x.dtype, [&](auto zero) HWY_ATTR {
    using S = decltype(zero);
    using T = ComputeType<S>;
    const S* from = x.as<S>();
    EachRow(from, rows, k, max.as<S>(), inverse.as<S>(), pool,
            [&](int64_t row, T highest, double log_sum) HWY_ATTR {
      const int64_t label = labels[row];
      if (label < 0 || label >= k) {
        int64_t known = first_bad.load(std::memory_order_relaxed);
        while (row < known && !first_bad.compare_exchange_weak(known, row)) {
        }
        return;
      }
      const double above = static_cast<double>(Widen(from[row * k + label])) - static_cast<double>(highest);
      Narrow(static_cast<T>(log_sum - above), loss.as<S>()[row]);
    });
  });
  return first_bad == rows ? -1 : first_bad.load();
}

int64_t DoSparse(const View& x, const View& labels, int64_t rows, int64_t k, const View& loss,
                 const View& max, const View& inverse, const ThreadPool& pool) {
  return labels.dtype == DType::kInt32
             ? SparseCrossEntropy(x, labels.as<int32_t>(), rows, k, loss, max, inverse, pool)
             : SparseCrossEntropy(x, labels.as<int64_t>(), rows, k, loss, max, inverse, pool);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(DoForward);
HWY_EXPORT(DoBackward);
HWY_EXPORT(DoCrossEntropy);
HWY_EXPORT(DoSparse);

}  // namespace

void softmax_forward(const View& x, int64_t outer, int64_t k, int64_t inner, const View& y,
                     const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoForward)(x, outer, k, inner, y, pool);
}

void softmax_backward(const View& y, const View& dy, int64_t outer, int64_t k, int64_t inner,
                      const View& dx, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoBackward)(y, dy, outer, k, inner, dx, pool);
}

void cross_entropy_forward(const View& x, const View& target, int64_t rows, int64_t k,
                           const View& loss, const View& max, const View& inverse,
                           const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoCrossEntropy)(x, target, rows, k, loss, max, inverse, pool);
}

int64_t sparse_cross_entropy_forward(const View& x, const View& labels, int64_t rows, int64_t k,
                                     const View& loss, const View& max, const View& inverse,
                                     const ThreadPool& pool) {
  return HWY_DYNAMIC_DISPATCH(DoSparse)(x, labels, rows, k, loss, max, inverse, pool);
}

}  // namespace keel
#endif  // HWY_ONCE
