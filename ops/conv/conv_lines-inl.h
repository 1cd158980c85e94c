// Convolutions whose left operand is read where the image lies: a task copies the lines that its
// windows meet, with the zeros around them, once, and tiles run along them tap by tap. Patches (of
// conv_patches-inl.h) would copy every pixel once per tap; and tiles leave out taps that meet zeros
// alone.
#if defined(KEEL_OPS_CONV_CONV_LINES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_CONV_LINES_INL_H_
#undef KEEL_OPS_CONV_CONV_LINES_INL_H_
#else
#define KEEL_OPS_CONV_CONV_LINES_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "ops/conv/conv_patches-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Rows of a patch matrix as boxes of its grid: some planes (b, d), or some lines of one, or some
// pixels of one line. Scratch holds [planes, lines seen, taps[0], pixels seen, channels].
template <typename S>
struct PatchLines {
  using T = ComputeType<S>;
  // Shorter runs of k would cost more to begin than to sum. A tile has at most kMostRuns.
  static constexpr int64_t kLeastRun = 16, kMostRuns = kBlockDepth / kLeastRun + 2;
  // Half of a second-level cache of 512 KiB.
  static constexpr int64_t kMostBytes = int64_t{1} << 18;

  PatchMatrix<S> patches;
  int64_t all_planes;
  int64_t planes, lines, pixels;  // Of a task's box.
  int64_t plane_tasks, line_tasks, pixel_tasks;
  int64_t pixel_step;  // Between pixels in scratch.
  int64_t run;         // Columns of the matrix that lie side by side in scratch.

  // Tasks of about cut.task_rows rows, of the cut.m that there are.
  PatchLines(const PatchMatrix<S>& p, const Cut& cut) : patches(p) {
    const Spatial& grid = p.grid;
    all_planes = cut.m / (grid[1] * grid[2]);
    // Eight pixels a multiple of 2 KiB apart would share two sets of the first-level cache.
    pixel_step = p.channels * sizeof(T) % 2048 == 0 ? p.channels + 64 / sizeof(T) : p.channels;
    run = p.step[2] == 1 && pixel_step == p.channels ? p.taps[2] * p.channels : p.channels;
    const auto evenly = [](int64_t all, int64_t most) { return CeilDiv(all, CeilDiv(all, most)); };
    pixels = evenly(grid[2], cut.task_rows);
    if (pixels < grid[2]) pixels = RoundUp(pixels, kTileRows);
    lines = evenly(grid[1], std::clamp<int64_t>(cut.task_rows / pixels, 1, grid[1]));
    planes = 1;
    if (lines == grid[1] && pixels == grid[2]) {
      planes = std::clamp<int64_t>(cut.task_rows / (lines * pixels), 1, all_planes);
    }
    while (!fits() && (planes > 1 || lines > 1)) {
      int64_t& side = planes > 1 ? planes : lines;
      side = CeilDiv(side, 2);
    }
    plane_tasks = CeilDiv(all_planes, planes);
    line_tasks = CeilDiv(grid[1], lines);
    pixel_tasks = CeilDiv(grid[2], pixels);
  }

  // Whether this is faster than patches are.
  bool serves() const {
    return Volume(patches.taps) > 1 && run >= kLeastRun && fits();
  }

  int64_t seen(int axis, int64_t count) const {
    return (count - 1) * patches.stride[axis] + (patches.taps[axis] - 1) * patches.step[axis] + 1;
  }
  // A line has room for what Copy() and Zeros() write behind it.
  int64_t line_step() const { return RoundUp(seen(2, pixels) * pixel_step, 16) + 16; }
  int64_t plane_step() const { return seen(1, lines) * patches.taps[0] * line_step(); }
  int64_t elements() const { return planes * plane_step(); }  // If it fits().
  // In floating point: dilated windows may reach far.
  bool fits() const {
    return static_cast<double>(planes) * static_cast<double>(seen(1, lines)) *
               static_cast<double>(patches.taps[0]) * static_cast<double>(seen(2, pixels)) *
               static_cast<double>(pixel_step) * sizeof(T) <= kMostBytes;
  }
  int64_t tasks() const { return plane_tasks * line_tasks * pixel_tasks; }
  int64_t task_elements(const Cut& cut) const {
    return RoundUp(elements(), 16) + (kIsNarrow<S> ? planes * lines * pixels : 1) * cut.task_cols;
  }
};

// One task of PatchLines.
template <typename S>
class LineTask {
 public:
  using T = ComputeType<S>;

