#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/conv/resize_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/conv/resize_kernel-inl.h"

#define KEEL_RESIZE_TYPES(entry)     \
  entry(Float, float)                \
  entry(Double, double)              \
  entry(Float16, hwy::float16_t)     \
  entry(BFloat16, hwy::bfloat16_t)

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

#define KEEL_DEFINE_RESIZE(name, type)                                                           \
  void Run##name(const ResizeShape& shape, const type* from, type* to, bool back, void* scratch, \
                 const ThreadPool& pool) {                                                       \
    ResizeRun<type>(shape, from, to, back, scratch, pool);                                       \
  }                                                                                              \
  size_t Bytes##name(const ResizeShape& shape, int threads) { return ResizeBytes<type>(shape, threads); }
KEEL_RESIZE_TYPES(KEEL_DEFINE_RESIZE)
#undef KEEL_DEFINE_RESIZE

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

#define KEEL_EXPORT_RESIZE(name, type) \
  HWY_EXPORT(Run##name);               \
  HWY_EXPORT(Bytes##name);
KEEL_RESIZE_TYPES(KEEL_EXPORT_RESIZE)

}  // namespace

#define KEEL_ENTRY_RESIZE(name, type)                                                            \
  template <>                                                                                    \
  size_t resize_scratch_bytes<type>(const ResizeShape& shape, const ThreadPool& pool) {          \
    return HWY_DYNAMIC_DISPATCH(Bytes##name)(shape, pool.threads());                             \
  }                                                                                              \
  template <>                                                                                    \
  void resize_bilinear<type>(const ResizeShape& shape, const type* x, type* y, void* scratch,    \
                             const ThreadPool& pool) {                                           \
    HWY_DYNAMIC_DISPATCH(Run##name)(shape, x, y, false, scratch, pool);                          \
  }                                                                                              \
  template <>                                                                                    \
  void resize_bilinear_gradient<type>(const ResizeShape& shape, const type* dy, type* dx,        \
                                      void* scratch, const ThreadPool& pool) {                   \
    HWY_DYNAMIC_DISPATCH(Run##name)(shape, dy, dx, true, scratch, pool);                         \
  }
KEEL_RESIZE_TYPES(KEEL_ENTRY_RESIZE)

}  // namespace keel
#endif  // HWY_ONCE
