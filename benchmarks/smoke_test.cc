// Every workload once, on two threads, Keel's result beside each peer's: a benchmark cannot rot, and
// what it compares is the same work. Those of more than some 50 ms are left out; each has a smaller one
// that takes the same path.
#include <set>
#include <string>
#include <vector>

#include "benchmarks/harness.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "gtest/gtest.h"

namespace keel::bench {
namespace {

bool is_quick(const Workload& w) { return w.flops / 50e9 + w.bytes / 5e9 < 0.05; }

class Smoke : public testing::TestWithParam<Workload> {};

TEST_P(Smoke, RunsAndAgrees) {
  static const ThreadPool* pool = new ThreadPool(2);
  const Setting setting{2, *pool};
  const UseThreadPool use(*pool);
  const Workload& workload = GetParam();
  const Step keel = make_step(workload.keel, setting);
  keel.run();
  for (const Peer& peer : workload.peers) {
    const Step step = make_step(peer.make, setting);
    step.run();
    if (!peer.competitor || keel.result == nullptr || step.result == nullptr) continue;
    EXPECT_LE(difference(keel.result(), step.result()), workload.tolerance) << peer.name;
  }
}

Workloads quick_workloads() {
  Workloads quick;
  for (Workload& workload : all_workloads()) {
    if (is_quick(workload)) quick.push_back(std::move(workload));
  }
  return quick;
}

INSTANTIATE_TEST_SUITE_P(Workloads, Smoke, testing::ValuesIn(quick_workloads()),
                         [](const auto& info) { return info.param.name; });

TEST(Workloads, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const Workload& workload : all_workloads()) {
    EXPECT_TRUE(names.insert(workload.name).second) << workload.name;
  }
}

}  // namespace

// How a failing row is named.
void PrintTo(const Workload& workload, std::ostream* out) { *out << workload.name; }

}  // namespace keel::bench