  // Copies the lines to `scratch`, of lines.elements().
  LineTask(const PatchLines<S>& lines, int64_t task, T* scratch) : lines_(lines), patches_(lines.patches) {
    const Spatial& grid = patches_.grid;
    first_[2] = task % lines.pixel_tasks * lines.pixels;
    first_[1] = task / lines.pixel_tasks % lines.line_tasks * lines.lines;
    first_[0] = task / lines.pixel_tasks / lines.line_tasks * lines.planes;
    count_ = {std::min(lines.planes, lines.all_planes - first_[0]), std::min(lines.lines, grid[1] - first_[1]),
              std::min(lines.pixels, grid[2] - first_[2])};
    line_step_ = lines.line_step();
    T* to = scratch;
    for (int64_t plane = 0; plane < count_[0]; ++plane) {
      to = scratch + plane * lines.plane_step();
      const int64_t batch = (first_[0] + plane) / grid[0];
      for (int64_t line = 0; line < lines.seen(1, count_[1]); ++line) {
        const int64_t h = first_[1] * patches_.stride[1] + patches_.offset[1] + line;
        for (int64_t t0 = 0; t0 < patches_.taps[0]; ++t0, to += line_step_) {
          copy_line(batch, begin(0, plane) + t0 * patches_.step[0], h, to);
        }
      }
    }
    scratch_ = scratch;
  }

  // They follow one another in the matrix.
  int64_t rows() const { return count_[0] * count_[1] * count_[2]; }
  int64_t first_row() const {
    return (first_[0] * patches_.grid[1] + first_[1]) * patches_.grid[2] + first_[2];
  }

  // Where row i of the task begins in scratch, and its index in the matrix.
  template <class Body>
  HWY_INLINE void each_row(const Body& body) const {
    const Spatial& grid = patches_.grid;
    int64_t i = 0;
    for (int64_t plane = 0; plane < count_[0]; ++plane) {
      for (int64_t line = 0; line < count_[1]; ++line) {
        const T* from = scratch_ + plane * lines_.plane_step() +
                        line * patches_.stride[1] * patches_.taps[0] * line_step_;
        const int64_t index = ((first_[0] + plane) * grid[1] + first_[1] + line) * grid[2] + first_[2];
        for (int64_t pixel = 0; pixel < count_[2]; ++pixel, ++i) {
          body(i, from + pixel * patches_.stride[2] * lines_.pixel_step, index + pixel);
        }
      }
    }
  }

  // What rows [row, end) sum over of columns [k0, k0 + depth); at most kMostRuns.
  HWY_INLINE int64_t runs(int64_t row, int64_t end, int64_t k0, int64_t depth, Stretch* to) const {
    // The taps that meet the image in any of these lines.
    Taps t0 = {patches_.taps[0], 0}, t1 = {patches_.taps[1], 0};
    for (int64_t line = row / count_[2]; line <= (end - 1) / count_[2]; ++line) {
      t0.add(inside(0, begin(0, line / count_[1])));
      t1.add(inside(1, begin(1, line % count_[1])));
    }
    const int64_t line_cols = patches_.taps[2] * patches_.channels;
    int64_t count = 0;
    for (int64_t k = 0; k < depth;) {
      const int64_t line = (k0 + k) / line_cols, col = (k0 + k) % line_cols;
      const int64_t length = std::min(lines_.run - col % lines_.run, depth - k);
      const int64_t tap0 = line / patches_.taps[1], tap1 = line % patches_.taps[1];
      if (t0.has(tap0) && t1.has(tap1)) {
        const int64_t pixel = col / patches_.channels;
        to[count++] = {(tap1 * patches_.step[1] * patches_.taps[0] + tap0) * line_step_ +
                           pixel * patches_.step[2] * lines_.pixel_step + (col - pixel * patches_.channels),
                       k, length};
      }
      k += length;
    }
    return count;
  }

 private:
  struct Taps {
    int64_t low, high;
    void add(const Taps& other) {
      low = std::min(low, other.low);
      high = std::max(high, other.high);
    }
    bool has(int64_t tap) const { return low <= tap && tap < high; }
  };
  // Of the image along an axis, where the window of the i-th plane or line of the task begins.
  int64_t begin(int axis, int64_t i) const {
    const int64_t at = first_[axis] + i;
    return (axis == 0 ? at % patches_.grid[0] : at) * patches_.stride[axis] + patches_.offset[axis];
  }
  Taps inside(int axis, int64_t begin) const {
    const int64_t step = patches_.step[axis], taps = patches_.taps[axis];
    const int64_t low = begin >= 0 ? 0 : std::min(CeilDiv(-begin, step), taps);
    const int64_t left = patches_.size[axis] - begin;
    return {low, left <= 0 ? low : std::clamp(CeilDiv(left, step), low, taps)};
  }

