#include "ops/rnn/rnn.h"

#include <numeric>
#include <vector>

#include "core/error.h"
#include "core/structure.h"
#include "ops/array/array.h"
#include "ops/math/math.h"
#include "ops/rnn/scan.h"

namespace keel {
namespace {

// Swaps the axes of samples and time.
Tensor swap_leading_axes(const Tensor& x) {
  std::vector<int64_t> pattern(x.rank());
  std::iota(pattern.begin(), pattern.end(), 0);
  std::swap(pattern[0], pattern[1]);
  return permute_dimensions(x, pattern);
}

void check(const Tensor& inputs, const Tensors& initial_states, const RnnOptions& options) {
  if (!inputs.defined()) fail("rnn: inputs is an empty tensor handle");
  if (inputs.rank() < 3) {
    fail("rnn: inputs has shape ", inputs.shape(), "; it needs at least 3 axes (samples, time, …)");
  }
  if (options.unroll && inputs.shape()[1] == None) {
    fail("rnn: unroll needs a known number of time steps (inputs: ", inputs.shape(), ')');
  }
  if (inputs.shape()[1] == 0) fail("rnn: inputs has no time steps (shape ", inputs.shape(), ')');
  for (const Tensor& state : initial_states) {
    if (!state.defined()) fail("rnn: an initial state is an empty tensor handle");
  }
  for (const Tensor& constant : options.constants) {
    if (!constant.defined()) fail("rnn: one of the constants is an empty tensor handle");
  }
  if (!options.mask.defined()) return;
  const Shape& mask = options.mask.shape();
  if (mask.rank() != 2 && (mask.rank() != 3 || (mask[2] != 1 && mask[2] != None))) {
    fail("rnn: mask has shape ", mask, "; accepted are (samples, time) and (samples, time, 1)");
  }
  if (initial_states.empty()) {
    fail("rnn: a mask was given but no initial states; a masked step repeats what they hold");
  }
}

// The mask as bool, (time, samples).
Tensor mask_over_time(const Tensor& mask) {
  const Tensor two_axes = mask.rank() == 3 ? squeeze(mask, 2) : mask;
  return swap_leading_axes(two_axes.dtype().is_bool() ? two_axes : cast(two_axes, "bool"));
}

// `x` where the mask of shape (samples,) says so, else `otherwise`.
Tensor keep(const Tensor& mask, const Tensor& x, const Tensor& otherwise) {
  Tensor aligned = mask;
  while (aligned.rank() < x.rank()) aligned = expand_dims(aligned, -1);
  return where(aligned, x, otherwise);
}

// The step function as a loop's step. Its elements: the input and, if there is one, the mask; its
// states: the user's and, with a mask, the output before.
class Step {
 public:
  Step(const StepFunction& function, size_t states, const RnnOptions& options)
      : function_(function), states_(states), options_(options) {}

  ScanStep operator()(const Tensors& elements, const Tensors& states) const {
    const Tensors before(states.begin(), states.begin() + static_cast<std::ptrdiff_t>(states_));
    auto [output, after] = call(elements[0], before);
    if (elements.size() == 1) return {{output}, after};
    for (size_t i = 0; i < states_; ++i) after[i] = keep(elements[1], after[i], before[i]);
    output = keep(elements[1], output, states.back());
    after.push_back(output);
    return {{output}, after};
  }

  std::pair<Tensor, Tensors> call(const Tensor& input, const Tensors& states) const {
    Tensors arguments = states;
    arguments.insert(arguments.end(), options_.constants.begin(), options_.constants.end());
    std::pair<Tensor, Tensors> made = function_(input, arguments);
    if (made.second.size() != states_) {
      fail("rnn: there are ", states_, " initial states but the step function returned ",
           made.second.size());
    }
    if (!made.first.defined()) fail("rnn: the step function returned an empty tensor handle");
    for (size_t i = 0; i < states_; ++i) check_state(i, states[i], made.second[i]);
    return made;
  }

 private:
  static void check_state(size_t i, const Tensor& before, const Tensor& after) {
    if (!after.defined()) fail("rnn: the step function returned an empty handle as state ", i);
    bool same = before.dtype() == after.dtype() && before.rank() == after.rank();
    for (int k = 0; same && k < before.rank(); ++k) {
      const int64_t a = before.shape()[k], b = after.shape()[k];
      same = a == None || b == None || a == b;
    }
    if (!same) {
      fail("rnn: state ", i, " is ", before.dtype(), before.shape(), " before a step and ",
           after.dtype(), after.shape(), " after it; a state keeps its dtype and shape");
    }
  }

  const StepFunction& function_;
  const size_t states_;
  const RnnOptions& options_;
};

ScanResult unrolled(const Step& step, const Tensors& sequences, Tensors states) {
  Tensors outputs;
  for (int64_t t = 0; t < sequences[0].shape()[0]; ++t) {
    Tensors elements;
    for (const Tensor& sequence : sequences) elements.push_back(element_at(sequence, t));
    ScanStep made = step(elements, states);
    outputs.push_back(made.outputs[0]);
    states = std::move(made.states);
  }
  return {{stack(outputs)}, std::move(states)};
}

}  // namespace

RnnResult rnn(const StepFunction& step_function, const Tensor& inputs, const Tensors& initial_states,
              const RnnOptions& options) {
  if (step_function == nullptr) fail("rnn: step_function is an empty function");
  check(inputs, initial_states, options);
  const Step step(step_function, initial_states.size(), options);
  Tensors sequences{swap_leading_axes(inputs)}, states = initial_states;
  if (options.mask.defined()) {
    sequences.push_back(mask_over_time(options.mask));
    const Tensor output = step.call(element_at(sequences[0], 0), initial_states).first;
    states.push_back(full_like(output, 0, output.dtype()));
  }
  if (options.go_backwards) {
    for (Tensor& sequence : sequences) sequence = reverse(sequence, 0);
  }
  // Where a state is what is put out, the last output is that state's last value.
  int output_state = -1;
  auto watched = [&](const Tensors& elements, const Tensors& before) {
    ScanStep made = step(elements, before);
    for (size_t i = 0; i < made.states.size(); ++i) {
      if (made.states[i].same_as(made.outputs[0])) output_state = static_cast<int>(i);
    }
    return made;
  };
  ScanResult made = options.unroll
                        ? unrolled(step, sequences, states)
                        : scan(watched, sequences, states, {.needs_steps = true, .caller = "rnn"});
  RnnResult result;
  result.last_output = output_state >= 0 ? made.states[output_state] : element_at(made.outputs[0], -1);
  result.outputs = swap_leading_axes(made.outputs[0]);
  made.states.resize(initial_states.size());
  result.states = std::move(made.states);
  return result;
}

}  // namespace keel
