#include "ops/rnn/scan.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/buffer.h"
#include "core/leaves.h"
#include "core/op.h"
#include "core/plan/plan.h"
#include "core/run.h"
#include "ops/rnn/loop.h"

namespace keel {
namespace internal {
namespace {

// The signature of one element of a sequence.
Signature element_of(const Signature& sequence) {
  return {sequence.dtype, Shape(Dims(sequence.shape).subspan(1))};
}

// The signatures of the formals, from those of the node's inputs.
Signatures formal_signatures(const LoopBody& body, SignatureSpan in) {
  Signatures formals(in.begin(), in.end());
  const size_t first = body.states.size(), end = first + body.elements.size();
  for (size_t i = 0; i < first; ++i) formals[i].value = nullptr;
  for (size_t i = first; i < end; ++i) formals[i] = element_of(in[i]);
  return formals;
}

// Runs a step's plan once for each index.
class LoopKernel final : public Kernel {
 public:
  LoopKernel(const LoopBody& body, SignatureSpan in, SignatureSpan out)
      : backwards_(body.backwards),
        states_(body.states.size()),
        elements_(body.elements.size()),
        steps_(in[states_].shape[0]),
        formals_(formal_signatures(body, in)),
        step_(body.graph, body.formals(), formals_) {
    for (size_t i = 0; i < out.size(); ++i) {
      results_.push_back(i < states_ ? out[i] : element_of(out[i]));
    }
    for (size_t i = 0; i < states_; ++i) {
      state_offsets_.push_back(state_bytes_);
      state_bytes_ += (bytes(results_[i]) + 63) / 64 * 64;
    }
  }

  size_t scratch_bytes(const ThreadPool&) const override { return 2 * state_bytes_; }
  std::string to_string() const override { return step_.to_string(); }

  void run(const Exec& exec, Views in, Views out) const override {
    std::vector<View> inputs(in.size()), outputs(out.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      inputs[i] = {in[i].data, formals_[i].dtype, &formals_[i].shape, 0};
    }
    // Captures keep their contents from step to step, so what kernels derive from them may be kept.
    for (size_t i = states_ + elements_; i < inputs.size(); ++i) {
      inputs[i].version = in[i].version != 0 ? in[i].version : next_version();
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i] = {nullptr, results_[i].dtype, &results_[i].shape, 0};
    }
    plan::Plan::Runner runner(step_.plan(), exec);
    for (int64_t k = 0; k < steps_; ++k) {
      const int64_t at = backwards_ ? steps_ - 1 - k : k;
      for (size_t i = states_; i < states_ + elements_; ++i) {
        if (in[i].data == nullptr) continue;  // Only the shape is read.
        inputs[i].data = static_cast<std::byte*>(in[i].data) + at * bytes(formals_[i]);
      }
      for (size_t i = 0; i < states_; ++i) {
        if (k > 0) inputs[i].data = outputs[i].data;
        outputs[i].data = state_after(k, i, exec, out[i]);
      }
      for (size_t i = states_; i < outputs.size(); ++i) {
        if (out[i].data == nullptr) continue;
        outputs[i].data = static_cast<std::byte*>(out[i].data) + at * bytes(results_[i]);
      }
      std::optional<Run::Step> step;
      if (exec.run != nullptr) step.emplace(*exec.run, static_cast<uint64_t>(at));
      runner.run(inputs, outputs);
    }
    for (size_t i = 0; steps_ == 0 && i < states_; ++i) {
      if (out[i].data != nullptr) std::memcpy(out[i].data, in[i].data, bytes(results_[i]));
    }
  }

 private:
  static int64_t bytes(const Signature& signature) {
    return byte_size(signature.shape, signature.dtype);
  }

  // Where step `k` writes state `i`: by turns in two places, the last step in the output.
  void* state_after(int64_t k, size_t i, const Exec& exec, const View& out) const {
    if (k == steps_ - 1 && out.data != nullptr) return out.data;
    return exec.scratch + (k % 2) * state_bytes_ + state_offsets_[i];
  }

  const bool backwards_;
  const size_t states_, elements_;
  const int64_t steps_;
  const Signatures formals_;
  const CompiledSubgraph step_;
  Signatures results_;  // Of one step.
  std::vector<int64_t> state_offsets_;
  int64_t state_bytes_ = 0;
};

// A body as an attribute: no other loop is equal to it.
struct BodyField {
  std::shared_ptr<const LoopBody> body;
  friend bool operator==(const BodyField& a, const BodyField& b) { return a.body == b.body; }
  template <typename H>
  friend H AbslHashValue(H h, const BodyField& f) {
    return H::combine(std::move(h), f.body.get());
  }
  friend std::ostream& operator<<(std::ostream& out, const BodyField& f) {
    return out << f.body->caller << ", " << f.body->states.size() << " states, "
               << f.body->elements.size() << " sequences, " << f.body->captures.size()
               << " captures" << (f.body->backwards ? ", backwards" : "");
  }
};

// Inputs: initial states, sequences, captures. Outputs: final states, stacked outputs.
class Scan final : public OpOf<Scan> {
 public:
  static constexpr std::string_view kName = "scan";
  BodyField field;

