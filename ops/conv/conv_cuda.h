// Convolutions through cuDNN.
#ifndef KEEL_OPS_CONV_CONV_CUDA_H_
#define KEEL_OPS_CONV_CONV_CUDA_H_

#include <memory>

#include "core/dtype.h"
#include "cudnn.h"
#include "ops/conv/conv_kernel.h"

namespace keel::cuda {

// How cuDNN describes a convolution; needs no GPU. Narrow floats are summed in float32; float32 is not
// rounded to fewer bits (no TF32) on the way.
class DnnConv {
 public:
  // `shape` has as many zeros after each axis as before it (symmetric_conv.h). ValueError where cuDNN takes none
  // such.
  DnnConv(DType dtype, const ConvShape& shape);

  cudnnTensorDescriptor_t x() const { return x_.get(); }
  cudnnTensorDescriptor_t y() const { return y_.get(); }
  cudnnFilterDescriptor_t w() const { return w_.get(); }
  cudnnConvolutionDescriptor_t conv() const { return conv_.get(); }
  // 2 or 3.
  int axes() const { return axes_; }

 private:
  struct Destroy {
    void operator()(cudnnTensorDescriptor_t p) const { cudnnDestroyTensorDescriptor(p); }
    void operator()(cudnnFilterDescriptor_t p) const { cudnnDestroyFilterDescriptor(p); }
    void operator()(cudnnConvolutionDescriptor_t p) const { cudnnDestroyConvolutionDescriptor(p); }
  };
  std::unique_ptr<cudnnTensorStruct, Destroy> x_, y_;
  std::unique_ptr<cudnnFilterStruct, Destroy> w_;
  std::unique_ptr<cudnnConvolutionStruct, Destroy> conv_;
  int axes_;
};

// ValueError with cuDNN's own words unless all is well; `what` was asked for.
void check(cudnnStatus_t status, const char* what);

}  // namespace keel::cuda

#endif  // KEEL_OPS_CONV_CONV_CUDA_H_
