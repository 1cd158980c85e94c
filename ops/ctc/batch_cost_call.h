// The arguments of one call of the kernels in batch_cost_kernel.cc, for its dispatch.
#ifndef KEEL_OPS_CTC_BATCH_COST_CALL_H_
#define KEEL_OPS_CTC_BATCH_COST_CALL_H_

#include "core/threads.h"
#include "ops/ctc/batch_cost_kernel.h"

namespace keel {

// What one call was given; null where its pass has no such thing.
template <typename T>
struct CtcCall {
  const CtcBatch& batch;
  const T* y;
  const T* in;  // dcost, or v.
  T* first;     // The cost, or its slope.
  T* out;       // dy, or dv.
  void* scratch;
  const ThreadPool& pool;
};

}  // namespace keel

#endif  // KEEL_OPS_CTC_BATCH_COST_CALL_H_
