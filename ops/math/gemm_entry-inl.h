// The entry points of gemm_kernel.h for one storage type, which the including file names:
//   KEEL_GEMM_TYPE     the type
//   HWY_TARGET_INCLUDE the including file
// One file per type, so that they compile side by side.
#include "core/simd_targets.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/math/gemm_kernel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

using Storage = KEEL_GEMM_TYPE;

size_t Bytes(const GemmShape& shape, bool packed_b, int threads) {
  return GemmBytes<Storage>(shape, packed_b, threads);
}
void Run(const GemmCall<Storage>& call) { GemmRun<Storage>(call); }
size_t PackedBytes(const GemmShape& shape) { return GemmPackedBytes<Storage>(shape); }
void Pack(const GemmShape& shape, const Storage* b, void* packed, const ThreadPool& pool) {
  GemmPack<Storage>(shape, b, packed, pool);
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

using Storage = KEEL_GEMM_TYPE;

}  // namespace

template <>
size_t gemm_scratch_bytes<Storage>(const GemmShape& shape, const ThreadPool& pool) {
  return HWY_DYNAMIC_DISPATCH(Bytes)(shape, false, pool.threads());
}
template <>
void gemm<Storage>(const GemmShape& shape, const Storage* a, const Storage* b, Storage* c,
                   const GemmEnd& end, void* scratch, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Run)({shape, a, b, nullptr, c, end, scratch, pool});
}
template <>
size_t gemm_packed_b_bytes<Storage>(const GemmShape& shape) {
  return HWY_DYNAMIC_DISPATCH(PackedBytes)(shape);
}
template <>
void gemm_pack_b<Storage>(const GemmShape& shape, const Storage* b, void* packed,
                          const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Pack)(shape, b, packed, pool);
}
template <>
size_t gemm_packed_scratch_bytes<Storage>(const GemmShape& shape, const ThreadPool& pool) {
  return HWY_DYNAMIC_DISPATCH(Bytes)(shape, true, pool.threads());
}
template <>
void gemm_packed<Storage>(const GemmShape& shape, const Storage* a, const void* packed_b,
                          Storage* c, const GemmEnd& end, void* scratch,
                          const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(Run)({shape, a, nullptr, packed_b, c, end, scratch, pool});
}

}  // namespace keel
#endif  // HWY_ONCE
