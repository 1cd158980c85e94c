#include "ops/control/phase.h"

#include "core/op.h"
#include "core/session.h"
#include "core/structure.h"

namespace keel {
namespace {

// A tensor equal to `x` that says it depends on the learning phase.
Tensor mark(const Tensor& x) {
  return Tensor(make_node(identity(x).node().op_ptr(), {x}, {}, /*uses_learning_phase=*/true), 0);
}

}  // namespace

std::optional<bool> Training::fixed(std::string_view function) const {
  if (!fixed_.has_value()) return std::nullopt;
  if (*fixed_ != 0 && *fixed_ != 1) {
    fail(function, ": training is ", *fixed_, "; accepted are 0 (test) and 1 (train)");
  }
  return *fixed_ != 0;
}

Training::operator bool() const {
  if (tensor_.defined()) {
    fail("if (training): training is a tensor, whose value is not known yet; in_train_phase() chooses by it");
  }
  return fixed("if (training)").value_or(false);
}

Tensor in_train_phase(const Branch& x, const Branch& alt, const Training& training) {
  if (const auto fixed = training.fixed("in_train_phase")) return *fixed ? x.value() : alt.value();
  if (!training.absent()) {
    if (training.tensor().rank() != 0) {
      fail("in_train_phase: training has shape ", training.tensor().shape(), "; it must be a scalar");
    }
    return switch_(training.tensor(), x, alt);
  }
  if (const auto phase = fixed_learning_phase()) return *phase == 1 ? x.value() : alt.value();
  return mark(switch_(learning_phase(), x, alt));
}

Tensor in_test_phase(const Branch& x, const Branch& alt, const Training& training) {
  return in_train_phase(alt, x, training);
}

}  // namespace keel
