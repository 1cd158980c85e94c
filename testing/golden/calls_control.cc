// Choices, the learning phase and updates.
#include "ops/control/control.h"

#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

Branch branch(Call& call, const std::string& name) {
  const Tensor value = call.tensor(name);
  if (call.is_callable(name)) return Branch([value] { return value; });
  return value;
}

Training training(Call& call) {
  if (!call.has("training")) return {};
  if (call.is_array("training")) return call.tensor("training");
  return call.is_number("training") ? call.arg<double>("training") : call.arg<bool>("training");
}

Answer call_switch(Call& call) {
  return switch_(call.tensor("condition"), branch(call, "then_expression"), branch(call, "else_expression"));
}

template <Tensor (*f)(const Branch&, const Branch&, const Training&)>
Answer in_phase(Call& call) {
  return f(branch(call, "x"), branch(call, "alt"), training(call));
}

// An update by a tensor or by a plain number.
template <Tensor (*by_tensor)(const Tensor&, const Tensor&), Tensor (*by_number)(const Tensor&, double)>
Answer update_by(Call& call, const char* name) {
  const Tensor x = call.tensor("x");
  if (call.is_number(name)) return by_number(x, call.arg<double>(name));
  return by_tensor(x, call.tensor(name));
}

Answer call_moving_average_update(Call& call) {
  const Tensor x = call.tensor("x"), value = call.tensor("value");
  return moving_average_update(x, value, call.arg<double>("momentum"));
}

constexpr Entry kEntries[] = {
    {"switch", "condition then_expression else_expression", call_switch},
    {"in_train_phase", "x alt training", in_phase<in_train_phase>},
    {"in_test_phase", "x alt training", in_phase<in_test_phase>},
    {"print_tensor", "x message",
     [](Call& c) -> Answer { return print_tensor(c.tensor("x"), c.arg("message", std::string())); }},
    {"update", "x new_x", [](Call& c) -> Answer { return update(c.tensor("x"), c.tensor("new_x")); }},
    {"update_add", "x increment", [](Call& c) { return update_by<update_add, update_add>(c, "increment"); }},
    {"update_sub", "x decrement", [](Call& c) { return update_by<update_sub, update_sub>(c, "decrement"); }},
    {"moving_average_update", "x value momentum", call_moving_average_update},
};

}  // namespace

Entries control_calls() { return kEntries; }

}  // namespace keel::golden
