// The entry points of depthwise_kernel.h for one storage type, which the including file names:
//   KEEL_CONV_TYPE     the type
//   HWY_TARGET_INCLUDE the including file
// One file per type, so that they compile side by side.
#include "core/simd_targets.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/conv/depthwise_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

using Storage = KEEL_CONV_TYPE;

size_t Bytes(const ConvShape& shape, int threads) { return DepthwiseBytes<Storage>(shape, threads); }
void Run(const DepthwiseCall<Storage>& call) { DepthwiseRun<Storage>(call); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(Bytes);
HWY_EXPORT(Run);

using Storage = KEEL_CONV_TYPE;

}  // namespace

template <>
size_t depthwise_scratch_bytes<Storage>(const ConvShape& shape, const ThreadPool& pool) {
  return HWY_DYNAMIC_DISPATCH(Bytes)(shape, pool.threads());
}
template <>
void depthwise_forward<Storage>(const ConvShape& shape, const Storage* x, const Storage* w,
                                Storage* y, void* scratch, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Run)({ConvPass::kForward, shape, x, w, y, scratch, pool});
}
template <>
void depthwise_input_gradient<Storage>(const ConvShape& shape, const Storage* dy, const Storage* w,
                                       Storage* dx, void* scratch, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Run)({ConvPass::kInputGradient, shape, dy, w, dx, scratch, pool});
}
template <>
void depthwise_kernel_gradient<Storage>(const ConvShape& shape, const Storage* x, const Storage* dy,
                                        Storage* dw, void* scratch, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Run)({ConvPass::kKernelGradient, shape, x, dy, dw, scratch, pool});
}

}  // namespace keel
#endif  // HWY_ONCE
