// Adam and its relatives.
//
// What depends on beta alone is computed in the weights' dtype, as Keras does with its variables: in
// float32 1 − 0.999 is 0.00100005, on both sides of the division by the bias.
#include <memory>

#include "layers_support/optimizers/optimizers.h"
#include "nlohmann/json.hpp"

namespace keel::optimizers {
namespace {

struct Betas {
  double beta_1, beta_2, epsilon;

  void check(const char* optimizer) const {
    for (const auto& [name, beta] : {std::pair("beta_1", beta_1), std::pair("beta_2", beta_2)}) {
      if (!(beta >= 0 && beta < 1)) fail(optimizer, ": ", name, " is ", beta, "; it must be in [0, 1)");
    }
    if (!(epsilon >= 0)) fail(optimizer, ": epsilon is ", epsilon, "; it must be at least 0");
  }
  Json config() const { return {{"beta_1", beta_1}, {"beta_2", beta_2}, {"epsilon", epsilon}}; }
};

// beta · slot + (1 − beta) · value.
Tensor blend(double beta, const Variable& slot, const Tensor& value) {
  const Tensor b = scalar(beta, slot.dtype());
  return b * slot + (1 - b) * value;
}

// beta to the power of the step, in a dtype that holds step counts.
Tensor beta_power(OptimizerStep& step, double beta, DType dtype) {
  return pow(scalar(beta, dtype), step.count(dtype));
}

DType wide(DType dtype) { return dtype == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32; }

class Adam final : public OptimizerRule {
 public:
  Adam(const Betas& betas, bool amsgrad) : betas_(betas), amsgrad_(amsgrad) { betas.check("Adam"); }

  std::string_view class_name() const override { return "Adam"; }
  Json config() const override {
    Json config = betas_.config();
    config["amsgrad"] = amsgrad_;
    return config;
  }
  std::vector<OptimizerSlot> slots() const override {
    return {{.name = "m"}, {.name = "v"}, {.name = "vhat", .used = amsgrad_}};
  }

  Tensor next(OptimizerStep& step, const Variable& w, const Tensor& g) const override {
    const Variable m = step.slot(&w, "m"), v = step.slot(&w, "v");
    const DType dtype = wide(w.dtype());
    const Tensor rate = step.learning_rate(dtype) * sqrt(1 - beta_power(step, betas_.beta_2, dtype)) /
                        (1 - beta_power(step, betas_.beta_1, dtype));
    const Tensor new_m = blend(betas_.beta_1, m, g), new_v = blend(betas_.beta_2, v, square(g));
    step.update(m, new_m);
    step.update(v, new_v);
    Tensor scale = new_v;
    if (amsgrad_) {
      const Variable largest = step.slot(&w, "vhat");
      scale = maximum(largest, new_v);
      step.update(largest, scale);
    }
    return w - cast(rate, w.dtype()) * new_m / (sqrt(scale) + betas_.epsilon);
  }

 private:
  const Betas betas_;
  const bool amsgrad_;
};

class Adamax final : public OptimizerRule {
 public:
  explicit Adamax(const Betas& betas) : betas_(betas) { betas.check("Adamax"); }

  std::string_view class_name() const override { return "Adamax"; }
  Json config() const override { return betas_.config(); }
  std::vector<OptimizerSlot> slots() const override { return {{.name = "m"}, {.name = "u", .aliases = {"v"}}}; }

  Tensor next(OptimizerStep& step, const Variable& w, const Tensor& g) const override {
    const Variable m = step.slot(&w, "m"), u = step.slot(&w, "u");
    const DType dtype = wide(w.dtype());
    const Tensor rate = step.learning_rate(dtype) / (1 - beta_power(step, betas_.beta_1, dtype));
    const Tensor new_m = blend(betas_.beta_1, m, g), new_u = maximum(betas_.beta_2 * u, abs(g));
    step.update(m, new_m);
    step.update(u, new_u);
    return w - cast(rate, w.dtype()) * new_m / (new_u + betas_.epsilon);
  }

 private:
  const Betas betas_;
};

class Nadam final : public OptimizerRule {
 public:
  Nadam(const Betas& betas, double schedule_decay) : betas_(betas), schedule_decay_(schedule_decay) {
    betas.check("Nadam");
  }

  std::string_view class_name() const override { return "Nadam"; }
  Json config() const override {
    Json config = betas_.config();
    config["schedule_decay"] = schedule_decay_;
    return config;
  }
  std::vector<OptimizerSlot> slots() const override {
    return {{.name = "m_schedule", .aliases = {"momentum_cache"}, .initial = 1, .shared = true},
            {.name = "m"},
            {.name = "v"}};
  }

  void begin(OptimizerStep& step) const override {
    const Variable schedule = step.slot(nullptr, "m_schedule");
    step.update(schedule, schedule * momentum(step, schedule.dtype(), 0));
  }

  Tensor next(OptimizerStep& step, const Variable& w, const Tensor& g) const override {
    const Variable schedule = step.slot(nullptr, "m_schedule");
    const Variable m = step.slot(&w, "m"), v = step.slot(&w, "v");
    const DType dtype = wide(w.dtype());
    const Tensor now = momentum(step, dtype, 0), then = momentum(step, dtype, 1);
    const Tensor product = cast(schedule, dtype) * now;
    const Tensor new_m = blend(betas_.beta_1, m, g), new_v = blend(betas_.beta_2, v, square(g));
    step.update(m, new_m);
    step.update(v, new_v);
    auto in = [&](const Tensor& x) { return cast(x, w.dtype()); };
    const Tensor direction = in((1 - now) / (1 - product)) * g + in(then / (1 - product * then)) * new_m;
    const Tensor deviation = sqrt(new_v / in(1 - beta_power(step, betas_.beta_2, dtype)));
    return w - step.learning_rate(w.dtype()) * direction / (deviation + betas_.epsilon);
  }

 private:
  // The momentum at a step `ahead` of this one, warming up.
  Tensor momentum(OptimizerStep& step, DType dtype, int ahead) const {
    const Tensor t = step.count(dtype) + ahead;
    return betas_.beta_1 * (1 - 0.5 * pow(scalar(0.96, dtype), t * schedule_decay_));
  }

  const Betas betas_;
  const double schedule_decay_;
};

template <typename Options>
Betas betas(const Options& o) {
  return {o.beta_1, o.beta_2, o.epsilon.value_or(epsilon())};
}

}  // namespace

Optimizer adam(const AdamOptions& o) {
  return Optimizer(std::make_shared<Adam>(betas(o), o.amsgrad),
                   {.learning_rate = o.learning_rate, .decay = o.decay, .clipnorm = o.clipnorm, .clipvalue = o.clipvalue});
}

Optimizer adamax(const AdamaxOptions& o) {
  return Optimizer(std::make_shared<Adamax>(betas(o)),
                   {.learning_rate = o.learning_rate, .decay = o.decay, .clipnorm = o.clipnorm, .clipvalue = o.clipvalue});
}

Optimizer nadam(const NadamOptions& o) {
  return Optimizer(std::make_shared<Nadam>(betas(o), o.schedule_decay),
                   {.learning_rate = o.learning_rate, .clipnorm = o.clipnorm, .clipvalue = o.clipvalue});
}

}  // namespace keel::optimizers
