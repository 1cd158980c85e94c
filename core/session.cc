#include "core/session.h"

#include <mutex>

#include "core/leaves.h"
#include "core/structure.h"
#include "core/uid.h"

namespace keel {
namespace {

// The seed of a process that never called set_random_seed(): runs are repeatable by default.
constexpr uint64_t kDefaultSeed = 0x6b65656c;

struct Session {
  std::mutex mutex;
  std::optional<int> fixed_phase;
  Tensor phase;
  bool manual_initialization = false;
  uint64_t seed = kDefaultSeed, seeds_given = 0;
};

Session& session() {
  static Session* session = new Session;
  return *session;
}

// SplitMix64's finalizer: neighbouring counters give unrelated seeds.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

Tensor learning_phase() {
  Session& s = session();
  std::lock_guard lock(s.mutex);
  if (s.fixed_phase.has_value()) return scalar(*s.fixed_phase, DType::kInt32);
  if (!s.phase.defined()) {
    s.phase = make<PlaceholderOp>({}, std::string("keras_learning_phase"), DType(DType::kInt32), Shape{});
    auto* op = const_cast<PlaceholderOp*>(op_as<PlaceholderOp>(s.phase));  // Not yet shared.
    op->default_value = {std::make_shared<Array>(Array::full({}, 0, DType::kInt32))};
    op->is_learning_phase = true;
  }
  return s.phase;
}

void internal::set_learning_phase_value(double value) {
  if (value != 0 && value != 1) {
    fail("set_learning_phase: value is ", value, "; accepted are 0 (test) and 1 (train)");
  }
  std::lock_guard lock(session().mutex);
  session().fixed_phase = static_cast<int>(value);
}

void set_learning_phase(const char* value) {
  fail("set_learning_phase: value is \"", value == nullptr ? "" : value,
       "\"; accepted are the numbers 0 (test) and 1 (train)");
}

void set_learning_phase(std::nullptr_t) {
  fail("set_learning_phase: value is nothing; accepted are 0 (test) and 1 (train)");
}

std::optional<int> fixed_learning_phase() {
  std::lock_guard lock(session().mutex);
  return session().fixed_phase;
}

void clear_session() {
  {
    Session& s = session();
    std::lock_guard lock(s.mutex);
    s.fixed_phase.reset();
    s.phase = Tensor();
    s.seeds_given = 0;
  }
  reset_uids();
}

void manual_variable_initialization(bool value) {
  std::lock_guard lock(session().mutex);
  session().manual_initialization = value;
}

bool is_manual_variable_initialization() {
  std::lock_guard lock(session().mutex);
  return session().manual_initialization;
}

void set_random_seed(uint64_t seed) {
  std::lock_guard lock(session().mutex);
  session().seed = seed;
  session().seeds_given = 0;
}

uint64_t next_random_seed() {
  Session& s = session();
  std::lock_guard lock(s.mutex);
  return mix(mix(s.seed) + ++s.seeds_given * 0x9e3779b97f4a7c15u);
}

LearningPhaseScope::LearningPhaseScope() : fixed_(fixed_learning_phase()) {}

LearningPhaseScope::~LearningPhaseScope() {
  std::lock_guard lock(session().mutex);
  session().fixed_phase = fixed_;
}

}  // namespace keel
