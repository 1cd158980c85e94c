// gemm() for one storage type and one target: which path a shape takes, and its scratch.
#if defined(KEEL_OPS_MATH_GEMM_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_MATH_GEMM_KERNEL_INL_H_
#undef KEEL_OPS_MATH_GEMM_KERNEL_INL_H_
#else
#define KEEL_OPS_MATH_GEMM_KERNEL_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "ops/math/gemm_call.h"
#include "ops/math/gemm_driver-inl.h"
#include "ops/math/gemv-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// The left operand of a plain product, stored [m, k] or, transposed, [k, m]. It is read where it lies, even where its
// rows share a few sets of the caches: a copy cost 2 to 6 % of products with rows of 8 to 16 KiB. Narrow numbers are
// widened into a copy.
template <typename S, bool kTransposed>
struct MatrixRows {
  using T = ComputeType<S>;
  static constexpr bool kCols = kTransposed;
  const S* a;
  int64_t ld;

  // Copied rows lie an odd number of lines apart: at a power of two, eight of them would share
  // one set of the first-level cache.
  static int64_t RowStep(int64_t depth) { return RoundUp(depth, 128 / sizeof(T)) + 64 / sizeof(T); }

  int64_t block_elements(int64_t rows, int64_t depth) const {
    if (!kIsNarrow<S>) return 0;
    return kCols ? RoundUp(rows, kTileRows) * depth : rows * RowStep(depth);
  }

  HWY_INLINE int64_t block(int64_t first, int64_t rows, int64_t k0, int64_t depth, T* scratch,
                           const T** to) const {
    if constexpr (!kIsNarrow<S>) {
      for (int64_t i = 0; i < rows; ++i) to[i] = a + (kCols ? k0 * ld + first + i : (first + i) * ld + k0);
      return ld;
    } else if constexpr (!kCols) {
      const int64_t step = RowStep(depth);
      for (int64_t i = 0; i < rows; ++i) {
        WidenRow(a + (first + i) * ld + k0, depth, scratch + i * step);
        to[i] = scratch + i * step;
      }
      return 0;
    } else {
      for (int64_t i = 0; i < rows; i += kTileRows) to[i] = scratch + i * depth;
      for (int64_t k = 0; k < depth; ++k) {
        T wide[kMaxTaskRows + kTileRows];
        WidenRow(a + (k0 + k) * ld + first, rows, wide);
        int64_t i = 0;
        for (; i + kTileRows <= rows; i += kTileRows) {
          std::memcpy(scratch + i * depth + k * kTileRows, wide + i, kTileRows * sizeof(T));
        }
        for (int64_t r = i; r < rows; ++r) scratch[i * depth + k * kTileRows + r - i] = wide[r];
      }
      return kTileRows;
    }
  }
};

// Everything that follows from the shape.
template <typename S>
struct GemmPlan {
  using T = ComputeType<S>;
  int64_t lda, ldb, ldc;
  Cut cut;
  bool empty, vector, few_columns, b_in_place, own_b;
  int64_t parts;
  size_t b_bytes, partial_bytes, slot_bytes;

