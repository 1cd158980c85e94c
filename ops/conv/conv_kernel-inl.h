// The convolutions for one storage type and one target.
#if defined(KEEL_OPS_CONV_CONV_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_CONV_KERNEL_INL_H_
#undef KEEL_OPS_CONV_CONV_KERNEL_INL_H_
#else
#define KEEL_OPS_CONV_CONV_KERNEL_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "ops/conv/conv_call.h"
#include "ops/conv/conv_direct-inl.h"
#include "ops/conv/conv_patches-inl.h"
#include "ops/conv/conv_phases-inl.h"
#include "ops/conv/conv_taps-inl.h"
#include "ops/conv/layout-inl.h"
#include "ops/math/gemv-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

HWY_INLINE bool IsEmpty(const ConvShape& s) {
  return s.batch == 0 || s.in_channels == 0 || s.out_channels == 0 || Volume(s.in) == 0 ||
         Volume(s.out) == 0 || Volume(s.kernel) == 0;
}

template <typename S>
HWY_INLINE PatchMatrix<S> ForwardPatches(const ConvShape& s, const S* x) {
  PatchMatrix<S> p{x, s.in, s.in_channels, s.out, s.stride, {}, s.kernel, s.dilation};
  for (int i = 0; i < 3; ++i) p.offset[i] = -s.pad[i];
  return p;
}

template <typename S>
struct DenseOut {
  S* base;
  int64_t ld;
  S* row(int64_t i) const { return base + i * ld; }
};

// How a convolution of some kernel is computed. From the kernel alone, as that is packed for it.
enum class ConvWay { kFewColumns, kDirect, kPatches };

template <typename S>
HWY_INLINE ConvWay WayOf(const Spatial& taps, int64_t channels, int64_t n) {
  if (FewColumns<ComputeType<S>>(n, Volume(taps) * channels)) return ConvWay::kFewColumns;
  return DirectConv<S>::serves(taps, channels) ? ConvWay::kDirect : ConvWay::kPatches;
}

// The blocks in which B [k, n] is packed, unless the columns are few.
template <typename T>
HWY_INLINE Cut PackedCut(ConvWay way, int64_t n, int64_t k) {
  Cut cut = CutOf<T>(1, n, k);
  if (way == ConvWay::kDirect) {
    cut.depth = k;
    cut.blocks = 1;
  }
  return cut;
}

// The product of patches and a kernel, C [rows, n].
template <typename S>
class ConvProduct {
 public:
  using T = ComputeType<S>;

  ConvProduct(const PatchMatrix<S>& patches, int64_t rows, int64_t n, int threads)
      : threads_(threads), way_(WayOf<S>(patches.taps, patches.channels, n)),
        cut_(CutOf<T>(rows, n, patches.cols())),
        rows_{patches, !PatchRows<S>::InPlace(patches)},
        direct_(patches, rows, n, threads) {
    task_elements_ = way_ == ConvWay::kFewColumns ? FewColumnsElements<S>(cut_, rows_)
                     : way_ == ConvWay::kDirect   ? direct_.task_elements()
                                                  : TaskElements<S>(cut_, rows_, PackedB<T>());
  }

  size_t bytes() const {
    return ScratchSlots::total_bytes(static_cast<size_t>(task_elements_) * sizeof(T), threads_);
  }

  // b as packed for WayOf(), or transposed [n, k] for few columns.
  template <class Out>
  void run(const T* b, const Out& out, const RowsDone* rows_done, void* scratch, const ThreadPool& pool) const {
    ScratchSlots slots(scratch, static_cast<size_t>(task_elements_) * sizeof(T), pool.threads());
    PackedB<T> right;
    right.n = cut_.n;
    right.packed = b;
    if (way_ == ConvWay::kFewColumns) {
      RunFewColumns<S>(cut_, rows_, b, cut_.k, out, false, rows_done, slots, pool);
    } else if (way_ == ConvWay::kDirect) {
      RunDirect<S>(direct_, right, out, rows_done, slots, pool);
    } else {
      RunTasks<S>(cut_, rows_, right, out, false, rows_done, slots, pool);
    }
  }

