// The gradient of a loop: a loop in the other direction, whose states are the gradients of states.
//
// The forward loop is made once more, with everything that the gradient of its step reads stacked as
// further outputs (Op::prefix_key lets a plan run that one alone). The gradient of what every step
// reads alike, such as weights, is a sum over steps: where the op that gives it can sum over all steps
// at once (a product with rows of all steps, a sum over rows), that is done after the loop; else the
// loop adds it up in a state.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/gradients.h"
#include "core/leaves.h"
#include "core/op.h"
#include "core/structure.h"
#include "ops/rnn/loop.h"

namespace keel::internal {
namespace {

Tensor formal_like(const char* name, const Tensor& tensor) {
  return make<PlaceholderOp>({}, std::string(name), tensor.dtype(), tensor.shape());
}

// Appends `tensor` to `list` unless it is there; its index.
size_t index_in(Tensors& list, const Tensor& tensor) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].same_as(tensor)) return i;
  }
  list.push_back(tensor);
  return list.size() - 1;
}

class LoopGradient {
 public:
  LoopGradient(std::shared_ptr<const LoopBody> body, const Tensors& ys, const Tensors& dys)
      : body_(std::move(body)), ys_(ys), dys_(dys), analysis_(*body_), outputs_(body_->graph.outputs) {}

  Tensors run() {
    differentiate_step();
    if (flows_.empty()) return Tensors(node_inputs().size());
    find_residuals();
    sort_out_captures();
    run_backwards();
    return std::move(result_);
  }

 private:
  struct Flow {
    size_t output;  // Of the body.
    Tensor formal;  // The gradient by it, in one step.
  };
  // A sum over steps done after the loop: `op` of these inputs, stacked.
  struct SumAfter {
    std::shared_ptr<const Op> op;
    Tensors inputs;                // Of one step.
    std::vector<bool> stacked;
    std::vector<size_t> positions;  // Of the stacked ones among what the loop gives.
    std::vector<std::pair<std::shared_ptr<const Op>, Tensors>> views;  // Applied to the sum, in order.
  };

  struct Capture {
    size_t input;                 // Of the node.
    std::vector<SumAfter> after;  // Terms of its gradient.
    Tensor in_loop;               // The other terms, of one step; may be empty.
  };

  const Tensors& node_inputs() const { return ys_[0].node().inputs(); }
  size_t states() const { return body_->states.size(); }

  // The gradients of one step. A state matters if its final value does, or if a state or output that
  // matters depends on it: found by adding states until there are no more.
  void differentiate_step() {
    std::vector<bool> matters(outputs_.size());
    for (size_t i = 0; i < outputs_.size(); ++i) {
      matters[i] = dys_[i].defined() && outputs_[i].dtype().is_floating();
    }
    for (const Tensors* list : {&body_->states, &body_->elements, &body_->captures}) {
      for (const Tensor& formal : *list) {
        const size_t input = formals_.size();
        formals_.push_back(formal);
        const bool only_shape = list == &body_->captures && !formal.same_as(node_inputs()[input]);
        if (formal.dtype().is_floating() && !only_shape) wanted_.push_back(input);
      }
    }
    Tensors wanted;
    for (size_t input : wanted_) wanted.push_back(formals_[input]);
    for (bool grew = true; grew;) {
      grew = false;
      flows_.clear();
      Tensors at, flows;
      for (size_t i = 0; i < outputs_.size(); ++i) {
        if (!matters[i]) continue;
        flows_.push_back({i, formal_like("gradient", outputs_[i])});
        at.push_back(outputs_[i]);
        flows.push_back(flows_.back().formal);
      }
      if (flows_.empty()) return;
      first_gradient_node_ = Node::next_id();
      grads_.assign(formals_.size(), Tensor());
      const Tensors found = gradients(at, flows, wanted, /*independent=*/true);
      for (size_t k = 0; k < wanted_.size(); ++k) {
        grads_[wanted_[k]] = found[k];
        if (wanted_[k] < states() && found[k].defined() && !matters[wanted_[k]]) {
          matters[wanted_[k]] = true;
          grew = true;
        }
      }
    }
  }

  bool is_flow(const Tensor& tensor) const {
    return std::any_of(flows_.begin(), flows_.end(),
                       [&](const Flow& flow) { return flow.formal.same_as(tensor); });
  }

  // Whether a tensor was made by the differentiation: what it reads of older ones is kept for it.
  bool is_new(const Tensor& tensor) const {
    return is_flow(tensor) || tensor.node().id() >= first_gradient_node_;
  }

