// One call of gemm(), as it passes the dispatch to a target.
#ifndef KEEL_OPS_MATH_GEMM_CALL_H_
#define KEEL_OPS_MATH_GEMM_CALL_H_

#include "ops/math/gemm_kernel.h"

namespace keel {

// The arguments of gemm() or gemm_packed().
template <typename S>
struct GemmCall {
  GemmShape shape;
  const S* a;
  const S* b;
  const void* packed_b;  // Not null: instead of b.
  S* c;
  GemmEnd end;
  void* scratch;
  const ThreadPool& pool;
};

}  // namespace keel

#endif  // KEEL_OPS_MATH_GEMM_CALL_H_
