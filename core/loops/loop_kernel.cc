#include "core/loops/loop_kernel.h"

#include <alloca.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "core/loops/elements.h"
#include "core/loops/frame.h"
#include "core/loops/loop_plan.h"
#include "core/streaming.h"

namespace keel {
namespace {

// Elements of results to combine or to store that a thread takes at once.
constexpr int64_t kResultGrain = 32768;

std::byte* align_up(void* memory) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(memory);
  return reinterpret_cast<std::byte*>((address + kLoopAlign - 1) / kLoopAlign * kLoopAlign);
}

// Whether and where `out` may be streamed, and which inputs it overwrites, in a run of `elements`; inputs that
// repeat are laid out in `scratch`.
LoopArrays prepare(const LoopPlan& plan, int64_t elements, std::byte* scratch, Views in, Views out) {
  const Layout& layout = plan.layout;
  LoopArrays arrays{in, out, scratch, 0, 0};
  for (size_t o = 0; o < plan.outputs.size(); ++o) {
    if (plan.outputs[o].reduced) continue;
    bool aliases = false;
    for (size_t l = 0; l < in.size(); ++l) {
      if (in[l].data != out[o].data) continue;
      arrays.aliased |= 1u << l;
      aliases = true;
    }
    if (plan.outputs[o].streams && !aliases &&
        is_streamed(out[o].data, elements * static_cast<int64_t>(plan.outputs[o].size),
                    static_cast<int64_t>(plan.stages.vector_bytes))) {
      arrays.streamed |= 1u << o;
    }
  }
  for (size_t l = 0; l < layout.leaves.size(); ++l) {
    const Leaf& leaf = layout.leaves[l];
    if (leaf.reach != Reach::kSplat && leaf.reach != Reach::kPeriodic) continue;
    const std::byte* from = in[l].as<const std::byte>();
    std::byte* to = scratch + plan.buffers[l];
    if (leaf.reach == Reach::kSplat) {
      splat(leaf.dtype, leaf.lane, from, to, plan.block);
      continue;
    }
    const int64_t n = std::min(layout.run, elements);
    const size_t size = lane_size(leaf.lane);
    convert(leaf.dtype, leaf.lane, from, to, leaf.period);
    for (int64_t done = leaf.period; done < n; done *= 2) {
      std::memcpy(to + done * size, to, std::min(done, n - done) * size);
    }
  }
  return arrays;
}

// Calls f with a frame, whose memory is this function's stack.
template <typename F>
__attribute__((noinline)) void with_frame(const LoopPlan& plan, const LoopArrays& arrays, F&& f) {
  std::byte* workspace = align_up(alloca(plan.workspace + kLoopAlign));
  Frame frame(plan, arrays, workspace);
  f(frame);
}

}  // namespace

LoopKernel::LoopKernel(const LoopProgram& program)
    : plan_(std::make_unique<const LoopPlan>(program)) {}
LoopKernel::LoopKernel(LoopKernel&&) noexcept = default;
LoopKernel& LoopKernel::operator=(LoopKernel&&) noexcept = default;
LoopKernel::~LoopKernel() = default;

size_t LoopKernel::scratch_bytes() const { return plan_->scratch; }
int64_t LoopKernel::target() const { return plan_->stages.target; }

void LoopKernel::run(const Exec& exec, Views in, Views out) const {
  const LoopPlan& plan = *plan_;
  const Layout& layout = plan.layout;
  if (layout.elements == 0) {
    if (plan.reduces && layout.outputs != 0) {
      const LoopArrays arrays{in, out, exec.scratch, 0, 0};
      with_frame(plan, arrays, [](Frame& frame) { frame.store_identities(); });
    }
    return;
  }
  const LoopArrays arrays = prepare(plan, layout.elements, exec.scratch, in, out);
  if (layout.mode != Layout::kAccumulate) {
    const int64_t runs = layout.rows * layout.segments;
    exec.pool.parallel_for(runs, std::max<int64_t>(1, layout.grain / layout.run),
                           [&](int64_t begin, int64_t end) {
                             with_frame(plan, arrays, [&](Frame& frame) {
                               if (layout.mode == Layout::kTile) frame.reduce_tiles(begin, end);
                               else frame.compute(begin, end, layout.elements);
                             });
                           });
    return;
  }

  const int64_t pieces = layout.groups * (layout.columns ? layout.segments : 1) * layout.splits;
  const int64_t size = std::min(layout.run, layout.length) * layout.split;
  exec.pool.parallel_for(pieces, std::max<int64_t>(1, layout.grain / size),
                         [&](int64_t begin, int64_t end) {
                           with_frame(plan, arrays, [&](Frame& frame) {
                             frame.accumulate(begin, end);
                           });
                         });
  if (layout.splits == 1) return;
  for (size_t o = 0; o < plan.outputs.size(); ++o) {
    if (!plan.outputs[o].reduced) continue;
    // Halves are added to halves: the order depends on the shape alone.
    for (int64_t splits = layout.splits; splits > 1; splits = (splits + 1) / 2) {
      const int64_t half = (splits + 1) / 2;
      exec.pool.parallel_for((splits - half) * layout.outputs, kResultGrain,
                             [&](int64_t begin, int64_t end) {
                               with_frame(plan, arrays, [&](Frame& frame) {
                                 frame.combine_partials(o, half * layout.outputs, begin, end);
                               });
                             });
    }
    exec.pool.parallel_for(layout.outputs, kResultGrain, [&](int64_t begin, int64_t end) {
      with_frame(plan, arrays, [&](Frame& frame) { frame.store_partials(o, begin, end); });
    });
  }
}

void LoopKernel::run_first(int64_t elements, std::byte* scratch, Views in, Views out) const {
  const Layout& layout = plan_->layout;
  const LoopArrays arrays = prepare(*plan_, elements, scratch, in, out);
  const int64_t rest = elements % layout.length;
  with_frame(*plan_, arrays, [&](Frame& frame) {
    frame.compute(0, elements / layout.length * layout.segments + (rest + layout.run - 1) / layout.run, elements);
  });
}

bool LoopKernel::may_alias(int output, int input) const {
  const LoopPlan& plan = *plan_;
  const LoopPlan::Output& to = plan.outputs[output];
  const Leaf& from = plan.layout.leaves[input];
  if (to.reduced || from.elements != plan.layout.elements || from.dtype.size() != to.size) {
    return false;
  }
  if (from.reach == Reach::kSplat) return true;  // Of a single element: read before all else.
  return from.reach == Reach::kFull &&
         plan.loop.last_read[input] <= plan.loop.output[output].store;
}

std::string LoopKernel::to_string() const {
  std::string text = plan_->loop.text;
  if (!text.empty()) text += ' ';
  return text + (plan_->reduces ? plan_->stores ? "→ store, reduce" : "→ reduce" : "→ store");
}

}  // namespace keel
