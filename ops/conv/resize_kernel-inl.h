// Bilinear interpolation for one storage type and one target: first along the columns, over whole rows,
// then along the rows, over the channels of a pixel.
#if defined(KEEL_OPS_CONV_RESIZE_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_RESIZE_KERNEL_INL_H_
#undef KEEL_OPS_CONV_RESIZE_KERNEL_INL_H_
#else
#define KEEL_OPS_CONV_RESIZE_KERNEL_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "core/narrow_float-inl.h"
#include "ops/conv/layout-inl.h"
#include "ops/conv/resize_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Calls body(first, lanes) for each vector of n elements; `lanes` is 0 for whole ones.
template <typename T, class Body>
HWY_INLINE void EachPiece(int64_t n, const Body& body) {
  int64_t i = 0;
  for (; i + kLanesOf<T> <= n; i += kLanesOf<T>) body(i, int64_t{0});
  if (i < n) body(i, n - i);
}

template <typename S, class D>
HWY_INLINE hn::Vec<D> LoadPiece(D d, const S* from, int64_t lanes) {
  return lanes == 0 ? LoadWide(d, from) : LoadWidePart(d, from, lanes);
}
template <typename S, class D>
HWY_INLINE void StorePiece(D d, hn::Vec<D> x, int64_t lanes, S* to) {
  if (lanes == 0) {
    StoreNarrow(d, x, to);
  } else {
    StoreNarrowPart(d, x, to, lanes);
  }
}

// How far the elements of y that follow one of x are on the way to the next, along both axes.
template <typename T>
struct Parts {
  const T* down;   // [height_factor]
  const T* right;  // [width_factor]

  static void Fill(int64_t factor, T* to) {
    for (int64_t i = 0; i < factor; ++i) to[i] = static_cast<T>(i) / static_cast<T>(factor);
  }
};

// Row i of y. `row` has room for width + 1 pixels and a vector.
template <typename S>
HWY_NOINLINE void BilinearRow(const ResizeShape& s, const Parts<ComputeType<S>>& parts,
                              const S* image, int64_t i, ComputeType<S>* row, S* y) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  const int64_t line = s.width * s.channels, low = i / s.height_factor;
  const S* above = image + low * line;
  const S* below = image + std::min(low + 1, s.height - 1) * line;
  const auto down = hn::Set(d, parts.down[i % s.height_factor]);
  EachPiece<T>(line, [&](int64_t e, int64_t lanes) HWY_ATTR {
    const auto a = LoadPiece(d, above + e, lanes), b = LoadPiece(d, below + e, lanes);
    hn::StoreU(hn::MulAdd(hn::Sub(b, a), down, a), d, row + e);
  });
  std::copy_n(row + line - s.channels, s.channels, row + line);  // The last column again.
  for (int64_t w = 0; w < s.width; ++w, row += s.channels) {
    for (int64_t j = 0; j < s.width_factor; ++j, y += s.channels) {
      const auto right = hn::Set(d, parts.right[j]);
      EachPiece<T>(s.channels, [&](int64_t e, int64_t lanes) HWY_ATTR {
        const auto a = hn::LoadU(d, row + e), b = hn::LoadU(d, row + s.channels + e);
        StorePiece(d, hn::MulAdd(hn::Sub(b, a), right, a), lanes, y + e);
      });
    }
  }
}

// The sum of what element q of an axis of x went into: `at(i)` is element i of y along it.
template <typename T, class D, class At>
HWY_INLINE hn::Vec<D> SumSpread(D d, int64_t q, int64_t size, int64_t factor, const T* parts,
                                const At& at) {
  auto sum = hn::Zero(d);
  if (q > 0) {
    for (int64_t j = 1; j < factor; ++j) {
      sum = hn::MulAdd(at((q - 1) * factor + j), hn::Set(d, parts[j]), sum);
    }
  }
  const bool last = q == size - 1;
  for (int64_t j = 0; j < factor; ++j) {
    sum = hn::MulAdd(at(q * factor + j), hn::Set(d, last ? T{1} : 1 - parts[j]), sum);
  }
  return sum;
}

