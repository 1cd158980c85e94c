// What a LoopKernel decides when it is made.
#ifndef KEEL_CORE_LOOPS_LOOP_PLAN_H_
#define KEEL_CORE_LOOPS_LOOP_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/loops/compile.h"
#include "core/loops/layout.h"
#include "core/loops/program.h"
#include "core/loops/stages.h"

namespace keel {

// Memory that loops carve their buffers from is aligned to this; buffers are multiples of it.
inline constexpr size_t kLoopAlign = 64;
inline constexpr size_t kMaxBlock = 64, kMaxLane = 8;

// All that a loop kernel knows before it is given arrays.
struct LoopPlan {
  // Columns of a tile that are transposed at a time.
  static constexpr size_t kTileColumns = 16;

  struct Output {
    bool reduced = false;
    bool streams = false;  // Its blocks are whole vectors at aligned places, if its memory is.
    DType dtype;
    Lane lane = Lane::kFloat32;
    size_t size = 0;       // Bytes of an element as stored.
    size_t lane_bytes = 0;  // … and in a lane.
    // Of reduced outputs:
    double scale = 1;
    uint64_t identity = 0;  // The bits of a lane.
    MicroOp::Code load, combine, masked, fold, keep;  // `keep` is the final store of lanes.
    MicroOp::Code wrap, scaling;                      // Null where nothing is to be done.
    MicroOp::Code store;
    size_t partials = 0;      // In the caller's scratch, where there are several splits.
    size_t accumulators = 0;  // In the workspace; of tiles, the tile.
    size_t results = 0;       // In the workspace: a block of lanes ready to be stored or put aside.
    size_t start = 0;         // In the workspace: a block of identities.
    // In the workspace: programs that make the accumulators identities, and that fold a block.
    size_t reset_code = 0, fold_code = 0;
  };

  explicit LoopPlan(const LoopProgram& program);

  const StageTable& stages;
  const size_t block;
  Layout layout;
  CompiledLoop loop;
  std::vector<Output> outputs;
  bool reduces = false, stores = false;
  // Leaves whose place changes from run to run: those that repeat, and those that depend on where a run is.
  std::vector<int> periodic, moving;
  std::vector<int> first_patch;  // Per leaf, into loop.inputs; one more at the end.
  std::vector<size_t> buffers;   // Per leaf, in the scratch or the workspace.
  size_t scratch = 0;            // Bytes, of the caller's.
  // A thread's memory begins with its copy of the code.
  size_t workspace = 0;
  size_t slots_at = 0, input_blocks_at = 0, output_blocks_at = 0, coordinates_at = 0;
  size_t columns_at = 0;
  // Not null where rows of an array are reduced as they are: what does so block after block, put
  // before an instruction that says where to and until when.
  MicroOp::Code reduce = nullptr;
  size_t reduce_code_at = 0;
  // Whether columns of an array are reduced as they are: then several rows at a time.
  bool rows_together = false;
  // Not null where those rows come from beyond the second-level cache: what fetches them ahead.
  MicroOp::Code fetch = nullptr;
};

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_LOOP_PLAN_H_
