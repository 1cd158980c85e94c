// The workloads as Google Benchmark suites, with that library's flags:
//   bazel run //benchmarks:suites -- --benchmark_filter='^gemm_.*/Keel/threads:1$'
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "benchmarks/harness.h"
#include "benchmarks/workloads.h"
#include "core/function.h"

namespace {

using namespace keel::bench;

void add(const Workload& workload, const std::string& who, const MakeStep& make,
         const std::shared_ptr<const keel::ThreadPool>& pool) {
  const auto run = [=](benchmark::State& state) {
    const Setting setting{pool->threads(), *pool};
    const Step step = make_step(make, setting);
    const keel::UseThreadPool use(*pool);
    step.run();
    step.run();
    for (auto _ : state) step.run();
    const auto rate = [](double amount) {
      return benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
    };
    if (workload.flops > 0) state.counters["FLOP/s"] = rate(workload.flops);
    if (workload.bytes > 0) state.counters["B/s"] = rate(workload.bytes);
  };
  const std::string name = absl::StrCat(workload.name, "/", who, "/threads:", pool->threads());
  benchmark::RegisterBenchmark(name.c_str(), run)->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const Workloads workloads = all_workloads();
  for (int threads = 1; threads <= cores; threads = threads < cores ? cores : cores + 1) {
    const auto pool = std::make_shared<const keel::ThreadPool>(threads);
    for (const Workload& workload : workloads) {
      add(workload, "Keel", workload.keel, pool);
      for (const Peer& peer : workload.peers) add(workload, peer.name, peer.make, pool);
    }
  }
  benchmark::RunSpecifiedBenchmarks();
}
