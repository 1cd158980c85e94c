// Connectionist temporal classification: the cost, the decoders, sparse labels.
#ifndef KEEL_OPS_CTC_CTC_H_
#define KEEL_OPS_CTC_CTC_H_

#include "ops/ctc/batch_cost.h"
#include "ops/ctc/decode.h"
#include "ops/ctc/labels.h"

#endif  // KEEL_OPS_CTC_CTC_H_
