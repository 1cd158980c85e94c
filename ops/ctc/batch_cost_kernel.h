// The cost of connectionist temporal classification, its gradient, and the derivative of that along a
// direction. The last class is the blank.
//
// With p = y + epsilon, the cost of a sample is −log Σ Π p[t, path[t]] / Σ_k p[t, k], summed over the
// paths that give its labels once repetitions are merged and blanks left out (Graves et al., 2006):
// Keras's log(y + epsilon) under TensorFlow's log-softmax. Sums over paths are made by the forward
// and backward recurrences in numbers of an unbounded exponent (wide_float-inl.h), in time and
// memory linear in steps times labels.
#ifndef KEEL_OPS_CTC_BATCH_COST_KERNEL_H_
#define KEEL_OPS_CTC_BATCH_COST_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"

namespace keel {

// The most steps that exponents of float32 have room for.
constexpr int64_t kMostCtcSteps = int64_t{1} << 20;

// What the kernels are told besides y, [samples, steps, classes], at least one class. Lengths and
// labels are within their ranges: 0 ≤ input_lengths[n] ≤ steps ≤ kMostCtcSteps, 0 ≤ label_lengths[n] ≤ width,
// and of each sample's row of `labels` as many in [0, classes − 1).
struct CtcBatch {
  int64_t samples, steps, classes, width;
  const int64_t* labels;         // [samples, width]
  const int64_t* input_lengths;  // [samples]
  const int64_t* label_lengths;  // [samples]
  double epsilon;
  bool zero_infinity;  // Whether a sample without a path costs 0, with a gradient of 0.
};

// The three functions below.
enum class CtcPass { kCost, kGradient, kTangent };

// Bytes of scratch for a pass over such a batch. T: float or double.
template <typename T>
size_t ctc_scratch_bytes(CtcPass pass, int64_t steps, int64_t width, const ThreadPool& pool);

// cost[n]; infinity where no path gives the labels, NaN where a row of y within the input's length has
// a negative p, or a sum of p that is 0 or not finite.
template <typename T>
void ctc_cost(const CtcBatch& batch, const T* y, T* cost, void* scratch, const ThreadPool& pool);

// dy = dcost[n] · ∂cost[n]/∂y; 0 beyond the input's length, NaN for a sample whose cost is not finite.
template <typename T>
void ctc_cost_gradient(const CtcBatch& batch, const T* y, const T* dcost, T* dy, void* scratch,
                       const ThreadPool& pool);

// slope[n], the derivative of cost[n] along v, and dv, that of ∂cost/∂y along v (the Hessian times v);
// v and dv: as y. NaN as above.
template <typename T>
void ctc_cost_tangent(const CtcBatch& batch, const T* y, const T* v, T* slope, T* dv, void* scratch,
                      const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_CTC_BATCH_COST_KERNEL_H_
