#include "core/simd_targets.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/nn/row_normalization_kernel.cc"
#include "core/streaming.h"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/math/lanes-inl.h"
#include "ops/nn/row_normalization_kernel.h"

#ifndef KEEL_OPS_NN_ROW_NORMALIZATION_PIECES_
#define KEEL_OPS_NN_ROW_NORMALIZATION_PIECES_
namespace keel {
namespace {

// Elements that vectors sum before doubles take over, and those that a thread takes at once.
constexpr int64_t kStretch = 4096, kGrain = 32768;

// Rows whose gradients by gamma and beta are summed in one place, by shape alone. Rows of a vector's
// width come in pieces of 256: that many additions cost a float three digits at worst.
inline int64_t piece_rows(const RowShape& shape) {
  return std::clamp<int64_t>(16384 / std::max<int64_t>(shape.length, 1), 64, 256);
}
inline int64_t pieces(const RowShape& shape) {
  return (shape.count + piece_rows(shape) - 1) / piece_rows(shape);
}

}  // namespace
}  // namespace keel
#endif  // KEEL_OPS_NN_ROW_NORMALIZATION_PIECES_

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

// A whole vector, or the first `count` lanes of one: what reads, writes and adds to it.
template <typename S>
struct Whole {
  using T = ComputeType<S>;
  HWY_INLINE Lanes<S> operator()(const S* from, T) const { return Load(from); }
  // kStream: past the caches, to a place that is aligned to vectors.
  template <bool kStream>
  HWY_INLINE void store(Lanes<S> v, S* to) const {
    if constexpr (kStream && !kIsNarrow<S>) hn::Stream(v, Tag<S>(), to);
    else Store(v, to);
  }
  HWY_INLINE void add(Lanes<S> v, T* to) const { Store<T>(hn::Add(Load(to), v), to); }
};
template <typename S>
struct Some {
  using T = ComputeType<S>;
  int64_t count;
  HWY_INLINE Lanes<S> operator()(const S* from, T fill) const { return LoadSome(from, count, fill); }
  template <bool kStream>
  HWY_INLINE void store(Lanes<S> v, S* to) const { StoreSome(v, count, to); }
  HWY_INLINE void add(Lanes<S> v, T* to) const {
    StoreSome<T>(hn::Add(LoadSome(to, count, T(0)), v), count, to);
  }
};

// Calls f(index, reader, which of four accumulators) for the vectors of [begin, end).
template <typename S, class F>
HWY_INLINE void Vectors(int64_t begin, int64_t end, const F& f) {
  constexpr int64_t N = kLanesOf<S>;
  int64_t i = begin;
  for (; i + 4 * N <= end; i += 4 * N) {
    // Written out: accumulators that a loop chooses among would lie in memory.
    f(i, Whole<S>(), 0);
    f(i + N, Whole<S>(), 1);
    f(i + 2 * N, Whole<S>(), 2);
    f(i + 3 * N, Whole<S>(), 3);
  }
  for (; i + N <= end; i += N) f(i, Whole<S>(), 0);
  if (i < end) f(i, Some<S>{end - i}, 1);
}

// Σ f(index, reader) over n elements.
template <typename S, class F>
HWY_INLINE ComputeType<S> Sum(int64_t n, const F& f) {
  constexpr Tag<S> d;
  const auto stretch = [&](int64_t begin, int64_t end) HWY_ATTR {
    Lanes<S> sums[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
    Vectors<S>(begin, end, [&](int64_t i, auto read, int v) HWY_ATTR {
      sums[v] = hn::Add(sums[v], f(i, read));
    });
    const auto pair = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
    return hn::GetLane(hn::SumOfLanes(d, pair));
  };
  if (HWY_LIKELY(n <= kStretch)) return stretch(0, n);
  double total = 0;
  for (int64_t i = 0; i < n; i += kStretch) {
    total += static_cast<double>(stretch(i, std::min(n, i + kStretch)));
  }
  return static_cast<ComputeType<S>>(total);
}

// Rows that are taken through one pass after another while they lie in L1: a single row's sums, square root
// and quotients wait for one another, those of several do not.
constexpr int64_t kBlockElements = 4096, kMaxBlockRows = 16;
inline int64_t BlockRows(int64_t length) {
  return std::clamp<int64_t>(kBlockElements / std::max<int64_t>(length, 1), 1, kMaxBlockRows);
}

// Whether rows of n elements in `to`, none of whose memory is that of `from`, go past the caches.
template <typename S>
bool Streams(const RowShape& s, const S* to, std::initializer_list<const S*> from) {
  return !kIsNarrow<S> && s.length % kLanesOf<S> == 0 && std::find(from.begin(), from.end(), to) == from.end() &&
         is_streamed(to, s.count * s.length * static_cast<int64_t>(sizeof(S)), kLanesOf<S> * sizeof(S));
}

// At most kMaxBlockRows rows.
template <typename S, bool kStream>
void NormalizeBlock(const S* x, const S* gamma, const S* beta, int64_t rows, int64_t n,
                    ComputeType<S> epsilon, S* y, ComputeType<S>* mean, ComputeType<S>* inverse) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  const T share = T(1) / static_cast<T>(n);
  for (int64_t r = 0; r < rows; ++r) {
    const S* row = x + r * n;
    mean[r] = Sum<S>(n, [&](int64_t i, auto read) HWY_ATTR { return read(row + i, T(0)); }) * share;
  }
  for (int64_t r = 0; r < rows; ++r) {
    const S* row = x + r * n;
    const auto centre = hn::Set(d, mean[r]);
    inverse[r] = Sum<S>(n, [&](int64_t i, auto read) HWY_ATTR {
      const auto step = hn::Sub(read(row + i, mean[r]), centre);
      return hn::Mul(step, step);
    }) * share;
  }
  EachVector(inverse, rows, T(1), [&](auto variance, int64_t i, int64_t count) HWY_ATTR {
    const auto deviation = hn::Sqrt(hn::Add(variance, hn::Set(d, epsilon)));
    StoreCount<T>(hn::Div(hn::Set(d, T(1)), deviation), count, inverse + i);
  });
  for (int64_t r = 0; r < rows; ++r) {
    const S* row = x + r * n;
    S* to = y + r * n;
    const auto centre = hn::Set(d, mean[r]), scale = hn::Set(d, inverse[r]);
    Vectors<S>(0, n, [&](int64_t i, auto read, int) HWY_ATTR {
      const auto normalized = hn::Mul(hn::Sub(read(row + i, T(0)), centre), scale);
      read.template store<kStream>(hn::MulAdd(normalized, read(gamma + i, T(0)), read(beta + i, T(0))), to + i);
    });
  }
}

