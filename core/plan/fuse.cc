#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "core/plan/graph.h"
#include "core/structure.h"

namespace keel::plan {
namespace {

// Larger programs would run out of scratch blocks, and of cache lines for their operands.
constexpr int kMostSteps = 48;
constexpr int kMostInputs = 16;
static_assert(kMostSteps <= LoopProgram::kMaxSteps && kMostInputs <= LoopProgram::kMaxInputs);

// Which nodes go into one program. Element-wise nodes of one *level* and shape may: a level is one
// more than that of any producer that is not element-wise, so a path between two nodes of one level
// passes through nodes of that level alone, where cycles are looked for.
class Fusion {
 public:
  explicit Fusion(Graph& graph) : graph_(graph), count_(static_cast<int>(graph.nodes.size())) {}

  void run() {
    find_kinds();
    find_levels();
    find_groups();
    repeat_cheap_nodes();
    for (int n = 0; n < count_; ++n) {
      if (leader_[n] == n && members_[n].size() > 1) build_program(members_[n]);
    }
    redirect();
  }

 private:
  bool is_map(int n) const { return maps_[n]; }
  bool is_reduction(int n) const { return reduces_[n]; }

  void find_kinds() {
    maps_.resize(count_);
    reduces_.resize(count_);
    reductions_.resize(count_);
    consumers_.resize(count_);
    const std::vector<bool> live = live_nodes(graph_);
    for (int n = 0; n < count_; ++n) {
      const GraphNode& node = graph_.nodes[n];
      if (!live[n]) continue;
      for (Ref r : node.inputs) consumers_[r.node].push_back(n);
      for (int a : node.after) consumers_[a].push_back(n);
      if (node.kind != GraphNode::kOp || !node.after.empty() || node.op->stateful()) continue;
      if (node.outputs[0].shape.elements() == 0) continue;  // Nothing to gain.
      maps_[n] = node.op->micro_op() != nullptr;
      Signatures in;
      for (Ref r : node.inputs) in.push_back(graph_.signature(r));
      reduces_[n] = !maps_[n] && node.op->reduction(in, &reductions_[n]) &&
                    in[0].shape.elements() != 0;
    }
  }

  // Element-wise nodes sink to the level of the first consumer, so that `0.9 * m` is computed where
  // the gradient it is added to is.
  void find_levels() {
    levels_.assign(count_, 0);
    for (int n = 0; n < count_; ++n) levels_[n] = earliest(n);
    for (int n = count_ - 1; n >= 0; --n) {
      if (!is_map(n) || consumers_[n].empty()) continue;
      int latest = std::numeric_limits<int>::max();
      for (int c : consumers_[n]) latest = std::min(latest, levels_[c] - step(n, c));
      levels_[n] = std::max(levels_[n], latest);
    }
  }

  int earliest(int n) const {
    int level = 0;
    const GraphNode& node = graph_.nodes[n];
    for (Ref r : node.inputs) level = std::max(level, levels_[r.node] + step(r.node, n));
    for (int a : node.after) level = std::max(level, levels_[a] + 1);
    return level;
  }

  // How many levels lie at least between a producer and its consumer.
  int step(int producer, int consumer) const {
    return is_map(producer) && (is_map(consumer) || is_reduction(consumer)) ? 0 : 1;
  }

  int find(int n) {
    while (leader_[n] != n) n = leader_[n] = leader_[leader_[n]];
    return n;
  }

  // Whether something outside two groups both reads one of them and is read by one.
  bool lies_between(int a, int b) {
    // Numbers grow along every path, so none that leads back passes the last member.
    const int last = std::max(members_[a].back(), members_[b].back());
    std::set<int> seen;
    std::vector<int> work{a, b};
    while (!work.empty()) {
      const int group = work.back();
      work.pop_back();
      const bool outside = group != a && group != b;
      for (int n : members_[group]) {
        for (int c : consumers_[n]) {
          if (c > last || levels_[c] != levels_[a]) continue;
          const int reached = find(c);
          if (reached == a || reached == b) {
            if (outside) return true;
          } else if (seen.insert(reached).second) {
            work.push_back(reached);
          }
        }
      }
    }
    return false;
  }

