// SGD and the optimizers that scale each weight's step by its past gradients.
#include <memory>

#include "layers_support/optimizers/optimizers.h"
#include "nlohmann/json.hpp"

namespace keel::optimizers {
namespace {

void check_fraction(const char* optimizer, const char* name, double value) {
  if (!(value >= 0 && value <= 1)) fail(optimizer, ": ", name, " is ", value, "; it must be in [0, 1]");
}

void check_epsilon(const char* optimizer, double value) {
  if (!(value >= 0)) fail(optimizer, ": epsilon is ", value, "; it must be at least 0");
}

class Sgd final : public OptimizerRule {
 public:
  Sgd(double momentum, bool nesterov) : momentum_(momentum), nesterov_(nesterov) {
    check_fraction("SGD", "momentum", momentum);
  }

  std::string_view class_name() const override { return "SGD"; }
  Json config() const override { return {{"momentum", momentum_}, {"nesterov", nesterov_}}; }
  std::vector<OptimizerSlot> slots() const override {
    if (momentum_ == 0) return {};
    return {{.name = "moment", .aliases = {"m"}}};
  }

  Tensor next(OptimizerStep& step, const Variable& w, const Tensor& g) const override {
    const Tensor descent = step.learning_rate(w.dtype()) * g;
    if (momentum_ == 0) return w - descent;
    const Variable moment = step.slot(&w, "moment");
    const Tensor velocity = momentum_ * moment - descent;
    step.update(moment, velocity);
    return nesterov_ ? w + momentum_ * velocity - descent : w + velocity;
  }

 private:
  const double momentum_;
  const bool nesterov_;
};

class Rmsprop final : public OptimizerRule {
 public:
  Rmsprop(double rho, double epsilon) : rho_(rho), epsilon_(epsilon) {
    check_fraction("RMSprop", "rho", rho);
    check_epsilon("RMSprop", epsilon);
  }

  std::string_view class_name() const override { return "RMSprop"; }
  Json config() const override { return {{"rho", rho_}, {"epsilon", epsilon_}}; }
  std::vector<OptimizerSlot> slots() const override {
    return {{.name = "accumulator", .aliases = {"rms", "velocity"}}};
  }

  Tensor next(OptimizerStep& step, const Variable& w, const Tensor& g) const override {
    const Variable accumulator = step.slot(&w, "accumulator");
    const Tensor rho = scalar(rho_, w.dtype());
    const Tensor value = rho * accumulator + (1 - rho) * square(g);
    step.update(accumulator, value);
    return w - step.learning_rate(w.dtype()) * g / (sqrt(value) + epsilon_);
  }

 private:
  const double rho_, epsilon_;
};

class Adagrad final : public OptimizerRule {
 public:
  Adagrad(double initial, double epsilon) : initial_(initial), epsilon_(epsilon) {
    if (!(initial >= 0)) fail("Adagrad: initial_accumulator_value is ", initial, "; it must be at least 0");
    check_epsilon("Adagrad", epsilon);
  }

  std::string_view class_name() const override { return "Adagrad"; }
  Json config() const override {
    Json config = {{"epsilon", epsilon_}};
    if (initial_ != 0) config["initial_accumulator_value"] = initial_;  // Keras 2.3 has no such argument.
    return config;
  }
  std::vector<OptimizerSlot> slots() const override { return {{.name = "accumulator", .initial = initial_}}; }

  Tensor next(OptimizerStep& step, const Variable& w, const Tensor& g) const override {
    const Variable accumulator = step.slot(&w, "accumulator");
    const Tensor value = accumulator + square(g);
    step.update(accumulator, value);
    return w - step.learning_rate(w.dtype()) * g / (sqrt(value) + epsilon_);
  }

 private:
  const double initial_, epsilon_;
};

class Adadelta final : public OptimizerRule {
 public:
  Adadelta(double rho, double epsilon) : rho_(rho), epsilon_(epsilon) {
    check_fraction("Adadelta", "rho", rho);
    check_epsilon("Adadelta", epsilon);
  }

  std::string_view class_name() const override { return "Adadelta"; }
  Json config() const override { return {{"rho", rho_}, {"epsilon", epsilon_}}; }
  std::vector<OptimizerSlot> slots() const override {
    return {{.name = "accumulator", .aliases = {"accum_grad", "accumulated_grad"}},
            {.name = "delta_accumulator", .aliases = {"accum_var", "accumulated_delta_var"}}};
  }

  Tensor next(OptimizerStep& step, const Variable& w, const Tensor& g) const override {
    const Variable accumulator = step.slot(&w, "accumulator");
    const Variable deltas = step.slot(&w, "delta_accumulator");
    const Tensor value = rho_ * accumulator + (1 - rho_) * square(g);
    const Tensor delta = g * sqrt(deltas + epsilon_) / sqrt(value + epsilon_);
    step.update(accumulator, value);
    step.update(deltas, rho_ * deltas + (1 - rho_) * square(delta));
    return w - step.learning_rate(w.dtype()) * delta;
  }

 private:
  const double rho_, epsilon_;
};

template <typename Options>
OptimizerOptions common(const Options& o) {
  return {.learning_rate = o.learning_rate, .decay = o.decay, .clipnorm = o.clipnorm, .clipvalue = o.clipvalue};
}

}  // namespace

Optimizer sgd(const SgdOptions& o) {
  return Optimizer(std::make_shared<Sgd>(o.momentum, o.nesterov), common(o));
}

Optimizer rmsprop(const RmspropOptions& o) {
  return Optimizer(std::make_shared<Rmsprop>(o.rho, o.epsilon.value_or(epsilon())), common(o));
}

Optimizer adagrad(const AdagradOptions& o) {
  return Optimizer(std::make_shared<Adagrad>(o.initial_accumulator_value, o.epsilon.value_or(epsilon())), common(o));
}

Optimizer adadelta(const AdadeltaOptions& o) {
  return Optimizer(std::make_shared<Adadelta>(o.rho, o.epsilon.value_or(epsilon())), common(o));
}

}  // namespace keel::optimizers
