#include "core/loops/loop_plan.h"

#include <algorithm>
#include <cstring>

#include "core/loops/elements.h"

namespace keel {
namespace {

// The reduction's start in a lane, for results of `dtype`.
uint64_t identity_bits(DType dtype, double identity) {
  uint64_t bits = 0;
  if (dtype.is_bool()) {
    bits = identity > 0;
    return bits;
  }
  visit_dtype(dtype, [&](auto storage) {
    const auto value = convert_element<decltype(storage)>(identity);
    visit_lane(lane_of(dtype), [&](auto element) {
      element = convert_element<decltype(element)>(value);
      std::memcpy(&bits, &element, sizeof(element));
    });
  });
  return bits;
}

size_t reserve(size_t& total, size_t bytes) {
  const size_t at = total;
  total += (bytes + kLoopAlign - 1) / kLoopAlign * kLoopAlign;
  return at;
}

}  // namespace

LoopPlan::LoopPlan(const LoopProgram& program)
    : stages(keel::stages()), block(stages.block), layout(lay_out(program, stages)) {
  std::vector<InputForm> forms;
  for (const Leaf& leaf : layout.leaves) {
    const bool splat = leaf.reach == Reach::kSplat || leaf.reach == Reach::kRunSplat;
    forms.push_back(splat                            ? InputForm::kSplat
                    : leaf.reach == Reach::kPeriodic ? InputForm::kLanes
                                                     : InputForm::kStored);
  }
  const bool tile = layout.mode == Layout::kTile;
  loop = compile_loop(program, forms, tile, stages);
  const size_t run = static_cast<size_t>(layout.run);

  reserve(workspace, loop.code.size() * sizeof(Instr));
  slots_at = reserve(workspace, loop.slot_count * block * kMaxLane);
  input_blocks_at = reserve(workspace, layout.leaves.size() * block * kMaxLane);
  output_blocks_at = reserve(workspace, program.outputs.size() * block * kMaxLane);
  coordinates_at = reserve(workspace, 2 * layout.sizes.size() * sizeof(int64_t));

  const int patches = static_cast<int>(loop.inputs.size());
  first_patch.assign(layout.leaves.size() + 1, patches);
  for (int p = patches; p-- > 0;) first_patch[loop.inputs[p].index] = p;
  for (size_t l = layout.leaves.size(); l-- > 0;) {
    first_patch[l] = std::min(first_patch[l], first_patch[l + 1]);
  }
  for (size_t l = 0; l < layout.leaves.size(); ++l) {
    const Leaf& leaf = layout.leaves[l];
    size_t at = 0;
    switch (leaf.reach) {
      case Reach::kSplat: at = reserve(scratch, block * kMaxLane); break;
      case Reach::kPeriodic:
        at = reserve(scratch, (run + block) * lane_size(leaf.lane));
        break;
      case Reach::kRunSplat: at = reserve(workspace, block * kMaxLane); break;
      case Reach::kGathered: at = reserve(workspace, (run + block) * leaf.dtype.size() + 16); break;
      default: break;
    }
    buffers.push_back(at);
    if (leaf.moves() && first_patch[l] != first_patch[l + 1]) {
      (leaf.reach == Reach::kPeriodic ? periodic : moving).push_back(static_cast<int>(l));
    }
  }

  for (size_t o = 0; o < program.outputs.size(); ++o) {
    Output output{};
    output.dtype = loop.output[o].dtype;
    output.lane = loop.output[o].lane;
    output.size = output.dtype.size();
    output.lane_bytes = lane_size(output.lane);
    const Reducer* reducer = program.outputs[o].reducer;
    output.reduced = reducer != nullptr;
    if (!output.reduced) {
      stores = true;
      const auto aligned = [&](int64_t n) {
        return static_cast<size_t>(n) * output.size % stages.vector_bytes == 0;
      };
      output.streams = layout.mode == Layout::kElementwise && stages.stream[output.dtype.kind()] != nullptr &&
                       (layout.segments == 1 || aligned(layout.run)) &&
                       (layout.rows == 1 || aligned(layout.length));
    } else {
      reduces = true;
      const MicroOp& combine = *reducer->combine;
      output.scale = program.outputs[o].scale;
      output.identity = identity_bits(output.dtype, reducer->identity);
      output.load = stages.load[lane_dtype(output.lane).kind()];
      output.keep = stages.final_store[lane_dtype(output.lane).kind()];
      output.combine = combine.code(output.lane, MicroOp::kPlain);
      output.masked = combine.code(output.lane, MicroOp::kMasked);
      output.fold = combine.code(output.lane, MicroOp::kFold);
      output.wrap = stages.wrap[output.dtype.kind()];
      if (output.dtype.is_floating() && output.scale != 1) {
        output.scaling = stages.scale[static_cast<int>(output.lane)];
      }
      output.store = stages.final_store[output.dtype.kind()];
      if (layout.splits > 1) {
        output.partials = reserve(
            scratch, (static_cast<size_t>(layout.splits * layout.outputs) + block) * output.lane_bytes);
      }
      // Blocks may begin at any of the lanes, and sums of rows are read from any on.
      const size_t lanes = tile ? run + block : static_cast<size_t>(layout.accumulators) + 2 * block;
      output.accumulators = reserve(workspace, lanes * output.lane_bytes);
      output.results = reserve(workspace, block * output.lane_bytes);
      output.start = reserve(workspace, block * output.lane_bytes);
      output.reset_code = reserve(workspace, 3 * sizeof(Instr));
      output.fold_code = reserve(workspace, 3 * sizeof(Instr));
    }
    outputs.push_back(output);
  }
  // Whether what is reduced is an input as it lies in memory.
  const bool plain = layout.mode == Layout::kAccumulate && program.outputs.size() == 1 &&
                     program.outputs[0].value < static_cast<int>(forms.size()) &&
                     forms[program.outputs[0].value] == InputForm::kStored &&
                     is_lane_form(outputs[0].dtype);
  rows_together = plain && layout.columns && layout.leaves[program.outputs[0].value].reach == Reach::kFull;
  // What lies in the second-level cache is slower with fetches than without.
  constexpr int64_t kSecondLevelBytes = int64_t{2} << 20;
  const int64_t bytes = layout.elements * static_cast<int64_t>(outputs[0].size);
  if (rows_together && bytes > kSecondLevelBytes) fetch = stages.fetch[outputs[0].dtype.kind()];
  // From memory the tight loop reads a fifth slower than the stages do: it runs ahead of the
  // prefetcher.
  constexpr int64_t kCachedBytes = int64_t{16} << 20;
  if (plain && layout.period == 1 && !layout.columns && bytes <= kCachedBytes) {
    reduce = program.outputs[0].reducer->combine->code(outputs[0].lane, MicroOp::kReduce);
    reduce_code_at = reserve(workspace, 2 * sizeof(Instr));
  }
  if (tile) {
    columns_at = reserve(workspace, kTileColumns * block * kMaxLane);
  }
}

}  // namespace keel
