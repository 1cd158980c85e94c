#include "ops/control/switch.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "core/gradients.h"
#include "core/op.h"
#include "core/structure.h"
#include "core/subgraph.h"
#include "ops/array/reshape.h"
#include "ops/math/math.h"

namespace keel {
namespace {

// Runs one of two compiled branches.
class SwitchKernel final : public Kernel {
 public:
  SwitchKernel(const Subgraph& then, const Subgraph& otherwise, const Tensors& captures,
               SignatureSpan in)
      : branches_{CompiledSubgraph(then, captures, in), CompiledSubgraph(otherwise, captures, in)} {}
  std::string to_string() const override {
    return "where true:\n" + branches_[0].to_string() + "where false:\n" + branches_[1].to_string();
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const bool taken = visit_dtype(in[0].dtype, [&](auto zero) {
      return convert_element<bool>(*in[0].as<decltype(zero)>());
    });
    branches_[taken ? 0 : 1].run(exec, in.subspan(1), out);
  }

 private:
  const CompiledSubgraph branches_[2];
};

// The branches of one switch: no other switch is equal to it.
struct BranchPair {
  Subgraph branches[2];
  Tensors captures;
};

struct BranchesField {
  std::shared_ptr<const BranchPair> pair;
  friend bool operator==(const BranchesField& a, const BranchesField& b) { return a.pair == b.pair; }
  template <typename H>
  friend H AbslHashValue(H h, const BranchesField& f) {
    return H::combine(std::move(h), f.pair.get());
  }
  friend std::ostream& operator<<(std::ostream& out, const BranchesField& f) {
    return out << f.pair->captures.size() << " captures";
  }
};

// Inputs: the scalar condition, then what the branches read of the graph around them.
class Switch final : public OpOf<Switch> {
 public:
  static constexpr std::string_view kName = "switch";
  BranchesField field;

  auto fields() const { return std::tie(field); }
  bool stateful() const override { return true; }
  absl::Span<const Subgraph> branches() const override { return field.pair->branches; }
  Signatures infer(SignatureSpan in) const override {
    Signatures out = infer_subgraph(branches()[0], field.pair->captures, in.subspan(1));
    const Signatures other = infer_subgraph(branches()[1], field.pair->captures, in.subspan(1));
    for (size_t i = 0; i < out.size(); ++i) {
      Shape& shape = out[i].shape;
      const Shape& against = other[i].shape;
      bool agree = out[i].dtype == other[i].dtype && shape.rank() == against.rank();
      for (int k = 0; agree && k < shape.rank(); ++k) {
        agree = shape[k] == None || against[k] == None || shape[k] == against[k];
        if (shape[k] == None) shape[k] = against[k];
      }
      if (!agree) {
        fail("switch: then_expression is ", out[i].dtype, out[i].shape, " but else_expression ",
             other[i].dtype, against, "; they must agree");
      }
    }
    return out;
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan) const override {
    return std::make_unique<SwitchKernel>(branches()[0], branches()[1], field.pair->captures,
                                          in.subspan(1));
  }
  Tensors gradient(const Tensors& ys, const Tensors& dys) const;
};

Tensors make_switch(const Tensor& condition, const Trace& then, const Trace& otherwise) {
  auto pair = std::make_shared<BranchPair>();
  pair->branches[0] = then.graph;
  pair->branches[1] = otherwise.graph;
  pair->captures = then.captures;
  for (const Tensor& capture : otherwise.captures) {
    const bool known = std::any_of(pair->captures.begin(), pair->captures.end(),
                                   [&](const Tensor& t) { return t.same_as(capture); });
    if (!known) pair->captures.push_back(capture);
  }
  Tensors inputs{condition};
  inputs.insert(inputs.end(), pair->captures.begin(), pair->captures.end());
  return make_all<Switch>(std::move(inputs), BranchesField{std::move(pair)});
}

// The gradient chooses as the switch did: what the other branch would have given, NaNs included,
// never meets what flows. Its branches compute again what they need of the forward pass; where the
// condition is known when a plan is made, both share it.
Tensors Switch::gradient(const Tensors& ys, const Tensors& dys) const {
  const Tensors& captures = field.pair->captures;
  Tensors results, seeds, wanted;
  std::vector<size_t> outputs;
  for (size_t i = 0; i < dys.size(); ++i) {
    if (dys[i].defined()) outputs.push_back(i);
  }
  for (const Tensor& capture : captures) {
    if (capture.dtype().is_floating()) wanted.push_back(capture);
  }
  if (wanted.empty()) return Tensors(captures.size() + 1);
  auto differentiate = [&](const Subgraph& branch) {
    Tensors at, flows;
    for (size_t i : outputs) {
      at.push_back(branch.outputs[i]);
      flows.push_back(dys[i]);
    }
    Tensors grads = gradients(at, flows, wanted, /*independent=*/true);
    for (size_t i = 0; i < grads.size(); ++i) {
      if (!grads[i].defined()) grads[i] = full_like(wanted[i], 0, wanted[i].dtype());
    }
    Trace made{{std::move(grads)}, captures};
    for (size_t i : outputs) made.captures.push_back(dys[i]);
    return made;
  };
  const Tensors dxs = make_switch(ys[0].input(0), differentiate(branches()[0]),
                                  differentiate(branches()[1]));
  Tensors gradients_of_inputs{Tensor()};
  size_t next = 0;
  for (const Tensor& capture : captures) {
    gradients_of_inputs.push_back(capture.dtype().is_floating() ? dxs[next++] : Tensor());
  }
  return gradients_of_inputs;
}

Trace trace_branch(const Branch& branch) {
  if (branch.is_callable()) return trace([&] { return Tensors{branch.value()}; });
  if (!branch.value().defined()) fail("switch: an expression is an empty tensor handle");
  return trace_of({branch.value()});
}

Tensor select(const Tensor& condition, const Tensor& x, const Tensor& y) {
  if (condition.rank() > x.rank()) {
    fail("switch: condition has rank ", condition.rank(), ", more than the expressions' rank ",
         x.rank(), " (condition: ", condition.shape(), ", then_expression: ", x.shape(), ')');
  }
  const Tensor truth = condition.dtype().is_bool() ? condition : cast(condition, "bool");
  Tensor aligned = truth;
  while (aligned.rank() < x.rank()) aligned = expand_dims(aligned, -1);
  return where(aligned, x, y);
}

}  // namespace

Tensor switch_(const Tensor& condition, const Branch& then_expression, const Branch& else_expression) {
  if (!condition.defined()) fail("switch: condition is an empty tensor handle");
  if (condition.dtype().is_floating()) {
    fail("switch: condition is ", condition.dtype(), "; accepted are bool and integers");
  }
  if (condition.rank() == 0) {
    return make_switch(condition, trace_branch(then_expression), trace_branch(else_expression))[0];
  }
  const Tensor x = then_expression.value(), y = else_expression.value();
  if (!x.defined() || !y.defined()) fail("switch: an expression is an empty tensor handle");
  bool agree = x.dtype() == y.dtype() && x.rank() == y.rank();
  for (int i = 0; agree && i < x.rank(); ++i) {
    agree = x.shape()[i] == None || y.shape()[i] == None || x.shape()[i] == y.shape()[i];
  }
  if (!agree) {
    fail("switch: then_expression is ", x.dtype(), x.shape(), " but else_expression ", y.dtype(),
         y.shape(), "; they must agree");
  }
  return select(condition, x, y);
}

}  // namespace keel
