#include "benchmarks/workloads.h"

#include <utility>

namespace keel::bench {

Workloads all_workloads() {
  Workloads all;
  for (auto family : {gemm_workloads, conv_workloads, conv_kinds_workloads, pool_workloads,
                      elementwise_workloads, reduction_workloads, nn_workloads, array_workloads,
                      random_workloads, rnn_workloads, ctc_workloads, sparse_workloads,
                      training_workloads, resnet50_workloads,
                      startup_workloads}) {
    for (Workload& workload : family()) all.push_back(std::move(workload));
  }
  return all;
}

}  // namespace keel::bench
