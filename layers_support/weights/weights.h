// What a weight is made with: initializers, regularizers and constraints.
#ifndef KEEL_LAYERS_SUPPORT_WEIGHTS_WEIGHTS_H_
#define KEEL_LAYERS_SUPPORT_WEIGHTS_WEIGHTS_H_

#include "layers_support/weights/constraints.h"
#include "layers_support/weights/initializers.h"
#include "layers_support/weights/regularizers.h"

#endif  // KEEL_LAYERS_SUPPORT_WEIGHTS_WEIGHTS_H_
