// What a user needs to define, train and serve networks: all of keel::layers, models, losses, metrics,
// optimizers and training.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_SUPPORT_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_SUPPORT_H_

#include "keel.h"
#include "layers_support/layer/layer.h"
#include "layers_support/layers/layers.h"
#include "layers_support/losses/losses.h"
#include "layers_support/metrics/metrics.h"
#include "layers_support/models/loading.h"
#include "layers_support/models/model.h"
#include "layers_support/optimizers/optimizers.h"
#include "layers_support/saving/checkpoint.h"
#include "layers_support/saving/model_file.h"
#include "layers_support/saving/weights_file.h"
#include "layers_support/training/curves.h"
#include "layers_support/training/step.h"
#include "layers_support/training/trainer.h"
#include "layers_support/weights/weights.h"

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_SUPPORT_H_
