#include "core/plan/graph.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/assign.h"
#include "core/in_name_of.h"
#include "core/structure.h"

namespace keel::plan {
namespace {

// Results of at most this many bytes are computed when the plan is made if that is possible.
constexpr int64_t kFoldBytes = int64_t{1} << 22;

struct MergeKey {
  const Op* op;
  std::vector<Ref> inputs;
  friend bool operator==(const MergeKey& a, const MergeKey& b) {
    return a.inputs == b.inputs && a.op->equals(*b.op);
  }
  template <typename H>
  friend H AbslHashValue(H h, const MergeKey& key) {
    return H::combine(std::move(h), key.op->hash(), key.inputs);
  }
};

class Builder {
 public:
  Builder(const Request& request, Split* split) : request_(request), split_(split) {
    for (size_t i = 0; i < request.feeds.size(); ++i) {
      feeds_[request.feeds[i].node_ptr().get()].push_back(static_cast<int>(i));
    }
  }

  Graph build() {
    for (const Tensor& output : request_.outputs) {
      if (!is_split()) graph_.outputs.push_back(resolve(output));
    }
    for (const Tensor& update : request_.updates) {
      if (!is_split()) resolve(update);
    }
    if (is_split()) {
      for (const auto& [node, outputs] : done_) split_->before.insert(node);
    }
    return std::move(graph_);
  }

 private:
  using Outputs = std::vector<Ref>;

  // The outputs of `tensor`'s node, built with all that they need, by a loop: graphs may be deeper
  // than the stack.
  Ref resolve(const Tensor& tensor) {
    std::vector<const Node*> stack{&tensor.node()};
    while (!stack.empty()) {
      const Node* node = stack.back();
      if (done_.contains(node)) {
        stack.pop_back();
        continue;
      }
      visit(*node, stack);  // Either done now, or what it waits for is on the stack.
      if (is_split()) return {};
    }
    return done_.at(&tensor.node())[tensor.output()];
  }

  bool is_split() const { return split_ != nullptr && split_->node != nullptr; }

  // Either pushes what `node` still waits for, or sets done_[node], or ends the graph at it.
  void visit(const Node& node, std::vector<const Node*>& stack) {
    auto need = [&](const Tensor& tensor) {
      if (!done_.contains(&tensor.node())) stack.push_back(&tensor.node());
    };
    const size_t before = stack.size();

    if (auto fed = feeds_.find(&node); fed != feeds_.end()) {
      done_[&node] = feed(node, fed->second);
      return;
    }
    if (const auto* placeholder = dynamic_cast<const PlaceholderOp*>(&node.op())) {
      done_[&node] = {unfed(*placeholder)};
      return;
    }
    if (const auto* constant = dynamic_cast<const ConstantOp*>(&node.op())) {
      done_[&node] = {add_constant(*constant->value.object)};
      return;
    }
    if (const auto* variable = dynamic_cast<const VariableOp*>(&node.op())) {
      done_[&node] = {add_variable(variable->state.object)};
      return;
    }
    if (const Node* wider = widest(node); wider != &node) {
      if (auto found = done_.find(wider); found != done_.end()) {
        Outputs outputs = found->second;  // A new entry moves those there are.
        done_[&node] = std::move(outputs);
      } else {
        stack.push_back(wider);
      }
      return;
    }
    for (const Tensor& tensor : node.after()) need(tensor);
    if (!node.op().branches().empty()) {
      need(node.inputs()[0]);
      if (stack.size() != before) return;
      const Ref condition = ref(node.inputs()[0]);
      if (const Array* known = value_of(condition)) {
        const Subgraph& taken = node.op().branches()[known->element<double>(0) != 0 ? 0 : 1];
        for (const Tensor& output : taken.outputs) need(output);
        if (stack.size() != before) return;
        Outputs outputs;
        for (const Tensor& output : taken.outputs) {
          outputs.push_back(ref(output));
          // The branch not taken is not there to be compared with; what it told of the shape is.
          const Shape &said = node.outputs()[outputs.size() - 1].shape, &got = graph_.signature(outputs.back()).shape;
          if (!fits(got, said)) {
            fail(node.op().name(), ": the branch taken gives shape ", got, ", but by the branches' shapes it is ", said);
          }
        }
        done_[&node] = outputs;
        return;
      }
    }
    for (size_t i = 0; i < node.inputs().size(); ++i) {
      if (!has_known_shape(node, i)) need(node.inputs()[i]);
    }
    if (stack.size() != before) return;
    if (node.op().shapes_at_run_time()) {
      end_at(node);
    } else {
      done_[&node] = apply(node);
    }
  }

