// The source that is written for GPUs, compiled for the CPU and run there beside the CPU's own kernels.
#include "core/loops/loop_source.h"

#include <ucontext.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/array.h"
#include "core/loops/loop_kernel.h"
#include "gtest/gtest.h"
#include "testing/cuda/loop_cases.h"

// -- A GPU, one thread at a time ------------------------------------------------------------------

namespace host_gpu {

using namespace std;  // exp(), log() … as CUDA has them, for every type.

struct Dim {
  unsigned x = 0, y = 0;
};
Dim threadIdx, blockIdx, gridDim;

constexpr int kThreads = keel::LoopSource::kThreads;
constexpr size_t kStack = 64 << 10;

// Threads of a block, which take turns whenever one waits for the others.
struct Fibers {
  ucontext_t scheduler, threads[kThreads];
  vector<char> stacks = vector<char>(kThreads * kStack);
  bool done[kThreads];
  void (*body)(void**);
  void** arguments;
};
Fibers* fibers;

void run_thread() {
  const unsigned t = threadIdx.x;
  fibers->body(fibers->arguments);
  fibers->done[t] = true;
}

void wait_for_all() {
  const unsigned t = threadIdx.x;
  swapcontext(&fibers->threads[t], &fibers->scheduler);
}

void launch(void (*kernel)(void**), keel::LoopSource::Grid grid, void** arguments) {
  static Fibers* const block = new Fibers;
  fibers = block;
  gridDim = {grid.x, grid.y};
  for (blockIdx.y = 0; blockIdx.y < grid.y; ++blockIdx.y) {
    for (blockIdx.x = 0; blockIdx.x < grid.x; ++blockIdx.x) {
      fibers->body = kernel;
      fibers->arguments = arguments;
      for (int t = 0; t < kThreads; ++t) {
        fibers->done[t] = false;
        ucontext_t& thread = fibers->threads[t];
        getcontext(&thread);
        thread.uc_stack.ss_sp = fibers->stacks.data() + t * kStack;
        thread.uc_stack.ss_size = kStack;
        thread.uc_link = &fibers->scheduler;
        makecontext(&thread, run_thread, 0);
      }
      for (bool any = true; any;) {
        any = false;
        for (int t = 0; t < kThreads; ++t) {
          if (fibers->done[t]) continue;
          any = true;
          threadIdx.x = t;
          swapcontext(&fibers->scheduler, &fibers->threads[t]);
        }
      }
    }
  }
}

// What kLoopPrelude defines on a GPU.
template <typename To, typename From>
To saturate(From v, To lowest, To highest) {
  return v != v ? To(0) : v <= From(lowest) ? lowest : v >= From(highest) ? highest : To(v);
}
double infinity() { return HUGE_VAL; }
float from_half(unsigned short h) { return keel::to_float(bit_cast<keel::float16>(h)); }
unsigned short to_half(float f) { return bit_cast<unsigned short>(keel::to_float16(f)); }
float from_bfloat16(unsigned short h) { return keel::to_float(bit_cast<keel::bfloat16>(h)); }
unsigned short to_bfloat16(float f) { return bit_cast<unsigned short>(keel::to_bfloat16(f)); }

template <typename... P, size_t... i>
void call_with(void (*kernel)(P...), void** p, index_sequence<i...>) {
  kernel(static_cast<P>(p[i])...);
}
template <size_t n, typename... P>
void call(void (*kernel)(P...), void** p) {
  static_assert(n == sizeof...(P));
  call_with(kernel, p, make_index_sequence<n>());
}

struct HostSource {
  const char* code;
  void (*loop)(void**);
  void (*combine)(void**);
};

#define __global__
#define __device__
#define __launch_bounds__(threads)
#define __shared__ static
#define __syncthreads() wait_for_all()
#include "testing/cuda/host_source.inc"
#undef __global__
#undef __device__
#undef __launch_bounds__
#undef __shared__
#undef __syncthreads

}  // namespace host_gpu

