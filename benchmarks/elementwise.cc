// Element-wise work: large arrays, where bandwidth counts, and small ones, where the call does.
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/plain.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/graph.h"
#include "ops/math/arithmetic.h"
#include "ops/math/cast.h"
#include "ops/math/exponential.h"
#include "ops/nn/activations.h"

namespace keel::bench {
namespace {

// Eigen compiles the expression in place: on 64 numbers it is the work without any call, and no
// competitor.
template <typename F>
std::vector<Peer> eigen_loop(int64_t n, int inputs, F f) {
  std::vector<Peer> peer = eigen_peer(std::vector<int64_t>(inputs, n), n, f);
  if (!peer.empty()) peer[0].competitor = n > 64;
  return peer;
}

std::vector<Peer> eigen_unary(int64_t n, eigen::Unary f) {
  return eigen_loop(n, 1, [=](const auto& in, float* out) { eigen::unary(f, n, in[0].data(), out); });
}

// The bytes of one input, read, and of the output, written, and nothing else.
Peer one_copy(int64_t n) {
  return {"copy", plain({n}, n, [=](const auto& in, float* out, const ThreadPool& pool) {
            pool.parallel_for(n, 1 << 16, [&](int64_t begin, int64_t end) {
              std::memcpy(out + begin, in[0].data() + begin, static_cast<size_t>(end - begin) * 4);
            });
          }),
          /*competitor=*/false};
}

// std::exp and its like, number by number.
Peer std_loop(int64_t n, float (*f)(float)) {
  return {"std", plain({n}, n, [=](const auto& in, float* out, const ThreadPool& pool) {
            pool.parallel_for(n, 1 << 14, [&](int64_t begin, int64_t end) {
              for (int64_t i = begin; i < end; ++i) out[i] = f(in[0].data()[i]);
            });
          }),
          /*competitor=*/false};
}

// The sum of two arrays of 64 numbers without a call of a function around it.
Peer bare_add() {
  return {"bare loop", plain({64, 64}, 64, [](const auto& in, float* out, const ThreadPool&) {
            const float *a = in[0].data(), *b = in[1].data();
            for (int i = 0; i < 64; ++i) out[i] = a[i] + b[i];
          }),
          /*competitor=*/false};
}

// f of constants, built and evaluated anew in each run: the define-by-run style.
MakeStep eager(int64_t n, int inputs, std::function<Tensor(const Tensors&)> f) {
  return [=](const Setting&) -> Step {
    Tensors in;
    for (int i = 0; i < inputs; ++i) in.push_back(constant(floats({n}, i)));
    auto result = std::make_shared<Array>();
    return {[=] {
              *result = Array();  // So that its memory is there for the next.
              *result = eval(f(in));
            },
            [=] { return result->values<float>(); }};
  };
}

Tensor gelu(const Tensor& x) {
  return x * 0.5 * (1 + tanh(0.7978845608 * (x + 0.044715 * x * x * x)));
}

Tensor cheap_chain(const Tensor& x) { return relu((x * 1.01 + 0.1) * x - 0.05); }

Tensor chain20(Tensor x) {
  for (int i = 0; i < 5; ++i) {
    x = x * 1.01;
    x = x + 0.1;
    x = x / 1.1;
    x = x - 0.05;
  }
  return x;
}

// Ten million numbers of one dtype as another.
Workload converted(DType from, DType to) {
  constexpr int64_t kCount = 10'000'000;
  return {.name = "cast_" + std::string(from.name()) + "_" + std::string(to.name()) + "_1e7",
          .keel = [=](const Setting&) {
            const Tensor x = placeholder({.shape = Shape{kCount}, .dtype = from});
            return call(function({x}, {cast(x, to)}), {eval(cast(constant(floats({kCount}, 0, -100, 100)), from))});
          },
          .bytes = static_cast<double>(kCount * static_cast<int64_t>(from.size() + to.size()))};
}

}  // namespace

Workloads elementwise_workloads() {
  struct Unary {
    const char* name;
    Tensor (*keel)(const Tensor&);
    eigen::Unary eigen;
    onednn::Unary onednn;
    float (*std)(float) = nullptr;
  };
  const Unary unaries[] = {
      {"relu", [](const Tensor& x) { return relu(x); }, eigen::Unary::kRelu, onednn::Unary::kRelu},
      {"sigmoid", sigmoid, eigen::Unary::kSigmoid, onednn::Unary::kSigmoid,
       [](float x) { return 1 / (1 + std::exp(-x)); }},
      {"tanh", tanh, eigen::Unary::kTanh, onednn::Unary::kTanh, [](float x) { return std::tanh(x); }},
      {"exp", exp, eigen::Unary::kExp, onednn::Unary::kExp, [](float x) { return std::exp(x); }},
      {"gelu", gelu, eigen::Unary::kGelu, onednn::Unary::kGelu},
  };
  Workloads all;
  for (const auto& [n, size] : {std::pair<int64_t, const char*>{1'000'000, "1e6"}, {64, "64"}}) {
    // On 64 numbers no bandwidth bounds anything.
    const double bytes = n == 64 ? 0 : 4.0 * static_cast<double>(n);
    // Each compiled and then at once.
    for (const Unary& u : unaries) {
      all.push_back({.name = absl::StrCat("ew_", u.name, "_", size),
                     .keel = unary_call({n}, u.keel),
                     .peers = {{"oneDNN", onednn::unary(u.onednn, n)}},
                     .bytes = 2 * bytes});
      all.back().add(eigen_unary(n, u.eigen));
      all.push_back(all.back());
      all.back().name += "_eager";
      all.back().keel = eager(n, 1, [f = u.keel](const Tensors& in) { return f(in[0]); });
      if (n > 64 && u.std != nullptr) all[all.size() - 2].peers.push_back(std_loop(n, u.std));
    }
    const auto muladd = [](const Tensors& in) { return in[0] * in[1] + in[2]; };
    all.push_back({.name = absl::StrCat("ew_muladd_", size),
                   .keel = [n = n, muladd](const Setting&) {
                     const Tensors in{input({n}), input({n}), input({n})};
                     return call(function(in, {muladd(in)}), {floats({n}, 0), floats({n}, 1), floats({n}, 2)});
                   },
                   .peers = {{"oneDNN", onednn::multiply_add(n)}},
                   .bytes = 4 * bytes});
    all.back().add(eigen_loop(n, 3, [n = n](const auto& in, float* out) {
      eigen::multiply_add(n, in[0].data(), in[1].data(), in[2].data(), out);
    }));
    all.push_back(all.back());
    all.back().name += "_eager";
    all.back().keel = eager(n, 3, muladd);
  }
  all.push_back({.name = "ew_log_1e6",
                 .keel = unary_call({1'000'000}, [](const Tensor& x) { return log(x + 2); }),
                 .peers = {std_loop(1'000'000, [](float x) { return std::log(x + 2); })},
                 .bytes = 8e6});
  all.push_back({.name = "ew_cheap_chain_1e6",
                 .keel = unary_call({1'000'000}, cheap_chain),
                 .peers = {one_copy(1'000'000)},
                 .bytes = 8e6});
  all.back().add(eigen_unary(1'000'000, eigen::Unary::kCheap));
  for (DType to : {DType::kFloat16, DType::kBfloat16, DType::kFloat64, DType::kInt32}) {
    all.push_back(converted(DType::kFloat32, to));
    all.push_back(converted(to, DType::kFloat32));
  }
  all.push_back({.name = "ew_chain20_64", .keel = unary_call({64}, chain20), .peers = {}});
  all.back().add(eigen_unary(64, eigen::Unary::kChain20));
  all.push_back(all.back());
  all.back().name += "_eager";
  all.back().keel = eager(64, 1, [](const Tensors& in) { return chain20(in[0]); });
  all.push_back({.name = "call_add_64",
                 .keel = [](const Setting&) {
                   const Tensor a = input({64}), b = input({64});
                   return call(function({a, b}, {a + b}), {floats({64}, 0), floats({64}, 1)});
                 },
                 .peers = {bare_add()}});
  return all;
}

}  // namespace keel::bench
