// Convolutions whose weights are not shared: each place has a kernel of its own.
#ifndef KEEL_OPS_CONV_LOCAL_H_
#define KEEL_OPS_CONV_LOCAL_H_

#include <array>
#include <cstdint>

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// inputs: [N, T, C]; kernel: [T', kernel_size·C, F], that of place t for inputs [t·strides, t·strides +
// kernel_size), their elements in order; result: [N, T', F]. Both of one floating dtype; narrow floats are
// summed in float32. Differentiable any number of times. The layout is the one above whatever
// `data_format` says, which is checked alone, as Keras has it. ValueError where shapes do not fit, the last
// place reaches beyond T, T' is unknown, or a size or stride is below 1. Source:
// keras.backend.local_conv1d.
Tensor local_conv1d(const Tensor& inputs, const Tensor& kernel, const std::array<int64_t, 1>& kernel_size,
                    const std::array<int64_t, 1>& strides, DataFormat data_format = {});

// inputs: [N, H, W, C] (or [N, C, H, W]); kernel: [H'·W', Kh·Kw·C, F], places in row-major order, what each
// sees in the order of the inputs' axes: (row, column, channel), or (channel, row, column);
// output_shape: (H', W'); result: [N, H', W', F] (or [N, F, H', W']). Dtypes and errors likewise. Source:
// keras.backend.local_conv2d.
Tensor local_conv2d(const Tensor& inputs, const Tensor& kernel, const std::array<int64_t, 2>& kernel_size,
                    const std::array<int64_t, 2>& strides, const std::array<int64_t, 2>& output_shape,
                    DataFormat data_format = {});

}  // namespace keel

#endif  // KEEL_OPS_CONV_LOCAL_H_