  // Ends the graph at a node with shapes at run time, unless its inputs are known now.
  void end_at(const Node& node) {
    std::vector<Ref> refs;
    for (const Tensor& input : node.inputs()) refs.push_back(ref(input));
    node.op().infer(signatures(refs));  // For the sake of its errors.
    std::vector<Array> inputs;
    for (Ref r : refs) {
      const Array* value = value_of(r);
      if (value == nullptr || node.op().stateful()) {
        if (split_ == nullptr) {
          fail(node.op().name(), ": the shape of its result is known only when it has run; it cannot be "
               "inside a branch or the body of a loop");
        }
        split_->node = &node;
        return;
      }
      inputs.push_back(*value);
    }
    std::vector<View> views;
    for (const Array& input : inputs) views.push_back(input.view());
    Outputs outputs;
    for (Array& value : node.op().run_shaped({inline_pool()}, views)) {
      outputs.push_back(add_constant(std::move(value)));
    }
    done_[&node] = outputs;
  }

  // The node that computes what `node` does and most besides (Op::prefix_key).
  const Node* widest(const Node& node) {
    if (node.op().prefix_key() == nullptr) return &node;
    if (widest_.empty()) find_widest();
    return widest_.at(node.op().prefix_key());
  }

  void find_widest() {
    absl::flat_hash_set<const Node*> seen;
    std::vector<const Node*> work;
    auto reach = [&](const Tensor& tensor) {
      if (seen.insert(&tensor.node()).second) work.push_back(&tensor.node());
    };
    for (const Tensor& output : request_.outputs) reach(output);
    for (const Tensor& update : request_.updates) reach(update);
    while (!work.empty()) {
      const Node* node = work.back();
      work.pop_back();
      if (feeds_.contains(node)) continue;
      if (const void* key = node->op().prefix_key()) {
        const Node*& widest = widest_.try_emplace(key, node).first->second;
        if (widest->outputs().size() < node->outputs().size()) widest = node;
      }
      for (const Tensor& input : node->inputs()) reach(input);
      for (const Tensor& before : node->after()) reach(before);
      for (const Subgraph& branch : node->op().branches()) {
        for (const Tensor& output : branch.outputs) reach(output);
      }
    }
  }

  Ref ref(const Tensor& tensor) const { return done_.at(&tensor.node())[tensor.output()]; }

  const Array* value_of(Ref r) const {
    const GraphNode& node = graph_.nodes[r.node];
    return node.kind == GraphNode::kConstant ? &node.constant : nullptr;
  }

  int add_node(GraphNode node) {
    graph_.nodes.push_back(std::move(node));
    return static_cast<int>(graph_.nodes.size()) - 1;
  }

  Outputs feed(const Node& node, const std::vector<int>& indices) {
    Outputs outputs(node.outputs().size());
    for (int index : indices) {
      const Signature& signature = request_.feed_signatures[index];
      Ref r;
      if (signature.value != nullptr) {
        r = add_constant(*signature.value);
      } else {
        GraphNode leaf;
        leaf.kind = GraphNode::kFeed;
        leaf.index = index;
        leaf.outputs = {signature};
        r = {add_node(std::move(leaf)), 0};
      }
      outputs[request_.feeds[index].output()] = r;
    }
    return outputs;
  }

  Ref unfed(const PlaceholderOp& placeholder) {
    if (placeholder.default_value.object != nullptr) {
      return add_constant(*placeholder.default_value.object);
    }
    fail("function: an output depends on placeholder '", placeholder.name_, "' of shape ",
         placeholder.shape, ", which is not among the inputs");
  }

  Ref add_constant(Array value) {
    GraphNode node;
    node.kind = GraphNode::kConstant;
    node.outputs = {{value.dtype(), value.shape()}};
    node.constant = std::move(value);
    // Small scalars are merged, so that equal expressions over them are seen to be equal.
    if (node.constant.elements() == 1 && node.constant.rank() == 0) {
      const auto key = std::make_pair(static_cast<int>(node.constant.dtype().kind()), bits(node.constant));
      auto [found, fresh] = scalars_.try_emplace(key, Ref{});
      if (fresh) found->second = {add_node(std::move(node)), 0};
      return found->second;
    }
    return {add_node(std::move(node)), 0};
  }

