#include "core/loops/layout.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace keel {
namespace {

// Rows this long or longer are runs of their own; of shorter ones, several make a run, so that what
// a run costs beside its elements does not show. Rows of at least kGatheredRow do so where no input has to be
// gathered for that.
constexpr int64_t kLongRow = 1024, kGatheredRow = 256;
// What gathered and periodic inputs are buffered for at a time: a few KiB, to stay in L1.
constexpr int64_t kBufferedRun = 1024, kMaxBufferedRun = 2048;
// Columns that are summed at once: rows are read as one stream up to here, and the sums stay in L2.
constexpr int64_t kMaxColumns = 8192;
// No run is longer, so that work can be shared.
constexpr int64_t kMaxRun = 16384;
// Reduced rows up to this length are transposed rather than folded lane by lane.
constexpr int64_t kShortRow = 128;
// Additions into one accumulator before its sum is put aside: the error of a sum grows with these
// and with the logarithm of the rest.
constexpr int64_t kMaxDepth = 128;
// A thread's share of a program that only adds.
constexpr int64_t kGrain = 65536;

int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0); }

struct Collapsed {
  absl::InlinedVector<int64_t, 4> sizes;
  absl::InlinedVector<bool, 4> reduced;
};

// Drops axes of size 1 and joins neighbours along which everything lies alike. Fills the leaves'
// strides. The space is not empty.
Collapsed collapse(const LoopProgram& program, std::vector<Leaf>& leaves) {
  const int rank = program.shape.rank();
  const size_t n = leaves.size();
  // Axes innermost first, reversed at the end.
  Collapsed c;
  std::vector<int64_t> dense(n, 1);  // The stride of the leaf's next axis.
  for (int axis = rank - 1; axis >= 0; --axis) {
    const int64_t size = program.shape[axis];
    const bool reduced = !program.reduced.empty() && program.reduced[axis];
    absl::InlinedVector<int64_t, 8> strides(n);
    for (size_t l = 0; l < n; ++l) {
      const Shape& shape = program.inputs[l].shape;
      const int own = axis - (rank - shape.rank());
      const int64_t own_size = own < 0 ? 1 : shape[own];
      if (own_size != 1 && own_size != size) {
        fail("loop: an input of shape ", shape, " does not broadcast to ", program.shape);
      }
      strides[l] = own_size == 1 ? 0 : dense[l];
      dense[l] *= own_size;
    }
    if (size == 1) continue;
    bool joins = !c.sizes.empty() && c.reduced.back() == reduced;
    for (size_t l = 0; joins && l < n; ++l) {
      joins = strides[l] == leaves[l].strides.back() * c.sizes.back();
    }
    if (joins) {
      c.sizes.back() *= size;
      continue;
    }
    c.sizes.push_back(size);
    c.reduced.push_back(reduced);
    for (size_t l = 0; l < n; ++l) leaves[l].strides.push_back(strides[l]);
  }
  if (c.sizes.empty()) {
    c.sizes.push_back(1);
    c.reduced.push_back(!program.reduced.empty() && rank > 0 && program.reduced[rank - 1]);
    for (Leaf& leaf : leaves) leaf.strides.push_back(0);
  }
  std::reverse(c.sizes.begin(), c.sizes.end());
  std::reverse(c.reduced.begin(), c.reduced.end());
  for (Leaf& leaf : leaves) std::reverse(leaf.strides.begin(), leaf.strides.end());
  return c;
}

// The number of elements after which the leaf repeats itself, if it depends on a position in the
// last axes alone; 0 if not.
int64_t period_of(const Leaf& leaf, const Layout& layout) {
  int axis = static_cast<int>(layout.sizes.size()) - 1;
  int64_t period = 1;
  for (; axis >= 0 && leaf.strides[axis] == period; --axis) period *= layout.sizes[axis];
  for (; axis >= 0; --axis) {
    if (leaf.strides[axis] != 0) return 0;
  }
  return period;
}