  // Joins two groups unless the program would get too large, reduce in two ways, or need its own
  // results.
  void join(int a, int b) {
    a = find(a), b = find(b);
    if (a == b || sizes_[a] + sizes_[b] > kMostSteps) return;
    if (!masks_[a].empty() && !masks_[b].empty() && masks_[a] != masks_[b]) return;
    std::vector<Ref> inputs;
    for (int group : {a, b}) {
      for (Ref r : group_inputs_[group]) {
        const bool inside = is_map(r.node) && (find(r.node) == a || find(r.node) == b);
        if (!inside && std::find(inputs.begin(), inputs.end(), r) == inputs.end()) inputs.push_back(r);
      }
    }
    if (static_cast<int>(inputs.size()) > kMostInputs) return;
    std::vector<int> members;
    std::merge(members_[a].begin(), members_[a].end(), members_[b].begin(), members_[b].end(),
               std::back_inserter(members));
    const auto exits = std::count_if(members.begin(), members.end(), [&](int n) {
      return is_reduction(n) || needed_outside(n, members);
    });
    if (exits > LoopProgram::kMaxOutputs || lies_between(a, b)) return;
    members_[a] = std::move(members);
    leader_[b] = a;
    sizes_[a] += sizes_[b];
    group_inputs_[a] = std::move(inputs);
    if (masks_[a].empty()) masks_[a] = masks_[b];
  }

  const Shape& space(int n) const {
    return is_reduction(n) ? graph_.signature(graph_.nodes[n].inputs[0]).shape
                           : graph_.nodes[n].outputs[0].shape;
  }

  bool may_join(int a, int b) const { return levels_[a] == levels_[b] && space(a) == space(b); }

  void find_groups() {
    leader_.resize(count_);
    std::iota(leader_.begin(), leader_.end(), 0);
    sizes_.assign(count_, 1);
    members_.resize(count_);
    for (int n = 0; n < count_; ++n) members_[n] = {n};
    masks_.resize(count_);
    group_inputs_.resize(count_);
    for (int n = 0; n < count_; ++n) {
      if (is_reduction(n)) masks_[n] = reductions_[n].reduced;
      if (is_map(n) || is_reduction(n)) {
        for (Ref r : graph_.nodes[n].inputs) {
          if (graph_.nodes[r.node].kind != GraphNode::kShape) group_inputs_[n].push_back(r);
        }
      }
    }
    // Along edges first, then beside each other where two read the same array.
    for (int n = 0; n < count_; ++n) {
      if (!is_map(n) && !is_reduction(n)) continue;
      for (Ref r : graph_.nodes[n].inputs) {
        if (is_map(r.node) && may_join(r.node, n)) join(r.node, n);
      }
    }
    for (int producer = 0; producer < count_; ++producer) {
      int first = -1;
      for (int c : consumers_[producer]) {
        if (!(is_map(c) || is_reduction(c)) || !reads_whole(c, producer)) continue;
        if (first >= 0 && may_join(first, c)) join(first, c);
        if (first < 0) first = c;
      }
    }
  }

  bool reads_whole(int consumer, int producer) const {
    for (Ref r : graph_.nodes[consumer].inputs) {
      if (r.node == producer && graph_.nodes[producer].kind != GraphNode::kShape &&
          graph_.signature(r).shape == space(consumer)) {
        return true;
      }
    }
    return false;
  }

  static bool contains(const std::vector<int>& members, int n) {
    return std::binary_search(members.begin(), members.end(), n);
  }

  bool is_result(int n) const {
    return std::any_of(graph_.outputs.begin(), graph_.outputs.end(), [n](Ref r) { return r.node == n; }) ||
           std::any_of(graph_.assignments.begin(), graph_.assignments.end(),
                       [n](const Assignment& a) { return a.value.node == n; });
  }

  // Whether others than `members` read n, except groups that compute it themselves.
  bool needed_outside(int n, const std::vector<int>& members) {
    const auto reads = [&](int c) { return !contains(members, c) && !contains(members_[find(c)], n); };
    return is_result(n) || std::any_of(consumers_[n].begin(), consumers_[n].end(), reads);
  }

  // Whether it takes less to compute n than to read it: an addition or so to at most one array of its size,
  // which is in memory and no larger. The x − mean that a batch normalization and its gradient share is one.
  bool is_cheap(int n) const {
    if (!is_map(n) || is_result(n) || graph_.nodes[n].op->micro_op()->cost > 1) return false;
    const Signature& own = graph_.nodes[n].outputs[0];
    int arrays = 0;
    for (Ref r : graph_.nodes[n].inputs) {
      if (graph_.nodes[r.node].kind == GraphNode::kShape || graph_.signature(r).shape != own.shape) continue;
      if (is_map(r.node) || graph_.signature(r).dtype.size() > own.dtype.size() || ++arrays > 1) return false;
    }
    return std::all_of(consumers_[n].begin(), consumers_[n].end(), [&](int c) {
      return (is_map(c) || is_reduction(c)) && space(c) == own.shape;
    });
  }