  static uint64_t bits(const Array& scalar) {
    uint64_t value = 0;
    std::copy_n(scalar.bytes_begin(), scalar.dtype().size(), reinterpret_cast<std::byte*>(&value));
    return value;
  }

  Ref add_variable(const std::shared_ptr<VariableState>& state) {
    auto [found, fresh] = variables_.try_emplace(state.get(), Ref{});
    if (fresh) {
      const Array value = state->value();
      GraphNode node;
      node.kind = GraphNode::kVariable;
      node.index = static_cast<int>(graph_.variables.size());
      node.outputs = {{value.dtype(), value.shape()}};
      graph_.variables.push_back(state);
      found->second = {add_node(std::move(node)), 0};
    }
    return found->second;
  }

  Outputs apply(const Node& node) {
    std::vector<Ref> inputs;
    for (size_t i = 0; i < node.inputs().size(); ++i) {
      const Tensor& input = node.inputs()[i];
      inputs.push_back(has_known_shape(node, i) ? add_shape(input.signature()) : ref(input));
    }
    std::vector<int> after;
    for (const Tensor& tensor : node.after()) {
      const Ref r = ref(tensor);
      if (graph_.nodes[r.node].kind == GraphNode::kOp) after.push_back(r.node);
    }
    if (const auto* assign = dynamic_cast<const AssignOp*>(&node.op())) {
      return {apply_assign(*assign, inputs)};
    }
    return apply_op(node.op_ptr(), std::move(inputs), std::move(after));
  }

  // Updates of one variable add up in the order in which they are met.
  Ref apply_assign(const AssignOp& assign, const std::vector<Ref>& inputs) {
    auto& assignments = graph_.assignments;
    auto same = std::find_if(assignments.begin(), assignments.end(), [&](const Assignment& a) {
      return a.variable == assign.variable.object;
    });
    Ref value = inputs[1];
    if (assign.additive) {
      const Ref base = same == assignments.end() ? inputs[0] : same->value;
      value = apply_op(add_op(), {base, value}, {})[0];
    }
    const Signature &wanted = graph_.signature(inputs[0]), &got = graph_.signature(value);
    if (!(wanted == got)) {
      fail("update: the variable has shape ", wanted.shape, ", the new value ", got.shape);
    }
    if (same == assignments.end()) {
      assignments.push_back({assign.variable.object, value});
    } else {
      same->value = value;
    }
    return value;
  }

  std::shared_ptr<const Op> add_op() {
    const Tensor zero = scalar(0, DType::kFloat32);
    return keel::add(zero, zero).node().op_ptr();
  }

  Outputs apply_op(std::shared_ptr<const Op> op, std::vector<Ref> inputs, std::vector<int> after) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (op->reads_only_shape(static_cast<int>(i))) inputs[i] = shape_of(inputs[i]);
    }
    Signatures in = signatures(inputs);
    Signatures out = op->infer(in);
    for (const Signature& signature : out) {
      if (!signature.shape.is_static()) {
        fail(op->name(), ": its output shape ", signature.shape, " is not known when it is fed");
      }
      in_name_of([&] { return byte_size(signature.shape, signature.dtype); }, op->name(), ": output shape ",
                 signature.shape);
    }
    for (Signature& signature : out) signature.value = nullptr;
    if (op->micro_op() != nullptr) {
      for (Ref& input : inputs) input = splat_as_scalar(input, inputs, out[0].shape);
      in = signatures(inputs);
    }
    if (after.empty()) {
      if (const int same = op->forwards(in, out); same >= 0) return {inputs[same]};
    }
    if (const auto* full = dynamic_cast<const FullLike*>(op.get())) {
      return {add_splat(Array::full({}, full->value, full->dtype), out[0].shape)};
    }
    if (op->micro_op() != nullptr && !op->stateful()) {
      if (auto splat = fold_splat(*op, inputs, out)) return {*splat};
    }
    if (op->name() == "add" && after.empty()) {
      if (auto sum = join_sum(inputs)) return apply_op(std::move(sum->first), std::move(sum->second), {});
    }
    const bool mergeable = !op->stateful() && after.empty();
    MergeKey key{op.get(), inputs};
    if (mergeable) {
      if (auto found = merged_.find(key); found != merged_.end()) return outputs_of(found->second);
      if (can_fold(inputs, out)) return fold(*op, inputs, in, out);
    }
    GraphNode node;
    node.op = std::move(op);
    node.inputs = std::move(inputs);
    node.outputs = std::move(out);
    node.after = std::move(after);
    const int index = add_node(std::move(node));
    if (mergeable) merged_[key] = index;
    keep_alive_.push_back(graph_.nodes[index].op);
    return outputs_of(index);
  }

