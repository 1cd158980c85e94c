// Ops: what nodes apply.
//
// To add one, derive from OpOf (or, if it works element by element, from ElementwiseOp in
// elementwise.h), and call make():
//
//   class Softmax final : public OpOf<Softmax> {
//    public:
//     static constexpr std::string_view kName = "softmax";
//     int axis;
//     auto fields() const { return std::tie(axis); }
//     Signatures infer(SignatureSpan in) const override { return {in[0]}; }
//     void run(const Exec& exec, Views in, Views out) const override;
//     Tensors gradient(const Tensor& y, const Tensor& dy) const { … }
//   };
//   Tensor softmax(const Tensor& x, int axis) { return make<Softmax>({x}, axis); }
#ifndef KEEL_CORE_OP_H_
#define KEEL_CORE_OP_H_

#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "core/array.h"
#include "core/kernel.h"
#include "core/loops/program.h"
#include "core/tensor.h"
#include "core/view.h"

namespace keel {

// How an op reduces its only input: what the element-wise engine needs to run it, alone or at the
// end of a fused chain.
struct Reduction {
  const Reducer* reducer;
  std::vector<bool> reduced;  // Per axis of the input.
  double scale = 1;
};

// A graph inside an op, which runs only when the op says so. It reads tensors of the graph around it
// as they are; those are inputs of the op's node (its captures).
struct Subgraph {
  Tensors outputs;
};

// What an op makes of inputs of which some have one more axis in front.
enum class OverStack {
  kNothing,  // Nothing that can be said.
  kStack,    // The results for every index of that axis, stacked.
  kSum,      // The sum of those results.
};

// A function from tensors to tensors: its attributes, shapes, gradient and kernel. Immutable.
class Op {
 public:
  virtual ~Op() = default;

  // -- What OpOf provides. ------------------------------------------------------------------
  virtual std::string_view name() const = 0;
  // Whether `other` is the same op with equal attributes.
  virtual bool equals(const Op& other) const = 0;
  virtual size_t hash() const = 0;
  // "axis=1, keepdims=true"
  virtual std::string attributes() const = 0;
  // Gradients for the node's inputs, as graph code: `outputs` are the node's, `gradients` those of
  // the result by each (an empty handle where it does not depend on it). An empty handle in the
  // result says that no gradient flows to that input.
  virtual Tensors backpropagate(const Tensors& outputs, const Tensors& gradients) const = 0;

  // -- What every op says. --------------------------------------------------------------------
  // Signatures of the outputs, for inputs with unknown dimensions or without. ValueError where the
  // inputs do not fit.
  virtual Signatures infer(SignatureSpan in) const = 0;
  // The kernel on the CPU. By default it calls run(), which is enough for most ops.
  virtual std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const;
  virtual void run(const Exec& exec, Views in, Views out) const;
  virtual size_t scratch_bytes(SignatureSpan in, SignatureSpan out) const;

  // -- Traits, for the passes of the plan. ----------------------------------------------------
  // Gives different results from run to run, or does something besides: never folded or merged.
  virtual bool stateful() const { return false; }
  // Only the dtype and shape of input `i` matter: its value is not computed for this op's sake.
  virtual bool reads_only_shape(int i) const { (void)i; return false; }
  // Passes on what a layer gave, or Input(): its outputs are Keras tensors.
  virtual bool is_layer_output() const { return false; }
  // Output 0 is input 0 under another shape (reshape).
  virtual bool is_view() const { return false; }
  // The input that output 0 is equal to, for these shapes (identity; a sum over nothing); else -1.
  virtual int forwards(SignatureSpan in, SignatureSpan out) const;
  // Not null: output 0 is this applied element by element to the inputs, broadcast.
  virtual const MicroOp* micro_op() const { return nullptr; }
  // Whether this reduces input 0 by the element-wise engine; if so `reduction` gets how.
  virtual bool reduction(SignatureSpan in, Reduction* reduction) const {
    (void)in, (void)reduction;
    return false;
  }
  // An op that computes the same from the inputs of the node behind input `i` put in that input's
  // place, if there is one: a product absorbs a transpose. Null otherwise.
  virtual std::shared_ptr<const Op> absorb(int i, const Op& producer, SignatureSpan in) const {
    (void)i, (void)producer, (void)in;
    return nullptr;
  }
  // Not empty: the outputs are those of branch 0 where input 0 is true, of branch 1 where it is
  // false. A plan in which input 0 is known holds the branch taken alone.
  virtual absl::Span<const Subgraph> branches() const { return {}; }
  // An op that computes the sum of this one's result and that of `other`, of one shape, from the inputs
  // of this one, `in`, followed by those of the other; null where there is none.
  virtual std::shared_ptr<const Op> sum_with(const Op& other, SignatureSpan in) const {
    (void)other, (void)in;
    return nullptr;
  }
  // What this, made for inputs `in`, gives for inputs of which those marked have one more axis in
  // front. Loops leave to one call what their steps would do one by one.
  virtual OverStack over_stack(SignatureSpan in, const std::vector<bool>& stacked) const {
    (void)in, (void)stacked;
    return OverStack::kNothing;
  }
  // Not null: of ops with equal keys in one graph, one computes all that the others do as its first
  // outputs, from the same inputs; a plan runs that one alone.
  virtual const void* prefix_key() const { return nullptr; }
  // Whether outputs that nobody reads are left out: their views then have no data.
  virtual bool skips_unread_outputs() const { return false; }
  // What backpropagate() applies to the gradients that an op returns; broadcasting ops sum them back
  // to the shapes of their inputs.
  virtual Tensors fit_gradients(const Tensors& inputs, Tensors gradients) const {
    (void)inputs;
    return gradients;
  }
  // Whether infer() leaves dimensions of the outputs unknown even where those of the inputs are known,
  // since they depend on values. Plans are split at such an op (plan/split.h), which has run_shaped()
  // instead of run(). It cannot stand inside a branch or a loop.
  virtual bool shapes_at_run_time() const { return false; }
  // The outputs. Throws nothing but ValueError.
  virtual std::vector<Array> run_shaped(const Exec& exec, Views in) const;
  // Whether the kernel for these inputs calls Exec::rows_done: then what is done to the result element by
  // element is done part by part (plan/epilogue.h).
  virtual bool tells_rows(SignatureSpan in) const { (void)in; return false; }
};

namespace internal {

template <typename T, typename = void>
struct HasToString : std::false_type {};
template <typename T>
struct HasToString<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<T>())>>
    : std::true_type {};

template <typename T>
void print_field(std::ostream& out, const T& field) {
  if constexpr (std::is_same_v<T, bool>) {
    out << (field ? "true" : "false");
  } else if constexpr (HasToString<T>::value) {
    out << field;
  } else {
    out << '[';
    bool first = true;
    for (const auto& element : field) {
      if (!first) out << ", ";
      first = false;
      print_field(out, element);
    }
    out << ']';
  }
}

template <typename D, typename = void>
struct HasSimpleGradient : std::false_type {};
template <typename D>
struct HasSimpleGradient<D, std::void_t<decltype(std::declval<const D&>().gradient(
                                std::declval<const Tensor&>(), std::declval<const Tensor&>()))>>
    : std::true_type {};
template <typename D, typename = void>
struct HasFullGradient : std::false_type {};
template <typename D>
struct HasFullGradient<D, std::void_t<decltype(std::declval<const D&>().gradient(
                              std::declval<const Tensors&>(), std::declval<const Tensors&>()))>>
    : std::true_type {};
template <typename D, typename = void>
struct SaysNoGradient : std::false_type {};
template <typename D>
struct SaysNoGradient<D, std::void_t<decltype(D::kNoGradient)>> : std::true_type {};

}  // namespace internal

