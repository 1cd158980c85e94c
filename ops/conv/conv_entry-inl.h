// The entry points of conv_kernel.h for one storage type, which the including file names:
//   KEEL_CONV_TYPE     the type
//   HWY_TARGET_INCLUDE the including file
// One file per type, so that they compile side by side.
#include "core/simd_targets.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/conv/conv_kernel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

using Storage = KEEL_CONV_TYPE;

size_t Bytes(const ConvShape& shape, int threads) { return ConvBytes<Storage>(shape, threads); }
void Run(const ConvCall<Storage>& call) { ConvRun<Storage>(call); }
size_t PackedBytes(const ConvShape& shape) { return ConvPackedBytes<Storage>(shape); }
void Pack(const ConvShape& shape, const Storage* w, void* packed, const ThreadPool& pool) {
  ConvPack<Storage>(shape, w, packed, pool);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(Bytes);
HWY_EXPORT(Run);
HWY_EXPORT(PackedBytes);
HWY_EXPORT(Pack);

using Storage = KEEL_CONV_TYPE;

}  // namespace

template <>
size_t conv_scratch_bytes<Storage>(const ConvShape& shape, const ThreadPool& pool) {
  return HWY_DYNAMIC_DISPATCH(Bytes)(shape, pool.threads());
}
template <>
void conv_forward<Storage>(const ConvShape& shape, const Storage* x, const Storage* w, Storage* y,
                           const RowsDone* rows_done, void* scratch, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Run)
  ({ConvPass::kForward, shape, x, w, nullptr, y, rows_done, scratch, pool});
}
template <>
size_t conv_packed_bytes<Storage>(const ConvShape& shape) {
  return HWY_DYNAMIC_DISPATCH(PackedBytes)(shape);
}
template <>
void conv_pack<Storage>(const ConvShape& shape, const Storage* w, void* packed,
                        const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Pack)(shape, w, packed, pool);
}
template <>
void conv_forward_packed<Storage>(const ConvShape& shape, const Storage* x, const void* packed,
                                  Storage* y, const RowsDone* rows_done, void* scratch,
                                  const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Run)
  ({ConvPass::kForward, shape, x, nullptr, packed, y, rows_done, scratch, pool});
}
template <>
void conv_input_gradient<Storage>(const ConvShape& shape, const Storage* dy, const Storage* w,
                                  Storage* dx, void* scratch, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Run)
  ({ConvPass::kInputGradient, shape, dy, w, nullptr, dx, nullptr, scratch, pool});
}
template <>
void conv_kernel_gradient<Storage>(const ConvShape& shape, const Storage* x, const Storage* dy,
                                   Storage* dw, void* scratch, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Run)
  ({ConvPass::kKernelGradient, shape, x, dy, nullptr, dw, nullptr, scratch, pool});
}

}  // namespace keel
#endif  // HWY_ONCE
