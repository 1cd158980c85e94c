// One call of pooling, as it passes the dispatch to a target.
#ifndef KEEL_OPS_CONV_POOL_CALL_H_
#define KEEL_OPS_CONV_POOL_CALL_H_

#include "ops/conv/pool_kernel.h"

namespace keel {

// Which function of pool_kernel.h was called.
enum class PoolPass { kMax, kAverage, kMaxGradient, kAverageGradient };

// Its arguments.
template <typename S>
struct PoolCall {
  PoolShape shape;
  const S* from;  // x or, for a gradient, dy.
  S* result;
  void* index;    // Null where there is none, or none is wanted.
  void* scratch;
  const ThreadPool& pool;
};

}  // namespace keel

#endif  // KEEL_OPS_CONV_POOL_CALL_H_
