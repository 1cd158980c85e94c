// The copies of conv_copies.h on GPUs.
#ifndef KEEL_OPS_CONV_CONV_COPIES_CUDA_H_
#define KEEL_OPS_CONV_CONV_COPIES_CUDA_H_

#include "cuda_runtime_api.h"
#include "ops/conv/conv_copies.h"

namespace keel::cuda {

// Begins a copy between device memory that does not overlap.
cudaError_t begin_copy(const BoxCopy& copy, const void* from, void* to, cudaStream_t stream);
cudaError_t begin_copy(const Permutation& permutation, const void* from, void* to, cudaStream_t stream);

}  // namespace keel::cuda

#endif  // KEEL_OPS_CONV_CONV_COPIES_CUDA_H_
