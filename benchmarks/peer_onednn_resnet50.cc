// ResNet-50 by oneDNN's primitives one after another, as a framework for inference would arrange them: normalization
// folded into the weights, what follows a convolution as its post-operations, the shortcut added in place.
#include <algorithm>
#include <cmath>

#include "benchmarks/onednn_program.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/resnet50.h"

namespace keel::bench::onednn {
namespace {

struct Network {
  Program& p;
  int64_t batch;
  int convs = 0;

  memory pictures(int64_t channels, int64_t size) { return p.output(channels_last({batch, channels, size, size})); }

  memory conv(const ResnetConv& c, const memory& x, bool relu) {
    return fused(c, x, pictures(c.out_channels, c.out()), false, relu);
  }
  memory conv(const ResnetConv& c, const memory& x, const memory& shortcut) { return fused(c, x, shortcut, true, true); }

  // y = conv(x), or the sum of y and that.
  memory fused(const ResnetConv& c, const memory& x, const memory& y, bool add, bool relu) {
    ResnetParameters numbers(c, convs++);
    const Dims wd = {c.out_channels, c.in_channels, c.kernel, c.kernel};
    const memory w = p.output(keras_kernel(wd)), b = p.output(rows({c.out_channels}));
    float *weights = static_cast<float*>(w.get_data_handle()), *bias = static_cast<float*>(b.get_data_handle());
    for (int64_t i = 0; i < c.out_channels; ++i) {
      const float scale = numbers.gamma.data()[i] / std::sqrt(numbers.variance.data()[i] + kResnetEpsilon);
      bias[i] = numbers.beta.data()[i] - numbers.mean.data()[i] * scale;
      for (int64_t j = i; j < c.weights(); j += c.out_channels) weights[j] = numbers.weights.data()[j] * scale;
    }
    dnnl::post_ops then;
    if (add) then.append_sum();
    if (relu) then.append_eltwise(1, algorithm::eltwise_relu, 0, 0);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(then);
    const Dims stride(2, c.stride), before(2, c.pad() / 2), after(2, c.pad() - c.pad() / 2);
    const dnnl::convolution_forward::primitive_desc conv(
        {prop_kind::forward_inference, algorithm::convolution_direct, x.get_desc(), any_layout(wd), b.get_desc(),
         y.get_desc(), stride, before, after},
        attributes, engine());
    p.add(dnnl::convolution_forward(conv), {{DNNL_ARG_SRC, x},
                                            {DNNL_ARG_WEIGHTS, p.arranged(w, conv.weights_desc())},
                                            {DNNL_ARG_BIAS, b},
                                            {DNNL_ARG_DST, y}});
    return y;
  }

  memory pool(const memory& x, const memory& y, algorithm kind, int64_t size, int64_t stride, int64_t after) {
    const dnnl::pooling_forward::primitive_desc pooling(
        {prop_kind::forward_inference, kind, x.get_desc(), y.get_desc(), Dims(2, stride), Dims(2, size), Dims(2, 0),
         Dims(2, after)},
        engine());
    p.add(dnnl::pooling_forward(pooling), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
    return y;
  }
  memory max_pool(const memory& x) { return pool(x, pictures(64, 56), algorithm::pooling_max, 3, 2, 1); }

  memory classify(const memory& x) {
    const memory mean = pool(x, pictures(kResnetFeatures, 1), algorithm::pooling_avg_exclude_padding, 7, 1, 0);
    const memory features(rows({batch, kResnetFeatures}), engine(), mean.get_data_handle());
    const memory w = p.output(rows({kResnetFeatures, kResnetClasses}));
    const Floats numbers = resnet_classifier();
    std::copy_n(numbers.data(), numbers.span().size(), static_cast<float*>(w.get_data_handle()));
    const memory y = p.output(rows({batch, kResnetClasses}));
    const dnnl::matmul::primitive_desc product({features.get_desc(), any_layout({kResnetFeatures, kResnetClasses}),
                                                y.get_desc()}, engine());
    p.add(dnnl::matmul(product),
          {{DNNL_ARG_SRC, features}, {DNNL_ARG_WEIGHTS, p.arranged(w, product.weights_desc())}, {DNNL_ARG_DST, y}});
    const dnnl::softmax_forward::primitive_desc each({prop_kind::forward_inference, y.get_desc(), 1}, engine());
    p.add(dnnl::softmax_forward(each), {{DNNL_ARG_SRC, y}, {DNNL_ARG_DST, y}});
    return y;
  }
};

}  // namespace

MakeStep resnet50(int64_t batch) {
  return make([=](Program& p) {
    Network network{p, batch};
    return bench::resnet50(network, p.input(channels_last({batch, 3, 224, 224}), 0));
  });
}

}  // namespace keel::bench::onednn
