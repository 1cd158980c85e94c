#include "layers_support/optimizers/optimizers.h"
#include "layers_support/optimizers/rules.h"
#include "nlohmann/json.hpp"

namespace keel {
namespace {

// `lr` is what Keras before 2.3 calls it.
LearningRate rate_of(const ConfigReader& c, double fallback) {
  if (c.has("learning_rate") && c.at("learning_rate").is_object()) return Schedule::from_config(c.at("learning_rate"));
  return c.number("learning_rate", c.number("lr", fallback));
}

std::optional<double> epsilon_of(const ConfigReader& c) {
  return c.has("epsilon") ? std::optional<double>(c.number("epsilon")) : std::nullopt;
}

}  // namespace

Optimizer optimizer_from_config(const ConfigReader& c) {
  // tf_keras writes "Custom>Adam".
  const std::string name = canonical_name(c.where().starts_with("Custom>") ? c.where().substr(7) : c.where());
  // What tf_keras added.
  for (const char* key : {"weight_decay", "momentum", "centered", "use_ema"}) {
    const bool known = key == std::string("momentum") && name == "sgd";
    if (known || !c.has(key) || c.at(key) == false || c.at(key) == 0.0) continue;
    fail(c.where(), ": '", key, "' is ", c.at(key).dump(), "; accepted is none");
  }
  const double decay = c.number("decay", 0), value = c.number("clipvalue", 0);
  // What Keras 2.3 calls clipnorm, tf_keras calls global_clipnorm.
  const double norm = c.number("clipnorm", c.number("global_clipnorm", 0));
  if (name == "sgd") {
    return optimizers::sgd({.learning_rate = rate_of(c, 0.01), .momentum = c.number("momentum", 0),
                            .nesterov = c.flag("nesterov", false), .decay = decay, .clipnorm = norm, .clipvalue = value});
  }
  if (name == "rmsprop") {
    return optimizers::rmsprop({.learning_rate = rate_of(c, 0.001), .rho = c.number("rho", 0.9), .epsilon = epsilon_of(c),
                                .decay = decay, .clipnorm = norm, .clipvalue = value});
  }
  if (name == "adagrad") {
    return optimizers::adagrad({.learning_rate = rate_of(c, 0.01),
                                .initial_accumulator_value = c.number("initial_accumulator_value", 0),
                                .epsilon = epsilon_of(c), .decay = decay, .clipnorm = norm, .clipvalue = value});
  }
  if (name == "adadelta") {
    return optimizers::adadelta({.learning_rate = rate_of(c, 1), .rho = c.number("rho", 0.95), .epsilon = epsilon_of(c),
                                 .decay = decay, .clipnorm = norm, .clipvalue = value});
  }
  if (name == "adam") {
    return optimizers::adam({.learning_rate = rate_of(c, 0.001), .beta_1 = c.number("beta_1", 0.9),
                             .beta_2 = c.number("beta_2", 0.999), .epsilon = epsilon_of(c),
                             .amsgrad = c.flag("amsgrad", false), .decay = decay, .clipnorm = norm, .clipvalue = value});
  }
  if (name == "adamax") {
    return optimizers::adamax({.learning_rate = rate_of(c, 0.002), .beta_1 = c.number("beta_1", 0.9),
                               .beta_2 = c.number("beta_2", 0.999), .epsilon = epsilon_of(c), .decay = decay,
                               .clipnorm = norm, .clipvalue = value});
  }
  if (name == "nadam") {
    // tf_keras keeps schedule_decay under `decay`.
    return optimizers::nadam({.learning_rate = rate_of(c, 0.002), .beta_1 = c.number("beta_1", 0.9),
                              .beta_2 = c.number("beta_2", 0.999), .epsilon = epsilon_of(c),
                              .schedule_decay = c.number("schedule_decay", c.number("decay", 0.004)),
                              .clipnorm = norm, .clipvalue = value});
  }
  fail("optimizer: there is none called '", c.where(),
       "'; accepted are SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax and Nadam");
}

}  // namespace keel
