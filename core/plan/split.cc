#include "core/plan/split.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "core/assign.h"

namespace keel::plan {
namespace {

constexpr size_t kMostRests = 32;

bool is_leaf(const Node& node) {
  return dynamic_cast<const PlaceholderOp*>(&node.op()) != nullptr ||
         dynamic_cast<const ConstantOp*>(&node.op()) != nullptr ||
         dynamic_cast<const VariableOp*>(&node.op()) != nullptr;
}

// Calls f(tensor) for the tensors that `tensors` are, and wherever it says true for those that they
// are made of; each node once.
template <typename F>
void walk(Tensors tensors, F f) {
  absl::flat_hash_set<const Node*> seen;
  while (!tensors.empty()) {
    const Tensor tensor = std::move(tensors.back());
    tensors.pop_back();
    if (!seen.insert(&tensor.node()).second || !f(tensor)) continue;
    for (const Tensor& input : tensor.node().inputs()) tensors.push_back(input);
    for (const Tensor& before : tensor.node().after()) tensors.push_back(before);
  }
}

Tensors roots(const Request& request) {
  Tensors all = request.outputs;
  all.insert(all.end(), request.updates.begin(), request.updates.end());
  return all;
}

bool is_fed(const Request& request, const Node& node) {
  return std::any_of(request.feeds.begin(), request.feeds.end(),
                     [&](const Tensor& feed) { return &feed.node() == &node; });
}

}  // namespace

SplitPlan::SplitPlan(Request request) : request_(std::move(request)) {
  Split found;
  Graph graph = build_graph(request_, &found);
  if (found.node != nullptr) {
    split(found);
  } else {
    plan_ = std::make_unique<Plan>(std::move(graph), *request_.pool);
    request_ = {};  // Plans outlive the graphs that they were made of.
  }
}

void SplitPlan::split(const Split& split) {
  node_ = split.node;
  for (Signature& signature : request_.feed_signatures) {
    if (signature.value != nullptr) known_.push_back(*signature.value);
  }
  size_t next = 0;
  for (Signature& signature : request_.feed_signatures) {
    if (signature.value != nullptr) signature.value = &known_[next++];
  }
  walk(roots(request_), [&](const Tensor& tensor) {
    if (&tensor.node() == node_) {
      for (size_t i = 0; i < node_->outputs().size(); ++i) {
        results_.emplace_back(tensor.node_ptr(), static_cast<int>(i));
      }
    }
    return results_.empty();
  });
  carried_ = find_carried(split);
  Request first = request_;
  first.outputs = node_->inputs();
  first.outputs.insert(first.outputs.end(), carried_.begin(), carried_.end());
  first.updates = {};
  Graph graph = build_graph(first, nullptr);
  graph.assignments.clear();
  plan_ = std::make_unique<Plan>(std::move(graph), *request_.pool);
  // An assignment on the way to the node is made by the rest too, which may not meet it otherwise.
  Tensors met;
  walk(roots(request_), [&](const Tensor& tensor) {
    if (const auto* assign = op_as<AssignOp>(tensor)) {
      assigned_.push_back(assign->variable.object.get());
      if (split.before.contains(&tensor.node())) met.push_back(tensor);
    }
    return true;
  });
  std::sort(met.begin(), met.end(), [](const Tensor& a, const Tensor& b) { return a.node().id() < b.node().id(); });
  request_.updates.insert(request_.updates.begin(), met.begin(), met.end());
  std::sort(assigned_.begin(), assigned_.end());
  assigned_.erase(std::unique(assigned_.begin(), assigned_.end()), assigned_.end());
}

Tensors SplitPlan::find_carried(const Split& split) const {
  // What comes of an assignment stays with it, in the last part.
  std::vector<const Node*> before(split.before.begin(), split.before.end());
  std::sort(before.begin(), before.end(), [](const Node* a, const Node* b) { return a->id() < b->id(); });
  absl::flat_hash_set<const Node*> after_assignment;
  for (const Node* node : before) {
    bool is = dynamic_cast<const AssignOp*>(&node->op()) != nullptr;
    for (const Tensor& input : node->inputs()) is |= after_assignment.contains(&input.node());
    for (const Tensor& other : node->after()) is |= after_assignment.contains(&other.node());
    if (is) after_assignment.insert(node);
  }
  Tensors carried;
  walk(roots(request_), [&](const Tensor& tensor) {
    const Node& node = tensor.node();
    if (&node == node_ || is_leaf(node) || is_fed(request_, node)) return false;
    if (!split.before.contains(&node) || after_assignment.contains(&node)) return true;
    for (size_t i = 0; i < node.outputs().size(); ++i) {
      carried.emplace_back(tensor.node_ptr(), static_cast<int>(i));
    }
    return false;
  });
  return carried;
}

std::vector<Array> SplitPlan::call(absl::Span<const Array* const> feeds, const ThreadPool& pool) const {
  if (node_ == nullptr) return plan_->call(feeds, pool);
  Run run;
  const UpdateLocks locks(assigned_);
  std::vector<Array> outputs = call_parts({feeds.begin(), feeds.end()}, pool, run, /*locked=*/true);
  run.make_assignments();
  return outputs;
}

std::vector<Array> SplitPlan::call_parts(std::vector<const Array*> feeds, const ThreadPool& pool,
                                         Run& run, bool locked) const {
  std::vector<Array> values = plan_->call(feeds, pool, run, locked);
  if (node_ == nullptr) return values;
  std::vector<View> views;
  const size_t inputs = node_->inputs().size();
  for (size_t i = 0; i < inputs; ++i) views.push_back(values[i].view());
  const std::vector<Array> results = node_->op().run_shaped({pool, nullptr, &run}, views);
  for (size_t i = inputs; i < values.size(); ++i) feeds.push_back(&values[i]);
  for (const Array& result : results) feeds.push_back(&result);
  return rest_for(results, pool)->call_parts(std::move(feeds), pool, run, locked);
}

std::shared_ptr<const SplitPlan> SplitPlan::rest_for(const std::vector<Array>& results,
                                                     const ThreadPool& pool) const {
  std::vector<Shape> shapes;
  for (const Array& result : results) shapes.push_back(result.shape());
  {
    std::lock_guard lock(mutex_);
    for (auto it = rests_.begin(); it != rests_.end(); ++it) {
      if (it->shapes != shapes) continue;
      rests_.splice(rests_.begin(), rests_, it);
      return rests_.front().plan;
    }
  }
  Request rest = request_;
  rest.pool = &pool;
  const Signatures& known = plan_->outputs();
  for (size_t i = 0; i < carried_.size(); ++i) {
    rest.feeds.push_back(carried_[i]);
    rest.feed_signatures.push_back(known[node_->inputs().size() + i]);
  }
  for (size_t i = 0; i < results.size(); ++i) {
    rest.feeds.push_back(results_[i]);
    rest.feed_signatures.push_back({results[i].dtype(), results[i].shape()});
  }
  auto plan = std::make_shared<const SplitPlan>(std::move(rest));
  std::lock_guard lock(mutex_);
  rests_.push_front({std::move(shapes), plan});
  if (rests_.size() > kMostRests) rests_.pop_back();
  return plan;
}

std::string SplitPlan::to_string() const {
  if (node_ == nullptr) return plan_->to_string();
  std::string text = plan_->to_string();
  text += "split at " + std::string(node_->op().name()) + "[" + node_->op().attributes() +
          "], whose result tells the shapes of the rest\n";
  return text;
}

}  // namespace keel::plan
