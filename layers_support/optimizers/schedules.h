// Learning rates that change with the step.
#ifndef KEEL_LAYERS_SUPPORT_OPTIMIZERS_SCHEDULES_H_
#define KEEL_LAYERS_SUPPORT_OPTIMIZERS_SCHEDULES_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "keel.h"
#include "layers_support/config/config.h"

namespace keel {

// A learning rate as a function of the number of steps made before. Converts from a callable; cheap
// to copy.
class Schedule {
 public:
  // From the step, a scalar of a floating dtype, to the rate, a scalar of that dtype.
  using Rate = std::function<Tensor(const Tensor& step)>;

  Schedule(Rate rate);  // NOLINT: implicit by design
  // `class_name` and `config` are what a file holds of it.
  Schedule(Rate rate, std::string_view class_name, const Json& config);
  // From what config() gives, which is tf_keras's form; ValueError where it is none of those below.
  static Schedule from_config(const Json& config);

  Tensor operator()(const Tensor& step) const;
  // The rate at a step, as a number.
  double at(int64_t step) const;
  // {"class_name": …, "config": …} as tf_keras writes it.
  Json config() const;

 private:
  struct Rule;
  std::shared_ptr<const Rule> rule_;
};

// The schedules of tf.keras.optimizers.schedules, with its formulas. ValueError where a number of
// steps is not above 0 or boundaries are not in order.
namespace schedules {

// Arguments of exponential_decay() and inverse_time_decay().
struct DecayOptions {
  double initial_learning_rate = 0.1;
  double decay_steps = 1000;
  double decay_rate = 0.9;
  bool staircase = false;  // The step over decay_steps counts in whole numbers.
};
// initial · rate^(step / steps).
Schedule exponential_decay(const DecayOptions& options);
// initial / (1 + rate · step / steps).
Schedule inverse_time_decay(const DecayOptions& options);

// values[i] up to and including step boundaries[i], then the next; one more value than boundaries.
Schedule piecewise_constant_decay(const std::vector<double>& boundaries, const std::vector<double>& values);

// Arguments of polynomial_decay().
struct PolynomialDecayOptions {
  double initial_learning_rate = 0.1;
  double decay_steps = 1000;
  double end_learning_rate = 0.0001;
  double power = 1;
  bool cycle = false;  // Begins again at the next multiple of decay_steps.
};
// (initial − end) · (1 − step / steps)^power + end, until decay_steps.
Schedule polynomial_decay(const PolynomialDecayOptions& options);

// Arguments of cosine_decay().
struct CosineDecayOptions {
  double initial_learning_rate = 0.1;
  double decay_steps = 1000;
  double alpha = 0;  // What remains, as a part of the initial rate.
};
// initial · ((1 − alpha) · (1 + cos(π · step / steps)) / 2 + alpha), until decay_steps.
Schedule cosine_decay(const CosineDecayOptions& options);

// Arguments of cosine_decay_restarts().
struct CosineDecayRestartsOptions {
  double initial_learning_rate = 0.1;
  double first_decay_steps = 1000;
  double t_mul = 2;  // How much longer each period is than the one before; at least 1.
  double m_mul = 1;  // How much higher it begins.
  double alpha = 0;
};
// Cosine decay that begins again at the end of each period. Loshchilov and Hutter (2016).
Schedule cosine_decay_restarts(const CosineDecayRestartsOptions& options);

}  // namespace schedules
}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_OPTIMIZERS_SCHEDULES_H_
