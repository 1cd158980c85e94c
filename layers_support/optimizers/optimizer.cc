#include "layers_support/optimizers/optimizer.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "layers_support/optimizers/rules.h"
#include "nlohmann/json.hpp"

namespace keel {
namespace {

// The dtype that scalars of a step are computed in: step counts outgrow 16 bits.
DType wide(DType dtype) { return dtype == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32; }

// Gradients scaled together so that the norm of all is at most `limit`, as Keras 2.3 has it.
void clip_by_norm(Tensors& gradients, double limit) {
  Tensor total;
  for (const Tensor& g : gradients) {
    const Tensor part = cast(sum(square(g)), wide(g.dtype()));
    total = !total.defined() ? part : total + cast(part, total.dtype());
  }
  const Tensor norm = sqrt(total);
  const Tensor factor = where(greater_equal(norm, limit), limit / norm, ones_like(norm));
  for (Tensor& g : gradients) g = g * cast(factor, g.dtype());
}

void check_options(std::string_view name, const OptimizerOptions& o) {
  const double* rate = std::get_if<double>(&o.learning_rate);
  if (rate != nullptr && !(*rate >= 0)) fail(name, ": learning_rate is ", *rate, "; it must be at least 0");
  if (!(o.decay >= 0)) fail(name, ": decay is ", o.decay, "; it must be at least 0");
  if (!(o.clipnorm >= 0)) fail(name, ": clipnorm is ", o.clipnorm, "; it must be at least 0");
  if (!(o.clipvalue >= 0)) fail(name, ": clipvalue is ", o.clipvalue, "; it must be at least 0");
}

}  // namespace

class Optimizer::State {
 public:
  State(std::shared_ptr<const OptimizerRule> rule, const OptimizerOptions& options)
      : rule_(std::move(rule)), options_(options),
        iterations_(variable(Array(int64_t{0}), {.dtype = "int64", .name = "iterations"})) {
    check_options(rule_->class_name(), options);
    for (const OptimizerSlot& slot : rule_->slots()) kinds_.push_back({slot, {}});
    if (const double* rate = std::get_if<double>(&options.learning_rate)) {
      learning_rate_ = variable(Array(*rate), {.name = "learning_rate"});
    }
  }

  const OptimizerRule& rule() const { return *rule_; }
  const OptimizerOptions& options() const { return options_; }
  const Variable& iterations() const { return iterations_; }
  const Variable& learning_rate() const { return learning_rate_; }

  Tensor rate_tensor(DType dtype) const {
    const Tensor done = cast(iterations_, wide(dtype));
    const auto* schedule = std::get_if<Schedule>(&options_.learning_rate);
    Tensor rate = schedule != nullptr ? (*schedule)(done) : cast(learning_rate_, done.dtype());
    if (options_.decay > 0) rate = rate / (options_.decay * done + 1);
    return cast(rate, dtype);
  }

  Tensor count_tensor(DType dtype) const { return cast(iterations_, dtype) + 1; }

  Variable slot(const Variable* weight, std::string_view name) {
    const VariableState* key = weight == nullptr ? nullptr : weight->state().get();
    Kind& kind = *std::find_if(kinds_.begin(), kinds_.end(), [&](const Kind& k) { return k.slot.name == name; });
    for (const auto& [owner, variable] : kind.variables) {
      if (owner.get() == key) return variable;
    }
    const Shape shape = weight == nullptr ? Shape{} : weight->shape();
    const DType dtype = weight == nullptr ? DType(floatx()) : weight->dtype();
    std::string full_name(name);
    if (weight != nullptr) full_name += "_" + std::to_string(kind.variables.size());
    const Variable made(Array::full(shape, kind.slot.initial, dtype), full_name);
    kind.variables.emplace_back(weight == nullptr ? nullptr : weight->state(), made);
    return made;
  }

  std::vector<Slots> slots(const std::vector<Variable>& weights) {
    std::vector<Slots> out;
    for (const OptimizerSlot& kind : rule_->slots()) {
      out.push_back({kind, {}});
      if (kind.used && kind.shared) out.back().variables.push_back(slot(nullptr, kind.name));
      if (!kind.used || kind.shared) continue;
      for (const Variable& weight : weights) out.back().variables.push_back(slot(&weight, kind.name));
    }
    return out;
  }

  std::vector<Variable> weights() const {
    std::vector<Variable> out{iterations_};
    for (const Kind& kind : kinds_) {
      for (const auto& [owner, variable] : kind.variables) out.push_back(variable);
    }
    return out;
  }

  // The compiled step for these weights.
  Function step_for(const std::vector<std::pair<Array, Variable>>& pairs, Optimizer& optimizer) {
    std::vector<std::shared_ptr<VariableState>> key;
    for (const auto& pair : pairs) key.push_back(pair.second.state());
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = steps_.find(key);
    if (found != steps_.end()) return found->second;
    Tensors inputs;
    std::vector<std::pair<Tensor, Variable>> gradients;
    for (const auto& [gradient, weight] : pairs) {
      inputs.push_back(placeholder({.shape = weight.shape(), .dtype = weight.dtype()}));
      gradients.emplace_back(inputs.back(), weight);
    }
    return steps_.emplace(std::move(key), function(inputs, {}, optimizer.updates_for(gradients))).first->second;
  }

 private:
  struct Kind {
    OptimizerSlot slot;
    std::vector<std::pair<std::shared_ptr<VariableState>, Variable>> variables;  // With the weight of each.
  };

