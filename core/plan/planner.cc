#include "core/plan/planner.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>

#include "core/plan/epilogue.h"
#include "core/structure.h"

namespace keel::plan {
namespace {

constexpr int64_t kAlignment = 64;

int64_t aligned(int64_t bytes) {
  return checked_add(std::max<int64_t>(bytes, 1), kAlignment - 1) / kAlignment * kAlignment;
}

// Whether it reads and writes at one index after another, and cannot fail.
bool is_elementwise(const GraphNode& node) {
  if (node.kind == GraphNode::kOp) return node.op->micro_op() != nullptr;
  return std::none_of(node.program.outputs.begin(), node.program.outputs.end(),
                      [](const LoopProgram::Output& output) { return output.reducer != nullptr; });
}

}  // namespace

void Planner::run() {
  live_ = live_nodes(graph_);
  find_units();
  add_storages();
  choose_order();
  postpone_updates();
  compile_steps();
  find_lifetimes();
  find_external();
  reuse_in_place();
  place_in_arena();
  write_plan();
}

// Which nodes need a step: views have the storage of what they view, leaves are there already.
void Planner::find_units() {
  const int count = static_cast<int>(graph_.nodes.size());
  unit_of_.assign(count, -1);
  for (int n = 0; n < count; ++n) {
    GraphNode& node = graph_.nodes[n];
    if (!live_[n]) continue;
    if (node.kind == GraphNode::kSplat) {
      node.op = make_op<FullLike>(node.constant.element<double>(0), node.constant.dtype());
      node.kind = GraphNode::kOp;
    }
    if (node.kind == GraphNode::kProgram || (node.kind == GraphNode::kOp && !node.op->is_view())) {
      unit_of_[n] = n;
    }
  }
}

// Outputs of nodes that a live node, an output or an assignment of the graph reads.
std::set<std::pair<int, int>> Planner::read_outputs() const {
  std::set<std::pair<int, int>> read;
  for (size_t n = 0; n < graph_.nodes.size(); ++n) {
    if (!live_[n]) continue;
    for (Ref r : graph_.nodes[n].inputs) read.insert({r.node, r.output});
  }
  for (Ref r : graph_.outputs) read.insert({r.node, r.output});
  for (const Assignment& a : graph_.assignments) read.insert({a.value.node, a.value.output});
  return read;
}

void Planner::add_storages() {
  const int count = static_cast<int>(graph_.nodes.size());
  needs_.resize(count);
  needed_by_.resize(count);
  // Programs stand after the nodes that read them, so views are looked through on demand.
  auto add = [&](int n, int output, Place place) {
    storage_[{n, output}] = static_cast<int>(storages_.size());
    const Signature& s = graph_.nodes[n].outputs[output];
    storages_.push_back({place.kind == Place::kNowhere ? 0 : byte_size(s.shape, s.dtype), place});
  };
  const std::set<std::pair<int, int>> read = read_outputs();
  auto place_of_output = [&](int n, int output) -> Place {
    const Op* op = graph_.nodes[n].op.get();
    const bool skipped = op != nullptr && op->skips_unread_outputs() && !read.contains({n, output});
    return {skipped ? Place::kNowhere : Place::kArena};
  };
  for (int n = 0; n < count; ++n) {
    const GraphNode& node = graph_.nodes[n];
    if (!live_[n]) continue;
    switch (node.kind) {
      case GraphNode::kFeed: add(n, 0, {Place::kFeed, node.index}); break;
      case GraphNode::kVariable: add(n, 0, {Place::kVariable, node.index}); break;
      case GraphNode::kConstant:
        add(n, 0, {Place::kConstant, static_cast<int>(plan_.constants_.size())});
        plan_.constants_.push_back(node.constant);
        break;
      case GraphNode::kShape: add(n, 0, {Place::kNowhere}); break;
      default:
        if (!is_step(n)) break;
        for (int i = 0; i < static_cast<int>(node.outputs.size()); ++i) {
          add(n, i, place_of_output(n, i));
        }
    }
  }
  auto source = [&](Ref r) {
    while (graph_.nodes[r.node].kind == GraphNode::kOp && !is_step(r.node)) {
      r = graph_.nodes[r.node].inputs[0];
    }
    return r;
  };
  for (int n = 0; n < count; ++n) {
    if (!live_[n]) continue;
    const GraphNode& node = graph_.nodes[n];
    if (node.kind == GraphNode::kOp && !is_step(n)) {
      const Ref viewed = source({n, 0});
      storage_[{n, 0}] = storage_.at({viewed.node, viewed.output});
    }
    if (!is_step(n)) continue;
    std::set<int> needed;
    for (Ref r : node.inputs) needed.insert(source(r).node);
    for (int a : node.after) needed.insert(source({a, 0}).node);
    for (int producer : needed) {
      if (!is_step(producer)) continue;
      needs_[n].push_back(producer);
      needed_by_[producer].push_back(n);
    }
  }
  merged_into_.assign(storages_.size(), -1);
}

int Planner::find_storage(int s) const {
  while (merged_into_[s] >= 0) s = merged_into_[s];
  return s;
}

std::vector<int> Planner::depth_first_order() const {
  std::vector<int> order;
  std::vector<char> state(graph_.nodes.size(), 0);
  auto visit = [&](int root) {
    std::vector<std::pair<int, size_t>> stack{{root, 0}};
    while (!stack.empty()) {
      auto& [n, next] = stack.back();
      if (next == 0 && state[n]++ != 0) {
        stack.pop_back();
        continue;
      }
      if (next < needs_[n].size()) {
        const int child = needs_[n][next++];
        if (state[child] == 0) stack.emplace_back(child, 0);
      } else {
        order.push_back(n);
        stack.pop_back();
      }
    }
  };
  auto visit_ref = [&](Ref r) {
    while (graph_.nodes[r.node].kind == GraphNode::kOp && !is_step(r.node)) {
      r = graph_.nodes[r.node].inputs[0];
    }
    if (is_step(r.node)) visit(r.node);
  };
  for (Ref r : graph_.outputs) visit_ref(r);
  for (const Assignment& a : graph_.assignments) visit_ref(a.value);
  for (int n = 0; n < static_cast<int>(graph_.nodes.size()); ++n) {
    if (live_[n] && is_step(n)) visit(n);
  }
  return order;
}

// Runs next what frees most memory, or takes least.
std::vector<int> Planner::greedy_order() const {
  const std::vector<int> base = depth_first_order();
  std::vector<int> rank(graph_.nodes.size(), 0), waiting(graph_.nodes.size(), 0);
  std::vector<int> readers(storages_.size(), 0);
  auto inputs_of = [&](int n) {
    std::set<int> read;
    for (Ref r : graph_.nodes[n].inputs) read.insert(find_storage(storage_of(r)));
    return read;
  };
  std::vector<std::set<int>> reads(graph_.nodes.size());
  for (size_t i = 0; i < base.size(); ++i) {
    const int n = base[i];
    rank[n] = static_cast<int>(i);
    waiting[n] = static_cast<int>(needs_[n].size());
    reads[n] = inputs_of(n);
    for (int s : reads[n]) ++readers[s];
  }
  for (Ref r : graph_.outputs) ++readers[storage_of(r)];
  for (const Assignment& a : graph_.assignments) ++readers[storage_of(a.value)];
  std::vector<int> ready, order;
  for (int n : base) {
    if (waiting[n] == 0) ready.push_back(n);
  }
  while (!ready.empty()) {
    size_t best = 0;
    int64_t best_growth = 0;
    for (size_t i = 0; i < ready.size(); ++i) {
      int64_t growth = 0;
      for (int o = 0; o < static_cast<int>(graph_.nodes[ready[i]].outputs.size()); ++o) {
        growth += storages_[storage_of({ready[i], o})].bytes;
      }
      for (int s : reads[ready[i]]) {
        if (readers[s] == 1 && storages_[s].place.kind == Place::kArena) growth -= storages_[s].bytes;
      }
      // What takes memory waits for its turn in the other order; what frees it goes first.
      if (i == 0 || std::make_pair(std::max<int64_t>(growth, 0), rank[ready[i]]) <
                        std::make_pair(std::max<int64_t>(best_growth, 0), rank[ready[best]])) {
        best = i;
        best_growth = growth;
      }
    }
    const int n = ready[best];
    ready.erase(ready.begin() + best);
    order.push_back(n);
    for (int s : reads[n]) --readers[s];
    for (int consumer : needed_by_[n]) {
      if (--waiting[consumer] == 0) ready.push_back(consumer);
    }
  }
  if (order.size() != base.size()) throw std::logic_error("plan: steps wait for each other");
  return order;
}

int64_t Planner::peak(const std::vector<int>& order) const {
  std::vector<int> last(storages_.size(), -1), first(storages_.size(), -1);
  for (int i = 0; i < static_cast<int>(order.size()); ++i) {
    const GraphNode& node = graph_.nodes[order[i]];
    for (Ref r : node.inputs) last[storage_of(r)] = i;
    for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o) {
      first[storage_of({order[i], o})] = i;
    }
  }
  std::vector<int64_t> change(order.size() + 2, 0);
  for (size_t s = 0; s < storages_.size(); ++s) {
    if (storages_[s].place.kind != Place::kArena || first[s] < 0) continue;
    change[first[s]] += storages_[s].bytes;
    change[std::max(last[s], first[s]) + 1] -= storages_[s].bytes;
  }
  int64_t live = 0, most = 0;
  for (int64_t c : change) most = std::max(most, live += c);
  return most;
}

