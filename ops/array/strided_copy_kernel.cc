#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/array/strided_copy_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/transpose_tile-inl.h"
#include "ops/array/strided_copy_kernel.h"

#ifndef KEEL_OPS_ARRAY_STRIDED_COPY_ONCE_
#define KEEL_OPS_ARRAY_STRIDED_COPY_ONCE_
namespace keel {

// A copy made simple: strides in bytes, axes in order of their output strides, the longest first;
// `block` bytes in one run for each index.
struct CopyWalk {
  CopyAxes axes;
  int64_t block;
};

// Bytes that a thread takes at a time.
constexpr int64_t kPieceBytes = int64_t{1} << 18;
// Outputs from this size on are written past the caches, which they would not fit.
constexpr int64_t kStreamBytes = int64_t{1} << 23;

}  // namespace keel
#endif  // KEEL_OPS_ARRAY_STRIDED_COPY_ONCE_

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

struct Bytes16 {
  uint64_t halves[2];
};

// Copies `bytes` bytes, from one Word to two of them, as two Words that overlap.
template <typename Word>
HWY_INLINE void CopyEnds(const char* HWY_RESTRICT in, char* HWY_RESTRICT out, int64_t bytes) {
  Word first, last;
  std::memcpy(&first, in, sizeof(Word));
  std::memcpy(&last, in + bytes - sizeof(Word), sizeof(Word));
  std::memcpy(out, &first, sizeof(Word));
  std::memcpy(out + bytes - sizeof(Word), &last, sizeof(Word));
}

// From 32 bytes on; without a call where that costs more than the copy.
HWY_INLINE void CopyLong(const char* HWY_RESTRICT in, char* HWY_RESTRICT out, int64_t bytes) {
#if HWY_TARGET != HWY_SCALAR
  if (bytes <= 512) {
    const hn::FixedTag<uint8_t, 16> d;
    const uint8_t* HWY_RESTRICT from = reinterpret_cast<const uint8_t*>(in);
    uint8_t* HWY_RESTRICT to = reinterpret_cast<uint8_t*>(out);
    int64_t i = 0;
    for (; i + 64 <= bytes; i += 64) {
      const auto a = hn::LoadU(d, from + i), b = hn::LoadU(d, from + i + 16);
      const auto c = hn::LoadU(d, from + i + 32), e = hn::LoadU(d, from + i + 48);
      hn::StoreU(a, d, to + i);
      hn::StoreU(b, d, to + i + 16);
      hn::StoreU(c, d, to + i + 32);
      hn::StoreU(e, d, to + i + 48);
    }
    for (; i + 16 <= bytes; i += 16) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
    hn::StoreU(hn::LoadU(d, from + bytes - 16), d, to + bytes - 16);
    return;
  }
#endif
  std::memcpy(out, in, static_cast<size_t>(bytes));
}

#if HWY_TARGET != HWY_SCALAR
// Whole cache lines, past the caches: a plain store would first read the line that it overwrites.
HWY_INLINE void CopyLines(const char* HWY_RESTRICT in, char* HWY_RESTRICT out, int64_t bytes) {
  const hn::ScalableTag<uint8_t> d;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  const uint8_t* HWY_RESTRICT from = reinterpret_cast<const uint8_t*>(in);
  uint8_t* HWY_RESTRICT to = reinterpret_cast<uint8_t*>(out);
  for (int64_t i = 0; i < bytes; i += 64) {
    for (int64_t k = 0; k < 64; k += kLanes) hn::Stream(hn::LoadU(d, from + i + k), d, to + i + k);
  }
}
#else
HWY_INLINE void CopyLines(const char* HWY_RESTRICT in, char* HWY_RESTRICT out, int64_t bytes) {
  std::memcpy(out, in, static_cast<size_t>(bytes));
}
#endif

