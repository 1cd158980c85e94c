// Decoders of what a network trained with ctc_batch_cost() says.
#ifndef KEEL_OPS_CTC_DECODE_H_
#define KEEL_OPS_CTC_DECODE_H_

#include <cstdint>

#include "core/tensor.h"

namespace keel {

// How ctc_decode() searches.
struct CtcDecodeOptions {
  bool greedy = true;            // Best-path search. The others are for beam search alone.
  int64_t beam_width = 100;      // Sequences kept from step to step.
  int64_t top_paths = 1;         // How many sequences to return; at most beam_width, and 65536.
  bool merge_repeated = false;   // Whether neighbours that are the same become one in what is returned.
};

// What it finds.
struct CtcDecoded {
  Tensors decoded;         // One for greedy search, top_paths for beam search, the most probable first.
  Tensor log_probability;  // [samples, 1] for greedy search, [samples, top_paths] for beam search.
};

// The sequences of labels that `y_pred` makes most probable. `y_pred`: [samples, steps, classes],
// floating, the output of a softmax, the blank last; `input_length`: [samples] or [samples, 1], how many
// steps of each sample count. Sequences are int64, [samples, length of the longest], −1 behind the end of
// shorter ones; that length is known only when the graph runs. Greedy search takes the best class of
// each step, the first of several, merges repetitions, and gives *minus* the sum of log(y + epsilon())
// over those classes. Beam search gives logarithms of probabilities, rows of y + epsilon() divided by
// their sum. Neither has a gradient. ValueError for options or lengths out of range, no steps or no
// classes, and where a sample has fewer than top_paths sequences or the beam outgrows memory_limit().
// Source: keras.backend.ctc_decode.
CtcDecoded ctc_decode(const Tensor& y_pred, const Tensor& input_length, const CtcDecodeOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_CTC_DECODE_H_
