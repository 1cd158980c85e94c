#include "core/simd_targets.h"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/ctc/batch_cost_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/ctc/batch_cost_call.h"
#include "ops/ctc/batch_cost_kernel.h"
#include "ops/ctc/batch_cost_sample-inl.h"
#include "core/scratch_slots.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

template <typename T, CtcPass kPass>
size_t SlotBytes(int64_t steps, int64_t width) {
  return Sample<T, kPass == CtcPass::kTangent>::scratch_bytes(width, kPass == CtcPass::kCost ? 0 : steps);
}

template <typename T, CtcPass kPass>
size_t Bytes(int64_t steps, int64_t width, int threads) {
  return ScratchSlots::total_bytes(SlotBytes<T, kPass>(steps, width), threads);
}

template <typename T>
void Cost(const CtcCall<T>& call) {
  const CtcBatch& batch = call.batch;
  ScratchSlots slots(call.scratch, SlotBytes<T, CtcPass::kCost>(batch.steps, batch.width), call.pool.threads());
  call.pool.parallel_for(batch.samples, 1, [&](int64_t begin, int64_t end) HWY_ATTR {
    const ScratchSlots::Lease slot(slots);
    for (int64_t n = begin; n < end; ++n) {
      Sample<T, false> sample(batch, n, call.y, nullptr, slot.data());
      double cost = std::numeric_limits<double>::quiet_NaN();
      if (sample.forward(/*keep=*/false)) {
        cost = sample.has_path() ? sample.cost()
               : batch.zero_infinity ? 0 : std::numeric_limits<double>::infinity();
      }
      call.first[n] = static_cast<T>(cost);
    }
  });
}

template <typename T, CtcPass kPass>
void Derivative(const CtcCall<T>& call) {
  constexpr bool kTangent = kPass == CtcPass::kTangent;
  const CtcBatch& batch = call.batch;
  ScratchSlots slots(call.scratch, SlotBytes<T, kPass>(batch.steps, batch.width), call.pool.threads());
  call.pool.parallel_for(batch.samples, 1, [&](int64_t begin, int64_t end) HWY_ATTR {
    const ScratchSlots::Lease slot(slots);
    for (int64_t n = begin; n < end; ++n) {
      const int64_t steps = batch.input_lengths[n];
      Sample<T, kTangent> sample(batch, n, call.y, kTangent ? call.in : nullptr, slot.data());
      T* const out = call.out + n * batch.steps * batch.classes;
      T slope = std::numeric_limits<T>::quiet_NaN();
      const bool defined = sample.forward(/*keep=*/true);
      if (defined && sample.has_path()) {
        sample.backward(kTangent ? T(1) : call.in[n], out);
        if constexpr (kTangent) slope = static_cast<T>(sample.slope());
      } else {
        if (defined && batch.zero_infinity) slope = 0;
        std::fill_n(out, steps * batch.classes, slope);
      }
      if constexpr (kTangent) call.first[n] = slope;
      std::fill_n(out + steps * batch.classes, (batch.steps - steps) * batch.classes, T(0));
    }
  });
}

#define KEEL_CTC_DEFINE(name, type)                                                                 \
  size_t CostBytes##name(int64_t steps, int64_t width, int threads) {                              \
    return Bytes<type, CtcPass::kCost>(steps, width, threads);                                      \
  }                                                                                                 \
  size_t GradientBytes##name(int64_t steps, int64_t width, int threads) {                          \
    return Bytes<type, CtcPass::kGradient>(steps, width, threads);                                  \
  }                                                                                                 \
  size_t TangentBytes##name(int64_t steps, int64_t width, int threads) {                           \
    return Bytes<type, CtcPass::kTangent>(steps, width, threads);                                   \
  }                                                                                                 \
  void Cost##name(const CtcCall<type>& call) { Cost(call); }                                           \
  void Gradient##name(const CtcCall<type>& call) { Derivative<type, CtcPass::kGradient>(call); }       \
  void Tangent##name(const CtcCall<type>& call) { Derivative<type, CtcPass::kTangent>(call); }

KEEL_CTC_DEFINE(Float, float)
KEEL_CTC_DEFINE(Double, double)
#undef KEEL_CTC_DEFINE

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

#define KEEL_CTC_EXPORT(name)     \
  HWY_EXPORT(CostBytes##name);     \
  HWY_EXPORT(GradientBytes##name); \
  HWY_EXPORT(TangentBytes##name);  \
  HWY_EXPORT(Cost##name);          \
  HWY_EXPORT(Gradient##name);      \
  HWY_EXPORT(Tangent##name);
KEEL_CTC_EXPORT(Float)
KEEL_CTC_EXPORT(Double)
#undef KEEL_CTC_EXPORT

}  // namespace

#define KEEL_CTC_ENTRY(name, type)                                                                     \
  template <>                                                                                          \
  size_t ctc_scratch_bytes<type>(CtcPass pass, int64_t steps, int64_t width, const ThreadPool& pool) { \
    switch (pass) {                                                                                    \
      case CtcPass::kCost: return HWY_DYNAMIC_DISPATCH(CostBytes##name)(steps, width, pool.threads()); \
      case CtcPass::kGradient:                                                                         \
        return HWY_DYNAMIC_DISPATCH(GradientBytes##name)(steps, width, pool.threads());                \
      default: return HWY_DYNAMIC_DISPATCH(TangentBytes##name)(steps, width, pool.threads());          \
    }                                                                                                  \
  }                                                                                                    \
  template <>                                                                                          \
  void ctc_cost(const CtcBatch& batch, const type* y, type* cost, void* scratch,                       \
                const ThreadPool& pool) {                                                              \
    HWY_DYNAMIC_DISPATCH(Cost##name)({batch, y, nullptr, cost, nullptr, scratch, pool});               \
  }                                                                                                    \
  template <>                                                                                          \
  void ctc_cost_gradient(const CtcBatch& batch, const type* y, const type* dcost, type* dy,            \
                         void* scratch, const ThreadPool& pool) {                                      \
    HWY_DYNAMIC_DISPATCH(Gradient##name)({batch, y, dcost, nullptr, dy, scratch, pool});               \
  }                                                                                                    \
  template <>                                                                                          \
  void ctc_cost_tangent(const CtcBatch& batch, const type* y, const type* v, type* slope, type* dv,    \
                        void* scratch, const ThreadPool& pool) {                                       \
    HWY_DYNAMIC_DISPATCH(Tangent##name)({batch, y, v, slope, dv, scratch, pool});                      \
  }
KEEL_CTC_ENTRY(Float, float)
KEEL_CTC_ENTRY(Double, double)
#undef KEEL_CTC_ENTRY

}  // namespace keel
#endif  // HWY_ONCE
