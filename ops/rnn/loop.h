// Making the node of a loop from its body.
#ifndef KEEL_OPS_RNN_LOOP_H_
#define KEEL_OPS_RNN_LOOP_H_

#include "core/tensor.h"
#include "ops/rnn/loop_body.h"
#include "ops/rnn/scan.h"

namespace keel::internal {

// A loop to be made.
struct LoopParts {
  // `body.graph` holds the new states and what is to be stacked; captures are found.
  LoopBody body;
  Tensors initial;    // Of body.states.
  Tensors sequences;  // Of body.elements.
  // Formals that only the shape is read of, and tensors of the graph around that have it.
  Tensors shapes, shape_sources;
};

// The loop, with as much of its work outside as can be.
ScanResult make_loop(LoopParts parts);

// The gradients for the inputs of a loop's node of body `body` and outputs `ys`, where those for its
// outputs are `dys`.
Tensors loop_gradient(const std::shared_ptr<const LoopBody>& body, const Tensors& ys,
                      const Tensors& dys);

// The outputs of a node that runs `body` on `inputs`.
Tensors make_loop_node(std::shared_ptr<const LoopBody> body, Tensors inputs);

}  // namespace keel::internal

#endif  // KEEL_OPS_RNN_LOOP_H_
