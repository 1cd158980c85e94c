#include "ops/conv/conv_device.h"

namespace keel {

std::unique_ptr<Kernel> make_device_conv(const Device&, ConvPart, DType, const ConvShape&) { return nullptr; }

}  // namespace keel
