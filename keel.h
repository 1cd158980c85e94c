// The Keras backend, whole: everything that keras.backend offers, in namespace keel.
#ifndef KEEL_KEEL_H_
#define KEEL_KEEL_H_

#include "core/arguments.h"
#include "core/array.h"
#include "core/config.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/session.h"
#include "core/sparse.h"
#include "core/uid.h"
#include "core/variable.h"
#include "ops/array/array.h"
#include "ops/control/control.h"
#include "ops/conv/conv.h"
#include "ops/ctc/ctc.h"
#include "ops/math/math.h"
#include "ops/nn/nn.h"
#include "ops/random/random.h"
#include "ops/reduction/reduction.h"
#include "ops/rnn/rnn.h"

#endif  // KEEL_KEEL_H_
