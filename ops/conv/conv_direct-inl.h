// Convolutions whose left operand is read where the image lies. Pixels that meet the same taps inside the
// image are summed together, over those taps: padding is neither stored nor multiplied, and nothing is
// copied unless it has to be widened. Patches (of conv_patches-inl.h) would copy every pixel once per tap.
#if defined(KEEL_OPS_CONV_CONV_DIRECT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_CONV_DIRECT_INL_H_
#undef KEEL_OPS_CONV_CONV_DIRECT_INL_H_
#else
#define KEEL_OPS_CONV_CONV_DIRECT_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "ops/conv/conv_patches-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Rows of a patch matrix in tasks that are boxes of its grid: some planes (b, d), or some lines of one, or
// some pixels of one line.
template <typename S>
struct DirectConv {
  using T = ComputeType<S>;
  // Shorter runs of k would cost more to begin than to sum.
  static constexpr int64_t kLeastRun = 16;
  // Rows of a task: many, as the tiles at the edges of a box are small. With room to fill a line to whole tiles.
  static constexpr int64_t kMostTaskRows = 512, kMostRows = kMostTaskRows + kTileRows;
  // Of the image per task: half of a second-level cache of 512 KiB.
  static constexpr int64_t kMostBytes = int64_t{1} << 18;

  PatchMatrix<S> patches;
  Spatial all, box, tasks_along;  // Planes, lines, pixels.
  Cut cut;

  // Whether this is faster than patches are. It depends on the kernel alone, so that a kernel can be packed
  // before the images are known.
  static bool serves(const Spatial& taps, int64_t channels) {
    return Volume(taps) > 1 && taps[2] * channels >= kLeastRun;
  }

  // C [rows, n].
  DirectConv(const PatchMatrix<S>& p, int64_t rows, int64_t n, int threads) : patches(p) {
    const Spatial& grid = p.grid;
    all = {rows / (grid[1] * grid[2]), grid[1], grid[2]};
    // All of k in one go: to sum a block at a time would read and write C once per block, which costs more
    // than a panel of B that comes from the second-level cache (1 to 4 % of 3x3 taps and 64 to 512 channels).
    cut = CutOf<T>(rows, n, p.cols());
    cut.depth = cut.k;
    cut.blocks = 1;
    // Of the image per row of C; strides may be longer than any image.
    int64_t row_bytes = p.channels * static_cast<int64_t>(sizeof(T));
    for (int i = 1; i < 3; ++i) row_bytes *= std::clamp<int64_t>(p.stride[i], 1, p.size[i]);
    cut.task_rows = std::clamp(kMostBytes / row_bytes, kMaxTaskRows, kMostTaskRows);
    cut.task_cols = std::min(kMaxTaskCols, RoundUp(n, kPanelCols<T>));
    // Enough tasks, of at least 20 µs, for the threads to finish together.
    for (;;) {
      choose_box();
      cut.col_tasks = CeilDiv(n, cut.task_cols);
      if (threads == 1 || tasks() * cut.col_tasks >= 6 * threads) break;
      if (Volume(box) * cut.task_cols * cut.k < (int64_t{1} << 20)) break;
      if (cut.task_rows > kMaxTaskRows || (cut.task_cols == kPanelCols<T> && cut.task_rows > kTileRows)) {
        cut.task_rows = RoundUp(cut.task_rows / 2, kTileRows);
      } else if (cut.task_cols > kPanelCols<T>) {
        cut.task_cols = RoundUp(CeilDiv(cut.task_cols, 2), kPanelCols<T>);
      } else {
        break;
      }
    }
  }

  int64_t tasks() const { return Volume(tasks_along); }
  int64_t task_elements() const {
    if (!kIsNarrow<S>) return 0;
    return RoundUp(scratch_elements(), 16) + Volume(box) * cut.task_cols;
  }

  // The widened lines that a task sees lie as [planes, taps[0], lines, pixels, channels].
  int64_t seen(int axis) const {
    const int64_t reach = (box[axis] - 1) * patches.stride[axis] + (patches.taps[axis] - 1) * patches.step[axis] + 1;
    return std::min(reach, patches.size[axis]);
  }
  // With room for what WidenRow() may write behind it.
  int64_t line_step() const { return RoundUp(seen(2) * patches.channels, 16) + 16; }
  int64_t scratch_elements() const { return box[0] * patches.taps[0] * seen(1) * line_step(); }

