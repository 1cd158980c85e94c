// The gradient of a strided convolution w.r.t. its input, as convolutions with stride 1.
#if defined(KEEL_OPS_CONV_CONV_PHASES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_CONV_PHASES_INL_H_
#undef KEEL_OPS_CONV_CONV_PHASES_INL_H_
#else
#define KEEL_OPS_CONV_CONV_PHASES_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "ops/conv/conv_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// The elements of dx at positions first + i * stride along each axis, with the taps that reach
// them: dx there is a convolution of dy with stride 1. One of stride[0] * stride[1] * stride[2].
struct Phase {
  Spatial first;        // In dx.
  Spatial count;        // Elements of dx per axis.
  Spatial taps;
  Spatial tap, tap_step;  // Tap i of an axis is w's tap + i * tap_step.
  Spatial offset, step;   // It reads dy at position + offset + i * step.
};

HWY_INLINE Phase PhaseOf(const ConvShape& s, int64_t index) {
  Phase phase{};
  const Spatial residue = {index / (s.stride[1] * s.stride[2]), index / s.stride[2] % s.stride[1],
                           index % s.stride[2]};
  for (int i = 0; i < 3; ++i) {
    const int64_t stride = s.stride[i], dilation = s.dilation[i];
    // x + pad = o * stride + t * dilation; this phase has (x + pad) % stride == residue.
    phase.first[i] = ((residue[i] - s.pad[i]) % stride + stride) % stride;
    phase.count[i] =
        phase.first[i] >= s.in[i] ? 0 : (s.in[i] - 1 - phase.first[i]) / stride + 1;
    int64_t t = 0;  // The first tap, then one per `period`.
    while (t < std::min(stride, s.kernel[i]) && t * dilation % stride != residue[i]) ++t;
    int64_t period = 1;
    while (period * dilation % stride != 0) ++period;
    const bool none = t >= s.kernel[i] || t * dilation % stride != residue[i];
    phase.taps[i] = none ? 0 : (s.kernel[i] - 1 - t) / period + 1;
    if (none) continue;
    // From the last tap to the first, so that dy is read forwards.
    phase.tap[i] = t + (phase.taps[i] - 1) * period;
    phase.tap_step[i] = -period;
    phase.step[i] = period * dilation / stride;
    phase.offset[i] = (phase.first[i] + s.pad[i] - phase.tap[i] * dilation) / stride;
  }
  return phase;
}

// Which of w's taps the phase's `tap` is.
HWY_INLINE int64_t KernelTap(const ConvShape& s, const Phase& phase, int64_t tap) {
  const int64_t t2 = tap % phase.taps[2], t1 = tap / phase.taps[2] % phase.taps[1];
  const int64_t t0 = tap / (phase.taps[2] * phase.taps[1]);
  return ((phase.tap[0] + t0 * phase.tap_step[0]) * s.kernel[1] + phase.tap[1] +
          t1 * phase.tap_step[1]) * s.kernel[2] +
         phase.tap[2] + t2 * phase.tap_step[2];
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_CONV_PHASES_INL_H_
