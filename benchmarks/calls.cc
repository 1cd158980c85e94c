#include "benchmarks/calls.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/graph.h"

namespace keel::bench {

Array floats(const Shape& shape, int seed, float low, float high) {
  Array array(shape, DType::kFloat32);
  const Floats numbers(array.elements(), seed, low, high);
  std::copy_n(numbers.data(), array.elements(), array.mutable_data<float>());
  return array;
}

Tensor input(const Shape& shape) { return placeholder({.shape = shape, .dtype = DType::kFloat32}); }

Step call(const Function& function, std::vector<Array> inputs) {
  struct State {
    Function function;
    std::vector<Array> inputs, outputs;
  };
  auto state = std::make_shared<State>(State{function, std::move(inputs), {}});
  return {[state] {
            state->outputs.clear();  // So that its memory is there for the next.
            state->outputs = state->function(state->inputs);
          },
          [state]() -> absl::Span<const float> {
            const Array& first = state->outputs[0];
            if (first.dtype() != DType::kFloat32) return {};
            return first.values<float>();
          }};
}

}  // namespace keel::bench
