// What losses and metrics do alike: bringing targets and sample weights into shape.
#ifndef KEEL_LAYERS_SUPPORT_LOSSES_SAMPLE_WEIGHTS_H_
#define KEEL_LAYERS_SUPPORT_LOSSES_SAMPLE_WEIGHTS_H_

#include <string_view>

#include "keel.h"

namespace keel::losses {

// `y_true` in the dtype of `y_pred` and with as many axes: a last axis of size 1 is added or taken
// away. ValueError, in the name of `function`, where that is not enough or sizes differ.
Tensor aligned(std::string_view function, const Tensor& y_true, const Tensor& y_pred);

// `sample_weight` in the dtype and with the axes of `values`, to which it broadcasts: a scalar, one
// weight per sample ([batch]), or per sample and step. ValueError, in the name of `function`, where
// it does not fit.
Tensor weights_for(std::string_view function, const Tensor& values, const Tensor& sample_weight);

}  // namespace keel::losses

#endif  // KEEL_LAYERS_SUPPORT_LOSSES_SAMPLE_WEIGHTS_H_