  // The op, and its inputs, that computes the sum of what two others compute (Op::sum_with).
  std::optional<std::pair<std::shared_ptr<const Op>, std::vector<Ref>>> join_sum(
      const std::vector<Ref>& terms) const {
    const GraphNode &a = graph_.nodes[terms[0].node], &b = graph_.nodes[terms[1].node];
    const bool joinable = a.kind == GraphNode::kOp && b.kind == GraphNode::kOp && a.outputs.size() == 1 &&
                          b.outputs.size() == 1 && a.outputs[0].shape == b.outputs[0].shape &&
                          a.after.empty() && b.after.empty();
    if (!joinable) return std::nullopt;
    auto op = a.op->sum_with(*b.op, signatures(a.inputs));
    if (op == nullptr) return std::nullopt;
    std::vector<Ref> inputs = a.inputs;
    inputs.insert(inputs.end(), b.inputs.begin(), b.inputs.end());
    return std::make_pair(std::move(op), std::move(inputs));
  }

  Outputs outputs_of(int index) const {
    Outputs outputs;
    for (int i = 0; i < static_cast<int>(graph_.nodes[index].outputs.size()); ++i) {
      outputs.push_back({index, i});
    }
    return outputs;
  }

  Signatures signatures(const std::vector<Ref>& refs) const {
    Signatures out;
    for (Ref r : refs) {
      out.push_back(graph_.signature(r));
      out.back().value = value_of(r);
    }
    return out;
  }

  Ref shape_of(Ref r) { return add_shape(graph_.signature(r)); }

  Ref add_shape(const Signature& signature) {
    auto [found, fresh] = shapes_.try_emplace({signature.shape, signature.dtype.kind()}, Ref{});
    if (fresh) {
      GraphNode node;
      node.kind = GraphNode::kShape;
      node.outputs = {{signature.dtype, signature.shape}};
      found->second = {add_node(std::move(node)), 0};
    }
    return found->second;
  }

  Ref add_splat(Array value, const Shape& shape) {
    if (shape.rank() == 0) return add_constant(std::move(value));
    GraphNode node;
    node.kind = GraphNode::kSplat;
    node.outputs = {{value.dtype(), shape}};
    node.constant = std::move(value);
    return {add_node(std::move(node)), 0};
  }

  // A splat operand of an element-wise op as a plain scalar, where another operand gives the shape.
  Ref splat_as_scalar(Ref r, const std::vector<Ref>& inputs, const Shape& shape) {
    if (graph_.nodes[r.node].kind != GraphNode::kSplat) return r;
    const bool shaped = std::any_of(inputs.begin(), inputs.end(), [&](Ref other) {
      return graph_.nodes[other.node].kind != GraphNode::kSplat &&
             graph_.signature(other).shape == shape;
    });
    return shaped ? add_constant(graph_.nodes[r.node].constant) : r;
  }

  // An element-wise op all of whose operands are splats or scalars is a splat.
  std::optional<Ref> fold_splat(const Op& op, const std::vector<Ref>& inputs, const Signatures& out) {
    std::vector<Array> scalars;
    bool any = false;
    for (Ref r : inputs) {
      const GraphNode& node = graph_.nodes[r.node];
      if (node.kind == GraphNode::kShape) continue;
      if (node.kind == GraphNode::kSplat) {
        any = true;
      } else if (node.kind != GraphNode::kConstant || node.constant.rank() != 0) {
        return std::nullopt;
      }
      scalars.push_back(node.constant);
    }
    if (!any && out[0].shape.rank() == 0) return std::nullopt;
    if (op.micro_op() == &kIdentity) return add_splat(scalars[0], out[0].shape);
    return add_splat(evaluate(op, scalars)[0], out[0].shape);
  }