// n elements at a stride each.
template <typename T>
HWY_INLINE void CopyRun(int64_t n, const char* HWY_RESTRICT in, int64_t in_stride,
                        char* HWY_RESTRICT out, int64_t out_stride) {
  constexpr int64_t kSize = sizeof(T);
  if constexpr (sizeof(T) <= 8) {
    const hn::ScalableTag<T> d;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
    T* HWY_RESTRICT to = reinterpret_cast<T*>(out);
    const T* HWY_RESTRICT from = reinterpret_cast<const T*>(in);
    if (out_stride == kSize && n >= lanes && in_stride == 0) {
      const auto value = hn::Set(d, *from);
      for (int64_t i = 0; i + lanes <= n; i += lanes) hn::StoreU(value, d, to + i);
      hn::StoreU(value, d, to + n - lanes);
      return;
    }
    if constexpr (sizeof(T) >= 2) {  // Highway 1.0 does not reverse bytes.
      if (out_stride == kSize && n >= lanes && in_stride == -kSize) {
        for (int64_t i = 0; i < n; i += lanes) {
          i = std::min(i, n - lanes);
          hn::StoreU(hn::Reverse(d, hn::LoadU(d, from - i - lanes + 1)), d, to + i);
        }
        return;
      }
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    T element;
    std::memcpy(&element, in + i * in_stride, sizeof(T));
    std::memcpy(out + i * out_stride, &element, sizeof(T));
  }
}

// Two axes of elements. The longer one of the two runs inside, so that short runs (the 2 of a
// repetition) cost no loop each.
template <typename T>
void CopyPlane(CopyAxis outer, CopyAxis inner, const char* in, char* out) {
  if (inner.size < 8 && outer.size > inner.size) std::swap(outer, inner);
  for (int64_t i = 0; i < outer.size; ++i) {
    CopyRun<T>(inner.size, in + i * outer.in_stride, inner.in_stride, out + i * outer.out_stride,
               inner.out_stride);
  }
}

// Two axes of runs of bytes.
template <void (*kCopy)(const char* HWY_RESTRICT, char* HWY_RESTRICT, int64_t)>
void CopyBlocks(const CopyAxis& outer, const CopyAxis& inner, int64_t block, const char* in,
                char* out) {
  for (int64_t i = 0; i < outer.size; ++i) {
    const char* from = in + i * outer.in_stride;
    char* to = out + i * outer.out_stride;
    for (int64_t k = 0; k < inner.size; ++k) {
      kCopy(from + k * inner.in_stride, to + k * inner.out_stride, block);
    }
  }
}

void CopyPlaneOf(const CopyAxis& outer, const CopyAxis& inner, int64_t block, bool stream,
                 const char* in, char* out) {
  if (stream) return CopyBlocks<CopyLines>(outer, inner, block, in, out);
  switch (block) {
    case 1: return CopyPlane<uint8_t>(outer, inner, in, out);
    case 2: return CopyPlane<uint16_t>(outer, inner, in, out);
    case 4: return CopyPlane<uint32_t>(outer, inner, in, out);
    case 8: return CopyPlane<uint64_t>(outer, inner, in, out);
    case 16: return CopyPlane<Bytes16>(outer, inner, in, out);
    default: break;
  }
  if (block < 4) return CopyBlocks<CopyEnds<uint16_t>>(outer, inner, block, in, out);
  if (block < 8) return CopyBlocks<CopyEnds<uint32_t>>(outer, inner, block, in, out);
  if (block < 16) return CopyBlocks<CopyEnds<uint64_t>>(outer, inner, block, in, out);
  if (block <= 32) return CopyBlocks<CopyEnds<Bytes16>>(outer, inner, block, in, out);
  CopyBlocks<CopyLong>(outer, inner, block, in, out);
}

// Where index `i` of the axes before `count` begins.
HWY_INLINE std::pair<int64_t, int64_t> OffsetsAt(const CopyAxes& axes, int count, int64_t i) {
  int64_t in = 0, out = 0;
  for (int a = count - 1; a >= 0; --a) {
    const int64_t step = i % axes[a].size;
    i /= axes[a].size;
    in += step * axes[a].in_stride;
    out += step * axes[a].out_stride;
  }
  return {in, out};
}

// Whether the output's axes, but for one of elements of `size` bytes, are multiples of cache lines apart.
bool AllLines(const CopyAxes& axes, int64_t size, const char* out) {
  for (const CopyAxis& axis : axes) {
    if (axis.out_stride != size && axis.out_stride % 64 != 0) return false;
  }
  return reinterpret_cast<uintptr_t>(out) % 64 == 0;
}

// All axes but the last two are walked; those are planes of short runs, cut between rows, and along
// a row where it is long.
void CopyPlanes(const ThreadPool& pool, const CopyWalk& walk, const char* in, char* out) {
  CopyAxes axes = walk.axes;
  while (axes.size() < 2) axes.insert(axes.begin(), CopyAxis{1, 0, 0});
  const int last = static_cast<int>(axes.size()) - 1;
  const CopyAxis inner = axes[last], outer = axes[last - 1];
  int64_t rows = 1;
  for (int a = 0; a < last; ++a) rows *= axes[a].size;
  const int64_t chunk = std::max<int64_t>(1, kPieceBytes / walk.block);
  const int64_t chunks = (inner.size + chunk - 1) / chunk;
  const int64_t row_bytes = std::min(inner.size, chunk) * walk.block;
  const int64_t grain = std::max<int64_t>(1, kPieceBytes / row_bytes);
  const bool stream = walk.block % 64 == 0 && rows * inner.size * walk.block >= kStreamBytes &&
                      AllLines(axes, 64, out);
  pool.parallel_for(rows * chunks, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    while (begin < end) {
      const int64_t row = begin / chunks, piece = begin % chunks;
      CopyAxis across = inner, down = outer;
      // Whole rows are taken together as far as the axis above goes.
      down.size = chunks > 1 ? 1 : std::min(outer.size - row % outer.size, end - begin);
      across.size = std::min(chunk, inner.size - piece * chunk);
      const auto [from, to] = OffsetsAt(axes, last, row);
      CopyPlaneOf(down, across, walk.block, stream, in + from + piece * chunk * inner.in_stride,
                  out + to + piece * chunk * inner.out_stride);
      begin += down.size;
    }
  });
}

