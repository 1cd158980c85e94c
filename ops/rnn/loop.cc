#include "ops/rnn/loop.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "core/leaves.h"
#include "core/op.h"

namespace keel::internal {
namespace {

bool is_in(const Tensors& list, const Tensor& tensor) {
  for (const Tensor& t : list) {
    if (t.same_as(tensor)) return true;
  }
  return false;
}

// A constant: cheaper in the loop, where it is folded, than handed in.
bool is_constant(const Tensor& tensor) {
  return tensor.node().inputs().empty() && op_as<PlaceholderOp>(tensor) == nullptr &&
         op_as<VariableOp>(tensor) == nullptr;
}

// What the step needs from outside, found by walking it from its outputs.
class Needs {
 public:
  explicit Needs(const LoopParts& parts) : parts_(parts), analysis_(parts.body) {}

  // A tensor at which the step's graph is cut, and what gives it its value (or its shape alone).
  struct Entry {
    Tensor formal, source;
    bool only_shape;
  };
  std::vector<Entry> elements;  // With those that are computed for all steps at once.
  std::vector<Entry> captures;
  bool stateful = false;

  BodyAnalysis& analysis() { return analysis_; }

  void walk(const Tensors& roots) {
    // First what is read, then what only has to have a shape: nothing is computed for its sake.
    Tensors shapes;
    walk(roots, /*only_shape=*/false, shapes);
    while (!shapes.empty()) walk(std::exchange(shapes, {}), /*only_shape=*/true, shapes);
    if (elements.empty()) elements.push_back({parts_.body.elements[0], parts_.sequences[0], true});
  }

 private:
  void walk(Tensors work, bool only_shape, Tensors& shapes) {
    while (!work.empty()) {
      const Tensor tensor = work.back();
      work.pop_back();
      if (!seen_.insert({&tensor.node(), tensor.output()}).second) continue;
      if (enters(tensor, only_shape)) continue;
      const Node& node = tensor.node();
      stateful |= node.op().stateful() && !only_shape;
      for (size_t i = 0; i < node.inputs().size(); ++i) {
        if (has_known_shape(node, i)) continue;
        const bool shape = node.op().reads_only_shape(static_cast<int>(i));
        (shape ? shapes : work).push_back(node.inputs()[i]);
      }
      for (const Tensor& before : node.after()) work.push_back(before);
    }
  }

  // Whether `tensor` comes from outside; if so it is noted how.
  bool enters(const Tensor& tensor, bool only_shape) {
    if (analysis_.state(tensor)) {
      for (size_t i = 0; i < parts_.shapes.size(); ++i) {
        if (parts_.shapes[i].same_as(tensor)) captures.push_back({tensor, parts_.shape_sources[i], true});
      }
      return true;
    }
    if (const auto i = analysis_.element(tensor)) {
      elements.push_back({tensor, parts_.sequences[*i], only_shape});
      return true;
    }
    switch (analysis_.of(tensor)) {
      case Dependence::kNothing:
        if (!is_constant(tensor)) captures.push_back({tensor, tensor, only_shape});
        return true;
      case Dependence::kElements: {
        if (only_shape) return false;
        const auto all = analysis_.over_steps(tensor, parts_.sequences);
        if (!all.tensor.defined() || !all.structural) return false;
        elements.push_back({tensor, all.tensor, false});
        return true;
      }
      default: return false;
    }
  }

  const LoopParts& parts_;
  BodyAnalysis analysis_;
  absl::flat_hash_set<std::pair<const Node*, int>> seen_;
};

// The body of which formals that stand for shapes count as states: nothing that they reach is moved.
LoopParts with_shapes_as_states(LoopParts parts) {
  parts.body.states.insert(parts.body.states.end(), parts.shapes.begin(), parts.shapes.end());
  return parts;
}

}  // namespace

ScanResult make_loop(LoopParts parts) {
  const size_t states = parts.body.states.size();
  const Tensors new_states(parts.body.graph.outputs.begin(),
                           parts.body.graph.outputs.begin() + static_cast<std::ptrdiff_t>(states));
  const Tensors outputs = parts.body.stacked();
  const LoopParts seen_from_inside = with_shapes_as_states(parts);
  Needs needs(seen_from_inside);

  ScanResult result;
  result.outputs.resize(outputs.size());
  Tensors in_loop;  // What has to be stacked by the loop, without repetitions.
  for (size_t i = 0; i < outputs.size(); ++i) {
    result.outputs[i] = needs.analysis().over_steps(outputs[i], parts.sequences).tensor;
    if (!result.outputs[i].defined() && !is_in(in_loop, outputs[i])) in_loop.push_back(outputs[i]);
  }
  if (states == 0 && in_loop.empty()) return result;

  Tensors roots = new_states;
  roots.insert(roots.end(), in_loop.begin(), in_loop.end());
  needs.walk(roots);
  auto body = std::make_shared<LoopBody>(std::move(parts.body));
  body->graph.outputs = roots;
  body->elements.clear();
  body->stateful = needs.stateful;
  body->first_kept = roots.size();
  Tensors inputs = parts.initial;
  for (const auto& [formal, source, only_shape] : needs.elements) {
    body->elements.push_back(formal);
    body->only_shape.push_back(only_shape);
    inputs.push_back(source);
  }
  for (const auto& [formal, source, only_shape] : needs.captures) {
    body->captures.push_back(formal);
    body->only_shape.push_back(only_shape);
    inputs.push_back(source);
  }
  const Tensors made = make_loop_node(body, std::move(inputs));
  result.states.assign(made.begin(), made.begin() + static_cast<std::ptrdiff_t>(states));
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (size_t k = 0; k < in_loop.size() && !result.outputs[i].defined(); ++k) {
      if (in_loop[k].same_as(outputs[i])) result.outputs[i] = made[states + k];
    }
  }
  return result;
}

}  // namespace keel::internal