void Planner::choose_order() {
  order_ = depth_first_order();
  std::vector<int> other = greedy_order();
  if (peak(other) < peak(order_)) order_ = std::move(other);
}

// Steps whose results are new values of variables and nothing else, computed element by element, go to the
// end: nothing can fail there any more, so the values before may be overwritten.
void Planner::postpone_updates() {
  std::set<int> assigned, returned;
  for (const Assignment& a : graph_.assignments) assigned.insert(storage_of(a.value));
  for (Ref r : graph_.outputs) returned.insert(storage_of(r));
  std::vector<bool> is_update(graph_.nodes.size());
  for (auto n = order_.rbegin(); overwrites_ && n != order_.rend(); ++n) {
    const GraphNode& node = graph_.nodes[*n];
    bool assigns = false, waited_for = node.epilogue != nullptr || !is_elementwise(node);
    for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o) {
      assigns |= assigned.contains(storage_of({*n, o}));
      waited_for |= returned.contains(storage_of({*n, o}));
    }
    for (int consumer : needed_by_[*n]) waited_for |= !is_update[consumer];
    is_update[*n] = assigns && !waited_for;
  }
  const auto first = std::stable_partition(order_.begin(), order_.end(), [&](int n) { return !is_update[n]; });
  plan_.first_update_ = static_cast<size_t>(first - order_.begin());
}