// One run, cut into pieces.
void CopyRunOnly(const ThreadPool& pool, int64_t bytes, const char* in, char* out) {
  const bool stream = bytes >= kStreamBytes && AllLines({}, 0, out);
  pool.parallel_for(bytes, kPieceBytes, [&](int64_t begin, int64_t end) HWY_ATTR {
    const int64_t lines = stream ? (end - begin) / 64 * 64 : 0;
    CopyLines(in + begin, out + begin, lines);
    std::memcpy(out + begin + lines, in + begin + lines, static_cast<size_t>(end - begin - lines));
  });
}

// As TransposeBlock. Squares of a line's width, each after a fetch of what lies `ahead` elements further, in the block
// that comes next: the hardware follows no such walk, and more fetches at once than a core has in flight would hold
// up the loads.
template <typename T>
void TransposeFetching(int64_t rows, int64_t cols, const Transpose<T>& t, bool down, bool stream, int64_t ahead) {
  constexpr int kSecondLevel = 2;
  constexpr int64_t kSide = 64 / sizeof(T);
  for (int64_t c = 0; c < cols;) {
    const int64_t width = cols - c < 2 * kSide ? cols - c : kSide;
    for (int64_t r = 0; r < rows;) {
      const int64_t height = rows - r < 2 * kSide ? rows - r : kSide;
      const Transpose<T> part = t.at(r, c);
      for (int64_t k = 0; k < height; ++k) __builtin_prefetch(part.in + k * t.in_stride + ahead, 0, kSecondLevel);
      TransposeBlock(height, width, part, down, stream);
      r += height;
    }
    c += width;
  }
}

// `across` is the axis along which the input is dense; the last axis is that of the output.
template <typename T>
void TransposePlanes(const ThreadPool& pool, const CopyWalk& walk, int across, const char* in,
                     char* out) {
  CopyAxes outer = walk.axes;
  const CopyAxis cols = outer[across], rows = outer.back();
  outer.pop_back();
  outer.erase(outer.begin() + across);
  int64_t planes = 1;
  for (const CopyAxis& axis : outer) planes *= axis.size;
  constexpr int64_t kSize = sizeof(T);
  // Blocks of four lines each way. A narrow matrix is dense on one side; its blocks are long on the other,
  // where they are read or written in long runs. The last block takes what is left, so that none is too
  // small for a tile.
  const int64_t side = std::max<int64_t>(256 / kSize, 32), area = 8 * side * side;
  const bool flat = rows.size <= side;  // The output is dense.
  const int64_t block_cols = flat ? std::max(side, area / rows.size) : std::min(cols.size, side);
  const int64_t block_rows = cols.size <= side ? std::max(side, area / cols.size) : side;
  const int64_t down = std::max<int64_t>(1, rows.size / block_rows);
  const int64_t right = std::max<int64_t>(1, cols.size / block_cols);
  const int64_t block_bytes = std::min(rows.size, block_rows) * std::min(cols.size, block_cols) * kSize;
  const int64_t grain = std::max<int64_t>(1, kPieceBytes / block_bytes);
  const bool large = planes * rows.size * cols.size * kSize >= kStreamBytes;
  const bool stream = large && AllLines(walk.axes, kSize, out);
  const int64_t blocks = planes * down * right;
  const auto block_at = [&](int64_t i) HWY_ATTR {
    const auto [from, to] = OffsetsAt(outer, static_cast<int>(outer.size()), i / right / down);
    const Transpose<T> plane{reinterpret_cast<const T*>(in + from), reinterpret_cast<T*>(out + to),
                             rows.in_stride / kSize, cols.out_stride / kSize};
    return plane.at(i / right % down * block_rows, i % right * block_cols);
  };
  pool.parallel_for(blocks, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t c = i % right, r = i / right % down;
      const int64_t height = r + 1 == down ? rows.size - r * block_rows : block_rows;
      const int64_t width = c + 1 == right ? cols.size - c * block_cols : block_cols;
      const Transpose<T> block = block_at(i);
      if (large && !flat && kSize < 16 && i + 1 < blocks) {
        TransposeFetching(height, width, block, true, stream, block_at(i + 1).in - block.in);
      } else {
        TransposeBlock(height, width, block, !flat, stream);
      }
    }
  });
}

