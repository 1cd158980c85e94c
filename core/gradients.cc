#include "core/gradients.h"

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/label.h"
#include "core/op.h"
#include "core/sparse.h"
#include "core/structure.h"

namespace keel {
namespace {

// What `results` depend on, by number: the greatest, from which nothing else here is computed, first.
std::map<uint64_t, const Node*, std::greater<>> ancestors(const Tensors& results) {
  std::map<uint64_t, const Node*, std::greater<>> found;
  std::vector<const Node*> work;
  for (const Tensor& result : results) work.push_back(&result.node());
  while (!work.empty()) {
    const Node* node = work.back();
    work.pop_back();
    if (!found.emplace(node->id(), node).second) continue;
    for (const Tensor& input : node->inputs()) work.push_back(&input.node());
  }
  return found;
}

// The nodes through which a change of `variables` reaches others.
absl::flat_hash_set<const Node*> descendants(
    const std::map<uint64_t, const Node*, std::greater<>>& nodes, const Tensors& variables) {
  absl::flat_hash_set<const Node*> reached;
  for (const Tensor& v : variables) reached.insert(&v.node());
  for (auto n = nodes.rbegin(); n != nodes.rend(); ++n) {
    for (const Tensor& input : n->second->inputs()) {
      if (reached.contains(&input.node())) {
        reached.insert(n->second);
        break;
      }
    }
  }
  return reached;
}

void accumulate(Tensor& sum, const Tensor& term) {
  sum = sum.defined() ? add(sum, term) : term;
}

}  // namespace

Tensors gradients(const Tensors& results, const Tensors& seeds, const Tensors& variables,
                  bool independent) {
  const auto nodes = ancestors(results);
  const auto reached = descendants(nodes, variables);
  absl::flat_hash_map<const Node*, Tensors> flows;  // Per output of a node.
  auto flow_into = [&](const Tensor& tensor, const Tensor& gradient) {
    Tensors& slots = flows[&tensor.node()];
    slots.resize(tensor.node().outputs().size());
    accumulate(slots[tensor.output()], gradient);
  };
  auto is_variable = [&](const Node* node) {
    return std::any_of(variables.begin(), variables.end(),
                       [&](const Tensor& v) { return &v.node() == node; });
  };
  // Keeps the nodes alive while their gradients are built.
  absl::flat_hash_map<const Node*, std::shared_ptr<const Node>> owners;
  for (const Tensor& result : results) owners[&result.node()] = result.node_ptr();
  for (size_t i = 0; i < results.size(); ++i) flow_into(results[i], seeds[i]);

  for (const auto& [id, node] : nodes) {
    for (const Tensor& input : node->inputs()) owners[&input.node()] = input.node_ptr();
    if (!reached.contains(node) || node->inputs().empty()) continue;
    const auto flow = flows.find(node);
    if (flow == flows.end() || (independent && is_variable(node))) continue;
    Tensors outputs;
    for (int i = 0; i < static_cast<int>(node->outputs().size()); ++i) {
      outputs.emplace_back(owners.at(node), i);
    }
    const Tensors dys = flow->second;
    const Tensors dxs = node->op().backpropagate(outputs, dys);
    for (size_t i = 0; i < dxs.size(); ++i) {
      const Tensor& input = node->inputs()[i];
      if (dxs[i].defined() && reached.contains(&input.node()) && input.dtype().is_floating()) {
        flow_into(input, dxs[i]);
      }
    }
  }

  Tensors out;
  for (const Tensor& v : variables) {
    const auto flow = flows.find(&v.node());
    out.push_back(flow == flows.end() ? Tensor() : flow->second[v.output()]);
  }
  return out;
}

Tensors gradients(const Tensor& loss, const Tensors& variables) {
  if (!loss.defined()) fail("gradients: loss is an empty tensor handle");
  if (!loss.dtype().is_floating()) {
    fail("gradients: loss is ", loss.dtype(), "; only floating dtypes have gradients");
  }
  for (const Tensor& v : variables) {
    if (!v.defined()) fail("gradients: one of the variables is an empty tensor handle");
    if (!v.dtype().is_floating()) {
      fail("gradients: ", v, " is ", v.dtype(), "; only floating dtypes have gradients");
    }
  }
  // A sparse tensor depends on its values, through whatever reads them.
  Tensors leaves = variables;
  for (Tensor& v : leaves) {
    v = without_label(is_sparse(v) ? sparse_values(v) : v);
  }
  Tensors out = gradients({loss}, {full_like(loss, 1, loss.dtype())}, leaves);
  for (size_t i = 0; i < out.size(); ++i) {
    const Tensor& v = variables[i];
    if (is_sparse(v) && out[i].defined()) out[i] = sparse_tensor(sparse_indices(v), out[i], sparse_frame(v));
  }
  return out;
}

}  // namespace keel
