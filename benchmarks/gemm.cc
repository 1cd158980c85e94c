// Matrix products.
#include <string>

#include "absl/strings/str_cat.h"
#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/plain.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "ops/array/transpose.h"
#include "ops/math/dot.h"

namespace keel::bench {
namespace {

struct Product {
  int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;

  std::string name() const {
    std::string name = m == n && n == k ? absl::StrCat("gemm_", m) : absl::StrCat("gemm_", m, "x", n, "x", k);
    if (transpose_a || transpose_b) absl::StrAppend(&name, transpose_a ? "_t" : "_n", transpose_b ? "t" : "n");
    return name;
  }
};

MakeStep keel_dot(const Product& p, bool weights) {
  return [=](const Setting&) {
    const Shape a = p.transpose_a ? Shape{p.k, p.m} : Shape{p.m, p.k};
    const Shape b = p.transpose_b ? Shape{p.n, p.k} : Shape{p.k, p.n};
    const Tensor x = input(a), y = input(b);
    const Tensor product = dot(p.transpose_a ? transpose(x) : x, p.transpose_b ? transpose(y) : y);
    return call(function({x, y}, {product}), {floats(a, 0), floats(b, 1)},
                weights ? std::vector<int>{0} : std::vector<int>{0, 1});
  };
}

Workload workload(const Product& p) {
  Workload w{.name = p.name(),
             .keel = keel_dot(p, false),
             .peers = {{"oneDNN", onednn::gemm(p.m, p.n, p.k, p.transpose_a, p.transpose_b)}},
             .flops = 2.0 * static_cast<double>(p.m * p.n * p.k),
             .bytes = 4.0 * static_cast<double>(p.m * p.k + p.k * p.n + p.m * p.n),
             .traffic = Traffic::kRead};
  w.add(eigen_peer({p.m * p.k, p.k * p.n}, p.m * p.n, [=](const auto& in, float* out) {
    eigen::gemm(p.m, p.n, p.k, p.transpose_a, p.transpose_b, in[0].data(), in[1].data(), out);
  }));
  return w;
}

// B stays from call to call: both keep it packed.
Workload with_weights(const Product& p) {
  Workload w = workload(p);
  w.name += "_weights";
  w.keel = keel_dot(p, true);
  w.peers = {{"oneDNN", onednn::gemm_packed(p.m, p.n, p.k)}};
  return w;
}

}  // namespace

Workloads gemm_workloads() {
  Workloads all;
  for (int64_t size : {256, 1024, 2048}) {
    for (bool ta : {false, true}) {
      for (bool tb : {false, true}) all.push_back(workload({size, size, size, ta, tb}));
    }
  }
  all.push_back(workload({1, 4096, 4096}));
  all.push_back(workload({1, 4096, 4096, false, true}));
  all.push_back(workload({32, 4096, 1024}));
  all.push_back(workload({32, 4096, 1024, false, true}));
  all.push_back(workload({64, 10, 512}));
  all.push_back(workload({512, 10, 64, true, false}));  // Its two gradients.
  all.push_back(workload({64, 512, 10, false, true}));
  for (const Product& p : {Product{256, 256, 256}, {1024, 1024, 1024}, {32, 4096, 1024}, {64, 10, 512}}) {
    all.push_back(with_weights(p));
  }
  return all;
}

}  // namespace keel::bench
