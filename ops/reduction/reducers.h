// How values along an axis become one; the sum is the core's (kSum).
#ifndef KEEL_OPS_REDUCTION_REDUCERS_H_
#define KEEL_OPS_REDUCTION_REDUCERS_H_

#include "core/loops/program.h"

namespace keel {

// The largest and the smallest; NaN where there is one.
extern const Reducer kMaxReducer;
extern const Reducer kMinReducer;
// The product.
extern const Reducer kProdReducer;
// Of bools: whether one is true, whether none is false.
extern const Reducer kAnyReducer;
extern const Reducer kAllReducer;

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_REDUCERS_H_
