#include "ops/conv/conv_copies_cuda.h"

namespace keel::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMostBlocks = 4096;

template <typename T, typename Copy>
__global__ void __launch_bounds__(kThreads)
    copy_elements(const Copy copy, const T* __restrict__ from, T* __restrict__ to, int64_t n) {
  const int64_t step = int64_t{gridDim.x} * kThreads;
  for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < n; i += step) {
    const int64_t source = source_of(copy, i);
    to[i] = source < 0 ? T{} : from[source];
  }
}

template <typename T, typename Copy>
cudaError_t begin(const Copy& copy, const void* from, void* to, cudaStream_t stream) {
  const int64_t n = copy.elements(), blocks = (n + kThreads - 1) / kThreads;
  if (n == 0) return cudaSuccess;
  copy_elements<T><<<static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks), kThreads, 0, stream>>>(
      copy, static_cast<const T*>(from), static_cast<T*>(to), n);
  return cudaGetLastError();
}

template <typename Copy>
cudaError_t begin_any(const Copy& copy, const void* from, void* to, cudaStream_t stream) {
  switch (copy.element) {
    case 2: return begin<uint16_t>(copy, from, to, stream);
    case 8: return begin<uint64_t>(copy, from, to, stream);
    default: return begin<uint32_t>(copy, from, to, stream);
  }
}

}  // namespace

cudaError_t begin_copy(const BoxCopy& copy, const void* from, void* to, cudaStream_t stream) {
  return begin_any(copy, from, to, stream);
}

cudaError_t begin_copy(const Permutation& permutation, const void* from, void* to, cudaStream_t stream) {
  return begin_any(permutation, from, to, stream);
}

}  // namespace keel::cuda
