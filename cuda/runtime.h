// CUDA's runtime, in this house's terms.
#ifndef KEEL_CUDA_RUNTIME_H_
#define KEEL_CUDA_RUNTIME_H_

#include <cstddef>
#include <cstdint>

#include "core/error.h"
#include "core/kernel.h"
#include "cuda_runtime_api.h"

namespace keel::cuda {

// ValueError with CUDA's own words unless `error` is none; `what` was asked for.
inline void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) fail("cuda: ", what, ": ", cudaGetErrorString(error));
}

// Where kernels are begun: the calling thread's own stream, which does one after another.
inline cudaStream_t stream() { return cudaStreamPerThread; }

// Whether `device` is the GPU, on which kernels that this build has for CUDA can run.
inline bool is_cuda(const Device& device) { return device.name() == "cuda"; }

// Workspaces of CUDA's libraries begin at multiples of this; what is asked for has room to get there.
inline constexpr size_t kWorkspaceAlign = 256;
inline std::byte* align_workspace(std::byte* memory) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(memory);
  return memory + (kWorkspaceAlign - address % kWorkspaceAlign) % kWorkspaceAlign;
}

}  // namespace keel::cuda

#endif  // KEEL_CUDA_RUNTIME_H_
