#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/conv/patches_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/conv/patches_kernel-inl.h"

#define KEEL_PATCH_TYPES(entry)      \
  entry(Float, float)                \
  entry(Double, double)              \
  entry(Float16, hwy::float16_t)     \
  entry(BFloat16, hwy::bfloat16_t)

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

#define KEEL_DEFINE_PATCHES(name, type)                                                        \
  void Gather##name(const PatchShape& shape, const type* x, type* to, const ThreadPool& pool) { \
    GatherPatches<type>(shape, x, to, pool);                                                   \
  }                                                                                            \
  void Scatter##name(const PatchShape& shape, const type* from, type* x, void* scratch,        \
                     const ThreadPool& pool) {                                                 \
    ScatterPatches<type>(shape, from, x, scratch, pool);                                       \
  }                                                                                            \
  size_t Bytes##name(const PatchShape& shape, int threads) {                                   \
    return ScatterPatchesBytes<type>(shape, threads);                                          \
  }
KEEL_PATCH_TYPES(KEEL_DEFINE_PATCHES)
#undef KEEL_DEFINE_PATCHES

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

#define KEEL_EXPORT_PATCHES(name, type) \
  HWY_EXPORT(Gather##name);             \
  HWY_EXPORT(Scatter##name);            \
  HWY_EXPORT(Bytes##name);
KEEL_PATCH_TYPES(KEEL_EXPORT_PATCHES)

}  // namespace

#define KEEL_ENTRY_PATCHES(name, type)                                                         \
  template <>                                                                                  \
  void gather_patches<type>(const PatchShape& shape, const type* x, type* patches,             \
                            const ThreadPool& pool) {                                          \
    HWY_DYNAMIC_DISPATCH(Gather##name)(shape, x, patches, pool);                               \
  }                                                                                            \
  template <>                                                                                  \
  size_t scatter_patches_scratch_bytes<type>(const PatchShape& shape, const ThreadPool& pool) { \
    return HWY_DYNAMIC_DISPATCH(Bytes##name)(shape, pool.threads());                           \
  }                                                                                            \
  template <>                                                                                  \
  void scatter_patches<type>(const PatchShape& shape, const type* patches, type* x,            \
                             void* scratch, const ThreadPool& pool) {                          \
    HWY_DYNAMIC_DISPATCH(Scatter##name)(shape, patches, x, scratch, pool);                     \
  }
KEEL_PATCH_TYPES(KEEL_ENTRY_PATCHES)

}  // namespace keel
#endif  // HWY_ONCE
