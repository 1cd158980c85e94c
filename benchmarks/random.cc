// Random numbers; no peer here has them, so each row tells the share of the speed of writing alone.
#include "benchmarks/calls.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "ops/random/distributions.h"

namespace keel::bench {

Workloads random_workloads() {
  constexpr int64_t kCount = 10'000'000;
  const auto draw = [](const char* name, auto distribution) {
    return Workload{.name = name,
                    .keel = [=](const Setting&) { return call(function({}, {distribution()}), {}); },
                    .bytes = 4.0 * kCount,
                    .traffic = Traffic::kWrite};
  };
  return {draw("random_uniform_1e7", [] { return random_uniform({kCount}, {.seed = 1}); }),
          draw("random_normal_1e7", [] { return random_normal({kCount}, {.seed = 1}); }),
          draw("random_truncnormal_1e7", [] { return truncated_normal({kCount}, {.seed = 1}); })};
}

}  // namespace keel::bench