// The axis that makes this a transpose: along it the input is dense, and it is not the output's.
int TransposedAxis(const CopyWalk& walk) {
  const int last = static_cast<int>(walk.axes.size()) - 1;
  if (walk.block > 16 || (walk.block & (walk.block - 1)) != 0) return -1;
  if (walk.axes[last].out_stride != walk.block || walk.axes[last].in_stride % walk.block != 0) return -1;
  for (int a = 0; a < last; ++a) {
    if (walk.axes[a].in_stride == walk.block && walk.axes[a].out_stride % walk.block == 0) return a;
  }
  return -1;
}

void Copy(const ThreadPool& pool, const CopyWalk& walk, const void* in_data, void* out_data) {
  const char* in = static_cast<const char*>(in_data);
  char* out = static_cast<char*>(out_data);
  if (walk.axes.empty()) return CopyRunOnly(pool, walk.block, in, out);
  const int across = TransposedAxis(walk);
  if (across < 0) return CopyPlanes(pool, walk, in, out);
  switch (walk.block) {
    case 1: return TransposePlanes<uint8_t>(pool, walk, across, in, out);
    case 2: return TransposePlanes<uint16_t>(pool, walk, across, in, out);
    case 4: return TransposePlanes<uint32_t>(pool, walk, across, in, out);
    case 8: return TransposePlanes<uint64_t>(pool, walk, across, in, out);
    default: return TransposePlanes<Bytes16>(pool, walk, across, in, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(Copy);

// Sorts and joins the axes. False where there is nothing to copy.
bool simplify(CopyAxes axes, int64_t element_size, CopyWalk* walk) {
  CopyAxes& joined = walk->axes;
  for (CopyAxis& axis : axes) {
    if (axis.size == 0) return false;
    axis.in_stride *= element_size;
    axis.out_stride *= element_size;
  }
  std::stable_sort(axes.begin(), axes.end(), [](const CopyAxis& a, const CopyAxis& b) {
    return a.out_stride > b.out_stride;
  });
  for (const CopyAxis& axis : axes) {
    if (axis.size == 1) continue;
    if (!joined.empty() && joined.back().in_stride == axis.in_stride * axis.size &&
        joined.back().out_stride == axis.out_stride * axis.size) {
      joined.back() = {joined.back().size * axis.size, axis.in_stride, axis.out_stride};
    } else {
      joined.push_back(axis);
    }
  }
  walk->block = element_size;
  if (!joined.empty() && joined.back().in_stride == element_size &&
      joined.back().out_stride == element_size) {
    walk->block = joined.back().size * element_size;
    joined.pop_back();
  }
  return true;
}

}  // namespace

void strided_copy(const ThreadPool& pool, CopyAxes axes, size_t element_size, const void* in,
                  void* out) {
  CopyWalk walk;
  if (!simplify(std::move(axes), static_cast<int64_t>(element_size), &walk)) return;
  // A few long runs: threads share each of them.
  if (walk.block > kPieceBytes) {
    int64_t runs = 1;
    for (const CopyAxis& axis : walk.axes) runs *= axis.size;
    CopyWalk run{{}, walk.block};
    for (int64_t i = 0; i < runs; ++i) {
      int64_t from = 0, to = 0, rest = i;
      for (auto axis = walk.axes.rbegin(); axis != walk.axes.rend(); ++axis) {
        from += rest % axis->size * axis->in_stride;
        to += rest % axis->size * axis->out_stride;
        rest /= axis->size;
      }
      HWY_DYNAMIC_DISPATCH(Copy)
      (pool, run, static_cast<const char*>(in) + from, static_cast<char*>(out) + to);
    }
    return;
  }
  HWY_DYNAMIC_DISPATCH(Copy)(pool, walk, in, out);
}

void fill_zero(const ThreadPool& pool, void* out, int64_t bytes) {
  pool.parallel_for(bytes, kPieceBytes, [&](int64_t begin, int64_t end) {
    std::memset(static_cast<char*>(out) + begin, 0, static_cast<size_t>(end - begin));
  });
}

}  // namespace keel
#endif  // HWY_ONCE
