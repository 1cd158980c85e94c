// Products through cuBLASLt.
#ifndef KEEL_OPS_MATH_PRODUCT_CUDA_H_
#define KEEL_OPS_MATH_PRODUCT_CUDA_H_

#include <memory>

#include "core/dtype.h"
#include "cublasLt.h"
#include "ops/math/blas_product.h"

namespace keel::cuda {

// How cuBLASLt describes a product; needs no GPU. Narrow floats are summed in float32, nothing is rounded
// to fewer bits (no TF32) on the way.
class LtProduct {
 public:
  // ValueError where cuBLASLt takes no such matrices.
  LtProduct(DType dtype, const BlasProduct& product);

  cublasLtMatmulDesc_t operation() const { return operation_.get(); }
  cublasLtMatrixLayout_t l() const { return l_.get(); }
  cublasLtMatrixLayout_t r() const { return r_.get(); }
  cublasLtMatrixLayout_t d() const { return d_.get(); }

 private:
  struct Destroy {
    void operator()(cublasLtMatmulDesc_t p) const { cublasLtMatmulDescDestroy(p); }
    void operator()(cublasLtMatrixLayout_t p) const { cublasLtMatrixLayoutDestroy(p); }
  };
  std::unique_ptr<cublasLtMatmulDescOpaque_t, Destroy> operation_;
  std::unique_ptr<cublasLtMatrixLayoutOpaque_t, Destroy> l_, r_, d_;
};

// ValueError with cuBLASLt's own words unless all is well; `what` was asked for.
void check(cublasStatus_t status, const char* what);

}  // namespace keel::cuda

#endif  // KEEL_OPS_MATH_PRODUCT_CUDA_H_
