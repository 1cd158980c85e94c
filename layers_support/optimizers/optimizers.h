// Keras's optimizers.
//
// Formulas and defaults are those of Keras 2.3 (keras.optimizers); `epsilon` is epsilon() where it is
// absent. ValueError where an argument is out of its domain.
#ifndef KEEL_LAYERS_SUPPORT_OPTIMIZERS_OPTIMIZERS_H_
#define KEEL_LAYERS_SUPPORT_OPTIMIZERS_OPTIMIZERS_H_

#include <optional>

#include "layers_support/optimizers/optimizer.h"

namespace keel::optimizers {

// Arguments of sgd().
struct SgdOptions {
  LearningRate learning_rate = 0.01;
  double momentum = 0;
  bool nesterov = false;
  double decay = 0, clipnorm = 0, clipvalue = 0;  // As in OptimizerOptions, here and below.
};
// Gradient descent: v ← momentum · v − rate · g; w ← w + v, or with Nesterov's look ahead
// w + momentum · v − rate · g.
Optimizer sgd(const SgdOptions& options = {});

// Arguments of rmsprop().
struct RmspropOptions {
  LearningRate learning_rate = 0.001;
  double rho = 0.9;
  std::optional<double> epsilon = std::nullopt;
  double decay = 0, clipnorm = 0, clipvalue = 0;
};
// Steps over the root of a moving mean of squared gradients. Tieleman and Hinton (2012).
Optimizer rmsprop(const RmspropOptions& options = {});

// Arguments of adagrad().
struct AdagradOptions {
  LearningRate learning_rate = 0.01;
  double initial_accumulator_value = 0;
  std::optional<double> epsilon = std::nullopt;
  double decay = 0, clipnorm = 0, clipvalue = 0;
};
// Steps over the root of the sum of squared gradients. Duchi et al. (2011).
Optimizer adagrad(const AdagradOptions& options = {});

// Arguments of adadelta().
struct AdadeltaOptions {
  LearningRate learning_rate = 1.0;
  double rho = 0.95;
  std::optional<double> epsilon = std::nullopt;
  double decay = 0, clipnorm = 0, clipvalue = 0;
};
// Steps in the ratio of moving means of squared steps and gradients. Zeiler (2012).
Optimizer adadelta(const AdadeltaOptions& options = {});

// Arguments of adam().
struct AdamOptions {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9, beta_2 = 0.999;
  std::optional<double> epsilon = std::nullopt;
  bool amsgrad = false;
  double decay = 0, clipnorm = 0, clipvalue = 0;
};
// Adaptive moments: Kingma and Ba (2014); amsgrad: Reddi et al. (2018).
Optimizer adam(const AdamOptions& options = {});

// Arguments of adamax().
struct AdamaxOptions {
  LearningRate learning_rate = 0.002;
  double beta_1 = 0.9, beta_2 = 0.999;
  std::optional<double> epsilon = std::nullopt;
  double decay = 0, clipnorm = 0, clipvalue = 0;
};
// Adam by the infinity norm.
Optimizer adamax(const AdamaxOptions& options = {});

// Arguments of nadam().
struct NadamOptions {
  LearningRate learning_rate = 0.002;
  double beta_1 = 0.9, beta_2 = 0.999;
  std::optional<double> epsilon = std::nullopt;
  double schedule_decay = 0.004;
  double clipnorm = 0, clipvalue = 0;
};
// Adam with Nesterov's momentum. Dozat (2015).
Optimizer nadam(const NadamOptions& options = {});

}  // namespace keel::optimizers

#endif  // KEEL_LAYERS_SUPPORT_OPTIMIZERS_OPTIMIZERS_H_
