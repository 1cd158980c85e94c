// Biases.
#ifndef KEEL_OPS_NN_BIAS_ADD_H_
#define KEEL_OPS_NN_BIAS_ADD_H_

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// x + bias. `bias` is a vector, added along the channels, or has one axis less than x and the shape
// of channels last: x of (N, C, H, W) takes a bias of (H, W, C), whose elements, as they lie, are
// those of (C, H, W), as in Keras; sizes of 1 in it broadcast. One dtype. ValueError where the data
// format is unknown or the bias has another rank or does not fit. Source: keras.backend.bias_add.
Tensor bias_add(const Tensor& x, const Tensor& bias, const DataFormat& data_format = {});

}  // namespace keel

#endif  // KEEL_OPS_NN_BIAS_ADD_H_