void Planner::compile_steps() {
  for (int n : order_) {
    std::unique_ptr<Kernel> kernel = compile(graph_.nodes[n]);
    std::unique_ptr<Kernel> variant = plan_.device_ != nullptr ? kernel->on_device(*plan_.device_) : nullptr;
    on_device_.push_back(variant != nullptr);
    kernels_.push_back(variant != nullptr ? std::move(variant) : std::move(kernel));
  }
}

std::unique_ptr<Kernel> Planner::compile(const GraphNode& node) const {
  if (node.kind == GraphNode::kProgram) return make_loop_kernel(node.program);
  Signatures in;
  for (Ref r : node.inputs) {
    in.push_back(graph_.signature(r));
    const GraphNode& producer = graph_.nodes[r.node];
    if (producer.kind == GraphNode::kConstant) in.back().value = &producer.constant;
  }
  if (node.epilogue == nullptr) return node.op->compile(in, node.outputs);
  const int op_inputs = static_cast<int>(node.inputs.size()) - node.epilogue->inputs();
  return make_epilogue_kernel(node.op->compile(SignatureSpan(in).first(op_inputs), {node.result}), op_inputs,
                              node.result, node.epilogue);
}

void Planner::find_lifetimes() {
  for (int i = 0; i < static_cast<int>(order_.size()); ++i) {
    const GraphNode& node = graph_.nodes[order_[i]];
    for (Ref r : node.inputs) storage(r).last_read = i;
    for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o) {
      Storage& s = storage({order_[i], o});
      s.defined = i;
      s.last_read = std::max(s.last_read, i);
    }
  }
}

