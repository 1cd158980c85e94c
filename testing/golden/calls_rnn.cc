// Loops: rnn, and functions over elements.
#include "ops/control/map.h"
#include "ops/rnn/rnn.h"
#include "testing/golden/callables.h"
#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

Answer call_rnn(Call& call) {
  const auto name = call.arg<std::string>("step_function");
  const StepFunction step = step_function(
      name, {call.optional_tensor("step.W"), call.optional_tensor("step.U"), call.optional_tensor("step.b")});
  RnnOptions options;
  options.go_backwards = call.arg("go_backwards", options.go_backwards);
  options.mask = call.optional_tensor("mask");
  if (call.has("constants")) options.constants = call.tensors("constants");
  options.unroll = call.arg("unroll", options.unroll);
  options.input_length = call.maybe<int64_t>("input_length");
  const Tensors initial = call.has("initial_states") ? call.tensors("initial_states") : Tensors();
  const RnnResult result = rnn(step, call.tensor("inputs"), initial, options);
  Tensors all{result.last_output, result.outputs};
  all.insert(all.end(), result.states.begin(), result.states.end());
  return all;
}

Answer call_map_fn(Call& call) {
  return map_fn(map_function(call.arg<std::string>("fn")), call.tensors("elems"),
                {.name = call.arg("name", std::string()), .dtype = call.maybe<DType>("dtype")});
}

template <Tensor (*fold)(const FoldFunction&, const Tensor&, const FoldOptions&)>
Answer call_fold(Call& call) {
  return fold(fold_function(call.arg<std::string>("fn")), call.tensor("elems"),
              {.initializer = call.optional_tensor("initializer"), .name = call.arg("name", std::string())});
}

constexpr Entry kEntries[] = {
    {"rnn", "step_function inputs initial_states go_backwards mask constants unroll input_length step", call_rnn},
    {"map_fn", "fn elems name dtype", call_map_fn},
    {"foldl", "fn elems initializer name", call_fold<foldl>},
    {"foldr", "fn elems initializer name", call_fold<foldr>},
};

}  // namespace

Entries rnn_calls() { return kEntries; }

}  // namespace keel::golden