  const std::shared_ptr<const OptimizerRule> rule_;
  const OptimizerOptions options_;
  const Variable iterations_;
  Variable learning_rate_;
  std::vector<Kind> kinds_;
  std::mutex mutex_;
  std::map<std::vector<std::shared_ptr<VariableState>>, Function> steps_;
};

namespace {

// The step that State builds updates with.
template <typename State>
class StepOf final : public OptimizerStep {
 public:
  StepOf(State& state, Tensors& updates) : state_(state), updates_(updates) {}

  Tensor learning_rate(DType dtype) override { return state_.rate_tensor(dtype); }
  Tensor count(DType dtype) override { return state_.count_tensor(dtype); }
  Variable slot(const Variable* weight, std::string_view name) override { return state_.slot(weight, name); }
  void update(const Variable& slot, const Tensor& value) override {
    updates_.push_back(keel::update(slot, value));
  }

 private:
  State& state_;
  Tensors& updates_;
};

}  // namespace

Optimizer::Optimizer(std::shared_ptr<const OptimizerRule> rule, const OptimizerOptions& options)
    : state_(std::make_shared<State>(std::move(rule), options)) {}

Optimizer::Optimizer(std::string_view name) : Optimizer(from_config(Json(std::string(name)))) {}

Optimizer Optimizer::from_config(const Json& config) {
  const ObjectConfig object("optimizer", config);
  return optimizer_from_config(ConfigReader(object.class_name(), object.config()));
}

Tensors Optimizer::get_updates(const Tensor& loss, const std::vector<Variable>& weights) {
  const Tensors found = gradients(loss, {weights.begin(), weights.end()});
  std::vector<std::pair<Tensor, Variable>> pairs;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!found[i].defined()) {
      fail("get_updates: the loss does not depend on weight '", weights[i].name(), "' of shape ",
           weights[i].shape(), ", so that has no gradient");
    }
    pairs.emplace_back(found[i], weights[i]);
  }
  return updates_for(pairs);
}

Tensors Optimizer::updates_for(const std::vector<std::pair<Tensor, Variable>>& pairs) {
  Tensors gradients;
  std::vector<Variable> weights;
  for (const auto& [gradient, weight] : pairs) {
    if (!weight.defined()) fail(name(), ": a weight is an empty handle");
    if (!gradient.defined()) continue;
    if (gradient.dtype() != weight.dtype()) {
      fail(name(), ": the gradient of '", weight.name(), "' is of dtype ", gradient.dtype(), " but the weight of ",
           weight.dtype());
    }
    gradients.push_back(gradient);
    weights.push_back(weight);
  }
  if (weights.empty() && !pairs.empty()) fail(name(), ": none of the ", pairs.size(), " weights has a gradient");
  if (const double limit = state_->options().clipnorm; limit > 0 && !gradients.empty()) {
    clip_by_norm(gradients, limit);
  }
  if (const double limit = state_->options().clipvalue; limit > 0) {
    for (Tensor& g : gradients) g = clip(g, -limit, limit);
  }
  Tensors updates{update_add(state_->iterations(), 1)};
  StepOf<State> step(*state_, updates);
  state_->rule().begin(step);
  for (size_t i = 0; i < weights.size(); ++i) {
    Tensor value = state_->rule().next(step, weights[i], gradients[i]);
    if (weights[i].constraint() != nullptr) value = weights[i].constraint()(value);
    updates.push_back(update(weights[i], value));
  }
  return updates;
}

void Optimizer::apply_gradients(const std::vector<std::pair<Array, Variable>>& pairs) {
  std::vector<Array> values;
  for (const auto& [gradient, weight] : pairs) {
    if (!weight.defined()) fail("apply_gradients: a weight is an empty handle");
    if (!gradient.defined() || gradient.shape() != weight.shape() || gradient.dtype() != weight.dtype()) {
      fail("apply_gradients: the gradient of '", weight.name(), "' is ",
           gradient.defined() ? gradient.shape().to_string() + " of " + std::string(gradient.dtype().name())
                              : std::string("an empty handle"),
           "; it must be ", weight.shape(), " of ", weight.dtype());
    }
    values.push_back(gradient);
  }
  state_->step_for(pairs, *this)(values);
}

const Variable& Optimizer::iterations() const { return state_->iterations(); }

const Variable& Optimizer::learning_rate() const {
  if (!state_->learning_rate().defined()) {
    fail(name(), ": the learning rate is a schedule's; it cannot be set");
  }
  return state_->learning_rate();
}

double Optimizer::current_learning_rate() const { return eval(state_->rate_tensor(DType::kFloat64)).item<double>(); }

std::vector<Variable> Optimizer::weights() const { return state_->weights(); }

std::vector<Optimizer::Slots> Optimizer::slots(const std::vector<Variable>& weights) const {
  return state_->slots(weights);
}

std::string_view Optimizer::name() const { return state_->rule().class_name(); }

Json Optimizer::config() const {
  Json config = state_->rule().config();
  const OptimizerOptions& o = state_->options();
  if (const auto* schedule = std::get_if<Schedule>(&o.learning_rate)) config["learning_rate"] = schedule->config();
  else config["learning_rate"] = state_->learning_rate().value().item<double>();
  config["decay"] = o.decay;
  if (o.clipnorm > 0) config["clipnorm"] = o.clipnorm;
  if (o.clipvalue > 0) config["clipvalue"] = o.clipvalue;
  return object_config(name(), std::move(config));
}

}  // namespace keel
