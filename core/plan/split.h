// Plans of graphs in which shapes depend on values.
#ifndef KEEL_CORE_PLAN_SPLIT_H_
#define KEEL_CORE_PLAN_SPLIT_H_

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/plan/plan.h"

namespace keel::plan {

// What a request asks for, in one plan, or split at a node whose results have shapes that only its
// run tells (Op::shapes_at_run_time): a plan for what stands before that node, the node itself, and
// then, per set of shapes that came out of it, a plan for the rest, perhaps split again. What the
// rest reads of the first part is handed on, not computed anew. Each part reads the variables as they
// are when it begins; all assignments are made by the last. Thread-safe.
class SplitPlan {
 public:
  explicit SplitPlan(Request request);

  // As Plan::call.
  std::vector<Array> call(absl::Span<const Array* const> feeds, const ThreadPool& pool) const;

  // Whether it belongs to the graph that it was made of: it assigns to variables, or is split.
  bool is_bound() const { return node_ != nullptr || plan_->assigns(); }
  // The plan, or its first part.
  const Plan& first() const { return *plan_; }
  std::string to_string() const;

 private:
  struct Rest {
    std::vector<Shape> shapes;
    std::shared_ptr<const SplitPlan> plan;
  };

  void split(const Split& split);
  // What the rest reads of the first part: all outputs of each node that it reads of.
  Tensors find_carried(const Split& split) const;
  std::vector<Array> call_parts(std::vector<const Array*> feeds, const ThreadPool& pool, Run& run,
                                bool locked) const;
  std::shared_ptr<const SplitPlan> rest_for(const std::vector<Array>& results, const ThreadPool& pool) const;

  Request request_;             // Empty where nothing is split.
  std::vector<Array> known_;    // The values that its signatures point to.
  std::unique_ptr<Plan> plan_;
  const Node* node_ = nullptr;  // Where it is split.
  Tensors carried_;             // The outputs of the first part behind the inputs of `node_`.
  Tensors results_;             // The outputs of `node_`.
  std::vector<VariableState*> assigned_;  // In order of address.
  mutable std::mutex mutex_;
  mutable std::list<Rest> rests_;  // The one used last first.
};

}  // namespace keel::plan

#endif  // KEEL_CORE_PLAN_SPLIT_H_
