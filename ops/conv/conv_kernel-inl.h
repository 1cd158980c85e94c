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
#include "ops/conv/conv_lines-inl.h"
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

// How a convolution's rows are read, and the scratch that one of its tasks takes.
template <typename S>
struct ConvLeft {
  using T = ComputeType<S>;
  PatchRows<S> rows;
  PatchLines<S> lines;
  bool few_columns, by_lines;
  int64_t task_elements;

  ConvLeft(const PatchMatrix<S>& patches, const Cut& cut)
      : rows{patches, !PatchRows<S>::InPlace(patches, cut.n)},
        lines(patches, cut),
        few_columns(FewColumns<T>(cut.n, cut.k)),
        by_lines(!few_columns && lines.serves()) {
    task_elements = few_columns ? FewColumnsElements<S>(cut, rows)
                    : by_lines  ? lines.task_elements(cut)
                                : TaskElements<S>(cut, rows, PackedB<T>());
  }

  size_t bytes(int threads) const {
    return ScratchSlots::total_bytes(static_cast<size_t>(task_elements) * sizeof(T), threads);
  }

  // C = patches · b; b as packed, or transposed [n, k] for few columns.
  template <class Out>
  void run(const Cut& cut, const T* b, const Out& out, const RowsDone* rows_done, void* scratch,
           const ThreadPool& pool) const {
    ScratchSlots slots(scratch, static_cast<size_t>(task_elements) * sizeof(T), pool.threads());
    PackedB<T> right;
    right.n = cut.n;
    right.packed = b;
    if (few_columns) {
      RunFewColumns<S>(cut, rows, b, cut.k, out, false, rows_done, slots, pool);
    } else if (by_lines) {
      RunLines<S>(cut, lines, right, out, rows_done, slots, pool);
    } else {
      RunTasks<S>(cut, rows, right, out, false, rows_done, slots, pool);
    }
  }
};

// ------------------------------------------------------------------------------------- forward

template <typename S>
HWY_INLINE size_t ForwardBytes(const ConvShape& s, int threads) {
  using T = ComputeType<S>;
  const int64_t k = Volume(s.kernel) * s.in_channels;
  const Cut cut = CutOf<T>(s.batch * Volume(s.out), s.out_channels, k);
  const ConvLeft<S> left(ForwardPatches<S>(s, nullptr), cut);
  return BytesOf<T>(PackedCols<T>(s.out_channels) * k) + left.bytes(threads);
}

// to [n, k] = w [k, n], widened.
template <typename S>
HWY_INLINE void TransposeKernel(const S* w, int64_t k, int64_t n, ComputeType<S>* to) {
  for (int64_t i = 0; i < k; ++i) {
    for (int64_t j = 0; j < n; ++j) to[j * k + i] = Widen(w[i * n + j]);
  }
}

template <typename S>
HWY_NOINLINE void Forward(const ConvShape& s, const S* x, const S* w, const void* packed, S* y,
                          const RowsDone* rows_done, void* scratch, const ThreadPool& pool) {
  using T = ComputeType<S>;
  const PatchMatrix<S> patches = ForwardPatches(s, x);
  const int64_t n = s.out_channels;
  const Cut cut = CutOf<T>(s.batch * Volume(s.out), n, patches.cols());
  ScratchCursor cursor(scratch);
  T* b = cursor.take<T>(PackedCols<T>(n) * cut.k);
  const ConvLeft<S> left(patches, cut);
  const T* right = b;
  if (packed != nullptr) {
    right = static_cast<const T*>(packed);
  } else if (left.few_columns) {
    TransposeKernel(w, cut.k, n, b);
  } else {
    PackAll(cut, w, n, false, false, b, pool);
  }
  left.run(cut, right, DenseOut<S>{y, n}, rows_done, cursor.rest(), pool);
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
HWY_INLINE Cut PhaseCut(const ConvShape& s, const Phase& phase) {
  return CutOf<ComputeType<S>>(s.batch * Volume(phase.count), s.in_channels,
                               Volume(phase.taps) * s.out_channels);
}

template <typename S>
HWY_INLINE PatchMatrix<S> PhasePatches(const ConvShape& s, const Phase& phase, const S* dy) {
  return {dy, s.out, s.out_channels, phase.count, {1, 1, 1}, phase.offset, phase.taps, phase.step};
}

template <typename S>
HWY_INLINE size_t InputGradientBytes(const ConvShape& s, int threads) {
  using T = ComputeType<S>;
  int64_t b = 0;
  size_t task = 0;
  for (int64_t i = 0; i < Volume(s.stride); ++i) {
    const Phase phase = PhaseOf(s, i);
    const Cut cut = PhaseCut<S>(s, phase);
    b = std::max(b, PackedCols<T>(cut.n) * cut.k);
    if (Volume(phase.count) == 0 || Volume(phase.taps) == 0) continue;
    task = std::max(task, ConvLeft<S>(PhasePatches<S>(s, phase, nullptr), cut).bytes(threads));
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
    const Cut cut = PhaseCut<S>(s, phase);
    ScratchCursor cursor = shared;
    T* b = cursor.take<T>(PackedCols<T>(n) * cut.k);
    const ConvLeft<S> left(PhasePatches(s, phase, dy), cut);
    if (left.few_columns) {
      TransposePhase(s, phase, cut.k, w, b);
    } else {
      PackPhase(s, phase, cut, w, b, pool);
    }
    if (Volume(s.stride) == 1) {
      left.run(cut, b, DenseOut<S>{dx, n}, nullptr, cursor.rest(), pool);
    } else {
      left.run(cut, b, out, nullptr, cursor.rest(), pool);
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

template <typename S>
HWY_INLINE size_t KernelGradientBytes(const ConvShape& s, int threads) {
  using T = ComputeType<S>;
  const KernelGradientCut c = KernelCut<T>(s);
  const int64_t task = TaskElements<S>(c.cut, PatchColumns<S>{}, OwnB<S>());
  return (c.parts > 1 ? BytesOf<T>(c.parts * c.cut.m * c.cut.n) : 0) +
         ScratchSlots::total_bytes(static_cast<size_t>(task) * sizeof(T), threads);
}

template <typename S, class Left>
HWY_NOINLINE void RunKernelGradient(const ConvShape& s, const Left& left, const S* dy, S* dw, void* scratch,
                                    const ThreadPool& pool) {
  using T = ComputeType<S>;
  const KernelGradientCut c = KernelCut<T>(s);
  const OwnB<S> right{dy, s.out_channels, false};
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

template <typename S>
HWY_INLINE size_t ConvPackedBytes(const ConvShape& s) {
  using T = ComputeType<S>;
  return BytesOf<T>(PackedCols<T>(s.out_channels) * Volume(s.kernel) * s.in_channels);
}

template <typename S>
HWY_INLINE void ConvPack(const ConvShape& s, const S* w, void* packed, const ThreadPool& pool) {
  using T = ComputeType<S>;
  const Cut cut = CutOf<T>(1, s.out_channels, Volume(s.kernel) * s.in_channels);
  if (FewColumns<T>(cut.n, cut.k)) {
    TransposeKernel(w, cut.k, cut.n, static_cast<T*>(packed));
    return;
  }
  PackAll(cut, w, s.out_channels, false, false, static_cast<T*>(packed), pool);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_CONV_KERNEL_INL_H_
