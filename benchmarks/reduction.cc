// Reductions and scans.
#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/plain.h"
#include "benchmarks/workloads.h"
#include "ops/reduction/arg_extreme.h"
#include "ops/reduction/cumulative.h"
#include "ops/reduction/logsumexp.h"
#include "ops/reduction/reduce.h"

namespace keel::bench {
namespace {

constexpr int64_t kSize = 4096;

Workload summed(const char* name, const Axes& axes, onednn::Over onednn_over, eigen::Over eigen_over) {
  Workload w{.name = name,
             .keel = unary_call({kSize, kSize}, [=](const Tensor& x) { return sum(x, axes); }),
             .peers = {{"oneDNN", onednn::sum(onednn_over, kSize, kSize)}},
             .bytes = 4.0 * kSize * kSize,
             .traffic = Traffic::kRead,
             // Others add 16 million numbers in few chains.
             .tolerance = 1e-2};
  const int64_t results = eigen_over == eigen::Over::kAll ? 1 : kSize;
  w.add(eigen_peer({kSize * kSize}, results, [=](const auto& in, float* out) {
    eigen::sum(eigen_over, kSize, kSize, in[0].data(), out);
  }));
  return w;
}

}  // namespace

Workloads reduction_workloads() {
  return {summed("sum_last_4096x4096", 1, onednn::Over::kLast, eigen::Over::kLast),
          summed("sum_first_4096x4096", 0, onednn::Over::kFirst, eigen::Over::kFirst),
          summed("sum_all_4096x4096", {}, onednn::Over::kAll, eigen::Over::kAll),
          {.name = "logsumexp_4096x1000",
           .keel = unary_call({4096, 1000}, [](const Tensor& x) { return logsumexp(x, 1); }),
           .bytes = 4.0 * 4096 * 1000,
           .traffic = Traffic::kRead},
          {.name = "argmax_4096x4096",
           .keel = unary_call({kSize, kSize}, [](const Tensor& x) { return argmax(x, 1); }),
           .bytes = 4.0 * kSize * kSize,
           .traffic = Traffic::kRead},
          {.name = "cumsum_4096x4096",
           .keel = unary_call({kSize, kSize}, [](const Tensor& x) { return cumsum(x, 1); }),
           .bytes = 8.0 * kSize * kSize}};
}

}  // namespace keel::bench
