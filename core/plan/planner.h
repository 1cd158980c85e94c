// From a graph to a plan: the order of steps, and where each value lies.
#ifndef KEEL_CORE_PLAN_PLANNER_H_
#define KEEL_CORE_PLAN_PLANNER_H_

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/plan/plan.h"

namespace keel::plan {

// Writes the plan of a graph, in the order in which its methods are declared.
class Planner {
 public:
  // `overwrites`: whether variables may be overwritten at the end.
  Planner(Graph graph, const ThreadPool& pool, bool overwrites, Plan& plan)
      : graph_(std::move(graph)), pool_(pool), overwrites_(overwrites), plan_(plan) {}
  void run();

 private:
  // Memory that holds one value, with all views of it and what is written in its place.
  struct Storage {
    int64_t bytes = 0;
    Place place;
    int defined = 0, last_read = -1;  // Steps.
  };

  void find_units();
  std::set<std::pair<int, int>> read_outputs() const;
  void add_storages();
  std::vector<int> depth_first_order() const;
  std::vector<int> greedy_order() const;
  int64_t peak(const std::vector<int>& order) const;
  void choose_order();
  void postpone_updates();
  void compile_steps();
  std::unique_ptr<Kernel> compile(const GraphNode& node) const;
  void find_lifetimes();
  int overwritten_by(const Assignment& assignment) const;
  void find_external();
  void reuse_in_place();
  void place_in_arena();
  void write_plan();

  bool is_step(int n) const { return unit_of_[n] == n; }
  int storage_of(Ref r) const { return storage_.at({r.node, r.output}); }
  int find_storage(int s) const;
  Storage& storage(Ref r) { return storages_[find_storage(storage_of(r))]; }

  Graph graph_;
  const ThreadPool& pool_;
  const bool overwrites_;
  Plan& plan_;
  std::vector<bool> live_;
  std::vector<int> unit_of_;  // The node whose step computes a node: itself, or -1.
  std::vector<int> order_;    // Nodes, as steps.
  std::map<std::pair<int, int>, int> storage_;  // Ref to storage.
  std::vector<Storage> storages_;
  std::vector<int> merged_into_;  // A storage that took another's place.
  std::vector<std::vector<int>> needs_, needed_by_;  // Per node, through views: steps.
  std::vector<std::unique_ptr<Kernel>> kernels_;  // Per step.
  std::vector<bool> on_device_;
  std::vector<int64_t> scratch_offsets_;
};

}  // namespace keel::plan

#endif  // KEEL_CORE_PLAN_PLANNER_H_
