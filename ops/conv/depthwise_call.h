// One call of a depthwise convolution, as it passes the dispatch to a target.
#ifndef KEEL_OPS_CONV_DEPTHWISE_CALL_H_
#define KEEL_OPS_CONV_DEPTHWISE_CALL_H_

#include "ops/conv/conv_call.h"
#include "ops/conv/depthwise_kernel.h"

namespace keel {

// The arguments of the functions of depthwise_kernel.h.
template <typename S>
struct DepthwiseCall {
  ConvPass pass;
  ConvShape shape;
  const S* image;  // x, or dy for the input gradient.
  const S* other;  // w, or dy for the kernel gradient.
  S* result;
  void* scratch;
  const ThreadPool& pool;
};

}  // namespace keel

#endif  // KEEL_OPS_CONV_DEPTHWISE_CALL_H_
