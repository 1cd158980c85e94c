// Products on a device, for the kernels that are made of them.
#ifndef KEEL_OPS_MATH_PRODUCT_DEVICE_H_
#define KEEL_OPS_MATH_PRODUCT_DEVICE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

#include "core/dtype.h"
#include "core/kernel.h"
#include "ops/math/gemm_kernel.h"

namespace keel {

// gemm() on a device.
class DeviceProduct {
 public:
  virtual ~DeviceProduct() = default;
  virtual size_t scratch_bytes() const = 0;
  // Begins C = op(A)·op(B) (+ C).
  virtual void run(const void* a, const void* b, void* c, bool accumulate, std::byte* scratch) const = 0;
};

// Null where the device, or this build, has none for these operands. They begin multiples of `apart`
// elements behind the beginning of an array.
std::unique_ptr<DeviceProduct> make_device_product(const Device& device, DType dtype, const GemmShape& shape,
                                                   int64_t apart = 0);

// Kernel::cuda_library() of kernels that are made of products of T.
template <typename T>
constexpr std::string_view kDeviceProductLibrary = std::is_floating_point_v<T> || sizeof(T) == 2 ? "cuBLASLt" : "";

}  // namespace keel

#endif  // KEEL_OPS_MATH_PRODUCT_DEVICE_H_
