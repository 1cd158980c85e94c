// Plain numbers beside tensors.
#ifndef KEEL_OPS_MATH_NUMBER_H_
#define KEEL_OPS_MATH_NUMBER_H_

#include <string_view>

#include "core/tensor.h"

namespace keel {

// `value` as a scalar of the dtype of `x`. ValueError, in the name of `function`, where `x` is an empty
// handle, or of integers or bools, of which `value` is none: 0.5, NaN, 300 for uint8.
Tensor number_like(std::string_view function, double value, const Tensor& x);

}  // namespace keel

#endif  // KEEL_OPS_MATH_NUMBER_H_
