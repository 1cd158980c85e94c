// Kernels, and the devices that run them.
#ifndef KEEL_CORE_KERNEL_H_
#define KEEL_CORE_KERNEL_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/loops/program.h"
#include "core/view.h"

namespace keel {

class Device;

// An op made ready for the shapes of one plan. Thread-safe: plans run concurrently.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // Bytes of Exec::scratch that `run` needs on this pool.
  virtual size_t scratch_bytes(const ThreadPool& pool) const { (void)pool; return 0; }
  // Computes `out` from `in`, whose shapes are those it was made for. Throws nothing but ValueError,
  // for values that are not acceptable (an index out of range). A kernel of a device may only begin
  // that, as Device::synchronize() says.
  virtual void run(const Exec& exec, Views in, Views out) const = 0;
  // Whether output `out` may have the memory of input `in`.
  virtual bool may_alias(int out, int in) const { (void)out, (void)in; return false; }
  // For plan dumps: what the op's name and attributes do not say, such as the plans of branches and
  // loops, in lines of its own.
  virtual std::string to_string() const { return {}; }
  // A kernel that computes the same on `device`; null where there is none, for these dtypes and
  // shapes: then this one runs, between others on the device.
  virtual std::unique_ptr<Kernel> on_device(const Device& device) const {
    (void)device;
    return nullptr;
  }
  // The library of CUDA's that on_device() computes with on a GPU, such as "cuBLASLt"; empty where there is no
  // such kernel. Known to builds without CUDA too.
  virtual std::string_view cuda_library() const { return {}; }
};

// What runs kernels beside the CPU, on the same memory. Thread-safe. Lives to the end of the process.
class Device {
 public:
  virtual ~Device() = default;
  // "cuda"
  virtual std::string_view name() const = 0;
  // Memory that the CPU and the device see at one address, 64-byte aligned; null where none is left.
  virtual void* allocate(size_t bytes) = 0;
  virtual void free(void* memory) = 0;
  // Kernels that one thread begins run one after another, beside the CPU. This waits for those of the
  // calling thread: only then does the CPU read or overwrite what they touch. ValueError where one failed.
  virtual void synchronize() = 0;
  // The kernel of an element-wise program; null where the device has none for it.
  virtual std::unique_ptr<Kernel> compile(const LoopProgram& program) const = 0;
};

// The device that this build and this machine have, or null. `why_not` gets the reason, unless it is
// that the build has none.
std::unique_ptr<Device> find_device(std::string& why_not);

}  // namespace keel

#endif  // KEEL_CORE_KERNEL_H_
