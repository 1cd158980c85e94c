// Plans: graphs compiled for one set of input shapes.
#ifndef KEEL_CORE_PLAN_PLAN_H_
#define KEEL_CORE_PLAN_PLAN_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/device.h"
#include "core/plan/graph.h"
#include "core/run.h"

namespace keel::plan {

// Locks a mutex of each of some variables, which are in order of address, for as long as it lives.
template <std::mutex& (VariableState::*mutex)()>
class VariableLocks {
 public:
  explicit VariableLocks(absl::Span<VariableState* const> variables) : variables_(variables) {
    for (VariableState* v : variables_) (v->*mutex)().lock();
  }
  ~VariableLocks() {
    for (VariableState* v : variables_) (v->*mutex)().unlock();
  }
  VariableLocks(const VariableLocks&) = delete;
  VariableLocks& operator=(const VariableLocks&) = delete;

 private:
  const absl::Span<VariableState* const> variables_;
};
using UpdateLocks = VariableLocks<&VariableState::update_mutex>;
using ValueLocks = VariableLocks<&VariableState::value_mutex>;

// Where a value lies when the plan runs.
struct Place {
  enum Kind {
    kArena,
    kFeed,
    kVariable,
    kConstant,
    kOutput,
    kNowhere,  // Only the shape is read, or nobody reads it.
  };
  Kind kind = kArena;
  int index = -1;      // Of the feed, variable, constant or output buffer.
  int64_t offset = 0;  // In the arena.
};

// A flat list of steps over one arena. Immutable once made, so any number of calls may run at once,
// each with a state of its own.
class Plan {
 public:
  // Of all that is requested, as a part of another plan's step; ValueError where it would have to be split.
  explicit Plan(const Request& request);
  // Of a graph, for calls: what they update they overwrite at their end, where nothing can fail any more.
  Plan(Graph graph, const ThreadPool& pool);

  // Computes the outputs for these feeds, which have the shapes and dtypes of the request, and then
  // makes the assignments.
  std::vector<Array> call(absl::Span<const Array* const> feeds, const ThreadPool& pool) const;
  // The same as a part of the call `run`, whose assignments are left to the caller. `locked`: whether
  // he holds the locks of the variables assigned to.
  std::vector<Array> call(absl::Span<const Array* const> feeds, const ThreadPool& pool, Run& run,
                          bool locked) const;

  // The same between views, for a subgraph inside another plan's step: once, or again and again.
  class Runner;

  int64_t arena_bytes() const { return arena_bytes_; }
  // The most bytes that are alive at one step: no arena could be smaller for this order.
  int64_t live_bytes() const { return live_bytes_; }
  const Signatures& outputs() const { return output_signatures_; }
  bool assigns() const { return !assignments_.empty(); }
  // One line per step: the op, its shapes, bytes and where its outputs lie.
  std::string to_string() const;

 private:
  friend class Planner;
  struct Step {
    std::unique_ptr<Kernel> kernel;
    std::shared_ptr<const Op> op;  // Null for a fused program.
    std::string label, inside;
    int first_view, inputs, outputs;  // Views of inputs, then of outputs.
    int64_t scratch_offset;
    bool on_device;
  };
  struct ViewPlan {
    Place place;
    DType dtype;
    Shape shape;
  };
  // What one call needs for itself.
  struct State {
    Array arena;
    std::vector<View> views;
    std::vector<Array> variables, buffers;
  };
  struct Assign {
    std::shared_ptr<VariableState> variable;
    Place place;
    Shape shape;
    DType dtype;
  };
  struct Patch {
    int view, index;
  };

  // A state for as long as a call lasts.
  class Lease {
   public:
    explicit Lease(const Plan& plan) : plan_(plan), state_(plan.take_state()) {}
    ~Lease() { plan_.give_back(std::move(state_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    State& state() { return *state_; }

   private:
    const Plan& plan_;
    std::unique_ptr<State> state_;
  };

  void make(Graph graph, const ThreadPool& pool, bool overwrites);
  std::unique_ptr<State> take_state() const;
  void give_back(std::unique_ptr<State> state) const;
  // Points the state's views at the variables as they are now.
  void read_variables(State& state) const;
  // New memory for buffer `index`.
  Array new_buffer(size_t index) const;
  // Steps [begin, end).
  void run_steps(size_t begin, size_t end, const State& state, const ThreadPool& pool, Run* run) const;
  // Points the state's views of buffers at those that there are.
  void patch_buffers(State& state) const;
  // The steps from first_update_ on, and the assignments of what overwrites a variable.
  void run_updates(State& state, const ThreadPool& pool, Run* run) const;
  // The value at `place`, which is no feed.
  Array array_at(const State& state, const Place& place, const Shape& shape) const;

  Device* const device_ = device();  // Null: the CPU alone.
  std::vector<Step> steps_;
  // From here on, steps only compute new values of variables, element by element.
  size_t first_update_ = 0;
  std::vector<ViewPlan> views_;
  std::vector<Patch> feed_patches_, variable_patches_, buffer_patches_;
  std::vector<std::shared_ptr<VariableState>> variables_;
  std::vector<Array> constants_;
  // Arrays made anew in each call: outputs, and new values of variables.
  struct NewBuffer {
    Shape shape;
    DType dtype;
    int variable = -1;  // Index into assignments_ where it takes that variable's spare memory.
    int output = -1;    // The first output that is all of it, if no variable takes it.
    int overwrites = -1;  // Index into variables_ of the one whose memory it has, if that is nobody else's.
  };
  std::vector<NewBuffer> buffers_;
  std::vector<Place> output_places_;
  Signatures output_signatures_;
  std::vector<Assign> assignments_;
  std::vector<VariableState*> locked_;  // Variables assigned to, in order of address.
  std::vector<VariableState*> overwritten_;  // Those among them that are overwritten.
  int64_t arena_bytes_ = 0, live_bytes_ = 0;

  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<State>> free_states_;
};

// Runs a plan as part of another's step. Assignments are left to exec.run, which makes them at the
// end of the call; variables are read once.
class Plan::Runner {
 public:
  Runner(const Plan& plan, const Exec& exec);
  // Computes `outputs` from `feeds`; an output without data is not wanted.
  void run(Views feeds, Views outputs);

 private:
  const Plan& plan_;
  const Exec exec_;
  Lease lease_;
};

}  // namespace keel::plan

#endif  // KEEL_CORE_PLAN_PLAN_H_
