// Matrix products.
#include <string>

#include "absl/strings/str_cat.h"
#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/plain.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/variable.h"
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
    const Tensor x = input(a);
    if (weights) return call(function({x}, {dot(x, variable(floats(b, 1)))}), {floats(a, 0)});
    const Tensor y = input(b);
    const Tensor product = dot(p.transpose_a ? transpose(x) : x, p.transpose_b ? transpose(y) : y);
    return call(function({x, y}, {product}), {floats(a, 0), floats(b, 1)});
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

// B is a variable that stays as it is: both keep it packed.
Workload with_weights(const Product& p) {
  Workload w = workload(p);
  w.name += "_weights";
  w.keel = keel_dot(p, true);
  w.peers = {{"oneDNN", onednn::gemm_packed(p.m, p.n, p.k)}};
  return w;
}

// A product for each of a batch, as attention takes them: scores (transposed) and weighted values.
Workload batch_product(int64_t batch, const Product& p) {
  const int64_t a = batch * p.m * p.k, b = batch * p.k * p.n, c = batch * p.m * p.n;
  Workload w{.name = absl::StrCat("batch_dot_", batch, "x", p.m, "x", p.n, "x", p.k, p.transpose_b ? "_nt" : ""),
             .keel = [=](const Setting&) {
               const Shape left{batch, p.m, p.k};
               const Shape right = p.transpose_b ? Shape{batch, p.n, p.k} : Shape{batch, p.k, p.n};
               const Tensor x = input(left), y = input(right);
               return call(function({x, y}, {batch_dot(x, y, {2, p.transpose_b ? 2 : 1})}),
                           {floats(left, 0), floats(right, 1)});
             },
             .peers = {{"oneDNN", onednn::batch_gemm(batch, p.m, p.n, p.k, p.transpose_b)}},
             .flops = 2.0 * static_cast<double>(batch * p.m * p.n * p.k),
             .bytes = 4.0 * static_cast<double>(a + b + c),
             .traffic = Traffic::kRead};
  w.add(eigen_peer({a, b}, c, [=](const auto& in, float* out) {
    for (int64_t i = 0; i < batch; ++i) {
      eigen::gemm(p.m, p.n, p.k, false, p.transpose_b, in[0].data() + i * p.m * p.k,
                  in[1].data() + i * p.k * p.n, out + i * p.m * p.n);
    }
  }));
  return w;
}

// The rows of two matrices, multiplied and added up.
Workload row_products(int64_t rows, int64_t columns) {
  return {.name = absl::StrCat("batch_dot_rows_", rows, "x", columns),
          .keel = [=](const Setting&) {
            const Tensor x = input({rows, columns}), y = input({rows, columns});
            return call(function({x, y}, {batch_dot(x, y)}), {floats({rows, columns}, 0), floats({rows, columns}, 1)});
          },
          .peers = {{"oneDNN", onednn::batch_gemm(rows, 1, 1, columns, false)}},
          .flops = 2.0 * static_cast<double>(rows * columns),
          .bytes = 8.0 * static_cast<double>(rows * columns),
          .traffic = Traffic::kRead};
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
  all.push_back(batch_product(256, {64, 64, 64}));
  all.push_back(batch_product(256, {64, 64, 64, false, true}));
  all.push_back(batch_product(8, {512, 512, 64, false, true}));
  all.push_back(row_products(4096, 256));
  return all;
}

}  // namespace keel::bench