 private:
  int threads_;
  ConvWay way_;
  Cut cut_;
  PatchRows<S> rows_;
  DirectConv<S> direct_;
  int64_t task_elements_;
};

// ------------------------------------------------------------------------------------- forward

template <typename S>
HWY_INLINE ConvWay ForwardWay(const ConvShape& s) {
  return WayOf<S>(s.kernel, s.in_channels, s.out_channels);
}

template <typename S>
HWY_INLINE ConvProduct<S> ForwardProduct(const ConvShape& s, const S* x, int threads) {
  return {ForwardPatches<S>(s, x), s.batch * Volume(s.out), s.out_channels, threads};
}

template <typename S>
HWY_INLINE size_t ConvPackedBytes(const ConvShape& s) {
  using T = ComputeType<S>;
  return BytesOf<T>(PackedCols<T>(s.out_channels) * Volume(s.kernel) * s.in_channels);
}

template <typename S>
HWY_INLINE size_t ForwardBytes(const ConvShape& s, int threads) {
  return ConvPackedBytes<S>(s) + ForwardProduct<S>(s, nullptr, threads).bytes();
}

// to [n, k] = w [k, n], widened.
template <typename S>
HWY_INLINE void TransposeKernel(const S* w, int64_t k, int64_t n, ComputeType<S>* to) {
  for (int64_t i = 0; i < k; ++i) {
    for (int64_t j = 0; j < n; ++j) to[j * k + i] = Widen(w[i * n + j]);
  }
}

template <typename S>
HWY_INLINE void ConvPack(const ConvShape& s, const S* w, void* packed, const ThreadPool& pool) {
  using T = ComputeType<S>;
  const int64_t k = Volume(s.kernel) * s.in_channels, n = s.out_channels;
  const ConvWay way = ForwardWay<S>(s);
  if (way == ConvWay::kFewColumns) {
    TransposeKernel(w, k, n, static_cast<T*>(packed));
  } else {
    PackAll(PackedCut<T>(way, n, k), w, n, false, false, static_cast<T*>(packed), pool);
  }
}

template <typename S>
HWY_NOINLINE void Forward(const ConvShape& s, const S* x, const S* w, const void* packed, S* y,
                          const RowsDone* rows_done, void* scratch, const ThreadPool& pool) {
  if (packed == nullptr) {
    ConvPack(s, w, scratch, pool);
    packed = scratch;
    scratch = static_cast<char*>(scratch) + ConvPackedBytes<S>(s);
  }
  ForwardProduct(s, x, pool.threads()).run(static_cast<const ComputeType<S>*>(packed), DenseOut<S>{y, s.out_channels}, rows_done,
                           scratch, pool);
}

// ------------------------------------------------------------------------------ input gradient

template <typename S>
struct PhaseOut {
  S* dx;
  int64_t channels;
  Spatial in, stride, first, count;
  HWY_INLINE S* row(int64_t i) const {
    const int64_t w = i % count[2] * stride[2] + first[2];
    i /= count[2];
    const int64_t h = i % count[1] * stride[1] + first[1];
    i /= count[1];
    const int64_t d = i % count[0] * stride[0] + first[0];
    return dx + (((i / count[0] * in[0] + d) * in[1] + h) * in[2] + w) * channels;
  }
};

// B transposed for a phase: row c holds w[tap, c, :] of each tap.
template <typename S>
HWY_INLINE void TransposePhase(const ConvShape& s, const Phase& phase, int64_t k, const S* w,
                               ComputeType<S>* to) {
  const int64_t n = s.in_channels, channels = s.out_channels;
  for (int64_t tap = 0; tap < Volume(phase.taps); ++tap) {
    const int64_t index = KernelTap(s, phase, tap);
    for (int64_t c = 0; c < n; ++c) {
      WidenRow(w + (index * n + c) * channels, channels, to + c * k + tap * channels);
    }
  }
}