// Gives D, from its `kName` and its `fields()`, what every op has in common. D has `gradient(y, dy)`
// for one output, or `gradient(ys, dys)` for several (undefined dys where unconnected), or says why
// there is none: `static constexpr std::string_view kNoGradient = "an index has no slope";`.
template <typename D, typename Base = Op>
class OpOf : public Base {
 public:
  std::string_view name() const final { return D::kName; }
  bool equals(const Op& other) const final {
    return typeid(other) == typeid(D) && self().fields() == static_cast<const D&>(other).fields();
  }
  size_t hash() const final {
    return absl::HashOf(D::kName, self().fields());
  }
  std::string attributes() const final {
    std::ostringstream out;
    bool first = true;
    std::apply(
        [&](const auto&... field) {
          ((out << (first ? "" : ", "), first = false, internal::print_field(out, field)), ...);
        },
        self().fields());
    return out.str();
  }
  Tensors backpropagate(const Tensors& outputs, const Tensors& gradients) const final {
    if constexpr (internal::HasSimpleGradient<D>::value) {
      return this->fit_gradients(outputs[0].node().inputs(),
                                 self().gradient(outputs[0], gradients[0]));
    } else if constexpr (internal::HasFullGradient<D>::value) {
      return this->fit_gradients(outputs[0].node().inputs(), self().gradient(outputs, gradients));
    } else {
      static_assert(internal::SaysNoGradient<D>::value,
                    "an op has a gradient or says in kNoGradient why it has none");
      return Tensors(outputs[0].node().inputs().size());
    }
  }

 private:
  const D& self() const { return static_cast<const D&>(*this); }
};

// Applies `op`: infers its outputs and makes the node. `after`: what must have run before.
std::shared_ptr<const Node> make_node(std::shared_ptr<const Op> op, Tensors inputs,
                                      Tensors after = {}, bool uses_learning_phase = false);

// An op of type O whose fields() are `fields`, in order.
template <typename O, typename... Fields>
std::shared_ptr<const Op> make_op(Fields&&... fields) {
  auto op = std::make_shared<O>();
  // fields() is const since ops are; this one is still being made.
  std::apply(
      [&](const auto&... field) {
        static_assert(sizeof...(field) == sizeof...(fields), "make_op takes every field");
        ((const_cast<std::remove_const_t<std::remove_reference_t<decltype(field)>>&>(field) =
              std::forward<Fields>(fields)),
         ...);
      },
      op->fields());
  return op;
}

// Whether all that input `i` of `node` is read for is there before it is computed, or even fed.
inline bool has_known_shape(const Node& node, size_t i) {
  return node.op().reads_only_shape(static_cast<int>(i)) && node.inputs()[i].shape().is_static();
}

// Output 0 of a new node that applies an O with these fields.
template <typename O, typename... Fields>
Tensor make(Tensors inputs, Fields&&... fields) {
  return Tensor(make_node(make_op<O>(std::forward<Fields>(fields)...), std::move(inputs)), 0);
}

// All outputs of such a node.
template <typename O, typename... Fields>
Tensors make_all(Tensors inputs, Fields&&... fields) {
  auto node = make_node(make_op<O>(std::forward<Fields>(fields)...), std::move(inputs));
  Tensors outputs;
  for (int i = 0; i < static_cast<int>(node->outputs().size()); ++i) outputs.emplace_back(node, i);
  return outputs;
}

// The op of `tensor`'s node if it is an O, else null.
template <typename O>
const O* op_as(const Tensor& tensor) {
  return dynamic_cast<const O*>(&tensor.op());
}

}  // namespace keel

#endif  // KEEL_CORE_OP_H_
