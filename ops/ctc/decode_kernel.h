// The vector loops of the decoders.
#ifndef KEEL_OPS_CTC_DECODE_KERNEL_H_
#define KEEL_OPS_CTC_DECODE_KERNEL_H_

#include <cstdint>

namespace keel {

// best[t] = the number of the greatest of row t of y, [steps, classes], the first of several. A NaN is
// never it; where there is no other number, class 0 is. classes ≥ 1. T: float or double.
template <typename T>
void ctc_best_classes(const T* y, int64_t steps, int64_t classes, int64_t* best);

// logs[k] = log(p[k] / Σ p) for one row, p = y + epsilon. A p that is NaN or negative counts as 0, an
// infinite one as 1e300. All −infinity where every p is 0.
template <typename T>
void ctc_log_probabilities(const T* y, int64_t classes, T epsilon, double* logs);

// One step of `n` beams, in logarithms: what they have on ending in their last label, and in a blank.
//   label[i] = log(exp(label[i]) + exp(parent[i])) + emission[i]
//   blank[i] = total[i] + blank_emission
//   total[i] = log(exp(label[i]) + exp(blank[i])), of the new ones.
void ctc_advance_beams(int64_t n, const double* parent, const double* emission, double blank_emission,
                       double* label, double* blank, double* total);

}  // namespace keel

#endif  // KEEL_OPS_CTC_DECODE_KERNEL_H_
