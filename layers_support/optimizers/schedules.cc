#include "layers_support/optimizers/schedules.h"

#include <cmath>
#include <utility>

#include "nlohmann/json.hpp"

namespace keel {

struct Schedule::Rule {
  Rate rate;
  std::string class_name;
  Json config;
};

namespace {

void check_steps(const char* schedule, const char* name, double steps) {
  if (!(steps > 0) || !std::isfinite(steps)) fail(schedule, ": ", name, " is ", steps, "; it must be above 0");
}

// The largest whole number up to x ≥ 0; a cast truncates.
Tensor floor_of(const Tensor& x) { return cast(cast(x, DType::kInt64), x.dtype()); }

Tensor ceil_of(const Tensor& x) {
  const Tensor low = floor_of(x);
  return low + cast(less(low, x), x.dtype());
}

// base^exponent for a plain base above 0.
Tensor power_of(double base, const Tensor& exponent) { return pow(scalar(base, exponent.dtype()), exponent); }

Json decay_config(const schedules::DecayOptions& o) {
  return {{"initial_learning_rate", o.initial_learning_rate}, {"decay_steps", o.decay_steps},
          {"decay_rate", o.decay_rate}, {"staircase", o.staircase}};
}

schedules::DecayOptions decay_options(const ConfigReader& c) {
  return {.initial_learning_rate = c.number("initial_learning_rate"), .decay_steps = c.number("decay_steps"),
          .decay_rate = c.number("decay_rate"), .staircase = c.flag("staircase", false)};
}

std::vector<double> numbers(const ConfigReader& c, std::string_view key) {
  const Json& list = c.at(key);
  if (!list.is_array()) fail(c.where(), ": '", key, "' must be a list of numbers");
  std::vector<double> out;
  for (const Json& value : list) {
    if (!value.is_number()) fail(c.where(), ": '", key, "' must be a list of numbers");
    out.push_back(value.get<double>());
  }
  return out;
}

}  // namespace

Schedule::Schedule(Rate rate, std::string_view class_name, const Json& config) {
  if (rate == nullptr) fail("Schedule: the callable is empty");
  rule_ = std::make_shared<const Rule>(Rule{std::move(rate), std::string(class_name), config});
}

Schedule::Schedule(Rate rate) : Schedule(std::move(rate), "custom", Json::object()) {}

Tensor Schedule::operator()(const Tensor& step) const { return rule_->rate(step); }

double Schedule::at(int64_t step) const {
  return eval((*this)(scalar(static_cast<double>(step), DType::kFloat64))).item<double>();
}

Json Schedule::config() const { return object_config(rule_->class_name, rule_->config); }

Schedule Schedule::from_config(const Json& config) {
  const ObjectConfig object("schedule", config);
  const ConfigReader c(object.class_name(), object.config());
  const std::string name = canonical_name(object.class_name());
  if (name == "exponentialdecay") return schedules::exponential_decay(decay_options(c));
  if (name == "inversetimedecay") return schedules::inverse_time_decay(decay_options(c));
  if (name == "piecewiseconstantdecay") {
    return schedules::piecewise_constant_decay(numbers(c, "boundaries"), numbers(c, "values"));
  }
  if (name == "polynomialdecay") {
    return schedules::polynomial_decay({.initial_learning_rate = c.number("initial_learning_rate"),
                                        .decay_steps = c.number("decay_steps"),
                                        .end_learning_rate = c.number("end_learning_rate", 0.0001),
                                        .power = c.number("power", 1), .cycle = c.flag("cycle", false)});
  }
  if (name == "cosinedecay") {
    return schedules::cosine_decay({.initial_learning_rate = c.number("initial_learning_rate"),
                                    .decay_steps = c.number("decay_steps"), .alpha = c.number("alpha", 0)});
  }
  if (name == "cosinedecayrestarts") {
    return schedules::cosine_decay_restarts({.initial_learning_rate = c.number("initial_learning_rate"),
                                             .first_decay_steps = c.number("first_decay_steps"),
                                             .t_mul = c.number("t_mul", 2), .m_mul = c.number("m_mul", 1),
                                             .alpha = c.number("alpha", 0)});
  }
  fail("schedule: there is none called '", object.class_name(),
       "'; accepted are ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay, "
       "CosineDecay and CosineDecayRestarts");
}

namespace schedules {

Schedule exponential_decay(const DecayOptions& o) {
  check_steps("exponential_decay", "decay_steps", o.decay_steps);
  if (!(o.decay_rate > 0)) fail("exponential_decay: decay_rate is ", o.decay_rate, "; it must be above 0");
  return Schedule(
      [o](const Tensor& step) {
        Tensor p = step / o.decay_steps;
        if (o.staircase) p = floor_of(p);
        return o.initial_learning_rate * power_of(o.decay_rate, p);
      },
      "ExponentialDecay", decay_config(o));
}

Schedule inverse_time_decay(const DecayOptions& o) {
  check_steps("inverse_time_decay", "decay_steps", o.decay_steps);
  return Schedule(
      [o](const Tensor& step) {
        Tensor p = step / o.decay_steps;
        if (o.staircase) p = floor_of(p);
        return scalar(o.initial_learning_rate, step.dtype()) / (o.decay_rate * p + 1);
      },
      "InverseTimeDecay", decay_config(o));
}

Schedule piecewise_constant_decay(const std::vector<double>& boundaries, const std::vector<double>& values) {
  if (values.size() != boundaries.size() + 1) {
    fail("piecewise_constant_decay: ", boundaries.size(), " boundaries and ", values.size(),
         " values were given; there must be one value more");
  }
  for (size_t i = 1; i < boundaries.size(); ++i) {
    if (!(boundaries[i] > boundaries[i - 1])) {
      fail("piecewise_constant_decay: boundary ", boundaries[i], " comes after ", boundaries[i - 1],
           "; they must increase");
    }
  }
  return Schedule(
      [=](const Tensor& step) {
        Tensor rate = scalar(values.back(), step.dtype());
        for (size_t i = boundaries.size(); i-- > 0;) {
          rate = where(less_equal(step, boundaries[i]), scalar(values[i], step.dtype()), rate);
        }
        return rate;
      },
      "PiecewiseConstantDecay", {{"boundaries", boundaries}, {"values", values}});
}

Schedule polynomial_decay(const PolynomialDecayOptions& o) {
  check_steps("polynomial_decay", "decay_steps", o.decay_steps);
  return Schedule(
      [o](const Tensor& step) {
        Tensor p;
        if (o.cycle) {
          const Tensor periods = maximum(ceil_of(step / o.decay_steps), 1);
          p = step / (o.decay_steps * periods);
        } else {
          p = minimum(step, o.decay_steps) / o.decay_steps;
        }
        return (o.initial_learning_rate - o.end_learning_rate) * pow(1 - p, o.power) + o.end_learning_rate;
      },
      "PolynomialDecay",
      {{"initial_learning_rate", o.initial_learning_rate}, {"decay_steps", o.decay_steps},
       {"end_learning_rate", o.end_learning_rate}, {"power", o.power}, {"cycle", o.cycle}});
}

Schedule cosine_decay(const CosineDecayOptions& o) {
  check_steps("cosine_decay", "decay_steps", o.decay_steps);
  return Schedule(
      [o](const Tensor& step) {
        const Tensor p = minimum(step, o.decay_steps) / o.decay_steps;
        const Tensor cosine = 0.5 * (cos(p * M_PI) + 1);
        return o.initial_learning_rate * ((1 - o.alpha) * cosine + o.alpha);
      },
      "CosineDecay",
      {{"initial_learning_rate", o.initial_learning_rate}, {"decay_steps", o.decay_steps}, {"alpha", o.alpha}});
}

Schedule cosine_decay_restarts(const CosineDecayRestartsOptions& o) {
  check_steps("cosine_decay_restarts", "first_decay_steps", o.first_decay_steps);
  if (!(o.t_mul >= 1)) fail("cosine_decay_restarts: t_mul is ", o.t_mul, "; it must be at least 1");
  if (!(o.m_mul > 0)) fail("cosine_decay_restarts: m_mul is ", o.m_mul, "; it must be above 0");
  return Schedule(
      [o](const Tensor& step) {
        const Tensor done = step / o.first_decay_steps;
        Tensor period, p;
        if (o.t_mul == 1) {
          period = floor_of(done);
          p = done - period;
        } else {
          // The periods before sum to (1 − t^n) / (1 − t).
          period = floor_of(log(1 - done * (1 - o.t_mul)) / std::log(o.t_mul));
          const Tensor before = (1 - power_of(o.t_mul, period)) / (1 - o.t_mul);
          p = (done - before) / power_of(o.t_mul, period);
        }
        const Tensor cosine = 0.5 * power_of(o.m_mul, period) * (cos(p * M_PI) + 1);
        return o.initial_learning_rate * ((1 - o.alpha) * cosine + o.alpha);
      },
      "CosineDecayRestarts",
      {{"initial_learning_rate", o.initial_learning_rate}, {"first_decay_steps", o.first_decay_steps},
       {"t_mul", o.t_mul}, {"m_mul", o.m_mul}, {"alpha", o.alpha}});
}

}  // namespace schedules
}  // namespace keel
