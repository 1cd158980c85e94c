#include "core/simd_targets.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/reduction/logsumexp_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/reduction/exp_rows-inl.h"
#include "ops/reduction/logsumexp_kernel.h"

#ifndef KEEL_OPS_REDUCTION_LOGSUMEXP_KERNEL_ONCE_
#define KEEL_OPS_REDUCTION_LOGSUMEXP_KERNEL_ONCE_
namespace keel {
namespace {

// Elements of a row that are read twice, from L1 the second time.
constexpr int64_t kChunk = 4096;
// Elements of a piece of parallel work: some 10 µs.
constexpr int64_t kGrain = 16384;

int64_t chunks_of(int64_t k) { return k == 0 ? 1 : (k - 1) / kChunk + 1; }

// log Σ exp of some elements is max + log(sum).
struct Partial {
  double max, sum;
};

// Of the elements of all `n` of them.
double combined(const Partial* parts, int64_t n) {
  double max = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int64_t i = 0; i < n; ++i) max = std::max(max, parts[i].max);  // No NaN takes its place.
  // Where the greatest is infinite, a difference of equals would be NaN.
  for (int64_t i = 0; i < n; ++i) {
    sum += parts[i].sum * (parts[i].max == max ? 1 : std::exp(parts[i].max - max));
  }
  return max + std::log(sum);
}

}  // namespace
}  // namespace keel
#endif  // KEEL_OPS_REDUCTION_LOGSUMEXP_KERNEL_ONCE_

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

template <typename S>
Partial PartialOf(const S* x, int64_t n) {
  using T = ComputeType<S>;
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  const T max = RowMax(x, n);
  if (HWY_UNLIKELY(max == kInfinity)) {
    // Any finite sum will do, unless there is a NaN.
    auto sum = hn::Set(Tag<S>(), T(1));
    EachVector(x, n, T(0), [&](auto v, int64_t, int64_t) HWY_ATTR {
      sum = hn::IfThenElse(hn::IsNaN(v), v, sum);
    });
    return {kInfinity, static_cast<double>(hn::GetLane(hn::SumOfLanes(Tag<S>(), sum)))};
  }
  return {static_cast<double>(max), RowSumExp<S, false>(x, n, max == -kInfinity ? 0 : max, nullptr)};
}

void DoRows(const View& x, int64_t rows, int64_t k, const View& y, std::byte* scratch,
            const ThreadPool& pool) {
  VisitFloats(x.dtype, [&](auto zero) HWY_ATTR {
    using S = decltype(zero);
    const S* from = x.as<S>();
    S* to = y.as<S>();
    const int64_t chunks = chunks_of(k);
    const auto part = [&](int64_t row, int64_t chunk) HWY_ATTR {
      const int64_t at = chunk * kChunk;
      return PartialOf(from + row * k + at, std::min(kChunk, k - at));
    };
    const auto finish = [&](int64_t row, const Partial* parts) HWY_ATTR {
      Narrow(static_cast<ComputeType<S>>(combined(parts, chunks)), to[row]);
    };
    if (chunks == 1) {
      pool.parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, k)), [&](int64_t begin, int64_t end) HWY_ATTR {
        for (int64_t row = begin; row < end; ++row) {
          const Partial all = part(row, 0);
          finish(row, &all);
        }
      });
      return;
    }
    Partial* parts = reinterpret_cast<Partial*>(scratch);
    pool.parallel_for(rows * chunks, kGrain / kChunk, [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) parts[i] = part(i / chunks, i % chunks);
    });
    for (int64_t row = 0; row < rows; ++row) finish(row, parts + row * chunks);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(DoRows);

}  // namespace

size_t logsumexp_scratch_bytes(int64_t rows, int64_t k) {
  const int64_t chunks = chunks_of(k);
  return chunks == 1 ? 0 : static_cast<size_t>(rows * chunks) * sizeof(Partial);
}

void logsumexp_rows(const View& x, int64_t rows, int64_t k, const View& y, std::byte* scratch,
                    const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoRows)(x, rows, k, y, scratch, pool);
}

}  // namespace keel
#endif  // HWY_ONCE
