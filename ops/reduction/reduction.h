// Many elements become one: sums, extremes, where they are, and what is so far.
#ifndef KEEL_OPS_REDUCTION_REDUCTION_H_
#define KEEL_OPS_REDUCTION_REDUCTION_H_

#include "ops/reduction/arg_extreme.h"
#include "ops/reduction/cumulative.h"
#include "ops/reduction/logsumexp.h"
#include "ops/reduction/moments.h"
#include "ops/reduction/reduce.h"

#endif  // KEEL_OPS_REDUCTION_REDUCTION_H_