  void copy_line(int64_t batch, int64_t d, int64_t h, T* to) const {
    const PatchMatrix<S>& p = patches_;
    const int64_t step = lines_.pixel_step, count = lines_.seen(2, count_[2]);
    if (d < 0 || d >= p.size[0] || h < 0 || h >= p.size[1]) return PatchMatrix<S>::Zeros(to, count * step);
    const int64_t w = first_[2] * p.stride[2] + p.offset[2];
    const int64_t low = std::clamp<int64_t>(-w, 0, count), high = std::clamp(p.size[2] - w, low, count);
    const S* from = p.image + (((batch * p.size[0] + d) * p.size[1] + h) * p.size[2] + w) * p.channels;
    PatchMatrix<S>::Zeros(to, low * step);
    if (step == p.channels) {
      PatchMatrix<S>::Copy(from + low * step, (high - low) * step, to + low * step);
    } else {
      for (int64_t i = low; i < high; ++i) PatchMatrix<S>::Copy(from + i * p.channels, p.channels, to + i * step);
    }
    PatchMatrix<S>::Zeros(to + high * step, (count - high) * step);
  }

  const PatchLines<S>& lines_;
  const PatchMatrix<S>& patches_;
  Spatial first_, count_;  // Planes, lines, pixels.
  int64_t line_step_;
  const T* scratch_;
};

// Columns [col, col + cols) of the rows of one task, of which `rows_done` is told. `slot` has lines.task_elements().
template <typename S, class Out>
HWY_INLINE void RunLineTask(const Cut& cut, const PatchLines<S>& lines, int64_t index,
                            const PackedB<ComputeType<S>>& b, const Out& out, int64_t col,
                            const RowsDone* rows_done, ComputeType<S>* slot) {
  using T = ComputeType<S>;
  constexpr int64_t kMostRows = kMaxTaskRows + kTileRows, kMostTiles = CeilDiv(kMostRows, kTileRows);
  const LineTask<S> task(lines, index, slot);
  const int64_t rows = task.rows(), cols = std::min(cut.task_cols, cut.n - col);
  const T* a_rows[kMostRows];
  T* c_rows[kMostRows];
  T* wide = slot + RoundUp(lines.elements(), 16);
  task.each_row([&](int64_t i, const T* from, int64_t row) {
    a_rows[i] = from;
    if constexpr (kIsNarrow<S>) {
      c_rows[i] = wide + i * cut.task_cols;
    } else {
      c_rows[i] = out.row(row) + col;
    }
  });
  Stretch runs[kMostTiles][PatchLines<S>::kMostRuns];
  Stretches sums[kMostTiles];
  for (int64_t block = 0; block < cut.blocks; ++block) {
    const int64_t k0 = block * cut.depth, depth = std::min(cut.depth, cut.k - k0);
    for (int64_t i = 0; i < rows; i += kTileRows) {
      Stretch* of_tile = runs[i / kTileRows];
      sums[i / kTileRows] = {of_tile, task.runs(i, std::min(i + kTileRows, rows), k0, depth, of_tile)};
    }
    const auto tile_at = [&](int64_t i, int64_t) { return TileSum<>{kTileRows, sums[i / kTileRows]}; };
    BlockOfTiles<T, false>(a_rows, 0, rows, tile_at, b.block(k0, depth, col, cols, nullptr), c_rows, cols,
                           block > 0);
  }
  if constexpr (kIsNarrow<S>) {
    task.each_row([&](int64_t i, const T*, int64_t row) { NarrowRow(c_rows[i], cols, out.row(row) + col); });
  }
  if (rows_done != nullptr) (*rows_done)(task.first_row(), task.first_row() + rows);
}

// The whole product over the pool. `slots` are lines.task_elements() each.
template <typename S, class Out>
HWY_INLINE void RunLines(const Cut& cut, const PatchLines<S>& lines, const PackedB<ComputeType<S>>& b,
                         const Out& out, const RowsDone* rows_done, ScratchSlots& slots,
                         const ThreadPool& pool) {
  // As in RunTasks.
  const bool tells = rows_done != nullptr && (cut.col_tasks == 1 || lines.tasks() >= 16);
  const int64_t together = tells ? cut.col_tasks : 1;
  const int64_t cost = lines.planes * lines.lines * lines.pixels * cut.k * (2 * cut.task_cols + 64);
  const int64_t tasks = lines.tasks() * cut.col_tasks / together;
  pool.parallel_for(tasks, CeilDiv(1 << 20, cost * together), [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    auto* slot = reinterpret_cast<ComputeType<S>*>(lease.data());
    for (int64_t task = begin * together; task < end * together; ++task) {
      const bool last = tells && (task + 1) % cut.col_tasks == 0;
      RunLineTask<S>(cut, lines, task / cut.col_tasks, b, out, task % cut.col_tasks * cut.task_cols,
                     last ? rows_done : nullptr, slot);
    }
  });
  if (!tells) TellAll(cut, rows_done, pool);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_CONV_LINES_INL_H_
