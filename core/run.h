// One call of a function, as ops with side effects see it.
#ifndef KEEL_CORE_RUN_H_
#define KEEL_CORE_RUN_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/array.h"
#include "core/variable.h"

namespace keel {

// Counts the calls in which a random node was drawn from, so that each call gets new numbers.
struct DrawCounter {
  uint64_t seed = 0;
  std::atomic<uint64_t> calls{0};
};

// What one call keeps apart from others: which draw it is for each random node, and the assignments
// that branches have asked for.
class Run {
 public:
  // Names the draw that is due for `counter`: which call this is, and which step of which loop. The
  // same however often it is asked within one call and step: the gradient of a dropout inside a loop
  // or branch computes the mask again, and must get the same.
  uint64_t draw(DrawCounter& counter) {
    for (const auto& [known, number] : draws_) {
      if (known == &counter) return number ^ steps_;
    }
    const uint64_t number = counter.calls.fetch_add(1, std::memory_order_relaxed);
    draws_.emplace_back(&counter, number);
    return number ^ steps_;
  }

  // For as long as it lives, step `step` of a loop is under way.
  class Step {
   public:
    Step(Run& run, uint64_t step) : run_(run), around_(run.steps_) {
      // An odd constant spreads the steps over all 64 bits, away from the small numbers of calls.
      run.steps_ = (around_ + step + 1) * 0x9E3779B97F4A7C15u;
    }
    ~Step() { run_.steps_ = around_; }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Run& run_;
    const uint64_t around_;
  };

  // Assigns `value` to `variable` at the end of the call.
  void assign(std::shared_ptr<VariableState> variable, Array value) {
    assignments_.emplace_back(std::move(variable), std::move(value));
  }
  void make_assignments() {
    for (auto& [variable, value] : assignments_) variable->assign(std::move(value));
    assignments_.clear();
  }

 private:
  uint64_t steps_ = 0;  // 0 outside loops.
  absl::InlinedVector<std::pair<DrawCounter*, uint64_t>, 4> draws_;
  absl::InlinedVector<std::pair<std::shared_ptr<VariableState>, Array>, 4> assignments_;
};

}  // namespace keel

#endif  // KEEL_CORE_RUN_H_