// Of one row: the means of dy · gamma and of dy · gamma · normalized. Adds what the row gives to dgamma and
// dbeta.
template <typename S>
HWY_INLINE void RowFlows(const S* dy, const S* x, const S* gamma, ComputeType<S> mean,
                         ComputeType<S> inverse, int64_t n, ComputeType<S>* dgamma, ComputeType<S>* dbeta,
                         ComputeType<S>* flow_to, ComputeType<S>* product_to) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  const auto centre = hn::Set(d, mean), scale = hn::Set(d, inverse);
  double flow_total = 0, product_total = 0;
  for (int64_t begin = 0; begin < n; begin += kStretch) {
    Lanes<S> flow[4], product[4];
    for (int v = 0; v < 4; ++v) flow[v] = product[v] = hn::Zero(d);
    Vectors<S>(begin, std::min(n, begin + kStretch), [&](int64_t i, auto read, int v) HWY_ATTR {
      const auto g = read(dy + i, T(0));
      const auto normalized = hn::Mul(hn::Sub(read(x + i, mean), centre), scale);
      read.add(hn::Mul(g, normalized), dgamma + i);
      read.add(g, dbeta + i);
      const auto scaled = hn::Mul(g, read(gamma + i, T(0)));
      flow[v] = hn::Add(flow[v], scaled);
      product[v] = hn::MulAdd(scaled, normalized, product[v]);
    });
    const auto total = [&](const Lanes<S>* of) HWY_ATTR {
      const auto sum = hn::Add(hn::Add(of[0], of[1]), hn::Add(of[2], of[3]));
      return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum)));
    };
    flow_total += total(flow);
    product_total += total(product);
  }
  *flow_to = static_cast<T>(flow_total / static_cast<double>(n));
  *product_to = static_cast<T>(product_total / static_cast<double>(n));
}

template <typename S, bool kStream>
void NormalizeBlockBackward(const S* dy, const S* x, const S* gamma, const ComputeType<S>* mean,
                            const ComputeType<S>* inverse, int64_t rows, int64_t n, S* dx,
                            ComputeType<S>* dgamma, ComputeType<S>* dbeta) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  T flows[kMaxBlockRows], products[kMaxBlockRows];
  for (int64_t r = 0; r < rows; ++r) {
    RowFlows(dy + r * n, x + r * n, gamma, mean[r], inverse[r], n, dgamma, dbeta, flows + r, products + r);
  }
  // dx = (dy·gamma − flow − normalized · product) · inverse
  for (int64_t r = 0; r < rows; ++r) {
    const S *from = dy + r * n, *row = x + r * n;
    S* to = dx + r * n;
    const auto centre = hn::Set(d, mean[r]), scale = hn::Set(d, inverse[r]);
    const auto flow = hn::Set(d, flows[r]), slope = hn::Set(d, products[r] * inverse[r]);
    Vectors<S>(0, n, [&](int64_t i, auto read, int) HWY_ATTR {
      const auto g = hn::MulSub(read(from + i, T(0)), read(gamma + i, T(0)), flow);
      const auto step = hn::Sub(read(row + i, T(0)), centre);
      read.template store<kStream>(hn::Mul(hn::NegMulAdd(step, slope, g), scale), to + i);
    });
  }
}