// w's taps of a phase, each transposed: row (tap, f) of B holds w[tap, :, f].
template <typename S>
HWY_INLINE void PackPhase(const ConvShape& s, const Phase& phase, const Cut& cut, const S* w,
                          ComputeType<S>* to, const ThreadPool& pool) {
  using T = ComputeType<S>;
  constexpr int64_t kWidth = kPanelCols<T>;
  const int64_t n = s.in_channels, channels = s.out_channels;
  const int64_t panels = CeilDiv(n, kWidth);
  pool.parallel_for(cut.blocks * panels, CeilDiv(1 << 14, cut.depth * kWidth),
                    [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t k0 = i / panels * cut.depth, j = i % panels * kWidth;
      const int64_t depth = std::min(cut.depth, cut.k - k0);
      const int64_t width = std::min(kWidth, n - j);
      const int64_t packed = RoundUp(width, kLanesOf<T>);
      T* panel = to + k0 * PackedCols<T>(n) + j * depth;
      for (int64_t k = k0; k < k0 + depth;) {
        const int64_t tap = k / channels, f = k - tap * channels;
        const int64_t count = std::min(channels - f, k0 + depth - k);
        PackPanel(w + (KernelTap(s, phase, tap) * n + j) * channels + f, channels, true, count, width, packed,
                  panel + (k - k0) * packed);
        k += count;
      }
    }
  });
}

template <typename S>
HWY_INLINE ConvProduct<S> PhaseProduct(const ConvShape& s, const Phase& phase, const S* dy, int threads) {
  const PatchMatrix<S> patches = {dy, s.out, s.out_channels, phase.count, {1, 1, 1}, phase.offset, phase.taps, phase.step};
  return {patches, s.batch * Volume(phase.count), s.in_channels, threads};
}

template <typename S>
HWY_INLINE size_t InputGradientBytes(const ConvShape& s, int threads) {
  using T = ComputeType<S>;
  int64_t b = 0;
  size_t task = 0;
  for (int64_t i = 0; i < Volume(s.stride); ++i) {
    const Phase phase = PhaseOf(s, i);
    if (Volume(phase.count) == 0 || Volume(phase.taps) == 0) continue;
    b = std::max(b, PackedCols<T>(s.in_channels) * Volume(phase.taps) * s.out_channels);
    task = std::max(task, PhaseProduct<S>(s, phase, nullptr, threads).bytes());
  }
  return BytesOf<T>(b) + task;
}

// Elements that no tap reaches.
template <typename S>
HWY_INLINE void ClearPhase(const PhaseOut<S>& out, int64_t rows, const ThreadPool& pool) {
  pool.parallel_for(rows, CeilDiv(1 << 14, out.channels), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::memset(static_cast<void*>(out.row(i)), 0, static_cast<size_t>(out.channels) * sizeof(S));
    }
  });
}

template <typename S>
HWY_NOINLINE void InputGradient(const ConvShape& s, const S* dy, const S* w, S* dx, void* scratch,
                                const ThreadPool& pool) {
  using T = ComputeType<S>;
  ScratchCursor shared(scratch);
  const int64_t n = s.in_channels;
  for (int64_t i = 0; i < Volume(s.stride); ++i) {
    const Phase phase = PhaseOf(s, i);
    const int64_t rows = s.batch * Volume(phase.count);
    if (rows == 0) continue;
    const PhaseOut<S> out{dx, n, s.in, s.stride, phase.first, phase.count};
    if (Volume(phase.taps) == 0) {
      ClearPhase(out, rows, pool);
      continue;
    }
    const int64_t k = Volume(phase.taps) * s.out_channels;
    const ConvWay way = WayOf<S>(phase.taps, s.out_channels, n);
    ScratchCursor cursor = shared;
    T* b = cursor.take<T>(PackedCols<T>(n) * k);
    if (way == ConvWay::kFewColumns) {
      TransposePhase(s, phase, k, w, b);
    } else {
      PackPhase(s, phase, PackedCut<T>(way, n, k), w, b, pool);
    }
    const ConvProduct<S> product = PhaseProduct(s, phase, dy, pool.threads());
    if (Volume(s.stride) == 1) {
      product.run(b, DenseOut<S>{dx, n}, nullptr, cursor.rest(), pool);
    } else {
      product.run(b, out, nullptr, cursor.rest(), pool);
    }
  }
}

