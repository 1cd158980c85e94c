// Where the largest and the smallest elements are.
#ifndef KEEL_OPS_REDUCTION_ARG_EXTREME_H_
#define KEEL_OPS_REDUCTION_ARG_EXTREME_H_

#include <cstdint>

#include "core/tensor.h"

namespace keel {

// The index along `axis` of the largest and of the smallest element: int64, of x's shape without that
// axis. Of equal ones the first; the first NaN where there is one, as max() and min() give NaN. x: any
// dtype. No gradient flows to x. ValueError where the axis is out of range or of size 0 (when fed, if
// that is not known before). Source: keras.backend.argmax, argmin.
Tensor argmax(const Tensor& x, int64_t axis = -1);
Tensor argmin(const Tensor& x, int64_t axis = -1);

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_ARG_EXTREME_H_
