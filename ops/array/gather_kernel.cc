#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/array/gather_kernel.cc"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <type_traits>

#include "core/dtype.h"
#include "ops/array/gather_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Columns that are summed at a time, in registers and the first-level cache.
constexpr int64_t kColumns = 256;
// Rows after which a partial sum is put aside, so that errors do not grow with their number.
constexpr int64_t kPartialSum = 64;

// sum[c] += row[c] for `n` columns; reads no further than that.
template <typename T, typename Sum>
void AddRow(const T* HWY_RESTRICT row, int64_t n, Sum* HWY_RESTRICT sum) {
  const hn::ScalableTag<Sum> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  auto load = [&](const T* from) HWY_ATTR {
    if constexpr (std::is_same_v<T, Sum>) {
      return hn::LoadU(d, from);
    } else {
#if HWY_TARGET == HWY_SCALAR  // There PromoteTo() makes numbers of float16's infinities and NaN.
      return hn::Set(d, to_float(*from));
#else
      return hn::PromoteTo(d, hn::LoadU(hn::Rebind<T, decltype(d)>(), from));
#endif
    }
  };
  int64_t c = 0;
  for (; c + lanes <= n; c += lanes) hn::StoreU(hn::Add(hn::LoadU(d, sum + c), load(row + c)), d, sum + c);
  if (c == n) return;
  HWY_ALIGN T rest[hn::MaxLanes(d)] = {};
  std::memcpy(static_cast<void*>(rest), row + c, (n - c) * sizeof(T));
  hn::StoreU(hn::Add(hn::LoadU(d, sum + c), load(rest)), d, sum + c);  // `sum` has room to spare.
}

// Row r is the sum of updates[positions[first[r]]] … updates[positions[first[r + 1] - 1]].
template <typename T>
void SumRows(const ThreadPool& pool, const int64_t* first, const int64_t* positions, const T* updates,
             int64_t rows, int64_t width, T* out) {
  using Sum = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const int64_t blocks = (width + kColumns - 1) / kColumns;
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 14) / std::min(width, kColumns));
  pool.parallel_for(rows * blocks, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    HWY_ALIGN Sum sum[kColumns + hn::MaxLanes(hn::ScalableTag<Sum>())];
    HWY_ALIGN Sum partial[kColumns + hn::MaxLanes(hn::ScalableTag<Sum>())];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t r = i / blocks, column = i % blocks * kColumns;
      const int64_t n = std::min(kColumns, width - column);
      T* const to = out + r * width + column;
      if (first[r] == first[r + 1]) {
        int64_t empty = r + 1;  // In one call with those that follow, where rows are in one block.
        while (blocks == 1 && empty < end && first[empty] == first[empty + 1]) ++empty;
        std::memset(static_cast<void*>(to), 0, ((empty - r - 1) * width + n) * sizeof(T));
        i += empty - r - 1;
        continue;
      }
      std::fill_n(sum, n, Sum(0));
      for (int64_t p = first[r]; p < first[r + 1]; p += kPartialSum) {
        Sum* const into = first[r + 1] - first[r] <= kPartialSum ? sum : partial;
        const int64_t stop = std::min(p + kPartialSum, first[r + 1]);
        if (into == partial) std::fill_n(partial, n, Sum(0));
        for (int64_t q = p; q < stop; ++q) AddRow(updates + positions[q] * width + column, n, into);
        if (into == partial) AddRow(partial, n, sum);
      }
      for (int64_t c = 0; c < n; ++c) {
        if constexpr (std::is_same_v<T, float16>) {
          to[c] = to_float16(sum[c]);
        } else if constexpr (std::is_same_v<T, bfloat16>) {
          to[c] = to_bfloat16(sum[c]);
        } else {
          to[c] = sum[c];
        }
      }
    }
  });
}

