// Activations, losses, normalization, dropout and biases: the face of the family.
#ifndef KEEL_OPS_NN_NN_H_
#define KEEL_OPS_NN_NN_H_

#include "ops/nn/activations.h"    // IWYU pragma: export
#include "ops/nn/bias_add.h"       // IWYU pragma: export
#include "ops/nn/crossentropy.h"   // IWYU pragma: export
#include "ops/nn/dropout.h"        // IWYU pragma: export
#include "ops/nn/in_top_k.h"       // IWYU pragma: export
#include "ops/nn/normalization.h"  // IWYU pragma: export
#include "ops/nn/softmax.h"        // IWYU pragma: export

#endif  // KEEL_OPS_NN_NN_H_
