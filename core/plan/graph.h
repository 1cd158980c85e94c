// The graph of one plan: static shapes, no placeholders without a value, nothing that is not
// needed. Builder makes it from tensors; the passes turn it into steps.
#ifndef KEEL_CORE_PLAN_GRAPH_H_
#define KEEL_CORE_PLAN_GRAPH_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "core/leaves.h"
#include "core/op.h"
#include "core/variable.h"

namespace keel::plan {

class Epilogue;  // epilogue.h

// Output `output` of node `node`.
struct Ref {
  int node = -1;
  int output = 0;
  friend bool operator==(Ref a, Ref b) { return a.node == b.node && a.output == b.output; }
  template <typename H>
  friend H AbslHashValue(H h, Ref r) {
    return H::combine(std::move(h), r.node, r.output);
  }
};

// One node: what its value is, or how it comes about.
struct GraphNode {
  enum Kind {
    kOp,        // `op` applied to `inputs`.
    kFeed,      // Input `index` of the plan.
    kVariable,  // `Graph::variables[index]`, as it is when the call begins.
    kConstant,  // `constant`.
    kSplat,     // Every element is the scalar `constant`; computed only where nothing can avoid it.
    kShape,     // Has a dtype and a shape and no value: an input of which only those are read.
    kProgram,   // `program` applied to `inputs`: what fusion makes.
  };
  Kind kind = kOp;
  std::shared_ptr<const Op> op;
  std::vector<Ref> inputs;
  Signatures outputs;
  std::vector<int> after;  // Nodes that must have run.
  int index = -1;
  Array constant;
  LoopProgram program;
  // Not null: `op`, whose only result is `result`, is applied to the first inputs, and this to its rows and
  // the other inputs.
  std::shared_ptr<const Epilogue> epilogue;
  Signature result;
};

// The new value of a variable, given at the end of the call.
struct Assignment {
  std::shared_ptr<VariableState> variable;
  Ref value;
};

// Nodes, each after those it reads (programs aside, which fusion adds at the end), and what is wanted
// of them.
struct Graph {
  std::vector<GraphNode> nodes;
  std::vector<std::shared_ptr<VariableState>> variables;
  std::vector<Ref> outputs;
  std::vector<Assignment> assignments;  // One per variable at most.

  const Signature& signature(Ref ref) const { return nodes[ref.node].outputs[ref.output]; }
};

// What a plan is made of and for.
struct Request {
  Tensors feeds;             // Placeholders (of a function) or captured tensors (of a subgraph).
  Signatures feed_signatures;  // Their concrete shapes; `value` where it is known.
  Tensors outputs;
  Tensors updates;
  const ThreadPool* pool = nullptr;  // What it will run on.
};

// Where a graph ends early: at a node whose outputs have shapes that only its run will tell.
struct Split {
  const Node* node = nullptr;                // Null where the graph is whole.
  absl::flat_hash_set<const Node*> before;  // What was met until there; its inputs are among it.
};

// Prunes, resolves the learning phase and known branches, infers concrete shapes, folds constants and
// merges common subexpressions. ValueError where a shape does not fit or a placeholder is not fed.
// Where `split` gets a node, the graph is not complete. Null: it has to be.
Graph build_graph(const Request& request, Split* split);

// Which nodes the outputs and assignments need.
std::vector<bool> live_nodes(const Graph& graph);

// Lets ops absorb their producers: transposes go into products, and the like.
void absorb_producers(Graph& graph);

// Joins element-wise nodes, and reductions of their results, into programs.
void fuse(Graph& graph);

// Makes element-wise nodes and programs the epilogues of ops that tell of their rows (Op::tells_rows),
// where nobody else reads the op's result.
void attach_epilogues(Graph& graph);

}  // namespace keel::plan

#endif  // KEEL_CORE_PLAN_GRAPH_H_