  GemmPlan(const GemmShape& s, bool packed_b) {
    lda = s.lda != 0 ? s.lda : s.transpose_a ? s.m : s.k;
    ldb = s.ldb != 0 ? s.ldb : s.transpose_b ? s.k : s.n;
    ldc = s.ldc != 0 ? s.ldc : s.n;
    empty = s.m == 0 || s.n == 0;
    // Nothing cannot be cut; nobody asks for the pieces.
    cut = CutOf<T>(std::max<int64_t>(s.m, 1), std::max<int64_t>(s.n, 1), s.k);
    vector = !packed_b && !empty && s.m <= kMaxVectorRows && s.k > 0;
    few_columns = !packed_b && !empty && !vector && !s.transpose_a && !kIsNarrow<S> &&
                  FewColumns<T>(s.n, s.k);
    // Packing B pays once enough rows have passed over it; sooner if its rows are so far apart
    // that a panel takes a page per row and does not stay in the second-level cache.
    const bool near = s.k * ldb * static_cast<int64_t>(sizeof(T)) <= (int64_t{1} << 20);
    b_in_place = !packed_b && !kIsNarrow<S> && !s.transpose_b &&
                 (s.m <= (near ? 4 : 1) * kTileRows || ldb <= 2 * kPanelCols<T>);
    own_b = !packed_b && !b_in_place && cut.row_tasks == 1;
    cut.by_columns = !packed_b && !b_in_place && s.n >= s.m;
    parts = SplitParts(cut);
    if (vector) {
      b_bytes = round_up_bytes(static_cast<size_t>(s.m * s.k) * sizeof(T));
      partial_bytes = 0;
      slot_bytes = static_cast<size_t>(s.m * kVectorCols) * sizeof(T);
      return;
    }
    if (few_columns) {
      b_bytes = s.transpose_b ? 0 : round_up_bytes(static_cast<size_t>(s.n * s.k) * sizeof(T));
      partial_bytes = 0;
      cut.depth = s.k;  // Rows are read where they lie: one sum per element, not one per block.
      cut.blocks = 1;
      const MatrixRows<S, false> rows{nullptr, lda};
      slot_bytes = static_cast<size_t>(FewColumnsElements<S>(cut, rows)) * sizeof(T);
      return;
    }
    const int64_t b_cols = packed_b || own_b ? 0
                           : b_in_place ? PackedCols<T>(s.n % kPanelCols<T>)
                                        : PackedCols<T>(s.n);
    b_bytes = round_up_bytes(static_cast<size_t>(b_cols * s.k) * sizeof(T));
    partial_bytes =
        parts > 1 ? round_up_bytes(static_cast<size_t>(parts * s.m * s.n) * sizeof(T)) : 0;
    const MatrixRows<S, false> rows{nullptr, lda};
    const MatrixRows<S, true> columns{nullptr, lda};
    const auto elements_with = [&](const auto& right) {
      return s.transpose_a ? TaskElements<S>(cut, columns, right)
                           : TaskElements<S>(cut, rows, right);
    };
    const int64_t elements = own_b ? elements_with(OwnB<S>()) : elements_with(PackedB<T>());
    slot_bytes = static_cast<size_t>(elements) * sizeof(T);
  }

  size_t bytes(int threads) const {
    return empty ? 0
                 : b_bytes + partial_bytes + ScratchSlots::total_bytes(slot_bytes, threads);
  }
};

template <typename S, bool kTransposed, class Right>
HWY_NOINLINE void RunMatrix(const GemmPlan<S>& plan, const S* a, const Right& b, S* c,
                            const GemmEnd& end, ComputeType<S>* partial, ScratchSlots& slots,
                            const ThreadPool& pool) {
  struct Out {
    S* base;
    int64_t ld;
    S* row(int64_t i) const { return base + i * ld; }
  };
  const MatrixRows<S, kTransposed> rows{a, plan.lda};
  const Out out{c, plan.ldc};
  if (plan.parts > 1) {
    RunSplit<S>(plan.cut, plan.parts, rows, b, out, end.accumulate, end.rows_done, partial, slots, pool);
  } else {
    RunTasks<S>(plan.cut, rows, b, out, end.accumulate, end.rows_done, slots, pool);
  }
}

// One product of the batch.
template <typename S>
HWY_INLINE void RunOne(const GemmPlan<S>& plan, const GemmCall<S>& call, const S* a, const S* b,
                       S* c, char* scratch, const ThreadPool& pool) {
  using T = ComputeType<S>;
  const GemmShape& s = call.shape;
  const GemmEnd& end = call.end;
  T* b_scratch = reinterpret_cast<T*>(scratch);
  scratch += plan.b_bytes;
  T* partial = reinterpret_cast<T*>(scratch);
  scratch += plan.partial_bytes;
  ScratchSlots slots(scratch, plan.slot_bytes, pool.threads());
  if (plan.vector) {
    RunVector<S>(s.m, s.n, s.k, a, s.transpose_a ? 1 : plan.lda, s.transpose_a ? plan.lda : 1, b,
                 plan.ldb, s.transpose_b, c, plan.ldc, end.accumulate, b_scratch, slots, pool);
    TellAll(plan.cut, end.rows_done, pool);
    return;
  }
  if constexpr (!kIsNarrow<S>) {
    if (plan.few_columns) {
      if (!s.transpose_b) TransposeInto(b, plan.ldb, s.k, s.n, b_scratch, s.k);
      struct Out {
        S* base;
        int64_t ld;
        S* row(int64_t i) const { return base + i * ld; }
      };
      RunFewColumns<S>(plan.cut, MatrixRows<S, false>{a, plan.lda},
                       s.transpose_b ? b : b_scratch, s.transpose_b ? plan.ldb : s.k,
                       Out{c, plan.ldc}, end.accumulate, end.rows_done, slots, pool);
      return;
    }
  }
  const auto run = [&](const auto& right) {
    if (s.transpose_a) {
      RunMatrix<S, true>(plan, a, right, c, end, partial, slots, pool);
    } else {
      RunMatrix<S, false>(plan, a, right, c, end, partial, slots, pool);
    }
  };
  if (plan.own_b) return run(OwnB<S>{b, plan.ldb, s.transpose_b});
  PackedB<T> right;
  right.n = s.n;
  if (call.packed_b != nullptr) {
    right.packed = static_cast<const T*>(call.packed_b);
  } else {
    PackAll(plan.cut, b, plan.ldb, s.transpose_b, plan.b_in_place, b_scratch, pool);
    right.packed = b_scratch;
    if (plan.b_in_place) {
      right.in_place = reinterpret_cast<const T*>(b);
      right.ld = plan.ldb;
    }
  }
  run(right);
}

