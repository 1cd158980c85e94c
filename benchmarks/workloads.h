// Every workload there is, family by family.
#ifndef KEEL_BENCHMARKS_WORKLOADS_H_
#define KEEL_BENCHMARKS_WORKLOADS_H_

#include "benchmarks/harness.h"

namespace keel::bench {

Workloads gemm_workloads();
Workloads conv_workloads();
Workloads conv_kinds_workloads();
Workloads pool_workloads();
Workloads elementwise_workloads();
Workloads reduction_workloads();
Workloads nn_workloads();
Workloads array_workloads();
Workloads random_workloads();
Workloads ctc_workloads();
Workloads rnn_workloads();
Workloads sparse_workloads();
Workloads training_workloads();
Workloads resnet50_workloads();
Workloads startup_workloads();

// All of the above.
Workloads all_workloads();

}  // namespace keel::bench

#endif  // KEEL_BENCHMARKS_WORKLOADS_H_
