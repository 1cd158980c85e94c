// Recurrent networks: a step function over the time axis.
#ifndef KEEL_OPS_RNN_RNN_H_
#define KEEL_OPS_RNN_RNN_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "core/tensor.h"

namespace keel {

// One time step: from the input at that time, (samples, …), and the states followed by the constants,
// to an output (samples, …) and the new states, of the same number, dtypes and shapes as the old.
using StepFunction =
    std::function<std::pair<Tensor, Tensors>(const Tensor& inputs, const Tensors& states)>;

// What rnn may be told besides.
struct RnnOptions {
  // From the last time step to the first; outputs come in the order in which they are computed.
  bool go_backwards = false;
  // (samples, time) or (samples, time, 1), of any dtype: where it is 0 the step's result is dropped,
  // the states stay and the output before is repeated (zeros, if there was none).
  Tensor mask = {};
  // Handed to every step after the states.
  Tensors constants = {};
  // Lays out every step as graph of its own; the number of time steps must be known. The values are
  // the same; plans are larger, and there is no loop around short steps.
  bool unroll = false;
  // Not needed here, as in TensorFlow: the number of time steps where `inputs` does not say.
  std::optional<int64_t> input_length = {};
};

// What rnn gives.
struct RnnResult {
  Tensor last_output;  // (samples, …)
  Tensor outputs;      // (samples, time, …)
  Tensors states;      // Those that the last step gave, each (samples, …).
};

// Calls `step_function` on the time steps of `inputs`, (samples, time, …), at least of rank 3; samples
// and time may be unknown. The step function is called once to build the step (once more, for the
// shape of its output alone, if there is a mask; once per time step if unrolled). What the step
// computes of its input alone, such as the product with a kernel, is done for all time steps at once.
// Gradients flow to inputs, states, constants and whatever else the step reads. ValueError for inputs
// of rank below 3, unrolling an unknown number of steps, a mask without states, no time steps, and
// states whose number, dtype or shape changes. Source: keras.backend.rnn.
RnnResult rnn(const StepFunction& step_function, const Tensor& inputs, const Tensors& initial_states,
              const RnnOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_RNN_RNN_H_