  // Tensors of the step whose values the gradients read.
  void find_residuals() {
    absl::flat_hash_set<const Node*> seen;
    Tensors work, only_shapes;
    auto read = [&](const Tensor& tensor) {
      if (is_new(tensor)) {
        if (!is_flow(tensor)) work.push_back(tensor);
      } else if (analysis_.of(tensor) != Dependence::kNothing && !analysis_.element(tensor)) {
        index_in(residuals_, tensor);
      }
    };
    for (const Tensor& grad : grads_) {
      if (grad.defined()) read(grad);
    }
    while (!work.empty()) {
      const Tensor tensor = work.back();
      work.pop_back();
      const Node& node = tensor.node();
      if (!seen.insert(&node).second) continue;
      for (size_t i = 0; i < node.inputs().size(); ++i) {
        const Tensor& input = node.inputs()[i];
        if (node.op().reads_only_shape(static_cast<int>(i)) && !is_new(input)) {
          only_shapes.push_back(input);
        } else {
          read(input);
        }
      }
    }
    // A node is cut at all of its outputs or at none.
    for (const Tensor& tensor : only_shapes) {
      for (size_t i = 0; i < residuals_.size(); ++i) {
        if (&residuals_[i].node() == &tensor.node()) {
          index_in(residuals_, tensor);
          break;
        }
      }
    }
  }

  // Splits the gradient by a capture into terms that are summed after the loop, and the rest.
  void sort_out_captures() {
    for (size_t input : wanted_) {
      if (input < states() + body_->elements.size() || !grads_[input].defined()) continue;
      Capture capture{input, {}, {}};
      Tensors terms{grads_[input]};
      while (!terms.empty()) {
        const Tensor term = terms.back();
        terms.pop_back();
        const bool is_sum = is_new(term) && !is_flow(term) && term.op().name() == "add" &&
                            term.input(0).shape() == term.shape() &&
                            term.input(1).shape() == term.shape();
        if (is_sum) {
          terms.push_back(term.input(1));
          terms.push_back(term.input(0));
        } else if (auto sum = sum_after(term)) {
          capture.after.push_back(std::move(*sum));
        } else {
          capture.in_loop = capture.in_loop.defined() ? add(capture.in_loop, term) : term;
        }
      }
      captures_.push_back(std::move(capture));
    }
  }

  bool is_invariant(const Tensor& tensor) {
    if (is_flow(tensor)) return false;
    if (!is_new(tensor)) return analysis_.of(tensor) == Dependence::kNothing;
    const auto known = invariant_.find(&tensor.node());
    if (known != invariant_.end()) return known->second;
    bool all = !tensor.op().stateful();
    for (const Tensor& input : tensor.node().inputs()) all = all && is_invariant(input);
    return invariant_[&tensor.node()] = all;
  }

  std::optional<SumAfter> sum_after(Tensor term) {
    SumAfter sum;
    auto others_invariant = [&](const Node& node) {
      for (size_t i = 1; i < node.inputs().size(); ++i) {
        if (!is_invariant(node.inputs()[i])) return false;
      }
      return true;
    };
    while (is_new(term) && !is_flow(term) && term.op().is_view() && others_invariant(term.node())) {
      sum.views.emplace_back(term.node().op_ptr(), term.node().inputs());
      term = term.input(0);
    }
    if (!is_new(term) || is_flow(term) || term.node().outputs().size() != 1) return std::nullopt;
    std::reverse(sum.views.begin(), sum.views.end());
    Signatures in;
    for (const Tensor& input : term.node().inputs()) {
      in.push_back(input.signature());
      sum.stacked.push_back(!is_invariant(input));
    }
    if (term.op().over_stack(in, sum.stacked) != OverStack::kSum) return std::nullopt;
    sum.op = term.node().op_ptr();
    sum.inputs = term.node().inputs();
    return sum;
  }

