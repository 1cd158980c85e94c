// Symbolic gradients.
#ifndef KEEL_CORE_GRADIENTS_H_
#define KEEL_CORE_GRADIENTS_H_

#include "core/tensor.h"

namespace keel {

// The gradients of `loss` (of the sum of its elements, where it has several) with respect to each of
// `variables`, which may be any tensors: graph code, which can be differentiated again. An empty
// handle for one that `loss` does not depend on. ValueError where `loss` or a variable is not of a
// floating dtype. The gradient with respect to a sparse tensor is one, with elements in the same places.
// Source: keras.backend.gradients.
Tensors gradients(const Tensor& loss, const Tensors& variables);

// The same for several results, each with the gradient that flows into it. Where the variables are
// `independent`, none is differentiated through: of two of them, one computed from the other, each
// gets the gradient for the other held fixed.
Tensors gradients(const Tensors& results, const Tensors& seeds, const Tensors& variables,
                  bool independent = false);

}  // namespace keel

#endif  // KEEL_CORE_GRADIENTS_H_
