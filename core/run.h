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
  // Which call this is for `counter`. The same within one call, however often it is asked: the
  // gradient of a dropout inside a loop or branch computes the mask again, and must get the same.
  uint64_t draw(DrawCounter& counter) {
    for (const auto& [known, number] : draws_) {
      if (known == &counter) return number;
    }
    const uint64_t number = counter.calls.fetch_add(1, std::memory_order_relaxed);
    draws_.emplace_back(&counter, number);
    return number;
  }

  // Assigns `value` to `variable` at the end of the call.
  void assign(std::shared_ptr<VariableState> variable, Array value) {
    assignments_.emplace_back(std::move(variable), std::move(value));
  }
  void make_assignments() {
    for (auto& [variable, value] : assignments_) variable->assign(std::move(value));
    assignments_.clear();
  }

 private:
  absl::InlinedVector<std::pair<DrawCounter*, uint64_t>, 4> draws_;
  absl::InlinedVector<std::pair<std::shared_ptr<VariableState>, Array>, 4> assignments_;
};

}  // namespace keel

#endif  // KEEL_CORE_RUN_H_