// The variable, by its place, that the new value may be written over: the postponed step that computes it is
// the last to read it, at the same index, and nobody is given the value before. Else -1.
int Planner::overwritten_by(const Assignment& assignment) const {
  const int next = storage_of(assignment.value), i = storages_[next].defined;
  if (storages_[next].place.kind != Place::kArena || static_cast<size_t>(i) < plan_.first_update_) return -1;
  const GraphNode& node = graph_.nodes[order_[i]];
  int o = 0;
  while (storage_of({order_[i], o}) != next) ++o;
  int found = -1;
  for (size_t k = 0; k < node.inputs.size(); ++k) {
    const Storage& before = storages_[storage_of(node.inputs[k])];
    if (before.place.kind != Place::kVariable || graph_.variables[before.place.index] != assignment.variable) continue;
    const bool last = before.last_read == i && before.bytes == storages_[next].bytes;
    if (found >= 0 || !last || !kernels_[i]->may_alias(o, static_cast<int>(k))) return -1;
    found = before.place.index;
  }
  const auto is_value_before = [&](Ref r) {
    const Place& place = storages_[storage_of(r)].place;
    return place.kind == Place::kVariable && place.index == found;
  };
  for (Ref r : graph_.outputs) {
    if (is_value_before(r)) return -1;
  }
  for (const Assignment& other : graph_.assignments) {
    if (is_value_before(other.value)) return -1;
    if (other.variable != assignment.variable && storage_of(other.value) == next) return -1;
  }
  return found;
}

// Outputs and new values of variables get buffers of their own, made anew in each call, unless a new value
// is written over the one before.
void Planner::find_external() {
  auto make_external = [&](Ref r, int variable, int overwrites) {
    Storage& s = storage(r);
    if (s.place.kind == Place::kArena) {
      const Signature& signature = graph_.signature(r);
      s.place = {Place::kOutput, static_cast<int>(plan_.buffers_.size())};
      plan_.buffers_.push_back({signature.shape, signature.dtype, variable, -1, overwrites});
    }
  };
  for (size_t i = 0; i < graph_.assignments.size(); ++i) {
    const Assignment& assignment = graph_.assignments[i];
    const int overwrites = overwritten_by(assignment);
    if (overwrites >= 0) plan_.overwritten_.push_back(assignment.variable.get());
    make_external(assignment.value, static_cast<int>(i), overwrites);
  }
  std::sort(plan_.overwritten_.begin(), plan_.overwritten_.end());
  for (Ref r : graph_.outputs) make_external(r, -1, -1);
}

void Planner::reuse_in_place() {
  for (int i = 0; i < static_cast<int>(order_.size()); ++i) {
    const GraphNode& node = graph_.nodes[order_[i]];
    for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o) {
      const int out = find_storage(storage_of({order_[i], o}));
      if (storages_[out].place.kind != Place::kArena) continue;
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        const int in = find_storage(storage_of(node.inputs[k]));
        if (in == out || storages_[in].place.kind != Place::kArena ||
            storages_[in].last_read != i || storages_[in].bytes != storages_[out].bytes ||
            !kernels_[i]->may_alias(o, static_cast<int>(k))) {
          continue;
        }
        bool elsewhere = false;  // Read through another input too.
        for (size_t other = 0; other < node.inputs.size(); ++other) {
          elsewhere |= other != k && find_storage(storage_of(node.inputs[other])) == in;
        }
        if (elsewhere) continue;
        merged_into_[out] = in;
        storages_[in].last_read = storages_[out].last_read;
        break;
      }
    }
  }
}

