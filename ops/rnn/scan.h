// Loops over the leading axis of tensors: what rnn, map_fn, foldl and foldr are made of.
#ifndef KEEL_OPS_RNN_SCAN_H_
#define KEEL_OPS_RNN_SCAN_H_

#include <functional>
#include <string>

#include "core/tensor.h"

namespace keel {

// What one step gives.
struct ScanStep {
  Tensors outputs;  // Stacked over the steps.
  Tensors states;   // What the next step gets: as many as it got, of the same dtypes and shapes.
};

// What a whole loop gives.
struct ScanResult {
  Tensors outputs;  // Each of shape (steps, …).
  Tensors states;   // Those that the last step gave.
};

// How a loop runs.
struct ScanOptions {
  // From the last index to the first. Outputs lie at the index of the elements they come from.
  bool backwards = false;
  // Whether it is an error if there are no steps; else the states pass through.
  bool needs_steps = false;
  // The public function whose name errors bear.
  std::string caller = "scan";
};

// Calls `step` once, with placeholders, and makes a loop of what it builds: for each index of the
// leading axis of `sequences` (at least one tensor, axes of one size, which may be unknown), with the
// elements there and the states that the step before gave, at first `initial_states`.
//
// What the step computes from no state is not left in the loop: what depends on nothing that changes
// is computed once, products and element-wise work on elements alone at once for all steps. Gradients
// flow through time to sequences, initial states and whatever else the step reads, and so do theirs.
// Random ops in a step draw new numbers in each. ValueError where sizes differ, or a state changes its
// dtype or shape.
ScanResult scan(const std::function<ScanStep(const Tensors& elements, const Tensors& states)>& step,
                const Tensors& sequences, const Tensors& initial_states,
                const ScanOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_RNN_SCAN_H_
