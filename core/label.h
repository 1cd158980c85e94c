// Labels: what a layer's output says of the call that made it.
#ifndef KEEL_CORE_LABEL_H_
#define KEEL_CORE_LABEL_H_

#include "core/tensor.h"

namespace keel {

// What `x` labels, where its op is a label (one with an input that is_layer_output()); else x itself. Nodes
// read what is labelled: a label holds its layer, so that a graph with labels inside would keep alive
// layers that keep such graphs.
Tensor without_label(const Tensor& x);

}  // namespace keel

#endif  // KEEL_CORE_LABEL_H_
