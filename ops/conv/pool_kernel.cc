#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/conv/pool_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/conv/pool_kernel-inl.h"

// The types that have every pass, and those with a maximum only: entry(name, type).
#define KEEL_POOL_FLOATS(entry)      \
  entry(Float, float)                \
  entry(Double, double)              \
  entry(Float16, hwy::float16_t)     \
  entry(BFloat16, hwy::bfloat16_t)
#define KEEL_POOL_INTEGERS(entry) \
  entry(Int32, int32_t)           \
  entry(Int64, int64_t)

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

#define KEEL_DEFINE_MAX(name, type)                                                            \
  void Max##name(const PoolCall<type>& call) { PoolRun<type, PoolPass::kMax>(call); }          \
  size_t Bytes##name(const PoolShape& shape, int threads) { return PoolBytes<type>(shape, threads); }
#define KEEL_DEFINE_REST(name, type)                                                           \
  void Average##name(const PoolCall<type>& call) { PoolRun<type, PoolPass::kAverage>(call); }  \
  void MaxGradient##name(const PoolCall<type>& call) {                                         \
    PoolRun<type, PoolPass::kMaxGradient>(call);                                               \
  }                                                                                            \
  void AverageGradient##name(const PoolCall<type>& call) {                                     \
    PoolRun<type, PoolPass::kAverageGradient>(call);                                           \
  }

KEEL_POOL_FLOATS(KEEL_DEFINE_MAX)
KEEL_POOL_INTEGERS(KEEL_DEFINE_MAX)
KEEL_POOL_FLOATS(KEEL_DEFINE_REST)
#undef KEEL_DEFINE_MAX
#undef KEEL_DEFINE_REST

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

#define KEEL_EXPORT_MAX(name, type) \
  HWY_EXPORT(Max##name);            \
  HWY_EXPORT(Bytes##name);
#define KEEL_EXPORT_REST(name, type) \
  HWY_EXPORT(Average##name);         \
  HWY_EXPORT(MaxGradient##name);     \
  HWY_EXPORT(AverageGradient##name);

KEEL_POOL_FLOATS(KEEL_EXPORT_MAX)
KEEL_POOL_INTEGERS(KEEL_EXPORT_MAX)
KEEL_POOL_FLOATS(KEEL_EXPORT_REST)

}  // namespace

#define KEEL_ENTRY_MAX(name, type)                                                             \
  template <>                                                                                  \
  size_t pool_scratch_bytes<type>(const PoolShape& shape, const ThreadPool& pool) {            \
    return HWY_DYNAMIC_DISPATCH(Bytes##name)(shape, pool.threads());                           \
  }                                                                                            \
  template <>                                                                                  \
  void max_pool<type>(const PoolShape& shape, const type* x, type* y, void* index,             \
                      void* scratch, const ThreadPool& pool) {                                 \
    HWY_DYNAMIC_DISPATCH(Max##name)({shape, x, y, index, scratch, pool});                      \
  }
#define KEEL_ENTRY_REST(name, type)                                                            \
  template <>                                                                                  \
  void average_pool<type>(const PoolShape& shape, const type* x, type* y, void* scratch,       \
                          const ThreadPool& pool) {                                            \
    HWY_DYNAMIC_DISPATCH(Average##name)({shape, x, y, nullptr, scratch, pool});                \
  }                                                                                            \
  template <>                                                                                  \
  void max_pool_gradient<type>(const PoolShape& shape, const type* dy, const void* index,      \
                               type* dx, void* scratch, const ThreadPool& pool) {              \
    HWY_DYNAMIC_DISPATCH(MaxGradient##name)                                                    \
    ({shape, dy, dx, const_cast<void*>(index), scratch, pool});                                \
  }                                                                                            \
  template <>                                                                                  \
  void average_pool_gradient<type>(const PoolShape& shape, const type* dy, type* dx,           \
                                   void* scratch, const ThreadPool& pool) {                    \
    HWY_DYNAMIC_DISPATCH(AverageGradient##name)({shape, dy, dx, nullptr, scratch, pool});      \
  }

KEEL_POOL_FLOATS(KEEL_ENTRY_MAX)
KEEL_POOL_INTEGERS(KEEL_ENTRY_MAX)
KEEL_POOL_FLOATS(KEEL_ENTRY_REST)

}  // namespace keel
#endif  // HWY_ONCE
