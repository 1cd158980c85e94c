// From a config to the optimizer that it names.
#ifndef KEEL_LAYERS_SUPPORT_OPTIMIZERS_RULES_H_
#define KEEL_LAYERS_SUPPORT_OPTIMIZERS_RULES_H_

#include "layers_support/optimizers/optimizer.h"

namespace keel {

// The optimizer of class config.where() with the values of `config`, in the form of Keras 2.3 or of
// tf_keras; Keras's defaults where they are absent. ValueError on an unknown class.
Optimizer optimizer_from_config(const ConfigReader& config);

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_OPTIMIZERS_RULES_H_
