#include "ops/math/product_device.h"

namespace keel {

std::unique_ptr<DeviceProduct> make_device_product(const Device&, DType, const GemmShape&, int64_t) {
  return nullptr;
}

}  // namespace keel
