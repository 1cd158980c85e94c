#include "cuda/loop_kernel.h"

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/loops/loop_source.h"
#include "cuda/runtime.h"
#include "cuda_runtime_api.h"
#include "nvrtc.h"

namespace keel {
namespace {

void check(nvrtcResult result, const char* what) {
  if (result != NVRTC_SUCCESS) fail("cuda: ", what, ": ", nvrtcGetErrorString(result));
}

// Machine code by source, for as long as the process lives: plans of one graph for several shapes, and of
// loops' bodies, have many programs in common.
cudaLibrary_t load(const std::string& code, int architecture) {
  static std::mutex* const mutex = new std::mutex;
  static auto* const loaded = new std::map<std::string, cudaLibrary_t>;
  std::lock_guard lock(*mutex);
  auto [place, is_new] = loaded->try_emplace(code, nullptr);
  if (!is_new) return place->second;
  try {
    const std::string machine_code = compile_loop_source(code, architecture);
    cuda::check(cudaLibraryLoadData(&place->second, machine_code.data(), nullptr, nullptr, 0, nullptr, nullptr, 0),
                "loading an element-wise program");
  } catch (...) {
    loaded->erase(place);
    throw;
  }
  return place->second;
}

class LoopCudaKernel final : public Kernel {
 public:
  LoopCudaKernel(const LoopProgram& program, LoopSource source, int architecture) : source_(std::move(source)) {
    const cudaLibrary_t library = load(source_.code, architecture);
    cuda::check(cudaLibraryGetKernel(&loop_, library, "loop"), "an element-wise program");
    if (source_.combine.x != 0) {
      cuda::check(cudaLibraryGetKernel(&combine_, library, "combine_partials"), "an element-wise program");
    }
    for (const LoopProgram::Input& input : program.inputs) in_place_.push_back(input.shape == program.shape);
    for (const LoopProgram::Output& output : program.outputs) reduced_.push_back(output.reducer != nullptr);
  }

  size_t scratch_bytes(const ThreadPool&) const override { return source_.scratch_bytes; }

  // A thread reads all of element i before it writes any.
  bool may_alias(int out, int in) const override { return !reduced_[out] && in_place_[in]; }

  void run(const Exec& exec, Views in, Views out) const override {
    void* pointers[LoopProgram::kMaxInputs + 2 * LoopProgram::kMaxOutputs];
    void* arguments[std::size(pointers)];
    size_t n = 0;
    for (const View& view : in) pointers[n++] = view.data;
    for (const View& view : out) pointers[n++] = view.data;
    for (int64_t offset : source_.partials) pointers[n++] = exec.scratch + offset;
    for (size_t i = 0; i < n; ++i) arguments[i] = &pointers[i];
    launch(loop_, source_.loop, arguments);
    launch(combine_, source_.combine, arguments);
  }

 private:
  static void launch(cudaKernel_t kernel, LoopSource::Grid grid, void** arguments) {
    if (grid.x == 0) return;
    cuda::check(cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(grid.x, grid.y),
                                 dim3(LoopSource::kThreads), arguments, 0, cuda::stream()),
                "an element-wise program");
  }

  const LoopSource source_;
  cudaKernel_t loop_ = nullptr, combine_ = nullptr;
  std::vector<bool> in_place_, reduced_;
};

}  // namespace

std::string compile_loop_source(const std::string& code, int architecture) {
  const std::string source = std::string(kLoopPrelude) + code;
  nvrtcProgram program;
  check(nvrtcCreateProgram(&program, source.c_str(), "loop.cu", 0, nullptr, nullptr), "nvrtcCreateProgram");
  const std::string target = "--gpu-architecture=sm_" + std::to_string(architecture);
  const char* options[] = {target.c_str(), "--std=c++17", "--disable-warnings"};
  const nvrtcResult result = nvrtcCompileProgram(program, std::size(options), options);
  std::string text;
  size_t size = 0;
  if (result == NVRTC_SUCCESS) {
    check(nvrtcGetCUBINSize(program, &size), "nvrtcGetCUBINSize");
    text.resize(size);
    check(nvrtcGetCUBIN(program, text.data()), "nvrtcGetCUBIN");
  } else if (nvrtcGetProgramLogSize(program, &size) == NVRTC_SUCCESS) {
    text.resize(size);
    nvrtcGetProgramLog(program, text.data());
  }
  nvrtcDestroyProgram(&program);
  if (result != NVRTC_SUCCESS) {
    fail("cuda: an element-wise program does not compile (", nvrtcGetErrorString(result), "): ", text, "\n", code);
  }
  return text;
}

std::unique_ptr<Kernel> make_loop_cuda_kernel(const LoopProgram& program, int architecture) {
  return std::make_unique<LoopCudaKernel>(program, write_loop_source(program), architecture);
}

}  // namespace keel
