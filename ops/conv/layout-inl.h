// Between channels first and channels last, and the scratch that takes.
#if defined(KEEL_OPS_CONV_LAYOUT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_LAYOUT_INL_H_
#undef KEEL_OPS_CONV_LAYOUT_INL_H_
#else
#define KEEL_OPS_CONV_LAYOUT_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "core/threads.h"
#include "ops/conv/spatial.h"
#include "ops/math/gemm_driver-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

HWY_INLINE int64_t Volume(const Spatial& s) { return s[0] * s[1] * s[2]; }

// Hands out the scratch, front to back.
class ScratchCursor {
 public:
  explicit ScratchCursor(void* base) : at_(static_cast<char*>(base)) {}
  template <typename T>
  T* take(int64_t elements) {
    char* here = at_;
    at_ += round_up_bytes(static_cast<size_t>(elements) * sizeof(T));
    return reinterpret_cast<T*>(here);
  }
  char* rest() const { return at_; }

 private:
  char* at_;
};

template <typename T>
constexpr size_t BytesOf(int64_t elements) {
  return round_up_bytes(static_cast<size_t>(elements) * sizeof(T));
}

// to [batch, cols, rows] = from [batch, rows, cols].
template <typename S>
HWY_NOINLINE void TransposeAll(const S* from, int64_t batch, int64_t rows, int64_t cols, S* to,
                               const ThreadPool& pool) {
  constexpr int64_t kSide = 64;  // A square of floats is 16 KiB: both sides stay in the cache.
  const int64_t row_tiles = CeilDiv(rows, kSide), col_tiles = CeilDiv(cols, kSide);
  const int64_t tiles = row_tiles * col_tiles;
  pool.parallel_for(batch * tiles, 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / tiles, r = i % tiles / col_tiles * kSide, c = i % col_tiles * kSide;
      const int64_t high = std::min(kSide, rows - r), wide = std::min(kSide, cols - c);
      const S* source = from + b * rows * cols + r * cols + c;
      S* target = to + b * rows * cols + c * rows + r;
      if constexpr (kIsNarrow<S>) {
        for (int64_t x = 0; x < wide; ++x) {
          for (int64_t y = 0; y < high; ++y) target[x * rows + y] = source[y * cols + x];
        }
      } else {
        TransposeInto(source, cols, high, wide, target, rows);
      }
    }
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_LAYOUT_INL_H_
