#include "core/simd_targets.h"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/ctc/decode_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "ops/ctc/decode_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
int64_t BestOfRow(const T* row, int64_t classes) {
  constexpr hn::ScalableTag<T> d;
  constexpr hn::RebindToSigned<decltype(d)> di;
  using Int = hn::TFromD<decltype(di)>;
  constexpr int64_t N = hn::MaxLanes(d);
  auto best = hn::Set(d, -std::numeric_limits<T>::infinity());
  auto where = hn::Zero(di), number = hn::Iota(di, 0);
  auto take = [&](auto v) HWY_ATTR {
    const auto better = hn::Gt(v, best);
    best = hn::IfThenElse(better, v, best);
    where = hn::IfThenElse(hn::RebindMask(di, better), number, where);
    number = hn::Add(number, hn::Set(di, static_cast<Int>(N)));
  };
  int64_t i = 0;
  for (; i + N <= classes; i += N) take(hn::LoadU(d, row + i));
  if (i < classes) {
    const auto mask = hn::FirstN(d, static_cast<size_t>(classes - i));
    take(hn::IfThenElse(mask, hn::MaskedLoad(mask, d, row + i), hn::Set(d, -std::numeric_limits<T>::infinity())));
  }
  const auto greatest = hn::MaxOfLanes(d, best);
  const auto is_greatest = hn::RebindMask(di, hn::Eq(best, greatest));
  return hn::GetLane(hn::MinOfLanes(di, hn::IfThenElse(is_greatest, where, hn::Set(di, std::numeric_limits<Int>::max()))));
}

template <typename T>
void BestClasses(const T* y, int64_t steps, int64_t classes, int64_t* best) {
  for (int64_t t = 0; t < steps; ++t) best[t] = BestOfRow(y + t * classes, classes);
}

// Each p in double, as ctc_log_probabilities takes it.
template <typename T>
double Clean(T y, T epsilon) {
  const double p = static_cast<double>(y + epsilon);
  if (!(p > 0)) return 0;
  return p < 1e300 ? p : 1e300;
}

template <typename T>
void LogProbabilities(const T* y, int64_t classes, T epsilon, double* logs) {
  constexpr hn::ScalableTag<double> d;
  constexpr int64_t N = hn::MaxLanes(d);
  const auto none = hn::Set(d, -std::numeric_limits<double>::infinity());
  double sum = 0;
  for (int64_t k = 0; k < classes; ++k) sum += logs[k] = Clean(y[k], epsilon);
  const auto scale = hn::Set(d, sum > 0 ? 1 / sum : 0);
  auto log = [&](auto p) HWY_ATTR {
    const auto x = hn::Mul(p, scale);
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Log(d, x), none);
  };
  int64_t k = 0;
  for (; k + N <= classes; k += N) hn::StoreU(log(hn::LoadU(d, logs + k)), d, logs + k);
  if (k < classes) {
    const auto mask = hn::FirstN(d, static_cast<size_t>(classes - k));
    hn::BlendedStore(log(hn::MaskedLoad(mask, d, logs + k)), mask, d, logs + k);
  }
}

// log(exp(a) + exp(b)), −infinity included.
template <class V>
HWY_INLINE V LogAdd(V a, V b) {
  constexpr hn::ScalableTag<double> d;
  const auto most = hn::Max(a, b);
  const auto is_none = hn::Eq(most, hn::Set(d, -std::numeric_limits<double>::infinity()));
  const auto below = hn::IfThenZeroElse(is_none, hn::Sub(hn::Min(a, b), most));
  return hn::Add(most, hn::Log1p(d, hn::Exp(d, below)));
}

void AdvanceBeams(int64_t n, const double* parent, const double* emission, double blank_emission,
                  double* label, double* blank, double* total) {
  constexpr hn::ScalableTag<double> d;
  constexpr int64_t N = hn::MaxLanes(d);
  const auto step_blank = hn::Set(d, blank_emission);
  for (int64_t i = 0; i < n; i += N) {
    const auto mask = hn::FirstN(d, static_cast<size_t>(n - i < N ? n - i : N));
    const auto old_label = hn::MaskedLoad(mask, d, label + i);
    const auto new_label = hn::Add(LogAdd(old_label, hn::MaskedLoad(mask, d, parent + i)),
                                   hn::MaskedLoad(mask, d, emission + i));
    const auto new_blank = hn::Add(hn::MaskedLoad(mask, d, total + i), step_blank);
    hn::BlendedStore(new_label, mask, d, label + i);
    hn::BlendedStore(new_blank, mask, d, blank + i);
    hn::BlendedStore(LogAdd(new_label, new_blank), mask, d, total + i);
  }
}

void BestFloat(const float* y, int64_t steps, int64_t classes, int64_t* best) { BestClasses(y, steps, classes, best); }
void BestDouble(const double* y, int64_t steps, int64_t classes, int64_t* best) { BestClasses(y, steps, classes, best); }
void LogsFloat(const float* y, int64_t classes, float epsilon, double* logs) { LogProbabilities(y, classes, epsilon, logs); }
void LogsDouble(const double* y, int64_t classes, double epsilon, double* logs) {
  LogProbabilities(y, classes, epsilon, logs);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(BestFloat);
HWY_EXPORT(BestDouble);
HWY_EXPORT(LogsFloat);
HWY_EXPORT(LogsDouble);
HWY_EXPORT(AdvanceBeams);

}  // namespace

template <>
void ctc_best_classes(const float* y, int64_t steps, int64_t classes, int64_t* best) {
  HWY_DYNAMIC_DISPATCH(BestFloat)(y, steps, classes, best);
}
template <>
void ctc_best_classes(const double* y, int64_t steps, int64_t classes, int64_t* best) {
  HWY_DYNAMIC_DISPATCH(BestDouble)(y, steps, classes, best);
}
template <>
void ctc_log_probabilities(const float* y, int64_t classes, float epsilon, double* logs) {
  HWY_DYNAMIC_DISPATCH(LogsFloat)(y, classes, epsilon, logs);
}
template <>
void ctc_log_probabilities(const double* y, int64_t classes, double epsilon, double* logs) {
  HWY_DYNAMIC_DISPATCH(LogsDouble)(y, classes, epsilon, logs);
}
void ctc_advance_beams(int64_t n, const double* parent, const double* emission, double blank_emission,
                       double* label, double* blank, double* total) {
  HWY_DYNAMIC_DISPATCH(AdvanceBeams)(n, parent, emission, blank_emission, label, blank, total);
}

}  // namespace keel
#endif  // HWY_ONCE
