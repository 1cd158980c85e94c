// The functions that cases hand to rnn, map_fn, foldl and foldr, by the names of the format.
#ifndef KEEL_TESTING_GOLDEN_CALLABLES_H_
#define KEEL_TESTING_GOLDEN_CALLABLES_H_

#include <functional>
#include <string>

#include "core/tensor.h"
#include "ops/control/map.h"
#include "ops/rnn/rnn.h"

namespace keel::golden {

// The parameters of an rnn's step; those that the case does not give are empty handles.
struct StepParameters {
  Tensor w, u, b;
};
// CaseError for an unknown name.
StepFunction step_function(const std::string& name, const StepParameters& parameters);

// map_fn's function of one element; pair_product takes two tensors.
using MapFunction = std::function<Tensor(const Tensors& elements)>;
MapFunction map_function(const std::string& name);

// foldl's and foldr's function.
FoldFunction fold_function(const std::string& name);

}  // namespace keel::golden

#endif  // KEEL_TESTING_GOLDEN_CALLABLES_H_
