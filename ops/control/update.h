// New values for variables.
//
// Each function returns a tensor, the variable's new value, which is to be passed to function() as an
// update; evaluating it makes the update too. All updates of one call read the values from before
// it, and are made, in order, after its outputs are computed; several additions to one variable add
// up. ValueError where `x` is no variable, or dtype or shape do not fit.
#ifndef KEEL_OPS_CONTROL_UPDATE_H_
#define KEEL_OPS_CONTROL_UPDATE_H_

#include "core/tensor.h"

namespace keel {

// x becomes new_x. Source: keras.backend.update.
Tensor update(const Tensor& x, const Tensor& new_x);
// x becomes x + increment. Source: keras.backend.update_add.
Tensor update_add(const Tensor& x, const Tensor& increment);
Tensor update_add(const Tensor& x, double increment);
// x becomes x - decrement. Source: keras.backend.update_sub.
Tensor update_sub(const Tensor& x, const Tensor& decrement);
Tensor update_sub(const Tensor& x, double decrement);
// x becomes x·momentum + value·(1 - momentum). Source: keras.backend.moving_average_update.
Tensor moving_average_update(const Tensor& x, const Tensor& value, double momentum);

}  // namespace keel

#endif  // KEEL_OPS_CONTROL_UPDATE_H_
