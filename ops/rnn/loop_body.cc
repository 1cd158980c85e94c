#include "ops/rnn/loop_body.h"

#include <algorithm>
#include <vector>

#include "core/leaves.h"

namespace keel::internal {

Tensors LoopBody::formals() const {
  Tensors all = states;
  all.insert(all.end(), elements.begin(), elements.end());
  all.insert(all.end(), captures.begin(), captures.end());
  return all;
}

BodyAnalysis::BodyAnalysis(const LoopBody& body)
    : first_node_(body.first_node), states_(index(body.states)), elements_(index(body.elements)) {}

BodyAnalysis::Index BodyAnalysis::index(const Tensors& tensors) {
  Index found;
  for (size_t i = 0; i < tensors.size(); ++i) found.try_emplace(key(tensors[i]), i);
  return found;
}

std::optional<size_t> BodyAnalysis::find(const Index& index, const Tensor& tensor) {
  const auto found = index.find(key(tensor));
  if (found == index.end()) return std::nullopt;
  return found->second;
}

Dependence BodyAnalysis::of(const Tensor& tensor) {
  // By a stack of its own: a step may be a deep graph.
  Tensors work{tensor};
  auto known = [&](const Tensor& t) -> std::optional<Dependence> {
    if (state(t)) return Dependence::kStates;
    if (element(t)) return Dependence::kElements;
    if (t.node().id() < first_node_) return Dependence::kNothing;
    const auto found = dependence_.find(&t.node());
    if (found == dependence_.end()) return std::nullopt;
    return found->second;
  };
  while (!work.empty()) {
    const Tensor t = work.back();
    if (known(t)) {
      work.pop_back();
      continue;
    }
    const Node& node = t.node();
    const bool is_leaf = op_as<PlaceholderOp>(t) != nullptr || op_as<VariableOp>(t) != nullptr;
    // What draws or assigns does so in each step.
    Dependence most = node.op().stateful() && !is_leaf ? Dependence::kStates : Dependence::kNothing;
    bool waits = false;
    for (const Tensors* list : {&node.inputs(), &node.after()}) {
      for (const Tensor& input : *list) {
        if (const auto dependence = known(input)) {
          most = std::max(most, *dependence);
        } else {
          work.push_back(input);
          waits = true;
        }
      }
    }
    if (!waits) {
      dependence_[&node] = most;
      work.pop_back();
    }
  }
  return *known(tensor);
}

BodyAnalysis::Stacked BodyAnalysis::over_steps(const Tensor& tensor, const Tensors& sequences) {
  if (const auto i = element(tensor)) return {sequences[*i]};
  if (of(tensor) != Dependence::kElements) return {};
  if (const auto found = stacked_.find(key(tensor)); found != stacked_.end()) return found->second;
  const Node& node = tensor.node();
  Signatures in;
  std::vector<bool> stacked;
  for (const Tensor& input : node.inputs()) {
    in.push_back(input.signature());
    stacked.push_back(of(input) == Dependence::kElements);
  }
  Stacked result;
  if (node.outputs().size() == 1 && node.after().empty() &&
      node.op().over_stack(in, stacked) == OverStack::kStack) {
    Tensors inputs = node.inputs();
    bool structural = node.op().micro_op() == nullptr, all = true;
    for (size_t i = 0; all && i < inputs.size(); ++i) {
      if (!stacked[i]) continue;
      const Stacked input = over_steps(inputs[i], sequences);
      all = input.tensor.defined();
      structural |= input.structural;
      inputs[i] = input.tensor;
    }
    if (all) result = {Tensor(make_node(node.op_ptr(), std::move(inputs)), 0), structural};
  }
  stacked_[key(tensor)] = result;
  return result;
}

}  // namespace keel::internal