  // Such a node becomes a member of every group that reads it, rather than an array that one writes and the
  // others read.
  void repeat_cheap_nodes() {
    for (int n = 0; n < count_; ++n) {
      if (!is_cheap(n)) continue;
      std::set<int> readers;
      for (int c : consumers_[n]) readers.insert(find(c));
      const std::vector<Ref>& inputs = graph_.nodes[n].inputs;
      const bool fits = std::all_of(readers.begin(), readers.end(), [&](int group) {
        return contains(members_[group], n) || (members_[group].size() < LoopProgram::kMaxSteps &&
                                                group_inputs_[group].size() + inputs.size() <= LoopProgram::kMaxInputs);
      });
      for (int group : readers) {
        if (!fits || contains(members_[group], n)) continue;
        members_[group].insert(std::upper_bound(members_[group].begin(), members_[group].end(), n), n);
        group_inputs_[group].insert(group_inputs_[group].end(), inputs.begin(), inputs.end());
      }
    }
  }

  void build_program(const std::vector<int>& members) {
    GraphNode fused;
    fused.kind = GraphNode::kProgram;
    LoopProgram& program = fused.program;
    program.shape = space(members[0]);
    std::map<std::pair<int, int>, int> values;  // Ref to value number.
    std::vector<Ref> inputs;
    // Members are in topological order: a node's number is above those of its inputs.
    for (int n : members) {
      for (Ref r : graph_.nodes[n].inputs) {
        if (graph_.nodes[r.node].kind == GraphNode::kShape) continue;
        if (contains(members, r.node)) continue;
        if (values.try_emplace({r.node, r.output}, static_cast<int>(inputs.size())).second) {
          inputs.push_back(r);
          program.inputs.push_back({graph_.signature(r).dtype, graph_.signature(r).shape});
        }
      }
    }
    for (int n : members) {
      const GraphNode& node = graph_.nodes[n];
      if (is_reduction(n)) continue;
      if (node.op->micro_op() == &kIdentity) {
        values[{n, 0}] = values.at({node.inputs[0].node, node.inputs[0].output});
        continue;
      }
      LoopProgram::Step step{node.op->micro_op(), node.outputs[0].dtype, {0, 0, 0}};
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        step.args[i] = values.at({node.inputs[i].node, node.inputs[i].output});
      }
      values[{n, 0}] = static_cast<int>(inputs.size() + program.steps.size());
      program.steps.push_back(step);
    }
    const int index = static_cast<int>(graph_.nodes.size());
    for (int n : members) {
      const GraphNode& node = graph_.nodes[n];
      if (!is_reduction(n) && !needed_outside(n, members)) continue;
      LoopProgram::Output output;
      if (is_reduction(n)) {
        program.reduced = reductions_[n].reduced;
        output = {values.at({node.inputs[0].node, node.inputs[0].output}), reductions_[n].reducer,
                  reductions_[n].scale};
      } else {
        output = {values.at({n, 0})};
      }
      moved_[n] = {index, static_cast<int>(fused.outputs.size())};
      fused.outputs.push_back(node.outputs[0]);
      program.outputs.push_back(output);
    }
    fused.inputs = std::move(inputs);
    graph_.nodes.push_back(std::move(fused));
  }

  void redirect() {
    auto move = [&](Ref& r) {
      if (auto found = moved_.find(r.node); found != moved_.end()) r = found->second;
    };
    for (GraphNode& node : graph_.nodes) {
      for (Ref& r : node.inputs) move(r);
      for (int& a : node.after) {
        if (auto found = moved_.find(a); found != moved_.end()) a = found->second.node;
      }
    }
    for (Ref& r : graph_.outputs) move(r);
    for (Assignment& a : graph_.assignments) move(a.value);
  }

  Graph& graph_;
  const int count_;
  std::vector<bool> maps_, reduces_;
  std::vector<Reduction> reductions_;
  std::vector<std::vector<int>> consumers_;
  std::vector<int> levels_, leader_, sizes_;
  std::vector<std::vector<bool>> masks_;
  std::vector<std::vector<Ref>> group_inputs_;
  std::vector<std::vector<int>> members_;  // Of each leader's group, in order of their numbers.
  std::map<int, Ref> moved_;
};

}  // namespace

void fuse(Graph& graph) { Fusion(graph).run(); }

}  // namespace keel::plan