// ----------------------------------------------------------------------------- kernel gradient

// dw [taps and channels, f] = patchesᵀ [.., pixels] · dy [pixels, f]. Every task packs its own
// blocks of dy, so tall tasks and parts of the pixels rather than many narrow ones.
struct KernelGradientCut {
  Cut cut;
  int64_t parts;
};

template <typename T>
HWY_INLINE KernelGradientCut KernelCut(const ConvShape& s) {
  const int64_t m = Volume(s.kernel) * s.in_channels, n = s.out_channels;
  const int64_t k = s.batch * Volume(s.out);
  KernelGradientCut result{CutOf<T>(m, n, k), 1};
  Cut& cut = result.cut;
  cut.row_tasks = CeilDiv(m, RoundUp(kMaxTaskRows, kTileRows));
  cut.task_rows = RoundUp(CeilDiv(m, cut.row_tasks), kTileRows);
  cut.row_tasks = CeilDiv(m, cut.task_rows);
  cut.col_tasks = CeilDiv(n, kMaxTaskCols);
  cut.task_cols = RoundUp(CeilDiv(n, cut.col_tasks), kPanelCols<T>);
  cut.col_tasks = CeilDiv(n, cut.task_cols);
  const int64_t tasks = cut.row_tasks * cut.col_tasks;
  // The parts' sums take at most 8 Mi elements, and each part has two blocks to sum.
  const int64_t most = std::min(cut.blocks / 2, (int64_t{8} << 20) / (m * n));
  if (tasks < 12 && most > 1) result.parts = std::min(CeilDiv(16, tasks), most);
  return result;
}

// Tasks have 128 rows at most, so dy is rather read where it lies; but rows a page apart share few sets of the caches.
template <typename S>
HWY_INLINE OwnB<S> KernelGradientRight(const ConvShape& s, const S* dy) {
  const bool in_place = !kIsNarrow<S> && s.out_channels * static_cast<int64_t>(sizeof(S)) < 4096;
  return {dy, s.out_channels, false, in_place};
}

template <typename S>
HWY_INLINE size_t KernelGradientBytes(const ConvShape& s, int threads) {
  using T = ComputeType<S>;
  const KernelGradientCut c = KernelCut<T>(s);
  const int64_t task = TaskElements<S>(c.cut, PatchColumns<S>{}, KernelGradientRight<S>(s, nullptr));
  return (c.parts > 1 ? BytesOf<T>(c.parts * c.cut.m * c.cut.n) : 0) +
         ScratchSlots::total_bytes(static_cast<size_t>(task) * sizeof(T), threads);
}

template <typename S, class Left>
HWY_NOINLINE void RunKernelGradient(const ConvShape& s, const Left& left, const S* dy, S* dw, void* scratch,
                                    const ThreadPool& pool) {
  using T = ComputeType<S>;
  const KernelGradientCut c = KernelCut<T>(s);
  const auto right = KernelGradientRight<S>(s, dy);
  const DenseOut<S> out{dw, s.out_channels};
  ScratchCursor cursor(scratch);
  T* partial = c.parts > 1 ? cursor.take<T>(c.parts * c.cut.m * c.cut.n) : nullptr;
  ScratchSlots slots(cursor.rest(),
                     static_cast<size_t>(TaskElements<S>(c.cut, left, right)) * sizeof(T),
                     pool.threads());
  if (c.parts > 1) {
    RunSplit<S>(c.cut, c.parts, left, right, out, false, nullptr, partial, slots, pool);
  } else {
    RunTasks<S>(c.cut, left, right, out, false, nullptr, slots, pool);
  }
}