 private:
  void choose_box() {
    const auto evenly = [](int64_t size, int64_t most) { return CeilDiv(size, CeilDiv(size, most)); };
    box[2] = evenly(all[2], cut.task_rows);
    if (box[2] < all[2]) box[2] = RoundUp(box[2], kTileRows);
    box[1] = evenly(all[1], std::clamp<int64_t>(cut.task_rows / box[2], 1, all[1]));
    box[0] = 1;
    if (box[1] == all[1] && box[2] == all[2]) {
      box[0] = std::clamp<int64_t>(cut.task_rows / (box[1] * box[2]), 1, all[0]);
    }
    while (kIsNarrow<S> && scratch_elements() * static_cast<int64_t>(sizeof(T)) > kMostBytes &&
           (box[0] > 1 || box[1] > 1)) {
      int64_t& side = box[0] > 1 ? box[0] : box[1];
      side = CeilDiv(side, 2);
    }
    for (int i = 0; i < 3; ++i) tasks_along[i] = CeilDiv(all[i], box[i]);
  }
};

// One task of DirectConv: which rows of C it has, and what they sum over.
template <typename S>
class DirectTask {
 public:
  using T = ComputeType<S>;
  static constexpr int64_t kMostRows = DirectConv<S>::kMostRows;

  // `scratch` has conv.scratch_elements() where numbers have to be widened.
  DirectTask(const DirectConv<S>& conv, int64_t task, T* scratch) : conv_(conv), patches_(conv.patches) {
    const Spatial& along = conv.tasks_along;
    const Spatial place = {task / along[2] / along[1], task / along[2] % along[1], task % along[2]};
    for (int i = 0; i < 3; ++i) {
      first_[i] = place[i] * conv.box[i];
      count_[i] = std::min(conv.box[i], conv.all[i] - first_[i]);
    }
    const Spatial& size = patches_.size;
    const int64_t channels = patches_.channels;
    if constexpr (kIsNarrow<S>) {
      widen(scratch);
    } else {
      image_ = patches_.image;
      steps_ = {size[1] * size[2] * channels, size[2] * channels, channels};
    }
    for (Edge planes = edge(0, 0); planes.begin < count_[0]; planes = edge(0, planes.end)) {
      for (Edge lines = edge(1, 0); lines.begin < count_[1]; lines = edge(1, lines.end)) {
        for (Edge pixels = edge(2, 0); pixels.begin < count_[2]; pixels = edge(2, pixels.end)) {
          add_rows({planes, lines, pixels});
        }
      }
    }
  }

  int64_t rows() const { return rows_; }
  // The rows follow one another in the matrix, from this one on, in another order.
  int64_t first_row() const { return (first_[0] * conv_.all[1] + first_[1]) * conv_.all[2] + first_[2]; }
  int64_t row(int64_t i) const { return index_[i]; }
  const T* const* a() const { return a_; }
  const TileSum<TapSum>& tile(int64_t first) const { return tiles_[first]; }

 private:
  // Neighbours along an axis that meet the same taps: positions [begin, end) of the task, taps [low, high).
  struct Edge {
    int64_t begin, end, low, high;
    int64_t taps() const { return high - low; }
  };
  // Of the image along an axis, where the window of the i-th plane, line or pixel of the task begins.
  int64_t begin(int axis, int64_t i) const {
    const int64_t at = first_[axis] + i;
    return (axis == 0 ? at % patches_.grid[0] : at) * patches_.stride[axis] + patches_.offset[axis];
  }