// Row q of dx. `row` has room for a row of dy and a vector.
template <typename S>
HWY_NOINLINE void BilinearGradientRow(const ResizeShape& s, const Parts<ComputeType<S>>& parts,
                                      const S* image, int64_t q, ComputeType<S>* row, S* dx) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  const int64_t line = s.width * s.width_factor * s.channels;
  EachPiece<T>(line, [&](int64_t e, int64_t lanes) HWY_ATTR {
    const auto at = [&](int64_t i) HWY_ATTR { return LoadPiece(d, image + i * line + e, lanes); };
    hn::StoreU(SumSpread(d, q, s.height, s.height_factor, parts.down, at), d, row + e);
  });
  for (int64_t w = 0; w < s.width; ++w, dx += s.channels) {
    EachPiece<T>(s.channels, [&](int64_t e, int64_t lanes) HWY_ATTR {
      const auto at = [&](int64_t j) HWY_ATTR { return hn::LoadU(d, row + j * s.channels + e); };
      StorePiece(d, SumSpread(d, w, s.width, s.width_factor, parts.right, at), lanes, dx + e);
    });
  }
}

// Elements of a row of either kind.
template <typename T>
HWY_INLINE int64_t ResizeRowElements(const ResizeShape& s) {
  return (s.width * s.width_factor + 1) * s.channels + kLanesOf<T>;
}

template <typename S>
HWY_INLINE size_t ResizeBytes(const ResizeShape& s, int threads) {
  using T = ComputeType<S>;
  const int64_t x = s.batch * s.height * s.width * s.channels;
  if (x == 0) return 0;
  return BytesOf<T>(s.height_factor) + BytesOf<T>(s.width_factor) +
         ScratchSlots::total_bytes(BytesOf<T>(ResizeRowElements<T>(s)), threads) +
         (s.channels_first ? BytesOf<S>(x) + BytesOf<S>(x * s.height_factor * s.width_factor) : 0);
}

template <typename S>
HWY_INLINE void ResizeRun(const ResizeShape& s, const S* from, S* to, bool back, void* scratch,
                          const ThreadPool& pool) {
  using T = ComputeType<S>;
  const int64_t small = s.height * s.width, large = small * s.height_factor * s.width_factor;
  if (s.batch * small * s.channels == 0) return;
  const int64_t in = back ? large : small, out = back ? small : large;
  ScratchCursor cursor(scratch);
  S* result = to;
  if (s.channels_first) {
    S* last = cursor.take<S>(s.batch * in * s.channels);
    TransposeAll(from, s.batch, s.channels, in, last, pool);
    from = last;
    result = cursor.take<S>(s.batch * out * s.channels);
  }
  T* down = cursor.take<T>(s.height_factor);
  T* right = cursor.take<T>(s.width_factor);
  Parts<T>::Fill(s.height_factor, down);
  Parts<T>::Fill(s.width_factor, right);
  const Parts<T> parts{down, right};
  ScratchSlots slots(cursor.rest(), BytesOf<T>(ResizeRowElements<T>(s)), pool.threads());
  const int64_t height = back ? s.height : s.height * s.height_factor;
  const int64_t line = (back ? s.width : s.width * s.width_factor) * s.channels;
  // Back, a row reads many.
  const int64_t work = back ? line * s.width_factor * s.height_factor : line;
  pool.parallel_for(s.batch * height, CeilDiv(1 << 15, work), [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    T* row = reinterpret_cast<T*>(lease.data());
    for (int64_t i = begin; i < end; ++i) {
      const S* image = from + i / height * in * s.channels;
      if (back) {
        BilinearGradientRow(s, parts, image, i % height, row, result + i * line);
      } else {
        BilinearRow(s, parts, image, i % height, row, result + i * line);
      }
    }
  });
  if (s.channels_first) TransposeAll(result, s.batch, out, s.channels, to, pool);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_RESIZE_KERNEL_INL_H_
