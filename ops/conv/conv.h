// Convolutions and pooling: the face of the family.
#ifndef KEEL_OPS_CONV_CONV_H_
#define KEEL_OPS_CONV_CONV_H_

#include "ops/conv/convolution.h"
#include "ops/conv/depthwise.h"
#include "ops/conv/pool.h"

#endif  // KEEL_OPS_CONV_CONV_H_
