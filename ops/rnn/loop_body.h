// The step of a loop as a graph: what in it depends on what, and what need not be in the loop.
#ifndef KEEL_OPS_RNN_LOOP_BODY_H_
#define KEEL_OPS_RNN_LOOP_BODY_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/op.h"
#include "core/subgraph.h"
#include "core/tensor.h"

namespace keel::internal {

// A step. Its formals are tensors at which its graph is cut: in each step they are given values.
// Placeholders made for the purpose are formals, and so may be any tensors of the graph.
struct LoopBody {
  Tensors states;    // Formals: given what the step before computed.
  Tensors elements;  // Formals: given one element of a sequence.
  Tensors captures;  // Formals: given the same value in every step.
  // Per element, then per capture: whether only its shape is read.
  std::vector<bool> only_shape;
  Subgraph graph;    // Computes the new states, then what is stacked.
  uint64_t first_node = 0;  // Nodes below this number are of the graph around.
  bool backwards = false;
  bool needs_steps = false;
  bool stateful = false;
  std::string caller;
  // What gradients have asked to be stacked besides, in that order: bodies that share one compute
  // prefixes of the same list of outputs.
  struct Kept {
    std::mutex mutex;
    Tensors tensors;
  };
  std::shared_ptr<Kept> kept = std::make_shared<Kept>();
  size_t first_kept = 0;  // Where among the outputs they begin.

  // The formals, in the order of the inputs of the loop's node.
  Tensors formals() const;
  Tensors stacked() const {
    return {graph.outputs.begin() + static_cast<std::ptrdiff_t>(states.size()), graph.outputs.end()};
  }
};

// What a tensor of a step depends on.
enum class Dependence { kNothing, kElements, kStates };

// Says of the tensors of a step what they depend on, and computes some outside.
class BodyAnalysis {
 public:
  explicit BodyAnalysis(const LoopBody& body);

  Dependence of(const Tensor& tensor);
  // Whether `tensor` is a formal, and of which kind: its index there.
  std::optional<size_t> state(const Tensor& tensor) const { return find(states_, tensor); }
  std::optional<size_t> element(const Tensor& tensor) const { return find(elements_, tensor); }

  struct Stacked {
    Tensor tensor;          // Empty where not all steps can be done at once.
    bool structural = false;  // Whether more than element-wise work is done.
  };
  // The values of `tensor` in all steps, stacked, as graph code outside of the loop: for what depends
  // on elements alone by ops that can do all steps at once. `sequences` are the elements, stacked.
  Stacked over_steps(const Tensor& tensor, const Tensors& sequences);

 private:
  using Key = std::pair<const Node*, int>;
  using Index = absl::flat_hash_map<Key, size_t>;
  static Key key(const Tensor& tensor) { return {&tensor.node(), tensor.output()}; }
  static Index index(const Tensors& tensors);
  static std::optional<size_t> find(const Index& index, const Tensor& tensor);

  const uint64_t first_node_;
  const Index states_, elements_;
  absl::flat_hash_map<const Node*, Dependence> dependence_;
  absl::flat_hash_map<Key, Stacked> stacked_;
};

}  // namespace keel::internal

#endif  // KEEL_OPS_RNN_LOOP_BODY_H_
