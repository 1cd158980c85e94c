// The learning phase and what else a session holds. LEARNING_PHASE.md's statements 1 to 5.
#ifndef KEEL_CORE_SESSION_H_
#define KEEL_CORE_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "core/tensor.h"

namespace keel {

namespace internal {
void set_learning_phase_value(double value);
}  // namespace internal

// The learning phase flag, 0 = test and 1 = train: an int32 scalar placeholder that is 0 where a
// function is not fed it, the same tensor until clear_session(); or the constant that
// set_learning_phase() made it. Source: keras.backend.learning_phase.
Tensor learning_phase();

// Fixes the learning phase for graphs built from now on. `value` is 0 or 1, as a number or bool;
// anything else is a ValueError that changes nothing. Source: keras.backend.set_learning_phase.
template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>
void set_learning_phase(T value) {
  internal::set_learning_phase_value(static_cast<double>(value));
}
void set_learning_phase(const char* value);
void set_learning_phase(std::nullptr_t);

// What set_learning_phase() fixed, if anything.
std::optional<int> fixed_learning_phase();

// Forgets the fixed learning phase, the phase placeholder and all uids, and starts the stream of
// random seeds afresh. Graphs that handles still reach stay usable. Source:
// keras.backend.clear_session.
void clear_session();

// Sets the flag that says whether the caller initializes variables himself. Variables here have
// their values from the moment they exist, so the flag changes nothing; it can be read back.
// Source: keras.backend.manual_variable_initialization.
void manual_variable_initialization(bool value);
bool is_manual_variable_initialization();

// Makes all random ops that are built from now on with no seed of their own repeatable: the n-th
// such op gets a seed derived from `seed` and n.
void set_random_seed(uint64_t seed);
// The seed for the next random op that is given none.
uint64_t next_random_seed();

// Restores the learning phase on destruction, for tests.
class LearningPhaseScope {
 public:
  LearningPhaseScope();
  ~LearningPhaseScope();
  LearningPhaseScope(const LearningPhaseScope&) = delete;
  LearningPhaseScope& operator=(const LearningPhaseScope&) = delete;

 private:
  std::optional<int> fixed_;
};

}  // namespace keel

#endif  // KEEL_CORE_SESSION_H_
