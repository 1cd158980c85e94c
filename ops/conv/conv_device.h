// Convolutions on a device.
#ifndef KEEL_OPS_CONV_CONV_DEVICE_H_
#define KEEL_OPS_CONV_CONV_DEVICE_H_

#include <memory>

#include "core/dtype.h"
#include "core/kernel.h"
#include "ops/conv/conv_kernel.h"

namespace keel {

// Which of conv_forward(), conv_input_gradient() and conv_kernel_gradient().
enum class ConvPart { kForward, kInput, kKernel };

// A kernel that computes it on `device`; null where the device, or this build, has none.
std::unique_ptr<Kernel> make_device_conv(const Device& device, ConvPart part, DType dtype, const ConvShape& shape);

}  // namespace keel

#endif  // KEEL_OPS_CONV_CONV_DEVICE_H_
