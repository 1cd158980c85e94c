// Keras's layers, in namespace keel::layers.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_LAYERS_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_LAYERS_H_

#include "layers_support/layer/layer.h"
#include "layers_support/layers/activations.h"
#include "layers_support/layers/convolution.h"
#include "layers_support/layers/core.h"
#include "layers_support/layers/cropping.h"
#include "layers_support/layers/merge.h"
#include "layers_support/layers/noise.h"
#include "layers_support/layers/normalization.h"
#include "layers_support/layers/pooling.h"
#include "layers_support/layers/recurrent.h"
#include "layers_support/layers/resizing.h"
#include "layers_support/layers/separable.h"
#include "layers_support/layers/wrappers.h"

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_LAYERS_H_
