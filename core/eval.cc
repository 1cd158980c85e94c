#include <cstring>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/function.h"
#include "core/label.h"
#include "core/leaves.h"
#include "core/plan/split.h"

namespace keel {
namespace {

// Constants of at most this many elements are part of a graph's structure; larger ones are data.
constexpr int64_t kStructuralElements = 16;

// A graph without its data: the same for two graphs that differ in the values of variables and of
// large constants alone.
struct Structure {
  std::vector<std::shared_ptr<const Op>> ops;  // Null where data goes in.
  std::vector<std::pair<DType, Shape>> data;
  std::vector<Array> constants;
  std::vector<int> wires;  // Per node: its inputs, as pairs of node and output; then -1.
  int output = 0;
  int threads = current_pool().threads();  // Plans are made for a number of threads.

  friend bool operator==(const Structure& a, const Structure& b) {
    if (a.output != b.output || a.threads != b.threads || a.wires != b.wires || a.data != b.data) return false;
    if (a.ops.size() != b.ops.size() || a.constants.size() != b.constants.size()) return false;
    for (size_t i = 0; i < a.ops.size(); ++i) {
      if ((a.ops[i] == nullptr) != (b.ops[i] == nullptr)) return false;
      if (a.ops[i] != nullptr && !a.ops[i]->equals(*b.ops[i])) return false;
    }
    for (size_t i = 0; i < a.constants.size(); ++i) {
      const Array &x = a.constants[i], &y = b.constants[i];
      if (x.dtype() != y.dtype() || x.shape() != y.shape() ||
          std::memcmp(x.bytes_begin(), y.bytes_begin(), x.bytes()) != 0) {
        return false;
      }
    }
    return true;
  }
  template <typename H>
  friend H AbslHashValue(H h, const Structure& s) {
    for (const auto& op : s.ops) h = H::combine(std::move(h), op == nullptr ? 0 : op->hash());
    return H::combine(std::move(h), s.wires, s.output, s.data.size());
  }
};

// Takes a graph apart into its structure and the data that goes into it.
class Dissection {
 public:
  explicit Dissection(const Tensor& x) {
    visit(x);
    structure.output = x.output();
  }

  Structure structure;
  Tensors leaves;           // Where data goes in …
  std::vector<Array> data;  // … and what.

 private:
  void visit(const Tensor& root) {
    std::vector<Tensor> stack{root};
    while (!stack.empty()) {
      const Tensor tensor = stack.back();
      const Node& node = tensor.node();
      if (numbers_.contains(&node)) {
        stack.pop_back();
        continue;
      }
      const size_t before = stack.size();
      for (const Tensor& t : node.inputs()) {
        if (!numbers_.contains(&t.node())) stack.push_back(t);
      }
      for (const Tensor& t : node.after()) {
        if (!numbers_.contains(&t.node())) stack.push_back(t);
      }
      if (stack.size() != before) continue;
      stack.pop_back();
      add(tensor);
    }
  }

  void add(const Tensor& tensor) {
    const Node& node = tensor.node();
    numbers_[&node] = static_cast<int>(structure.ops.size());
    if (auto state = variable_state(tensor)) {
      add_leaf(tensor, state->value());
      return;
    }
    if (const auto* constant = op_as<ConstantOp>(tensor)) {
      const Array& value = *constant->value.object;
      if (value.elements() > kStructuralElements) {
        add_leaf(tensor, value);
        return;
      }
      structure.constants.push_back(value);
      structure.ops.push_back(nullptr);
      structure.wires.push_back(-2);
      return;
    }
    structure.ops.push_back(node.op_ptr());
    for (const Tensor& t : node.inputs()) {
      structure.wires.push_back(numbers_.at(&t.node()));
      structure.wires.push_back(t.output());
    }
    for (const Tensor& t : node.after()) structure.wires.push_back(numbers_.at(&t.node()));
    structure.wires.push_back(-1);
  }

  void add_leaf(const Tensor& tensor, Array value) {
    structure.ops.push_back(nullptr);
    structure.wires.push_back(-3);
    structure.data.emplace_back(value.dtype(), value.shape());
    leaves.push_back(tensor);
    data.push_back(std::move(value));
  }

  absl::flat_hash_map<const Node*, int> numbers_;
};

// Plans of eval(), by structure.
class EvalCache {
 public:
  static EvalCache& instance() {
    static EvalCache* cache = new EvalCache;
    return *cache;
  }

  std::shared_ptr<const plan::SplitPlan> plan_for(const Tensor& x, Dissection& parts) {
    {
      std::lock_guard lock(mutex_);
      if (auto found = plans_.find(parts.structure); found != plans_.end()) return found->second;
    }
    plan::Request request;
    request.feeds = parts.leaves;
    for (const Array& value : parts.data) {
      request.feed_signatures.push_back({value.dtype(), value.shape()});
    }
    request.outputs = {x};
    request.pool = &current_pool();
    auto plan = std::make_shared<const plan::SplitPlan>(request);
    // A plan that assigns is bound to its variables, not to their values, and one that is split to the
    // graph that it goes on with.
    if (plan->is_bound()) return plan;
    std::lock_guard lock(mutex_);
    if (plans_.size() >= kMostEvalPlans) plans_.clear();
    plans_.emplace(std::move(parts.structure), plan);
    return plan;
  }

 private:
  static constexpr size_t kMostEvalPlans = 256;
  std::mutex mutex_;
  absl::flat_hash_map<Structure, std::shared_ptr<const plan::SplitPlan>> plans_;
};

}  // namespace

Array eval(const Tensor& labelled) {
  if (!labelled.defined()) fail("eval: x is an empty tensor handle");
  const Tensor x = without_label(labelled);
  if (auto state = variable_state(x)) return state->value();
  Dissection parts(x);
  const auto plan = EvalCache::instance().plan_for(x, parts);
  std::vector<const Array*> feeds;
  for (const Array& value : parts.data) feeds.push_back(&value);
  return plan->call(feeds, current_pool())[0];
}

}  // namespace keel