namespace keel {
namespace {

// Numbers around 0 with all that is special, as far as `dtype` has them.
Array numbers(const Shape& shape, DType dtype, std::mt19937& random) {
  Array array(shape, dtype);
  std::uniform_real_distribution<double> distribution(-4, 4);
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* data = array.mutable_data<T>();
    for (int64_t i = 0; i < array.elements(); ++i) {
      double value = dtype.is_floating() ? distribution(random) : std::floor(distribution(random));
      if (dtype.is_floating() && shape.elements() < 1000 && i % 11 == 0) {
        const double special[] = {0, -0.0, INFINITY, -INFINITY, NAN, 1e5, -300.7, 0.5, 65000};
        value = special[i / 11 % std::size(special)];
      } else if (!dtype.is_floating() && !dtype.is_signed() && value < 0) {
        value = -value;
      }
      data[i] = convert_element<T>(value);
    }
  });
  return array;
}

// How far results of `dtype` may be apart, relative to their size and to 1.
double tolerance(DType dtype, const LoopProgram& program) {
  const double epsilon = dtype == DType::kFloat64    ? 1e-13
                         : dtype == DType::kBfloat16 ? 0x1p-8
                         : dtype == DType::kFloat16  ? 0x1p-10
                                                     : 2e-6;
  // Sums of numbers up to 4 whose signs cancel out.
  return program.reduced.empty() ? epsilon : epsilon * (4 + std::sqrt(program.shape.elements()) / 8);
}

std::string describe(const Array& got, const Array& wanted, double tolerated) {
  for (int64_t i = 0; i < wanted.elements(); ++i) {
    const double g = got.element<double>(i), w = wanted.element<double>(i);
    if (std::isnan(w) ? std::isnan(g) : g == w || std::abs(g - w) <= tolerated * (1 + std::abs(w))) continue;
    return "element " + std::to_string(i) + " is " + std::to_string(g) + ", not " + std::to_string(w);
  }
  return "";
}

TEST(LoopSource, ComputesWhatTheCpuComputes) {
  const std::vector<LoopProgram>& programs = loop_cases();
  ASSERT_EQ(programs.size(), std::size(host_gpu::kHostSources));
  const ThreadPool pool(1);
  std::mt19937 random(1);
  int64_t split = 0;
  for (size_t k = 0; k < programs.size(); ++k) {
    const LoopProgram& program = programs[k];
    const LoopSource source = write_loop_source(program);
    const host_gpu::HostSource& host = host_gpu::kHostSources[k];
    ASSERT_EQ(source.code, host.code);
    std::vector<Array> in, wanted, got;
    std::vector<DType> dtypes;
    for (const LoopProgram::Input& input : program.inputs) {
      in.push_back(numbers(input.shape, input.dtype, random));
      dtypes.push_back(input.dtype);
    }
    for (const LoopProgram::Step& step : program.steps) dtypes.push_back(step.dtype);
    for (const LoopProgram::Output& output : program.outputs) {
      Shape shape;
      for (int axis = 0; axis < program.shape.rank(); ++axis) {
        if (output.reducer == nullptr || !program.reduced[axis]) shape.push_back(program.shape[axis]);
      }
      for (auto* list : {&wanted, &got}) list->push_back(Array::full(shape, 77, dtypes[output.value]));
    }

    const LoopKernel kernel(program);
    std::vector<View> in_views, out_views;
    for (const Array& a : in) in_views.push_back(a.view());
    for (const Array& a : wanted) out_views.push_back(a.view());
    const Array scratch({static_cast<int64_t>(kernel.scratch_bytes())}, DType::kUint8);
    kernel.run({pool, scratch.bytes_begin()}, in_views, out_views);

    const Array partials({source.scratch_bytes}, DType::kUint8);
    std::vector<void*> pointers;
    for (const Array& a : in) pointers.push_back(a.bytes_begin());
    for (const Array& a : got) pointers.push_back(a.bytes_begin());
    for (int64_t offset : source.partials) pointers.push_back(partials.bytes_begin() + offset);
    host_gpu::launch(host.loop, source.loop, pointers.data());
    if (host.combine != nullptr) host_gpu::launch(host.combine, source.combine, pointers.data());
    split += host.combine != nullptr;

    for (size_t o = 0; o < got.size(); ++o) {
      const std::string wrong =
          describe(got[o], wanted[o], got[o].dtype().is_floating() ? tolerance(got[o].dtype(), program) : 0);
      EXPECT_EQ(wrong, "") << "program " << k << " (" << kernel.to_string() << ") over " << program.shape
                           << ", output " << o << ", a " << got[o].dtype() << "\n" << source.code;
    }
  }
  EXPECT_GT(split, 5);
}

}  // namespace
}  // namespace keel
