// The cost of connectionist temporal classification.
#ifndef KEEL_OPS_CTC_BATCH_COST_H_
#define KEEL_OPS_CTC_BATCH_COST_H_

#include "core/tensor.h"

namespace keel {

// What ctc_batch_cost() makes of samples that cannot be.
struct CtcBatchCostOptions {
  // Whether a sample that no path of its input's length can spell costs 0, with a gradient of 0. By
  // default its cost is infinite and its gradient NaN; the other samples never notice.
  bool zero_infinity = false;
};

// Per sample, −log of the probability that the classes drawn at each step, with repetitions merged and
// blanks left out, spell the labels. The last class is the blank. `y_pred`: [samples, steps, classes],
// floating: the output of a softmax; as in Keras, rows of y_pred + epsilon() are divided by their sum.
// `y_true`: [samples, labels], numbers from 0 to classes − 2, of which the first `label_length` count.
// `input_length` (how many steps count) and `label_length`: [samples, 1] or [samples]. Any numeric
// dtypes. The result: [samples, 1], in y_pred's dtype (computed in float32 for narrower ones). It has
// first and second derivatives by y_pred. ValueError, when it runs, for labels and lengths out of
// range, more than 2^20 steps, no steps, or no classes. Source: keras.backend.ctc_batch_cost; Graves
// et al., "Connectionist temporal classification", 2006.
Tensor ctc_batch_cost(const Tensor& y_true, const Tensor& y_pred, const Tensor& input_length,
                      const Tensor& label_length, const CtcBatchCostOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_CTC_BATCH_COST_H_
