// One call of a convolution, as it passes the dispatch to a target.
#ifndef KEEL_OPS_CONV_CONV_CALL_H_
#define KEEL_OPS_CONV_CONV_CALL_H_

#include "ops/conv/conv_kernel.h"

namespace keel {

// Which function of conv_kernel.h was called.
enum class ConvPass { kForward, kInputGradient, kKernelGradient };

// Its arguments.
template <typename S>
struct ConvCall {
  ConvPass pass;
  ConvShape shape;
  const S* image;      // x, or dy for the input gradient.
  const S* other;      // w, or dy for the kernel gradient.
  const void* packed;  // Not null: instead of w.
  S* result;
  const RowsDone* rows_done;  // Forward alone.
  void* scratch;
  const ThreadPool& pool;
};

}  // namespace keel

#endif  // KEEL_OPS_CONV_CONV_CALL_H_
