// Graphs inside ops: branches and loop bodies.
#ifndef KEEL_CORE_SUBGRAPH_H_
#define KEEL_CORE_SUBGRAPH_H_

#include <functional>
#include <memory>
#include <string>

#include "core/op.h"
#include "core/tensor.h"

namespace keel {

namespace plan {
class Plan;
}

// What `trace` saw: a subgraph, and the tensors of the graph around it that it reads.
struct Trace {
  Subgraph graph;
  Tensors captures;
};

// Calls `body` and takes the nodes that it makes for a subgraph; what it returns of nodes that were
// there before is captured, as are placeholders and variables.
Trace trace(const std::function<Tensors()>& body);
// A subgraph that only passes `outputs` on.
Trace trace_of(const Tensors& outputs);

// The signatures of a subgraph's outputs when those of its captures are `in`.
Signatures infer_subgraph(const Subgraph& graph, const Tensors& captures, SignatureSpan in);

// A subgraph compiled for captures of these signatures.
class CompiledSubgraph {
 public:
  CompiledSubgraph(const Subgraph& graph, const Tensors& captures, SignatureSpan in);
  // Computes `outputs` from the values of the captures.
  void run(const Exec& exec, Views captures, Views outputs) const;
  std::string to_string() const;
  // For runs in a row (plan::Plan::Runner).
  const plan::Plan& plan() const { return *plan_; }

 private:
  std::shared_ptr<const plan::Plan> plan_;
};

}  // namespace keel

#endif  // KEEL_CORE_SUBGRAPH_H_