template <typename S>
void Forward(const View& x, const View& gamma, const View& beta, const RowShape& s, double epsilon,
             const View& y, const View& mean, const View& inverse, const ThreadPool& pool) {
  using T = ComputeType<S>;
  const int64_t n = s.length;
  const bool stream = Streams(s, y.as<const S>(), {x.as<const S>()});
  const auto normalize = stream ? &NormalizeBlock<S, true> : &NormalizeBlock<S, false>;
  pool.parallel_for(s.count, std::max<int64_t>(1, kGrain / std::max<int64_t>(n, 1)),
                    [&](int64_t begin, int64_t end) HWY_ATTR {
    const int64_t block = BlockRows(n);
    for (int64_t r = begin; r < end; r += block) {
      normalize(x.as<const S>() + r * n, gamma.as<const S>(), beta.as<const S>(),
                std::min(block, end - r), n, static_cast<T>(epsilon), y.as<S>() + r * n,
                mean.as<T>() + r, inverse.as<T>() + r);
    }
    if (stream) hwy::FlushStream();
  });
}

template <typename S>
void Backward(const View& dy, const View& x, const View& gamma, const View& mean, const View& inverse,
              const RowShape& s, const View& dx, const View& dgamma, const View& dbeta, void* scratch,
              const ThreadPool& pool) {
  using T = ComputeType<S>;
  const int64_t n = s.length, rows = piece_rows(s), count = pieces(s);
  // Scratch: [pieces, 2, length].
  T* const partial = static_cast<T*>(scratch);
  const bool stream = Streams(s, dx.as<const S>(), {dy.as<const S>(), x.as<const S>()});
  const auto normalize = stream ? &NormalizeBlockBackward<S, true> : &NormalizeBlockBackward<S, false>;
  pool.parallel_for(count, std::max<int64_t>(1, kGrain / (rows * std::max<int64_t>(n, 1))),
                    [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t p = begin; p < end; ++p) {
      T* const to = partial + p * 2 * n;
      std::memset(to, 0, static_cast<size_t>(2 * n) * sizeof(T));
      const int64_t last = std::min(s.count, (p + 1) * rows), block = BlockRows(n);
      for (int64_t r = p * rows; r < last; r += block) {
        normalize(dy.as<const S>() + r * n, x.as<const S>() + r * n, gamma.as<const S>(),
                  mean.as<const T>() + r, inverse.as<const T>() + r, std::min(block, last - r), n,
                  dx.as<S>() + r * n, to, to + n);
      }
    }
    if (stream) hwy::FlushStream();
  });
  const auto finish = [&](const T* from, S* to, int64_t begin, int64_t end) {
    constexpr int64_t kColumns = 64;
    for (int64_t at = begin; at < end; at += kColumns) {
      const int64_t columns = std::min(kColumns, end - at);
      double sums[kColumns] = {};
      for (int64_t p = 0; p < count; ++p) {
        for (int64_t c = 0; c < columns; ++c) sums[c] += static_cast<double>(from[p * 2 * n + at + c]);
      }
      for (int64_t c = 0; c < columns; ++c) Narrow(static_cast<T>(sums[c]), to[at + c]);
    }
  };
  pool.parallel_for(n, std::max<int64_t>(64, kGrain / std::max<int64_t>(count, 1)),
                    [&](int64_t begin, int64_t end) {
    finish(partial, dgamma.as<S>(), begin, end);
    finish(partial + n, dbeta.as<S>(), begin, end);
  });
}

void DoForward(const View& x, const View& gamma, const View& beta, const RowShape& shape, double epsilon,
               const View& y, const View& mean, const View& inverse, const ThreadPool& pool) {
  VisitFloats(x.dtype, [&](auto zero) HWY_ATTR {
    Forward<decltype(zero)>(x, gamma, beta, shape, epsilon, y, mean, inverse, pool);
  });
}

void DoBackward(const View& dy, const View& x, const View& gamma, const View& mean, const View& inverse,
                const RowShape& shape, const View& dx, const View& dgamma, const View& dbeta,
                void* scratch, const ThreadPool& pool) {
  VisitFloats(x.dtype, [&](auto zero) HWY_ATTR {
    Backward<decltype(zero)>(dy, x, gamma, mean, inverse, shape, dx, dgamma, dbeta, scratch, pool);
  });
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

}  // namespace

void normalize_rows(const View& x, const View& gamma, const View& beta, const RowShape& shape,
                    double epsilon, const View& y, const View& mean, const View& inverse,
                    const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoForward)(x, gamma, beta, shape, epsilon, y, mean, inverse, pool);
}

size_t normalize_rows_scratch_bytes(const RowShape& shape) {
  const int64_t numbers = checked_multiply(checked_multiply(pieces(shape), shape.length), 2);
  return static_cast<size_t>(checked_multiply(numbers, sizeof(double)));
}

void normalize_rows_backward(const View& dy, const View& x, const View& gamma, const View& mean,
                             const View& inverse, const RowShape& shape, const View& dx,
                             const View& dgamma, const View& dbeta, void* scratch,
                             const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoBackward)(dy, x, gamma, mean, inverse, shape, dx, dgamma, dbeta, scratch, pool);
}

}  // namespace keel
#endif  // HWY_ONCE
