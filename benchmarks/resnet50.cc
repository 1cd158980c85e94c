// ResNet-50 at work: a function of pictures, whose weights are variables.
#include "benchmarks/resnet50.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/graph.h"
#include "ops/conv/convolution.h"
#include "ops/conv/pool.h"
#include "ops/math/math.h"
#include "ops/nn/nn.h"
#include "ops/reduction/reduce.h"

namespace keel::bench {
namespace {

Variable weights(const Floats& numbers, const Shape& shape) {
  Array array(shape, DType::kFloat32);
  std::copy_n(numbers.data(), array.elements(), array.mutable_data<float>());
  return variable(array, {.dtype = DType::kFloat32});
}

struct Network {
  int convs = 0;

  Tensor normalized(const ResnetConv& c, const Tensor& x) {
    const ResnetParameters p(c, convs++);
    const Shape channels{c.out_channels};
    const Tensor y = conv2d(x, weights(p.weights, {c.kernel, c.kernel, c.in_channels, c.out_channels}),
                            {.strides = {c.stride, c.stride}, .padding = "same", .data_format = "channels_last"});
    return batch_normalization(y, weights(p.mean, channels), weights(p.variance, channels), weights(p.beta, channels),
                               weights(p.gamma, channels), {.epsilon = kResnetEpsilon});
  }
  Tensor conv(const ResnetConv& c, const Tensor& x, bool with_relu) {
    const Tensor y = normalized(c, x);
    return with_relu ? relu(y) : y;
  }
  Tensor conv(const ResnetConv& c, const Tensor& x, const Tensor& shortcut) { return relu(normalized(c, x) + shortcut); }
  Tensor max_pool(const Tensor& x) {
    return pool2d(x, {3, 3}, {.strides = {2, 2}, .padding = "same", .data_format = "channels_last"});
  }
  Tensor classify(const Tensor& x) {
    return softmax(dot(mean(x, {1, 2}), weights(resnet_classifier(), {kResnetFeatures, kResnetClasses})));
  }
};

MakeStep keel_resnet50(int64_t batch) {
  return [=](const Setting&) {
    const Shape images{batch, 224, 224, 3};
    const Tensor x = input(images);
    Network network;
    return call(function({x}, {resnet50(network, x)}), {floats(images, 0)});
  };
}

// Counts.
struct Flops {
  double total = 2.0 * kResnetFeatures * kResnetClasses;
  int conv(const ResnetConv& c, int x, int) {
    total += c.flops();
    return x;
  }
  int max_pool(int x) { return x; }
  int classify(int x) { return x; }
};

}  // namespace

Workloads resnet50_workloads() {
  Flops flops;
  resnet50(flops, 0);
  Workloads all;
  for (int64_t batch : {1, 8}) {
    all.push_back({.name = absl::StrCat("resnet50_infer_n", batch),
                   .keel = keel_resnet50(batch),
                   .peers = {{"oneDNN", onednn::resnet50(batch)}},
                   .flops = flops.total * static_cast<double>(batch),
                   .tolerance = 1e-3});
  }
  return all;
}

}  // namespace keel::bench
