#include "core/variable.h"

#include "core/config.h"
#include "core/leaves.h"
#include "core/uid.h"

namespace keel {

Array VariableState::value() const {
  std::lock_guard lock(mutex_);
  return value_;
}

void VariableState::assign(Array value) {
  std::lock_guard lock(mutex_);
  spare_ = std::exchange(value_, std::move(value));
}

Array VariableState::take_spare() {
  std::lock_guard lock(mutex_);
  Array spare = std::exchange(spare_, Array());
  if (!spare.defined() || spare.is_shared()) return Array(value_.shape(), value_.dtype());
  spare.renew_version();
  return spare;
}

Array VariableState::memory_of_next(Array& read) {
  spare_ = Array();
  const bool current = read.bytes_begin() == value_.bytes_begin();
  if (current) read = Array();
  return current && !value_.is_shared() ? value_ : Array(value_.shape(), value_.dtype());
}

void VariableState::replace(Array next) {
  value_ = std::move(next);
  value_.renew_version();
}

namespace {

Tensor make_variable(std::shared_ptr<VariableState> state) {
  return make<VariableOp>({}, internal::Identity<VariableState>{std::move(state)});
}

// `value` in the dtype and shape of the variable, or a ValueError.
Array checked_value(std::string_view function, const VariableState& state, const Array& value) {
  const Array now = state.value();
  if (!value.defined()) fail(function, ": value is an empty array handle");
  if (value.shape() != now.shape()) {
    fail(function, ": value has shape ", value.shape(), " but variable '", state.name(), "' has shape ",
         now.shape());
  }
  return value.cast(now.dtype());
}

std::shared_ptr<VariableState> checked_variable(std::string_view function, const Tensor& x) {
  auto state = variable_state(x);
  if (state == nullptr) fail(function, ": x is ", x, ", not a variable");
  return state;
}

}  // namespace

Variable::Variable(Array value, std::string name, Constraint constraint)
    : state_(std::make_shared<VariableState>(std::move(value), std::move(name))),
      constraint_(std::make_shared<Constraint>(std::move(constraint))) {
  static_cast<Tensor&>(*this) = make_variable(state_);
}

Variable variable(const Array& value, const VariableOptions& options) {
  if (!value.defined()) fail("variable: value is an empty array handle");
  const DType dtype = options.dtype.value_or(DType(floatx()));
  Array own = value.dtype() == dtype ? value.copy() : value.cast(dtype);
  std::string name = options.name.empty() ? "variable_" + std::to_string(get_uid("variable"))
                                          : options.name;
  return Variable(std::move(own), std::move(name), options.constraint);
}

std::shared_ptr<VariableState> variable_state(const Tensor& x) {
  if (!x.defined()) return nullptr;
  const auto* op = op_as<VariableOp>(x);
  return op == nullptr ? nullptr : op->state.object;
}

Array get_value(const Tensor& x) { return checked_variable("get_value", x)->value(); }

std::vector<Array> batch_get_value(const Tensors& ops) {
  std::vector<Array> values;
  for (const Tensor& x : ops) values.push_back(checked_variable("batch_get_value", x)->value());
  return values;
}

void set_value(const Tensor& x, const Array& value) {
  auto state = checked_variable("set_value", x);
  Array checked = checked_value("set_value", *state, value);
  std::lock_guard lock(state->update_mutex());
  state->assign(checked.copy());
}

void batch_set_value(const std::vector<std::pair<Tensor, Array>>& tuples) {
  std::vector<std::pair<std::shared_ptr<VariableState>, Array>> checked;
  for (const auto& [x, value] : tuples) {
    auto state = checked_variable("batch_set_value", x);
    checked.emplace_back(state, checked_value("batch_set_value", *state, value).copy());
  }
  for (auto& [state, value] : checked) {
    std::lock_guard lock(state->update_mutex());
    state->assign(std::move(value));
  }
}

}  // namespace keel