// A batch that shares B and whose rows follow one another is one taller product.
HWY_INLINE GemmShape Merged(const GemmShape& shape) {
  GemmShape s = shape;
  const int64_t lda = s.lda != 0 ? s.lda : s.k;
  const int64_t ldc = s.ldc != 0 ? s.ldc : s.n;
  if (s.batch > 1 && s.batch_step_b == 0 && !s.transpose_a && s.batch_step_a == s.m * lda &&
      s.batch_step_c == s.m * ldc) {
    s.m *= s.batch;
    s.batch = 1;
  }
  return s;
}

// Whether a batch is spread over the threads whole product by whole product.
HWY_INLINE bool ByProduct(const GemmShape& s) { return s.batch >= 8; }

template <typename S>
HWY_INLINE size_t GemmBytes(const GemmShape& shape, bool packed_b, int threads) {
  const GemmShape s = Merged(shape);
  const GemmPlan<S> plan(s, packed_b);
  if (ByProduct(s)) return ScratchSlots::total_bytes(plan.bytes(1), threads);
  return plan.bytes(threads);
}

template <typename S>
HWY_INLINE void GemmRun(const GemmCall<S>& call) {
  const GemmShape s = Merged(call.shape);
  const GemmPlan<S> plan(s, call.packed_b != nullptr);
  if (plan.empty || s.batch <= 0) return;
  GemmCall<S> one = call;
  one.shape = s;
  if (s.batch > 1 && ByProduct(s)) {
    ScratchSlots slots(call.scratch, plan.bytes(1), call.pool.threads());
    const int64_t flops = 2 * s.m * s.n * std::max<int64_t>(s.k, 1);
    const ThreadPool serial(1);
    call.pool.parallel_for(s.batch, CeilDiv(1 << 18, flops), [&](int64_t begin, int64_t end) {
      const ScratchSlots::Lease lease(slots);
      for (int64_t i = begin; i < end; ++i) {
        RunOne(plan, one, call.a + i * s.batch_step_a, call.b + i * s.batch_step_b,
               call.c + i * s.batch_step_c, lease.data(), serial);
      }
    });
    return;
  }
  for (int64_t i = 0; i < s.batch; ++i) {
    RunOne(plan, one, call.a + i * s.batch_step_a, call.b + i * s.batch_step_b,
           call.c + i * s.batch_step_c, static_cast<char*>(call.scratch), call.pool);
  }
}

template <typename S>
HWY_INLINE size_t GemmPackedBytes(const GemmShape& s) {
  using T = ComputeType<S>;
  return round_up_bytes(static_cast<size_t>(PackedCols<T>(s.n) * s.k) * sizeof(T));
}

template <typename S>
HWY_INLINE void GemmPack(const GemmShape& s, const S* b, void* packed, const ThreadPool& pool) {
  if (s.n == 0) return;
  const GemmPlan<S> plan(s, true);
  PackAll(plan.cut, b, plan.ldb, s.transpose_b, false, static_cast<ComputeType<S>*>(packed), pool);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_MATH_GEMM_KERNEL_INL_H_
