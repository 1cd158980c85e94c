// Convolutions, pooling and resizing: the face of the family.
#ifndef KEEL_OPS_CONV_CONV_H_
#define KEEL_OPS_CONV_CONV_H_

#include "ops/conv/convolution.h"
#include "ops/conv/depthwise.h"
#include "ops/conv/local.h"
#include "ops/conv/pool.h"
#include "ops/conv/resize.h"

#endif  // KEEL_OPS_CONV_CONV_H_
