// Keras's losses: the functions, and the objects that weight and reduce their values.
#ifndef KEEL_LAYERS_SUPPORT_LOSSES_LOSSES_H_
#define KEEL_LAYERS_SUPPORT_LOSSES_LOSSES_H_

#include "layers_support/losses/functions.h"
#include "layers_support/losses/loss.h"
#include "layers_support/losses/sample_weights.h"

#endif  // KEEL_LAYERS_SUPPORT_LOSSES_LOSSES_H_
