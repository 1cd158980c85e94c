#include <memory>
#include <string>

#include "core/kernel.h"
#include "cuda/loop_kernel.h"
#include "cuda/runtime.h"
#include "cuda_runtime_api.h"

namespace keel {
namespace {

// The oldest that this build has machine code for (DEFAULT_ARCHITECTURES in defs.bzl).
constexpr int kOldestArchitecture = 80;

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(int architecture) : architecture_(architecture) {}

  std::string_view name() const override { return "cuda"; }
  // Managed memory: pages move to whoever touches them.
  void* allocate(size_t bytes) override {
    void* memory = nullptr;
    if (cudaMallocManaged(&memory, bytes, cudaMemAttachGlobal) == cudaSuccess) return memory;
    cudaGetLastError();  // Forgets it.
    return nullptr;
  }
  void free(void* memory) override { cudaFree(memory); }
  void synchronize() override { cuda::check(cudaStreamSynchronize(cuda::stream()), "the kernels of a function"); }
  std::unique_ptr<Kernel> compile(const LoopProgram& program) const override {
    return make_loop_cuda_kernel(program, architecture_);
  }

 private:
  const int architecture_;  // 90 for compute capability 9.0.
};

int attribute(cudaDeviceAttr which) {
  int value = 0;
  cuda::check(cudaDeviceGetAttribute(&value, which, 0), "an attribute of the GPU");
  return value;
}

}  // namespace

std::unique_ptr<Device> find_device(std::string& why_not) {
  int count = 0, driver = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    cudaGetLastError();
    const bool installed = cudaDriverGetVersion(&driver) == cudaSuccess && driver != 0;
    why_not = std::string("built with CUDA, but no GPU was found (") +
              (installed ? cudaGetErrorString(error == cudaSuccess ? cudaErrorNoDevice : error)
                         : "no NVIDIA driver is installed") + ")";
    return nullptr;
  }
  const int architecture =
      attribute(cudaDevAttrComputeCapabilityMajor) * 10 + attribute(cudaDevAttrComputeCapabilityMinor);
  if (architecture < kOldestArchitecture) {
    why_not = "the GPU is of compute capability " + std::to_string(architecture / 10) + "." +
              std::to_string(architecture % 10) + "; used are 8.0 and above";
    return nullptr;
  }
  if (attribute(cudaDevAttrConcurrentManagedAccess) == 0) {
    why_not = "the GPU cannot share memory with the CPU while it works";
    return nullptr;
  }
  return std::make_unique<CudaDevice>(architecture);
}

}  // namespace keel
