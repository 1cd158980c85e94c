// Matrix products beside oneDNN and Eigen, on the same data in the same minute:
//   OMP_NUM_THREADS=2 KEEL_NUM_THREADS=2 gemm_vs_peers [seconds per row] [part of a row's name]
// Prints the best and the median time, GFLOP/s and the peers' times over ours (over 1: we are faster).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "benchmarks/eigen_peer.h"
#include "benchmarks/take_turns.h"
#include "core/threads.h"
#include "dnnl.h"
#include "ops/math/gemm_kernel.h"

namespace {

struct Buffer {
  explicit Buffer(size_t bytes)
      : data(std::aligned_alloc(64, (bytes + 127) / 64 * 64)) {}
  ~Buffer() { std::free(data); }
  float* floats() const { return static_cast<float*>(data); }
  void* data;
};

struct Row {
  int64_t m, n, k;
  bool ta, tb;
};

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
  const keel::ThreadPool& pool = keel::ThreadPool::global();
  std::printf("target %s, %d threads\n", keel::gemm_target(), pool.threads());
  std::printf("%-24s %9s %9s %8s %8s  %s\n", "m x n x k", "best us", "med us", "GFLOP/s", "GB/s",
              "oneDNN/ours best, median; Eigen/ours best");
  std::vector<Row> rows;
  for (int64_t size : {256, 512, 1024, 2048}) {
    for (int t = 0; t < 4; ++t) {
      if (size == 512 && t != 0) continue;
      rows.push_back({size, size, size, (t & 1) != 0, (t & 2) != 0});
    }
  }
  for (bool tb : {false, true}) {
    rows.push_back({1, 4096, 4096, false, tb});
    rows.push_back({4, 4096, 4096, false, tb});
    rows.push_back({1, 512, 512, false, tb});
  }
  for (const Row& r : std::vector<Row>{{32, 4096, 1024, 0, 0}, {64, 10, 512, 0, 0}, {512, 10, 64, 1, 0},
                      {64, 512, 10, 0, 1}, {128, 512, 784, 0, 0}, {784, 512, 128, 1, 0},
                      {128, 784, 512, 0, 1}, {32, 1024, 256, 0, 0}, {16, 32, 8, 0, 0},
                      {64, 64, 25088, 1, 0}, {16, 16, 16384, 1, 0}, {3136, 64, 576, 0, 0},
                      {100, 300, 200, 0, 0}}) {
    rows.push_back(r);
  }
  for (const Row& r : rows) {
    char name[64];
    std::snprintf(name, sizeof name, "%ldx%ldx%ld %c%c", static_cast<long>(r.m),
                  static_cast<long>(r.n), static_cast<long>(r.k), r.ta ? 'T' : 'N', r.tb ? 'T' : 'N');
    if (argc > 2 && std::strstr(name, argv[2]) == nullptr) continue;
    Buffer a(static_cast<size_t>(r.m * r.k) * 4), b(static_cast<size_t>(r.n * r.k) * 4),
        c(static_cast<size_t>(r.m * r.n) * 4), c2(static_cast<size_t>(r.m * r.n) * 4);
    std::minstd_rand random(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (int64_t i = 0; i < r.m * r.k; ++i) a.floats()[i] = uniform(random);
    for (int64_t i = 0; i < r.n * r.k; ++i) b.floats()[i] = uniform(random);
    const keel::GemmShape shape{r.m, r.n, r.k, r.ta, r.tb};
    Buffer scratch(keel::gemm_scratch_bytes<float>(shape, pool));
    std::vector<std::function<void()>> peers = {
        [&] {
          keel::gemm<float>(shape, a.floats(), b.floats(), c.floats(), {}, scratch.data, pool);
        },
        [&] {
          dnnl_sgemm(r.ta ? 'T' : 'N', r.tb ? 'T' : 'N', r.m, r.n, r.k, 1, a.floats(),
                     r.ta ? r.m : r.k, b.floats(), r.tb ? r.k : r.n, 0, c2.floats(), r.n);
        }};
    if (keel::eigen_peer_available() && pool.threads() == 1) {
      peers.push_back([&] {
        keel::eigen_peer_gemm(r.m, r.n, r.k, r.ta, r.tb, a.floats(), b.floats(), c2.floats());
      });
    }
    const std::vector<keel::Timing> t = keel::take_turns(peers, seconds);
    double worst = 0;
    for (int64_t i = 0; i < r.m * r.n; ++i) {
      worst = std::max(worst, static_cast<double>(std::abs(c.floats()[i] - c2.floats()[i])));
    }
    const double flops = 2.0 * r.m * r.n * r.k, bytes = 4.0 * (r.m * r.k + r.k * r.n + r.m * r.n);
    std::printf("%-24s %9.1f %9.1f %8.1f %8.1f  %5.2f %5.2f  %5.2f  (differ by %.0e)\n", name,
                t[0].best * 1e6, t[0].median * 1e6, flops / t[0].best * 1e-9,
                bytes / t[0].best * 1e-9, t[1].best / t[0].best, t[1].median / t[0].median,
                t.size() > 2 ? t[2].best / t[0].best : 0.0, worst);
    std::fflush(stdout);
  }
}
