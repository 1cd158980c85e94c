// Element-wise programs on NVIDIA GPUs, compiled with NVRTC.
#ifndef KEEL_CUDA_LOOP_KERNEL_H_
#define KEEL_CUDA_LOOP_KERNEL_H_

#include <memory>
#include <string>

#include "core/kernel.h"
#include "core/loops/program.h"

namespace keel {

// Machine code of `architecture` (90 for compute capability 9.0) for what write_loop_source() wrote.
// Needs no GPU. ValueError, with what the compiler says, where it does not compile.
std::string compile_loop_source(const std::string& code, int architecture);

// A kernel that runs `program` on the GPU. The machine code of equal sources is made once.
std::unique_ptr<Kernel> make_loop_cuda_kernel(const LoopProgram& program, int architecture);

}  // namespace keel

#endif  // KEEL_CUDA_LOOP_KERNEL_H_