  bool can_fold(const std::vector<Ref>& inputs, const Signatures& out) const {
    for (Ref r : inputs) {
      const auto kind = graph_.nodes[r.node].kind;
      if (kind != GraphNode::kConstant && kind != GraphNode::kShape) return false;
    }
    int64_t bytes = 0;
    for (const Signature& s : out) bytes = checked_add(bytes, byte_size(s.shape, s.dtype));
    return bytes <= kFoldBytes;
  }

  Outputs fold(const Op& op, const std::vector<Ref>& inputs, const Signatures& in,
               const Signatures& out) {
    std::vector<View> views;
    for (Ref r : inputs) {
      const GraphNode& node = graph_.nodes[r.node];
      views.push_back({node.kind == GraphNode::kConstant ? node.constant.bytes_begin() : nullptr,
                       node.outputs[0].dtype, &node.outputs[0].shape});
    }
    Outputs outputs;
    for (Array& value : run_now(op, in, out, views)) outputs.push_back(add_constant(std::move(value)));
    return outputs;
  }

  std::vector<Array> evaluate(const Op& op, const std::vector<Array>& values) {
    Signatures in;
    std::vector<View> views;
    for (const Array& value : values) {
      in.push_back({value.dtype(), value.shape(), &value});
      views.push_back(value.view());
    }
    return run_now(op, in, op.infer(in), views);
  }

  static std::vector<Array> run_now(const Op& op, const Signatures& in, const Signatures& out,
                                    const std::vector<View>& views) {
    const auto kernel = op.compile(in, out);
    const Array scratch({static_cast<int64_t>(kernel->scratch_bytes(inline_pool()))}, DType::kUint8);
    std::vector<Array> results;
    std::vector<View> result_views;
    for (const Signature& s : out) results.emplace_back(s.shape, s.dtype);
    for (const Array& result : results) result_views.push_back(result.view());
    kernel->run({inline_pool(), scratch.bytes_begin()}, views, absl::MakeSpan(result_views));
    return results;
  }

  static const ThreadPool& inline_pool() {
    static const ThreadPool* const pool = new ThreadPool(1);
    return *pool;
  }

  const Request& request_;
  Split* const split_;
  Graph graph_;
  absl::flat_hash_map<const Node*, std::vector<int>> feeds_;
  absl::flat_hash_map<const Node*, Outputs> done_;
  absl::flat_hash_map<const void*, const Node*> widest_;
  absl::flat_hash_map<MergeKey, int> merged_;
  absl::flat_hash_map<std::pair<int, uint64_t>, Ref> scalars_;
  absl::flat_hash_map<const VariableState*, Ref> variables_;
  absl::flat_hash_map<std::pair<Shape, DType::Kind>, Ref> shapes_;
  std::vector<std::shared_ptr<const Op>> keep_alive_;  // merged_'s keys point at these.
};

}  // namespace

std::vector<bool> live_nodes(const Graph& graph) {
  std::vector<bool> live(graph.nodes.size());
  std::vector<int> work;
  for (Ref r : graph.outputs) work.push_back(r.node);
  for (const Assignment& a : graph.assignments) work.push_back(a.value.node);
  while (!work.empty()) {
    const int n = work.back();
    work.pop_back();
    if (live[n]) continue;
    live[n] = true;
    for (Ref r : graph.nodes[n].inputs) work.push_back(r.node);
    work.insert(work.end(), graph.nodes[n].after.begin(), graph.nodes[n].after.end());
  }
  return live;
}

Graph build_graph(const Request& request, Split* split) { return Builder(request, split).build(); }

void absorb_producers(Graph& graph) {
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    GraphNode& node = graph.nodes[n];
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; node.kind == GraphNode::kOp && i < node.inputs.size(); ++i) {
        const GraphNode& producer = graph.nodes[node.inputs[i].node];
        if (producer.kind != GraphNode::kOp || producer.outputs.size() != 1) continue;
        Signatures in;
        for (Ref r : node.inputs) in.push_back(graph.signature(r));
        auto op = node.op->absorb(static_cast<int>(i), *producer.op, in);
        if (op == nullptr) continue;
        std::vector<Ref> inputs(node.inputs.begin(), node.inputs.begin() + i);
        inputs.insert(inputs.end(), producer.inputs.begin(), producer.inputs.end());
        inputs.insert(inputs.end(), node.inputs.begin() + i + 1, node.inputs.end());
        node.inputs = std::move(inputs);
        node.op = std::move(op);
        changed = true;
        break;
      }
    }
  }
}

}  // namespace keel::plan