// Large ones first, each at the lowest offset that is free for as long as it lives.
void Planner::place_in_arena() {
  struct Block {
    int64_t bytes, offset;
    int first, last;
    int storage, step;  // One of them -1.
  };
  std::vector<Block> blocks;
  for (int s = 0; s < static_cast<int>(storages_.size()); ++s) {
    const Storage& storage = storages_[s];
    if (merged_into_[s] >= 0 || storage.place.kind != Place::kArena) continue;
    blocks.push_back({aligned(storage.bytes), 0, storage.defined, storage.last_read, s, -1});
  }
  for (int i = 0; i < static_cast<int>(order_.size()); ++i) {
    const auto bytes = static_cast<int64_t>(kernels_[i]->scratch_bytes(pool_));
    if (bytes > 0) blocks.push_back({aligned(bytes), 0, i, i, -1, i});
  }
  std::vector<int64_t> change(order_.size() + 2, 0);
  for (const Block& b : blocks) {
    change[b.first] += b.bytes;
    change[b.last + 1] -= b.bytes;
  }
  int64_t live = 0;
  for (int64_t c : change) plan_.live_bytes_ = std::max(plan_.live_bytes_, live += c);

  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.bytes > b.bytes; });
  scratch_offsets_.assign(order_.size(), 0);
  std::vector<const Block*> placed;  // By offset.
  for (Block& block : blocks) {
    int64_t offset = 0;
    for (const Block* other : placed) {
      if (other->last < block.first || block.last < other->first) continue;
      if (offset + block.bytes <= other->offset) break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    block.offset = offset;
    plan_.arena_bytes_ = std::max(plan_.arena_bytes_, offset + block.bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &block,
                                   [](const Block* a, const Block* b) { return a->offset < b->offset; }),
                  &block);
    if (block.storage >= 0) {
      storages_[block.storage].place.offset = offset;
    } else {
      scratch_offsets_[block.step] = offset;
    }
  }
}

void Planner::write_plan() {
  plan_.variables_ = graph_.variables;
  auto add_view = [&](Ref r) {
    const Place place = storage(r).place;
    const int index = static_cast<int>(plan_.views_.size());
    const Signature& signature = graph_.signature(r);
    plan_.views_.push_back({place, signature.dtype, signature.shape});
    if (place.kind == Place::kFeed) plan_.feed_patches_.push_back({index, place.index});
    if (place.kind == Place::kVariable) plan_.variable_patches_.push_back({index, place.index});
    if (place.kind == Place::kOutput) plan_.buffer_patches_.push_back({index, place.index});
  };
  for (size_t i = 0; i < order_.size(); ++i) {
    const GraphNode& node = graph_.nodes[order_[i]];
    Plan::Step step;
    step.op = node.op;
    step.first_view = static_cast<int>(plan_.views_.size());
    step.inputs = static_cast<int>(node.inputs.size());
    step.outputs = static_cast<int>(node.outputs.size());
    step.scratch_offset = scratch_offsets_[i];
    for (Ref r : node.inputs) add_view(r);
    for (int o = 0; o < step.outputs; ++o) add_view({order_[i], o});
    std::ostringstream label;
    label << (node.op != nullptr ? std::string(node.op->name()) : "fused");
    const std::string details =
        node.op != nullptr ? node.op->attributes() : kernels_[i]->to_string();
    if (!details.empty()) label << '[' << details << ']';
    step.label = label.str();
    if (node.op != nullptr) step.inside = kernels_[i]->to_string();
    step.kernel = std::move(kernels_[i]);
    step.on_device = on_device_[i];
    plan_.steps_.push_back(std::move(step));
  }
  for (Ref r : graph_.outputs) {
    const Place place = storage(r).place;
    const auto index = static_cast<int>(plan_.output_places_.size());
    if (place.kind == Place::kOutput) {
      Plan::NewBuffer& buffer = plan_.buffers_[place.index];
      if (buffer.variable < 0 && buffer.output < 0) buffer.output = index;
    }
    plan_.output_places_.push_back(place);
    plan_.output_signatures_.push_back(graph_.signature(r));
  }
  for (const Assignment& a : graph_.assignments) {
    const Signature& signature = graph_.signature(a.value);
    plan_.assignments_.push_back({a.variable, storage(a.value).place, signature.shape, signature.dtype});
    plan_.locked_.push_back(a.variable.get());
  }
  std::sort(plan_.locked_.begin(), plan_.locked_.end());
}

}  // namespace keel::plan
