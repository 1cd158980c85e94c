// ResNet-50 for pictures of 224 x 224 (He et al., 2015), as Keras builds it: version 1, with the strides in
// the first 1x1 convolution of a stage.
#ifndef KEEL_BENCHMARKS_RESNET50_H_
#define KEEL_BENCHMARKS_RESNET50_H_

#include <cmath>
#include <cstdint>

#include "benchmarks/harness.h"

namespace keel::bench {

// A convolution with padding "same", then normalization with fixed moments.
struct ResnetConv {
  int64_t kernel, stride, in_channels, out_channels, size;

  int64_t out() const { return size / stride; }
  // Zeros before and after each axis.
  int64_t pad() const { return kernel > stride ? kernel - stride : 0; }
  int64_t weights() const { return kernel * kernel * in_channels * out_channels; }
  double flops() const { return 2.0 * static_cast<double>(weights() * out() * out()); }
  // Uniform weights up to this keep the size of what goes through.
  float spread() const { return std::sqrt(6.0f / static_cast<float>(kernel * kernel * in_channels)); }
};

// The parameters of a network's convolution number `index`, as Floats(size, seed, low, high).
struct ResnetParameters {
  Floats weights, gamma, beta, mean, variance;

  ResnetParameters(const ResnetConv& c, int index)
      : weights(c.weights(), 5 * index, -c.spread(), c.spread()), gamma(c.out_channels, 5 * index + 1, .5f, 1),
        beta(c.out_channels, 5 * index + 2, -.1f, .1f), mean(c.out_channels, 5 * index + 3, -.1f, .1f),
        variance(c.out_channels, 5 * index + 4, .5f, 1.5f) {}
};
inline constexpr float kResnetEpsilon = 1e-3f;
inline constexpr int64_t kResnetFeatures = 2048, kResnetClasses = 1000;
// The weights of the classifier, [features, classes].
inline Floats resnet_classifier() { return Floats(kResnetFeatures * kResnetClasses, 1, -.04f, .04f); }

// Builds it with a `net` of these functions, in order:
//   X conv(const ResnetConv&, X x, bool relu);      relu(normalized(conv(x))), or without the relu
//   X conv(const ResnetConv&, X x, X shortcut);     relu(normalized(conv(x)) + shortcut)
//   X max_pool(X x);                                3x3, stride 2, "same", of 112 x 112 x 64
//   X classify(X x);                                probabilities from the mean of 7 x 7 x 2048
template <class Net, class X>
X resnet50(Net& net, X x) {
  struct Stage {
    int64_t filters, blocks, stride;
  };
  x = net.max_pool(net.conv({7, 2, 3, 64, 224}, x, true));
  int64_t channels = 64, size = 56;
  for (const Stage& stage : {Stage{64, 3, 1}, {128, 4, 2}, {256, 6, 2}, {512, 3, 2}}) {
    const int64_t filters = stage.filters, wide = 4 * filters;
    for (int64_t block = 0; block < stage.blocks; ++block) {
      const int64_t stride = block == 0 ? stage.stride : 1, out = size / stride;
      const X shortcut = block == 0 ? net.conv({1, stride, channels, wide, size}, x, false) : x;
      X y = net.conv({1, stride, channels, filters, size}, x, true);
      y = net.conv({3, 1, filters, filters, out}, y, true);
      x = net.conv({1, 1, filters, wide, out}, y, shortcut);
      channels = wide;
      size = out;
    }
  }
  return net.classify(x);
}

}  // namespace keel::bench

#endif  // KEEL_BENCHMARKS_RESNET50_H_