// Whether along axes [first, last) the leaf is dense, or constant.
bool is_dense(const Leaf& leaf, const Layout& layout, int first) {
  int64_t stride = 1;
  for (int axis = static_cast<int>(layout.sizes.size()) - 1; axis >= first; --axis) {
    if (leaf.strides[axis] != stride) return false;
    stride *= layout.sizes[axis];
  }
  return true;
}
bool is_constant(const Leaf& leaf, int first) {
  return std::all_of(leaf.strides.begin() + first, leaf.strides.end(),
                     [](int64_t stride) { return stride == 0; });
}

// Decides how leaves are reached by runs within the axes from `first` on. Returns whether none has
// to be gathered.
bool reach_leaves(Layout& layout, int first) {
  bool easy = true;
  for (Leaf& leaf : layout.leaves) {
    leaf.period = 0;
    if (is_constant(leaf, 0)) {
      leaf.reach = Reach::kSplat;
    } else if (is_dense(leaf, layout, 0)) {
      leaf.reach = Reach::kFull;
    } else if (is_dense(leaf, layout, first)) {
      leaf.reach = Reach::kDense;
    } else if (is_constant(leaf, first)) {
      leaf.reach = Reach::kRunSplat;
    } else {
      const int64_t period = period_of(leaf, layout);
      if (period != 0 && layout.run % period == 0) {
        leaf.reach = Reach::kPeriodic;
        leaf.period = period;
      } else {
        leaf.reach = Reach::kGathered;
        easy = false;
      }
    }
  }
  return easy;
}

void lay_out_elementwise(Layout& layout, size_t block) {
  const int rank = static_cast<int>(layout.sizes.size());
  const int64_t last = layout.sizes.back();
  int first = 0;
  const auto rows_are_runs = [&] {
    first = rank - 1;
    layout.length = last;
    layout.rows = layout.elements / last;
    layout.run = std::min(last, kMaxRun);
  };
  if (rank > 1 && last >= kLongRow) {
    rows_are_runs();
  } else {
    layout.length = layout.elements;
    layout.run = rank > 1 ? kBufferedRun : std::min(layout.grain, kMaxRun * 4);
    if (rank > 1) {
      int64_t common = 1, periodic = 0;
      for (const Leaf& leaf : layout.leaves) {
        const int64_t period = period_of(leaf, layout);
        if (period <= 1 || period > kMaxBufferedRun) continue;
        const int64_t both = std::lcm(common, period);
        if (both > kMaxBufferedRun) continue;
        common = both;
        ++periodic;
      }
      // Of more than two, less each: L1 has to hold what passes through, too.
      layout.run = common * std::max<int64_t>(1, (periodic > 2 ? kBufferedRun / 2 : kBufferedRun) / common);
    } else {
      layout.run = layout.run / block * block;
    }
  }
  if (!reach_leaves(layout, first) && rank > 1 && last >= kGatheredRow) {
    rows_are_runs();
    reach_leaves(layout, first);
  }
  layout.segments = ceil_div(layout.length, layout.run);
}

// Splits the last axes from `first` on off as runs; the outer ones are kept or reduced.
void split_axes(Layout& layout, const Collapsed& c, int first) {
  layout.kept.clear();
  layout.reduced.clear();
  layout.groups = layout.reduced_rows = layout.length = 1;
  int64_t stride = 1;
  for (int axis = static_cast<int>(c.sizes.size()) - 1; axis >= 0; --axis) {
    const int64_t size = c.sizes[axis];
    if (axis >= first) {
      layout.length *= size;
    } else if (c.reduced[axis]) {
      layout.reduced.insert(layout.reduced.begin(), {size, stride});
      layout.reduced_rows *= size;
    } else {
      layout.kept.insert(layout.kept.begin(), {size, stride});
      layout.groups *= size;
    }
    stride *= size;
  }
}

