#include "core/subgraph.h"

#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/function.h"
#include "core/leaves.h"
#include "core/plan/plan.h"

namespace keel {

Trace trace(const std::function<Tensors()>& body) {
  const uint64_t first = Node::next_id();
  Trace found{{body()}, {}};
  absl::flat_hash_set<std::pair<const Node*, int>> captured;
  absl::flat_hash_set<const Node*> seen;
  Tensors work = found.graph.outputs;
  while (!work.empty()) {
    const Tensor tensor = work.back();
    work.pop_back();
    if (!tensor.defined()) fail("a branch or body returned an empty tensor handle");
    const bool is_leaf = op_as<PlaceholderOp>(tensor) || op_as<VariableOp>(tensor);
    if (tensor.node().id() < first || is_leaf) {
      if (captured.insert({&tensor.node(), tensor.output()}).second) found.captures.push_back(tensor);
      continue;
    }
    if (!seen.insert(&tensor.node()).second) continue;
    for (const Tensor& input : tensor.node().inputs()) work.push_back(input);
    for (const Tensor& before : tensor.node().after()) work.push_back(before);
  }
  return found;
}

Trace trace_of(const Tensors& outputs) { return {{outputs}, outputs}; }

Signatures infer_subgraph(const Subgraph& graph, const Tensors& captures, SignatureSpan in) {
  std::map<std::pair<uint64_t, int>, Signature> known;
  for (size_t i = 0; i < captures.size(); ++i) {
    known[{captures[i].node().id(), captures[i].output()}] = in[i];
  }
  auto is_known = [&](const Tensor& t) { return known.contains({t.node().id(), t.output()}); };
  std::map<uint64_t, const Node*> inner;  // By number: inputs before what reads them.
  Tensors work;
  for (const Tensor& t : graph.outputs) {
    if (!is_known(t)) work.push_back(t);
  }
  while (!work.empty()) {
    const Tensor t = work.back();
    work.pop_back();
    if (!inner.emplace(t.node().id(), &t.node()).second) continue;
    for (size_t i = 0; i < t.node().inputs().size(); ++i) {
      const Tensor& input = t.node().inputs()[i];
      if (!is_known(input) && !has_known_shape(t.node(), i)) work.push_back(input);
    }
  }
  for (const auto& [id, node] : inner) {
    Signatures inputs;
    for (size_t i = 0; i < node->inputs().size(); ++i) {
      const Tensor& input = node->inputs()[i];
      inputs.push_back(has_known_shape(*node, i) ? input.signature()
                                                 : known.at({input.node().id(), input.output()}));
    }
    const Signatures outputs = node->op().infer(inputs);
    for (size_t i = 0; i < outputs.size(); ++i) known[{id, static_cast<int>(i)}] = outputs[i];
  }
  Signatures out;
  for (const Tensor& t : graph.outputs) {
    out.push_back(known.at({t.node().id(), t.output()}));
    out.back().value = nullptr;
  }
  return out;
}

CompiledSubgraph::CompiledSubgraph(const Subgraph& graph, const Tensors& captures, SignatureSpan in) {
  plan::Request request;
  request.feeds = captures;
  request.feed_signatures.assign(in.begin(), in.end());
  request.outputs = graph.outputs;
  request.pool = &current_pool();
  plan_ = std::make_shared<const plan::Plan>(request);
}

std::string CompiledSubgraph::to_string() const { return plan_->to_string(); }

void CompiledSubgraph::run(const Exec& exec, Views captures, Views outputs) const {
  plan::Plan::Runner(*plan_, exec).run(captures, outputs);
}

}  // namespace keel
