// Pooling, and its gradient after it.
#include "absl/strings/str_cat.h"
#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/gradients.h"
#include "ops/conv/pool.h"

namespace keel::bench {
namespace {

constexpr int64_t kBatch = 8, kSize = 112, kChannels = 64;

MakeStep keel_pool(const char* mode, bool gradient) {
  return [=](const Setting&) {
    const Shape xs{kBatch, kSize, kSize, kChannels}, ys{kBatch, kSize / 2, kSize / 2, kChannels};
    const Tensor x = input(xs), dy = input(ys);
    const Tensor y =
        pool2d(x, {2, 2}, {.strides = {2, 2}, .data_format = "channels_last", .pool_mode = mode});
    if (!gradient) return call(function({x}, {y}), {floats(xs, 0)});
    const Tensors g = gradients(Tensors{y}, Tensors{dy}, Tensors{x});
    return call(function({x, dy}, {g[0], y}), {floats(xs, 0), floats(ys, 2)});
  };
}

}  // namespace

Workloads pool_workloads() {
  Workloads all;
  for (bool max : {true, false}) {
    for (bool gradient : {false, true}) {
      const auto mode = max ? onednn::Pool::kMax : onednn::Pool::kAverage;
      all.push_back({.name = absl::StrCat("pool_", max ? "max" : "avg", "2x2_8x112x112x64_", gradient ? "B" : "F"),
                     .keel = keel_pool(max ? "max" : "avg", gradient),
                     .peers = {{"oneDNN", onednn::pool(mode, kBatch, kSize, kChannels, gradient)}},
                     .bytes = (gradient ? 10.0 : 5.0) * kBatch * kSize * kSize * kChannels});
    }
  }
  return all;
}

}  // namespace keel::bench