void lay_out_reduction(Layout& layout, const Collapsed& c, int reductions, int64_t block) {
  const int rank = static_cast<int>(c.sizes.size());
  const int64_t last = c.sizes.back();
  layout.mode = Layout::kAccumulate;

  if (c.reduced.back()) {
    split_axes(layout, c, rank - 1);
    if (last <= kShortRow && layout.reduced.empty() && layout.groups >= block && reductions <= 2) {
      layout.mode = Layout::kTile;
      layout.rows = 1;
      layout.length = layout.elements;
      layout.run = block * last;
      layout.segments = ceil_div(layout.length, layout.run);
      layout.period = last;
      reach_leaves(layout, 0);
      return;
    }
    layout.period = 1;
    layout.accumulators = block;
    layout.run = std::min(last, kMaxDepth * block);
    layout.segments = ceil_div(last, layout.run);
    layout.split = std::max<int64_t>(1, kMaxDepth * block / layout.run);
    reach_leaves(layout, rank - 1);
  } else {
    // Columns. Narrow ones: as many rows together as fill whole blocks.
    const int64_t together = block / std::gcd(last, block) * last;
    bool narrow = rank > 1 && c.reduced[rank - 2] && last < 512 && together <= kMaxBufferedRun;
    if (narrow) {
      split_axes(layout, c, rank - 2);
      layout.run = together;
      while (layout.run * 2 <= kBufferedRun && layout.run * 4 <= layout.length) layout.run *= 2;
      narrow = reach_leaves(layout, rank - 2) || last < block;
    }
    if (narrow) {
      layout.period = last;
      layout.accumulators = layout.run;
      layout.segments = ceil_div(layout.length, layout.run);
      layout.split = kMaxDepth;
    } else {
      split_axes(layout, c, rank - 1);
      layout.columns = true;
      layout.period = last;
      layout.run = std::min(last, kMaxColumns);
      layout.accumulators = layout.run;
      layout.segments = ceil_div(last, layout.run);
      layout.split = std::clamp<int64_t>(2 * kGrain / layout.run, 64, 2 * kMaxDepth);
      reach_leaves(layout, rank - 1);
    }
  }
  const int64_t runs = layout.reduced_rows * (layout.columns ? 1 : layout.segments);
  layout.split = std::min(layout.split, runs);
  layout.splits = ceil_div(runs, layout.split);
}

}  // namespace

int64_t offset_at(const AxisList& axes, int64_t index) {
  int64_t offset = 0;
  for (size_t a = axes.size(); a-- > 1;) {
    offset += index % axes[a].size * axes[a].stride;
    index /= axes[a].size;
  }
  return axes.empty() ? 0 : offset + index * axes[0].stride;
}

Layout lay_out(const LoopProgram& program, const StageTable& stages) {
  Layout layout;
  int reductions = 0;
  for (const LoopProgram::Output& output : program.outputs) {
    reductions += output.reducer != nullptr;
  }
  layout.elements = program.shape.elements();
  for (int axis = 0; axis < program.shape.rank(); ++axis) {
    const bool reduced = !program.reduced.empty() && program.reduced[axis];
    (reduced ? layout.reduced_elements : layout.outputs) *= program.shape[axis];
  }
  int64_t cost = 0;
  for (const LoopProgram::Step& step : program.steps) cost += step.op->cost;
  layout.grain = std::max<int64_t>(4096, kGrain * 4 / (3 + cost));
  layout.leaves.resize(program.inputs.size());
  for (size_t l = 0; l < program.inputs.size(); ++l) {
    Leaf& leaf = layout.leaves[l];
    leaf.dtype = program.inputs[l].dtype;
    leaf.lane = lane_of(leaf.dtype);
    leaf.elements = program.inputs[l].shape.elements();
  }
  layout.mode = reductions == 0 ? Layout::kElementwise : Layout::kAccumulate;
  if (layout.elements == 0) return layout;
  const Collapsed collapsed = collapse(program, layout.leaves);
  layout.sizes = collapsed.sizes;
  if (reductions == 0) {
    lay_out_elementwise(layout, stages.block);
  } else {
    lay_out_reduction(layout, collapsed, reductions, static_cast<int64_t>(stages.block));
  }
  return layout;
}

}  // namespace keel