void SumRowsFloat16(const ThreadPool& pool, const int64_t* first, const int64_t* positions,
                    const void* updates, int64_t rows, int64_t width, void* out) {
  SumRows(pool, first, positions, static_cast<const float16*>(updates), rows, width,
          static_cast<float16*>(out));
}
void SumRowsBfloat16(const ThreadPool& pool, const int64_t* first, const int64_t* positions,
                     const void* updates, int64_t rows, int64_t width, void* out) {
  SumRows(pool, first, positions, static_cast<const bfloat16*>(updates), rows, width,
          static_cast<bfloat16*>(out));
}
void SumRowsFloat32(const ThreadPool& pool, const int64_t* first, const int64_t* positions,
                    const void* updates, int64_t rows, int64_t width, void* out) {
  SumRows(pool, first, positions, static_cast<const float*>(updates), rows, width,
          static_cast<float*>(out));
}
void SumRowsFloat64(const ThreadPool& pool, const int64_t* first, const int64_t* positions,
                    const void* updates, int64_t rows, int64_t width, void* out) {
  SumRows(pool, first, positions, static_cast<const double*>(updates), rows, width,
          static_cast<double*>(out));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(SumRowsFloat16);
HWY_EXPORT(SumRowsBfloat16);
HWY_EXPORT(SumRowsFloat32);
HWY_EXPORT(SumRowsFloat64);

constexpr int64_t kPieceBytes = int64_t{1} << 17;
// Rows of up to this many bytes are fetched before their turn comes: none is long enough for the hardware to
// learn where it goes.
constexpr int64_t kFetchedBytes = 4096, kFetchedRows = 4;

template <typename Index>
bool in_range(Index index, int64_t rows) {
  // Negative numbers are large as unsigned ones.
  return static_cast<uint64_t>(static_cast<int64_t>(index)) < static_cast<uint64_t>(rows);
}

// Rows of a size that the compiler knows.
template <size_t kBytes>
void copy_row(char* to, const char* from, int64_t) {
  std::memcpy(to, from, kBytes);
}
void copy_any_row(char* to, const char* from, int64_t bytes) {
  std::memcpy(to, from, static_cast<size_t>(bytes));
}

template <auto kCopy, typename Index>
int64_t gather_rows_by(const ThreadPool& pool, const char* reference, int64_t rows, int64_t row_bytes,
                       const Index* indices, int64_t count, char* out) {
  std::atomic<int64_t> bad{count};
  const int64_t grain = std::max<int64_t>(1, kPieceBytes / std::max<int64_t>(row_bytes, 8));
  const bool fetch = row_bytes >= 64 && row_bytes <= kFetchedBytes;
  pool.parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (!in_range(indices[i], rows)) {
        int64_t least = bad.load();
        while (i < least && !bad.compare_exchange_weak(least, i)) {
        }
        return;
      }
      if (fetch && i + kFetchedRows < end && in_range(indices[i + kFetchedRows], rows)) {
        const char* const row = reference + static_cast<int64_t>(indices[i + kFetchedRows]) * row_bytes;
        for (int64_t at = 0; at < row_bytes; at += 64) hwy::Prefetch(row + at);
      }
      kCopy(out + i * row_bytes, reference + static_cast<int64_t>(indices[i]) * row_bytes, row_bytes);
    }
  });
  return bad == count ? -1 : bad.load();
}

}  // namespace

template <typename Index>
int64_t gather_rows(const ThreadPool& pool, const void* reference, int64_t rows, int64_t row_bytes,
                    const Index* indices, int64_t count, void* out) {
  const char* const from = static_cast<const char*>(reference);
  char* const to = static_cast<char*>(out);
  switch (row_bytes) {
    case 1: return gather_rows_by<copy_row<1>>(pool, from, rows, row_bytes, indices, count, to);
    case 2: return gather_rows_by<copy_row<2>>(pool, from, rows, row_bytes, indices, count, to);
    case 4: return gather_rows_by<copy_row<4>>(pool, from, rows, row_bytes, indices, count, to);
    case 8: return gather_rows_by<copy_row<8>>(pool, from, rows, row_bytes, indices, count, to);
    default: return gather_rows_by<copy_any_row>(pool, from, rows, row_bytes, indices, count, to);
  }
}

size_t scatter_add_scratch_bytes(int64_t rows, int64_t count) {
  return static_cast<size_t>(rows + 1 + count) * sizeof(int64_t);
}

template <typename Index>
int64_t scatter_add_rows(const ThreadPool& pool, const Index* indices, int64_t count,
                         const void* updates, DType dtype, int64_t rows, int64_t width, void* out,
                         std::byte* scratch) {
  // The positions of each row's updates, in order: a counting sort.
  int64_t* const first = reinterpret_cast<int64_t*>(scratch);
  int64_t* const positions = first + rows + 1;
  std::fill_n(first, rows + 1, 0);
  for (int64_t i = 0; i < count; ++i) {
    if (!in_range(indices[i], rows)) return i;
    ++first[indices[i]];
  }
  // first[r] becomes the end of row r, and, while positions are filled in from the last, its begin.
  int64_t end = 0;
  for (int64_t r = 0; r < rows; ++r) first[r] = end += first[r];
  first[rows] = end;
  for (int64_t i = count; i-- > 0;) positions[--first[indices[i]]] = i;
  if (width == 0) return -1;
  auto sum = [&](auto dispatch) {
    dispatch(pool, first, positions, updates, rows, width, out);
  };
  switch (dtype.kind()) {
    case DType::kFloat16: sum(HWY_DYNAMIC_DISPATCH(SumRowsFloat16)); break;
    case DType::kBfloat16: sum(HWY_DYNAMIC_DISPATCH(SumRowsBfloat16)); break;
    case DType::kFloat64: sum(HWY_DYNAMIC_DISPATCH(SumRowsFloat64)); break;
    default: sum(HWY_DYNAMIC_DISPATCH(SumRowsFloat32)); break;
  }
  return -1;
}

#define KEEL_INSTANTIATE(Index)                                                                     \
  template int64_t gather_rows<Index>(const ThreadPool&, const void*, int64_t, int64_t,             \
                                      const Index*, int64_t, void*);                                \
  template int64_t scatter_add_rows<Index>(const ThreadPool&, const Index*, int64_t, const void*,   \
                                           DType, int64_t, int64_t, void*, std::byte*);
KEEL_INSTANTIATE(uint8_t)
KEEL_INSTANTIATE(int8_t)
KEEL_INSTANTIATE(uint16_t)
KEEL_INSTANTIATE(int16_t)
KEEL_INSTANTIATE(uint32_t)
KEEL_INSTANTIATE(int32_t)
KEEL_INSTANTIATE(uint64_t)
KEEL_INSTANTIATE(int64_t)
#undef KEEL_INSTANTIATE

}  // namespace keel
#endif  // HWY_ONCE