  // Of the taps at a position, which lie inside.
  Edge taps_at(int axis, int64_t i) const {
    const int64_t step = patches_.step[axis], taps = patches_.taps[axis];
    const int64_t at = begin(axis, i), left = patches_.size[axis] - at;
    const int64_t low = at >= 0 ? 0 : std::min(CeilDiv(-at, step), taps);
    return {i, i + 1, low, left <= 0 ? low : std::clamp(CeilDiv(left, step), low, taps)};
  }
  // From position i on.
  Edge edge(int axis, int64_t i) const {
    Edge result = taps_at(axis, i);
    while (result.end < count_[axis]) {
      const Edge next = taps_at(axis, result.end);
      if (next.low != result.low || next.high != result.high) break;
      ++result.end;
    }
    return result;
  }

  // The rows of a box of positions that all meet the same box of taps.
  HWY_INLINE void add_rows(const Edge (&edge)[3]) {
    const PatchMatrix<S>& p = patches_;
    TapBox& sum = boxes_[rows_];  // No more boxes than rows.
    const int64_t channels = p.channels;
    sum.first_b = ((edge[0].low * p.taps[1] + edge[1].low) * p.taps[2] + edge[2].low) * channels;
    sum.depth = channels;
    bool none = false;
    for (int i = 0; i < 3; ++i) {
      sum.count[i] = edge[i].taps();
      sum.a_step[i] = sum.count[i] > 1 ? p.step[i] * steps_[i] : 0;  // Steps too.
      none = none || sum.count[i] == 0;
    }
    if constexpr (kIsNarrow<S>) sum.a_step[0] = steps_[0];  // The planes of its taps lie side by side.
    sum.b_step[2] = channels;
    sum.b_step[1] = p.taps[2] * channels;
    sum.b_step[0] = p.taps[1] * p.taps[2] * channels;
    if (p.step[2] == 1) {  // Neighbouring pixels are one run.
      sum.depth *= sum.count[2];
      sum.count[2] = 1;
    }
    if (none) sum.count[0] = 0;
    const int64_t first = rows_;
    for (int64_t plane = edge[0].begin; plane < edge[0].end; ++plane) {
      for (int64_t line = edge[1].begin; line < edge[1].end; ++line) {
        const int64_t pixel = edge[2].begin;
        const T* from = none ? image_ : address(plane, edge[0].low, begin(1, line) + edge[1].low * p.step[1],
                                                begin(2, pixel) + edge[2].low * p.step[2]);
        const int64_t step = none || edge[2].end == pixel + 1 ? 0 : p.stride[2] * steps_[2];
        const int64_t index = ((first_[0] + plane) * conv_.all[1] + first_[1] + line) * conv_.all[2] + first_[2];
        for (int64_t i = pixel; i < edge[2].end; ++i, from += step) {
          a_[rows_] = from;
          index_[rows_++] = index + i;
        }
      }
    }
    // Tiles of equal height.
    for (int64_t row = first, tiles = CeilDiv(rows_ - first, kTileRows); tiles > 0; --tiles) {
      const int64_t height = CeilDiv(rows_ - row, tiles);
      tiles_[row] = {height, {&sum}};
      row += height;
    }
  }

  // Of what tap `t0` of the i-th plane sees at h, w.
  const T* address(int64_t plane, int64_t t0, int64_t h, int64_t w) const {
    if constexpr (kIsNarrow<S>) {
      return image_ + (plane * patches_.taps[0] + t0) * steps_[0] + (h - seen_[0]) * steps_[1] + (w - seen_[1]) * steps_[2];
    } else {
      const int64_t batch = (first_[0] + plane) / patches_.grid[0];
      const int64_t d = begin(0, plane) + t0 * patches_.step[0];
      return image_ + (batch * patches_.size[0] + d) * steps_[0] + h * steps_[1] + w * steps_[2];
    }
  }