template <typename S>
HWY_INLINE void KernelGradient(const ConvShape& s, const S* x, const S* dy, S* dw, void* scratch,
                               const ThreadPool& pool) {
  const PatchMatrix<S> patches = ForwardPatches(s, x);
  if constexpr (!kIsNarrow<S>) {
    if (PatchTaps<S>::serves(patches)) {
      return RunKernelGradient(s, PatchTaps<S>{patches}, dy, dw, scratch, pool);
    }
  }
  RunKernelGradient(s, PatchColumns<S>{patches}, dy, dw, scratch, pool);
}

// ------------------------------------------------------------------------------ any of the three

HWY_INLINE int64_t XElements(const ConvShape& s) {
  return s.batch * Volume(s.in) * s.in_channels;
}
HWY_INLINE int64_t YElements(const ConvShape& s) {
  return s.batch * Volume(s.out) * s.out_channels;
}

template <typename S>
HWY_INLINE size_t ConvBytes(const ConvShape& s, int threads) {
  if (IsEmpty(s)) return 0;
  const size_t product = std::max({ForwardBytes<S>(s, threads), InputGradientBytes<S>(s, threads),
                                   KernelGradientBytes<S>(s, threads)});
  return product + (s.channels_first ? BytesOf<S>(XElements(s)) + BytesOf<S>(YElements(s)) : 0);
}

template <typename S>
HWY_INLINE void RunEmpty(const ConvCall<S>& call) {
  const ConvShape& s = call.shape;
  const int64_t size = call.pass == ConvPass::kForward ? YElements(s)
                       : call.pass == ConvPass::kInputGradient
                           ? XElements(s)
                           : Volume(s.kernel) * s.in_channels * s.out_channels;
  if (size == 0) return;
  std::memset(static_cast<void*>(call.result), 0, static_cast<size_t>(size) * sizeof(S));
  if (call.rows_done != nullptr) (*call.rows_done)(0, s.batch * Volume(s.out));
}

template <typename S>
HWY_INLINE void ConvRun(const ConvCall<S>& call) {
  ConvShape s = call.shape;
  if (IsEmpty(s)) return RunEmpty(call);
  const ThreadPool& pool = call.pool;
  ScratchCursor cursor(call.scratch);
  const S* image = call.image;
  const S* other = call.other;
  S* result = call.result;
  if (s.channels_first) {
    S* x = cursor.take<S>(XElements(s));
    S* y = cursor.take<S>(YElements(s));
    const auto last = [&](const S* from, int64_t channels, const Spatial& size, S* to) {
      TransposeAll(from, s.batch, channels, Volume(size), to, pool);
      return to;
    };
    if (call.pass == ConvPass::kInputGradient) {
      image = last(image, s.out_channels, s.out, y);
      result = x;
    } else {
      image = last(image, s.in_channels, s.in, x);
      if (call.pass == ConvPass::kForward) {
        result = y;
      } else {
        other = last(other, s.out_channels, s.out, y);
      }
    }
  }
  switch (call.pass) {
    case ConvPass::kForward:
      Forward(s, image, other, call.packed, result, call.rows_done, cursor.rest(), pool);
      break;
    case ConvPass::kInputGradient:
      InputGradient(s, image, other, result, cursor.rest(), pool);
      break;
    case ConvPass::kKernelGradient:
      KernelGradient(s, image, other, result, cursor.rest(), pool);
      break;
  }
  if (!s.channels_first) return;
  if (call.pass == ConvPass::kForward) {
    TransposeAll(result, s.batch, Volume(s.out), s.out_channels, call.result, pool);
  } else if (call.pass == ConvPass::kInputGradient) {
    TransposeAll(result, s.batch, Volume(s.in), s.in_channels, call.result, pool);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_CONV_KERNEL_INL_H_
