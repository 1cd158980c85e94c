// What loops cost, beside a copy of the same bytes by the C library:
//   bazel run //core/loops:loop_kernel_bench -- --benchmark_min_time=0.5
// One thread; KEEL_NUM_THREADS=n for more.
#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/loops/loop_kernel_bench.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

KEEL_MICRO_OP_2(BenchMul, kFloatLanes, hn::Mul(a, b))
KEEL_MICRO_OP_2(BenchMax, kFloatLanes, hn::Max(a, b))
KEEL_MICRO_OP_2(BenchSub, kFloatLanes, hn::Sub(a, b))
KEEL_MICRO_OP_1(BenchAbs, kFloatLanes, hn::Abs(a))

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/loops/loop_kernel.h"
#include "core/loops/micro_ops.h"
#include "hwy/aligned_allocator.h"

namespace keel {
namespace {

KEEL_EXPORT_MICRO_OP(BenchMul, "mul", 2, "a * b")
KEEL_EXPORT_MICRO_OP(BenchMax, "max", 2, "max(a, b)")
KEEL_EXPORT_MICRO_OP(BenchSub, "sub", 2, "a - b")
KEEL_EXPORT_MICRO_OP(BenchAbs, "abs", 1, "abs(a)")

using Bytes = hwy::AlignedFreeUniquePtr<std::byte[]>;

Bytes zeros(size_t size) {
  Bytes bytes = hwy::AllocateAligned<std::byte>(size + 64);
  std::memset(bytes.get(), 0, size + 64);
  return bytes;
}

const ThreadPool& pool() {
  static const ThreadPool* pool = [] {
    const char* threads = std::getenv("KEEL_NUM_THREADS");
    return new ThreadPool(threads == nullptr ? 1 : std::atoi(threads));
  }();
  return *pool;
}

// Runs `program` over float32 arrays; reports the bytes of its inputs and, if stored, its output.
void run(benchmark::State& state, const LoopProgram& program) {
  const LoopKernel kernel(program);
  std::vector<Bytes> memory;
  std::vector<View> in;
  int64_t bytes = 0;
  for (const auto& input : program.inputs) {
    memory.push_back(zeros(byte_size(input.shape, input.dtype)));
    in.push_back({memory.back().get(), input.dtype, &input.shape, 0});
    bytes += byte_size(input.shape, input.dtype);
  }
  const int64_t size = byte_size(program.shape, "float32");
  if (program.outputs[0].reducer == nullptr) bytes += size;
  memory.push_back(zeros(size));
  const View out{memory.back().get(), "float32", &program.shape, 0};
  const Bytes scratch = zeros(kernel.scratch_bytes());
  for (auto _ : state) {
    kernel.run({pool(), scratch.get()}, in, {&out, 1});
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * bytes);
  state.SetLabel(hwy::TargetName(kernel.target()));
}

void Copy(benchmark::State& state) {
  const size_t bytes = state.range(0) * sizeof(float);
  const Bytes from = zeros(bytes), to = zeros(bytes);
  for (auto _ : state) {
    std::memcpy(to.get(), from.get(), bytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 2 * static_cast<int64_t>(bytes));
}
BENCHMARK(Copy)->Arg(64)->Arg(1000)->Arg(1000000)->Arg(20000000);

// Cheap operations with one number each, as many as the second argument says.
void Chain(benchmark::State& state) {
  const Shape shape{state.range(0)};
  LoopProgram program;
  program.shape = shape;
  program.inputs = {{"float32", shape}, {"float32", {}}};
  const MicroOp* ops[] = {&kAdd, &kBenchMul, &kBenchMax, &kBenchAbs, &kBenchSub};
  for (int k = 0; k < state.range(1); ++k) {
    program.steps.push_back({ops[k % 5], "float32", {k == 0 ? 0 : k + 1, 1}});
  }
  program.outputs = {{state.range(1) == 0 ? 0 : static_cast<int>(state.range(1)) + 1}};
  run(state, program);
}
BENCHMARK(Chain)->ArgsProduct({{64, 1000, 1000000, 20000000}, {0, 1, 5, 20}});

void Sum(benchmark::State& state, const Shape& shape, const std::vector<bool>& reduced) {
  LoopProgram program;
  program.shape = shape;
  program.reduced = reduced;
  program.inputs = {{"float32", shape}};
  program.outputs = {{0, &kSum}};
  run(state, program);
}
BENCHMARK_CAPTURE(Sum, 4096x4096_last, Shape{4096, 4096}, {false, true});
BENCHMARK_CAPTURE(Sum, 4096x4096_first, Shape{4096, 4096}, {true, false});
BENCHMARK_CAPTURE(Sum, 4096x4096_all, Shape{4096, 4096}, {true, true});
BENCHMARK_CAPTURE(Sum, 256x256_last, Shape{256, 256}, {false, true});
BENCHMARK_CAPTURE(Sum, 100000x10_last, Shape{100000, 10}, {false, true});
BENCHMARK_CAPTURE(Sum, 100000x10_first, Shape{100000, 10}, {true, false});
BENCHMARK_CAPTURE(Sum, nhwc_012, Shape{32, 56, 56, 64}, {true, true, true, false});
BENCHMARK_CAPTURE(Sum, nchw_023, Shape{32, 64, 56, 56}, {true, false, true, true});

void Broadcast(benchmark::State& state, const Shape& shape, const Shape& other) {
  LoopProgram program;
  program.shape = shape;
  program.inputs = {{"float32", shape}, {"float32", other}};
  program.steps = {{&kAdd, "float32", {0, 1}}};
  program.outputs = {{2}};
  run(state, program);
}
BENCHMARK_CAPTURE(Broadcast, row_100, Shape{10000, 100}, Shape{100});
BENCHMARK_CAPTURE(Broadcast, column_100, Shape{10000, 100}, Shape{10000, 1});
BENCHMARK_CAPTURE(Broadcast, row_1000, Shape{1000, 1000}, Shape{1000});
BENCHMARK_CAPTURE(Broadcast, column_1000, Shape{1000, 1000}, Shape{1000, 1});
BENCHMARK_CAPTURE(Broadcast, channels_7x7, Shape{32, 512, 7, 7}, Shape{512, 1, 1});

}  // namespace
}  // namespace keel

BENCHMARK_MAIN();

#endif  // HWY_ONCE
