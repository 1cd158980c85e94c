// Made-up batches for the programs of this folder.
#ifndef KEEL_EXAMPLES_LEARNING_PHASE_TRAINING_DATA_H_
#define KEEL_EXAMPLES_LEARNING_PHASE_TRAINING_DATA_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "keel.h"

namespace keel::examples {

// Batches of samples x (32 of `features` normally distributed numbers) with targets: ten fixed mixtures
// of these numbers.
inline std::vector<std::pair<Array, Array>> training_data(int64_t features, int batches) {
  const Tensor x = random_normal({32, features}, {.seed = 2});
  const Variable mix = random_normal_variable({features, 10}, 0, 0.3, {.seed = 3});
  const Function draw = function({}, {x, dot(x, mix)});
  std::vector<std::pair<Array, Array>> data;
  for (int i = 0; i < batches; ++i) {
    std::vector<Array> batch = draw();
    data.emplace_back(std::move(batch[0]), std::move(batch[1]));
  }
  return data;
}

}  // namespace keel::examples

#endif  // KEEL_EXAMPLES_LEARNING_PHASE_TRAINING_DATA_H_
