// Softmax, normalization and dropout.
#include <algorithm>

#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/plain.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/gradients.h"
#include "ops/nn/dropout.h"
#include "ops/nn/normalization.h"
#include "ops/nn/softmax.h"
#include "ops/reduction/moments.h"
#include "ops/reduction/reduce.h"

namespace keel::bench {
namespace {

constexpr int64_t kRows = 4096, kClasses = 1000;

Workload softmax_rows() {
  Workload w{.name = "softmax_4096x1000",
             .keel = unary_call({kRows, kClasses}, [](const Tensor& x) { return softmax(x); }),
             .peers = {{"oneDNN", onednn::softmax(kRows, kClasses)}},
             .bytes = 8.0 * kRows * kClasses};
  w.add(eigen_peer({kRows * kClasses}, kRows * kClasses, [](const auto& in, float* out) {
    eigen::softmax(kRows, kClasses, in[0].data(), out);
  }));
  return w;
}

constexpr int64_t kBatch = 64, kSize = 56, kChannels = 64;

Workload batch_norm(const char* name, bool gradient) {
  return {.name = name,
          .keel = [=](const Setting&) {
            const Shape xs{kBatch, kSize, kSize, kChannels}, cs{kChannels};
            const Tensor x = input(xs), gamma = input(cs), beta = input(cs), dy = input(xs);
            const Tensor y = normalize_batch_in_training(x, gamma, beta, {0, 1, 2}).normalized;
            if (!gradient) {
              return call(function({x, gamma, beta}, {y}), {floats(xs, 0), floats(cs, 1), floats(cs, 2)});
            }
            const Tensors g = gradients(Tensors{y}, Tensors{dy}, Tensors{x, gamma, beta});
            return call(function({x, gamma, beta, dy}, {g[0], g[1], g[2], y}),
                        {floats(xs, 0), floats(cs, 1), floats(cs, 2), floats(xs, 3)});
          },
          .peers = {{"oneDNN", onednn::batch_norm(kBatch, kSize, kChannels, gradient)}},
          .bytes = (gradient ? 16.0 : 8.0) * kBatch * kSize * kSize * kChannels};
}

// Each pixel by the moments of its channels.
Workload layer_norm(const char* name, bool gradient) {
  return {.name = name,
          .keel = [=](const Setting&) {
            const Shape xs{kBatch, kSize, kSize, kChannels}, cs{kChannels};
            const Tensor x = input(xs), gamma = input(cs), beta = input(cs), dy = input(xs);
            const Tensor y = batch_normalization(x, mean(x, -1, true), var(x, -1, true), beta, gamma);
            if (!gradient) {
              return call(function({x, gamma, beta}, {y}), {floats(xs, 0), floats(cs, 1), floats(cs, 2)});
            }
            const Tensors g = gradients(Tensors{y}, Tensors{dy}, Tensors{x, gamma, beta});
            return call(function({x, gamma, beta, dy}, {g[0], g[1], g[2], y}),
                        {floats(xs, 0), floats(cs, 1), floats(cs, 2), floats(xs, 3)});
          },
          .peers = {{"oneDNN", onednn::layer_norm(kBatch * kSize * kSize, kChannels, gradient)}},
          .bytes = (gradient ? 16.0 : 8.0) * kBatch * kSize * kSize * kChannels};
}

}  // namespace

Workloads nn_workloads() {
  return {softmax_rows(),
          layer_norm("layernorm_64x56x56x64_F", false),
          layer_norm("layernorm_64x56x56x64_B", true),
          batch_norm("batchnorm_64x56x56x64_F", false),
          batch_norm("batchnorm_64x56x56x64_B", true),
          {.name = "dropout_1e7",
           .keel = unary_call({10'000'000}, [](const Tensor& x) { return dropout(x, 0.5, {.seed = 1}); }),
           .bytes = 8e7}};
}

}  // namespace keel::bench
