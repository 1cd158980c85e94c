// What the functions of this family check alike.
#ifndef KEEL_OPS_CTC_ARGUMENTS_H_
#define KEEL_OPS_CTC_ARGUMENTS_H_

#include <cstdint>
#include <string_view>

#include "core/tensor.h"

namespace keel {

// ValueError unless `y_pred` is floating, of shape [samples, steps, classes], neither of the last two 0.
void check_ctc_predictions(std::string_view function, const Signature& y_pred);

// ValueError unless a tensor of lengths has a number per sample, as [samples, 1] or [samples].
void check_ctc_lengths(std::string_view function, std::string_view argument, const Shape& lengths, int64_t samples);

// Whether two dimensions can be the same.
inline bool may_equal(int64_t a, int64_t b) { return a == b || a == None || b == None; }

// ValueError unless all `n` lengths are from 0 to `most`, which is how many `what` there are.
void check_ctc_length_values(std::string_view function, std::string_view argument, const int64_t* lengths, int64_t n,
                             int64_t most, std::string_view what);

// A tensor of numbers as int64, for lengths and labels.
Tensor as_int64(std::string_view function, std::string_view argument, const Tensor& x);

}  // namespace keel

#endif  // KEEL_OPS_CTC_ARGUMENTS_H_