  void run_backwards() {
    const Tensors forward = forward_with_residuals();
    LoopParts parts;
    LoopBody& body = parts.body;
    body.first_node = body_->first_node;
    body.backwards = !body_->backwards;
    body.caller = body_->caller;

    // States: the gradients of states, then sums over steps.
    Tensors new_states, stacked;
    std::vector<std::optional<size_t>> position(formals_.size());  // Of an input's gradient there.
    for (const Flow& flow : flows_) {
      if (flow.output >= states()) continue;
      const Tensor& formal = body_->states[flow.output];
      position[flow.output] = body.states.size();
      body.states.push_back(flow.formal);
      parts.initial.push_back(dys_[flow.output].defined()
                                  ? dys_[flow.output]
                                  : full_like(ys_[flow.output], 0, formal.dtype()));
      const Tensor& grad = grads_[flow.output];
      new_states.push_back(grad.defined() ? grad : full_like(formal, 0, formal.dtype()));
    }
    for (const Capture& capture : captures_) {
      if (!capture.in_loop.defined()) continue;
      const Tensor& outside = node_inputs()[capture.input];
      position[capture.input] = body.states.size();
      body.states.push_back(formal_like("sum", outside));
      parts.initial.push_back(full_like(outside, 0, outside.dtype()));
      new_states.push_back(add(body.states.back(), capture.in_loop));
    }

    // Elements: the gradients of outputs, what was kept of the forward steps, and its elements.
    auto add_element = [&](const Tensor& formal, const Tensor& sequence) {
      body.elements.push_back(formal);
      parts.sequences.push_back(sequence);
    };
    for (const Flow& flow : flows_) {
      if (flow.output >= states()) add_element(flow.formal, dys_[flow.output]);
    }
    for (const Tensor& residual : residuals_) add_element(residual, forward[kept_at(residual)]);
    for (size_t i = 0; i < body_->elements.size(); ++i) {
      add_element(body_->elements[i], node_inputs()[states() + i]);
    }
    auto stand_for_shape = [&](const Tensor& formal, const Tensor& source) {
      for (const Tensor& residual : residuals_) {
        if (residual.same_as(formal)) return;
      }
      parts.shapes.push_back(formal);
      parts.shape_sources.push_back(source);
    };
    for (size_t i = 0; i < states(); ++i) stand_for_shape(body_->states[i], node_inputs()[i]);
    for (size_t i = 0; i < body_->captures.size(); ++i) {
      const Tensor& source = node_inputs()[states() + body_->elements.size() + i];
      if (!body_->captures[i].same_as(source)) stand_for_shape(body_->captures[i], source);
    }

    // Stacked: the gradients of elements, and what sums after the loop read.
    for (size_t i = states(); i < states() + body_->elements.size(); ++i) {
      if (grads_[i].defined()) position[i] = index_in(stacked, grads_[i]);
    }
    for (Capture& capture : captures_) {
      for (SumAfter& sum : capture.after) {
        for (size_t i = 0; i < sum.inputs.size(); ++i) {
          sum.positions.push_back(sum.stacked[i] ? index_in(stacked, sum.inputs[i]) : 0);
        }
      }
    }
    body.graph.outputs = new_states;
    body.graph.outputs.insert(body.graph.outputs.end(), stacked.begin(), stacked.end());
    const ScanResult back = make_loop(std::move(parts));

    result_.assign(node_inputs().size(), Tensor());
    for (size_t i = 0; i < formals_.size(); ++i) {
      if (!position[i]) continue;
      const bool is_element = i >= states() && i < states() + body_->elements.size();
      result_[i] = is_element ? back.outputs[*position[i]] : back.states[*position[i]];
    }
    for (const Capture& capture : captures_) {
      Tensor& total = result_[capture.input];
      for (const SumAfter& sum : capture.after) {
        const Tensor term = sum_of(sum, back.outputs);
        total = total.defined() ? add(total, term) : term;
      }
    }
  }

  static Tensor sum_of(const SumAfter& sum, const Tensors& stacked) {
    Tensors inputs = sum.inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (sum.stacked[i]) inputs[i] = stacked[sum.positions[i]];
    }
    Tensor total(make_node(sum.op, std::move(inputs)), 0);
    for (const auto& [op, rest] : sum.views) {
      Tensors of_view = rest;
      of_view[0] = total;
      total = Tensor(make_node(op, std::move(of_view)), 0);
    }
    return total;
  }

  // Where the values of `residual` are among the outputs of the forward loop: an output that is
  // stacked anyway serves.
  size_t kept_at(const Tensor& residual) const {
    for (size_t i = states(); i < outputs_.size(); ++i) {
      if (outputs_[i].same_as(residual)) return i;
    }
    return outputs_.size();
  }

  Tensors forward_with_residuals() {
    std::lock_guard lock(body_->kept->mutex);
    Tensors& kept = body_->kept->tensors;
    auto all_outputs = [&] {
      outputs_.resize(body_->first_kept);
      outputs_.insert(outputs_.end(), kept.begin(), kept.end());
    };
    all_outputs();
    for (const Tensor& residual : residuals_) {
      if (kept_at(residual) == outputs_.size()) index_in(kept, residual);
    }
    all_outputs();
    if (outputs_.size() == ys_.size()) return ys_;
    auto wider = std::make_shared<LoopBody>(*body_);
    wider->graph.outputs = outputs_;
    return make_loop_node(std::move(wider), node_inputs());
  }


  const std::shared_ptr<const LoopBody> body_;
  const Tensors &ys_, &dys_;
  BodyAnalysis analysis_;
  Tensors outputs_;             // Of the step; residuals are appended.
  Tensors formals_, grads_;     // Per input of the node.
  std::vector<size_t> wanted_;  // Inputs that gradients are asked for.
  std::vector<Flow> flows_;
  uint64_t first_gradient_node_ = 0;
  Tensors residuals_;
  std::vector<Capture> captures_;
  absl::flat_hash_map<const Node*, bool> invariant_;
  Tensors result_;
};

}  // namespace

Tensors loop_gradient(const std::shared_ptr<const LoopBody>& body, const Tensors& ys,
                      const Tensors& dys) {
  return LoopGradient(body, ys, dys).run();
}

}  // namespace keel::internal
