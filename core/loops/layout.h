// How a loop walks its iteration space: decided once, from shapes alone.
#ifndef KEEL_CORE_LOOPS_LAYOUT_H_
#define KEEL_CORE_LOOPS_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/loops/program.h"
#include "core/loops/stages.h"

namespace keel {

// Axes, outermost first: their sizes, and how far apart their neighbours are.
struct Axis {
  int64_t size, stride;
};
using AxisList = absl::InlinedVector<Axis, 4>;

// Σ coordinate·stride of the index-th point of `axes`.
int64_t offset_at(const AxisList& axes, int64_t index);

// Where element i of the iteration space is in an input. A run is what the loop does between two
// looks at its inputs: a stretch of consecutive elements of the iteration space.
enum class Reach : uint8_t {
  kFull,      // At i.
  kSplat,     // One value everywhere, converted and repeated to a block before the loop.
  kDense,     // Along a run at consecutive places.
  kRunSplat,  // At one place along a run, converted and repeated to a block at its start.
  kPeriodic,  // With a period that divides runs: converted and repeated to a run before the loop.
  kGathered,  // Anything else: gathered into a buffer as long as a run at its start.
};

// How a run reads one input.
struct Leaf {
  Reach reach = Reach::kFull;
  DType dtype;
  Lane lane = Lane::kFloat32;
  int64_t elements = 0;
  int64_t period = 0;  // Of kPeriodic.
  // Of its elements, along the axes of the (collapsed) iteration space; 0 where broadcast.
  absl::InlinedVector<int64_t, 4> strides;

  // Whether its place must be found at the start of each run.
  bool moves() const { return reach >= Reach::kDense; }
};

// The iteration space after joining axes: runs of elements, and how they follow one another.
struct Layout {
  enum Mode : uint8_t {
    kElementwise,  // No output is reduced.
    kAccumulate,   // Blocks are combined into accumulators.
    kTile,         // Short rows: a block's number of them is computed to a tile, then reduced.
  };
  Mode mode = kElementwise;
  int64_t elements = 1;        // Of the iteration space.
  int64_t reduced_elements = 1;  // That become one output element.
  int64_t outputs = 1;         // Elements of a reduced output.
  absl::InlinedVector<int64_t, 4> sizes;  // Of the collapsed axes.
  std::vector<Leaf> leaves;

  // Rows of `length` consecutive elements are cut into `segments` runs of `run` elements; the last
  // may be shorter. Elementwise loops visit all `rows`; tiles are runs of whole reduced rows.
  int64_t rows = 1, length = 1, run = 1, segments = 1;

  // kAccumulate: output groups × rows that are reduced. Where the last axis is kept, a group has
  // `period` outputs, and run element j belongs to output j mod period; a run of kept columns gives
  // as many outputs as it is long. `split` runs have accumulators of their own, so that errors and
  // pieces of work stay small; `splits` results per output are combined afterwards.
  AxisList kept, reduced;  // Outer axes; strides in elements of the iteration space.
  int64_t groups = 1, reduced_rows = 1;
  bool columns = false;  // Runs are segments of a kept axis.
  int64_t period = 1;
  int64_t accumulators = 1;  // Lanes.
  int64_t split = 1, splits = 1;

  // Elements for a thread to take at once.
  int64_t grain = 1;
};

// Chooses the layout of a program on this machine.
Layout lay_out(const LoopProgram& program, const StageTable& stages);

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_LAYOUT_H_
