// Connectionist temporal classification: the cost and the decoders.
#ifndef KEEL_OPS_CTC_CTC_H_
#define KEEL_OPS_CTC_CTC_H_

#include "ops/ctc/batch_cost.h"
#include "ops/ctc/decode.h"

#endif  // KEEL_OPS_CTC_CTC_H_