  // Copies what of the image the task sees.
  void widen(T* to) {
    const PatchMatrix<S>& p = patches_;
    image_ = to;
    const int64_t line_step = conv_.line_step();
    steps_ = {conv_.seen(1) * line_step, line_step, p.channels};
    int64_t end[2];
    for (int i = 0; i < 2; ++i) {
      const int axis = i + 1;
      const int64_t reach = begin(axis, count_[axis] - 1) + (p.taps[axis] - 1) * p.step[axis] + 1;
      seen_[i] = std::max<int64_t>(begin(axis, 0), 0);
      end[i] = std::min(reach, p.size[axis]);
    }
    if (end[1] <= seen_[1]) return;
    for (int64_t plane = 0; plane < count_[0]; ++plane) {
      const int64_t batch = (first_[0] + plane) / p.grid[0];
      for (int64_t t0 = 0; t0 < p.taps[0]; ++t0, to += steps_[0]) {
        const int64_t d = begin(0, plane) + t0 * p.step[0];
        if (d < 0 || d >= p.size[0]) continue;
        for (int64_t h = seen_[0]; h < end[0]; ++h) {
          const S* from = p.image + (((batch * p.size[0] + d) * p.size[1] + h) * p.size[2] + seen_[1]) * p.channels;
          WidenRow(from, (end[1] - seen_[1]) * p.channels, to + (h - seen_[0]) * line_step);
        }
      }
    }
  }

  const DirectConv<S>& conv_;
  const PatchMatrix<S>& patches_;
  Spatial first_, count_;  // Planes, lines, pixels.
  const T* image_;         // Or its widened part, whose first line and pixel are seen_.
  int64_t seen_[2];
  Spatial steps_;  // Of T, between planes, lines and pixels.
  int64_t rows_ = 0;
  const T* a_[kMostRows];
  int64_t index_[kMostRows];
  TileSum<TapSum> tiles_[kMostRows];  // Of each tile's first row.
  TapBox boxes_[kMostRows];
};

// Columns [col, col + cols) of the rows of one task, of which `rows_done` is told. `slot` has conv.task_elements().
template <typename S, class Out>
HWY_INLINE void RunDirectTask(const DirectConv<S>& conv, int64_t index, const PackedB<ComputeType<S>>& b,
                              const Out& out, int64_t col, const RowsDone* rows_done, ComputeType<S>* slot) {
  using T = ComputeType<S>;
  const DirectTask<S> task(conv, index, slot);
  const int64_t rows = task.rows(), cols = std::min(conv.cut.task_cols, conv.cut.n - col);
  T* c_rows[DirectConv<S>::kMostRows];
  for (int64_t i = 0; i < rows; ++i) {
    if constexpr (kIsNarrow<S>) {
      c_rows[i] = slot + RoundUp(conv.scratch_elements(), 16) + i * conv.cut.task_cols;
    } else {
      c_rows[i] = out.row(task.row(i)) + col;
    }
  }
  BlockOfTiles<T, false>(task.a(), 0, rows, [&](int64_t i, int64_t) { return task.tile(i); },
                         b.block(0, conv.cut.k, col, cols, nullptr), c_rows, cols, false);
  if constexpr (kIsNarrow<S>) {
    for (int64_t i = 0; i < rows; ++i) NarrowRow(c_rows[i], cols, out.row(task.row(i)) + col);
  }
  if (rows_done != nullptr) (*rows_done)(task.first_row(), task.first_row() + rows);
}

// The whole product over the pool. `slots` are conv.task_elements() each.
template <typename S, class Out>
HWY_INLINE void RunDirect(const DirectConv<S>& conv, const PackedB<ComputeType<S>>& b, const Out& out,
                          const RowsDone* rows_done, ScratchSlots& slots, const ThreadPool& pool) {
  const Cut& cut = conv.cut;
  // As in RunTasks.
  const bool tells = rows_done != nullptr && (cut.col_tasks == 1 || conv.tasks() >= 4 * pool.threads());
  const int64_t together = tells ? cut.col_tasks : 1;
  const int64_t cost = Volume(conv.box) * cut.k * (2 * cut.task_cols + 64);
  const int64_t tasks = conv.tasks() * cut.col_tasks / together;
  pool.parallel_for(tasks, CeilDiv(1 << 20, cost * together), [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    auto* slot = reinterpret_cast<ComputeType<S>*>(lease.data());
    for (int64_t task = begin * together; task < end * together; ++task) {
      const bool last = tells && (task + 1) % cut.col_tasks == 0;
      RunDirectTask<S>(conv, task / cut.col_tasks, b, out, task % cut.col_tasks * cut.task_cols,
                       last ? rows_done : nullptr, slot);
    }
  });
  if (!tells) TellAll(cut, rows_done, pool);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_CONV_DIRECT_INL_H_