  auto fields() const { return std::tie(field); }
  bool stateful() const override { return body().stateful; }
  const void* prefix_key() const override {
    return body().kept.get();
  }
  bool skips_unread_outputs() const override { return true; }
  bool reads_only_shape(int i) const override {
    const size_t states = body().states.size(), input = static_cast<size_t>(i);
    return input >= states && body().only_shape[input - states];
  }

  Signatures infer(SignatureSpan in) const override {
    const size_t states = body().states.size();
    int64_t steps = None;
    for (size_t i = states; i < states + body().elements.size(); ++i) {
      const int64_t size = in[i].shape[0];
      if (steps != None && size != None && size != steps) {
        fail(body().caller, ": the sequences have ", steps, " and ", size, " steps");
      }
      if (size != None) steps = size;
    }
    if (steps == 0 && body().needs_steps) fail(body().caller, ": there are no time steps");
    Signatures out = infer_subgraph(body().graph, body().formals(), formal_signatures(body(), in));
    for (size_t i = 0; i < out.size(); ++i) {
      if (i < states) {
        out[i].shape = same_state(i, in[i], out[i]);
      } else {
        Shape shape{steps};
        for (int64_t size : out[i].shape) shape.push_back(size);
        out[i].shape = shape;
      }
    }
    return out;
  }

  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
    return std::make_unique<LoopKernel>(body(), in, out);
  }

  Tensors gradient(const Tensors& ys, const Tensors& dys) const {
    return loop_gradient(field.body, ys, dys);
  }

 private:
  const LoopBody& body() const { return *field.body; }

  Shape same_state(size_t i, const Signature& before, const Signature& after) const {
    Shape shape = before.shape;
    bool same = before.dtype == after.dtype && shape.rank() == after.shape.rank();
    for (int k = 0; same && k < shape.rank(); ++k) {
      same = shape[k] == None || after.shape[k] == None || shape[k] == after.shape[k];
      if (shape[k] == None) shape[k] = after.shape[k];
    }
    if (!same) {
      fail(body().caller, ": state ", i, " is ", before.dtype, before.shape, " before a step and ",
           after.dtype, after.shape, " after it; a state keeps its dtype and shape");
    }
    return shape;
  }
};

// The placeholder that stands for one value in the step.
Tensor formal(const char* name, DType dtype, const Shape& shape) {
  return make<PlaceholderOp>({}, std::string(name), dtype, shape);
}

}  // namespace

Tensors make_loop_node(std::shared_ptr<const LoopBody> body, Tensors inputs) {
  // What the step does by the learning phase, the loop does.
  const bool uses_phase = std::any_of(body->graph.outputs.begin(), body->graph.outputs.end(),
                                      [](const Tensor& t) { return t.uses_learning_phase(); });
  const auto node = make_node(make_op<Scan>(BodyField{std::move(body)}), std::move(inputs), {}, uses_phase);
  Tensors outputs;
  for (int i = 0; i < static_cast<int>(node->outputs().size()); ++i) outputs.emplace_back(node, i);
  return outputs;
}

}  // namespace internal

ScanResult scan(const std::function<ScanStep(const Tensors& elements, const Tensors& states)>& step,
                const Tensors& sequences, const Tensors& initial_states,
                const ScanOptions& options) {
  if (sequences.empty()) fail(options.caller, ": there is no tensor to iterate over");
  internal::LoopParts parts;
  internal::LoopBody& body = parts.body;
  body.first_node = Node::next_id();
  body.backwards = options.backwards;
  body.needs_steps = options.needs_steps;
  body.caller = options.caller;
  for (const Tensor& sequence : sequences) {
    if (!sequence.defined()) fail(options.caller, ": an empty tensor handle was given");
    if (sequence.rank() == 0) {
      fail(options.caller, ": a scalar was given, which has no axis to iterate over");
    }
    body.elements.push_back(internal::formal("element", sequence.dtype(),
                                             Shape(Dims(sequence.shape()).subspan(1))));
  }
  for (const Tensor& state : initial_states) {
    if (!state.defined()) fail(options.caller, ": an initial state is an empty tensor handle");
    body.states.push_back(internal::formal("state", state.dtype(), state.shape()));
  }
  const ScanStep made = step(body.elements, body.states);
  if (made.states.size() != body.states.size()) {
    fail(options.caller, ": a step was given ", body.states.size(), " states and returned ",
         made.states.size());
  }
  for (const Tensors* list : {&made.states, &made.outputs}) {
    for (const Tensor& tensor : *list) {
      if (!tensor.defined()) fail(options.caller, ": a step returned an empty tensor handle");
      body.graph.outputs.push_back(tensor);
    }
  }
  parts.initial = initial_states;
  parts.sequences = sequences;
  return internal::make_loop(std::move(parts));
}

}  // namespace keel
