#include "benchmarks/peer_onednn.h"

#include <algorithm>
#include <memory>

#include "benchmarks/onednn_program.h"

namespace keel::bench::onednn {

MakeStep gemm(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b) {
  return [=](const Setting& setting) -> Step {
    omp_set_num_threads(setting.threads);
    auto a = std::make_shared<Floats>(m * k, 0), b = std::make_shared<Floats>(k * n, 1),
         c = std::make_shared<Floats>(m * n);
    return {[=] {
              dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1, a->data(),
                         transpose_a ? m : k, b->data(), transpose_b ? k : n, 0, c->data(), n);
            },
            [c] { return c->span(); }};
  };
}

MakeStep gemm_packed(int64_t m, int64_t n, int64_t k) {
  return make([=](Program& p) {
    const dnnl::matmul::primitive_desc product({rows({m, k}), any_layout({k, n}), rows({m, n})},
                                               engine());
    const memory a = p.input(rows({m, k}), 0), c = p.output(rows({m, n}));
    const memory b = p.arranged(p.input(rows({k, n}), 1), product.weights_desc());
    p.add(dnnl::matmul(product), {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
    return c;
  });
}

MakeStep batch_gemm(int64_t batch, int64_t m, int64_t n, int64_t k, bool transpose_b) {
  return make([=](Program& p) {
    const Desc lying = transpose_b ? Desc{{batch, k, n}, kFloat, Dims{k * n, 1, k}} : rows({batch, k, n});
    const memory a = p.input(rows({batch, m, k}), 0), b = p.input(lying, 1), c = p.output(rows({batch, m, n}));
    const dnnl::matmul::primitive_desc product({a.get_desc(), b.get_desc(), c.get_desc()}, engine());
    p.add(dnnl::matmul(product), {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
    return c;
  });
}

namespace {

// One convolution; Forward, Data and Weights are oneDNN's primitives for it.
template <class Forward, class Data, class Weights>
class Layer {
 public:
  // `kernel` is Keras's layout of the weights, whose dimensions are oneDNN's.
  Layer(algorithm kind, bool inference, const Dims& xd, const Dims& yd, const Dims& wd, const Desc& kernel,
        const Dims& stride, const Dims& before, const Dims& after)
      : kind_(kind), kernel_(kernel), xm_(channels_last(xd)), ym_(channels_last(yd)), wm_(any_layout(wd)),
        stride_(stride), before_(before), after_(after),
        forward_({inference ? prop_kind::forward_inference : prop_kind::forward_training, kind, xm_, wm_, ym_,
                  stride, before, after},
                 engine()) {}

  const Desc& x() const { return xm_; }
  const Desc& y() const { return ym_; }
  const Desc& kernel() const { return kernel_; }

  // With weights arranged ahead of the timing.
  void infer(Program& p, const memory& x, const memory& w, const memory& y) const {
    p.add(Forward(forward_), {{DNNL_ARG_SRC, x},
                              {DNNL_ARG_WEIGHTS, p.arranged(w, forward_.weights_desc())},
                              {DNNL_ARG_DST, y}});
  }
  void infer_bias_relu(Program& p, const memory& x, const memory& w, const memory& b, const memory& y) const {
    dnnl::post_ops then;
    then.append_eltwise(1, algorithm::eltwise_relu, 0, 0);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(then);
    const typename Forward::primitive_desc fused(
        {prop_kind::forward_inference, kind_, xm_, wm_, b.get_desc(), ym_, stride_, before_, after_}, attributes,
        engine());
    p.add(Forward(fused), {{DNNL_ARG_SRC, x},
                           {DNNL_ARG_WEIGHTS, p.arranged(w, fused.weights_desc())},
                           {DNNL_ARG_BIAS, b},
                           {DNNL_ARG_DST, y}});
  }
  void forward(Program& p, const memory& x, const memory& w, const memory& y) const {
    const memory own = p.opaque(forward_.weights_desc());
    p.rearrange(w, own);
    p.add(Forward(forward_), {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, own}, {DNNL_ARG_DST, y}});
  }
  void data(Program& p, const memory& dy, const memory& w, const memory& dx) const {
    const typename Data::primitive_desc back({kind_, xm_, wm_, ym_, stride_, before_, after_}, engine(),
                                             forward_);
    const memory own = p.opaque(back.weights_desc());
    p.rearrange(w, own);
    p.add(Data(back), {{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_WEIGHTS, own}, {DNNL_ARG_DIFF_SRC, dx}});
  }
  void weights(Program& p, const memory& x, const memory& dy, const memory& dw) const {
    const typename Weights::primitive_desc back({kind_, xm_, wm_, ym_, stride_, before_, after_}, engine(),
                                                forward_);
    const memory own = p.opaque(back.diff_weights_desc());
    p.add(Weights(back), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_WEIGHTS, own}});
    p.rearrange(own, dw);
  }

  // `part` of it alone.
  memory run(Program& p, Part part) const {
    const memory x = p.input(xm_, 0), w = p.input(kernel_, 1);
    memory result = p.output(ym_);
    if (part == Part::kForward) {
      infer(p, x, w, result);
      return result;
    }
    const memory dy = p.input(ym_, 2);
    if (part == Part::kAll) forward(p, x, w, result);
    if (part != Part::kKernel) data(p, dy, w, result = p.output(xm_));
    if (part != Part::kInput) weights(p, x, dy, result = p.output(kernel_));
    return result;
  }

 private:
  const algorithm kind_;
  const Desc kernel_, xm_, ym_, wm_;
  const Dims stride_, before_, after_;
  const typename Forward::primitive_desc forward_;
};
using ConvLayer = Layer<dnnl::convolution_forward, dnnl::convolution_backward_data, dnnl::convolution_backward_weights>;
using DeconvLayer =
    Layer<dnnl::deconvolution_forward, dnnl::deconvolution_backward_data, dnnl::deconvolution_backward_weights>;

ConvLayer depthwise_layer(const Conv& c, bool inference) {
  const int64_t n = c.in_channels;
  const Dims wd = concat({n, 1, 1}, c.rank, c.kernel);
  // Kernel [taps..., channels]: the groups lie side by side.
  Dims strides(wd.size());
  int64_t stride = n;
  for (size_t i = wd.size(); i-- > 3; stride *= wd[i]) strides[i] = stride;
  strides[0] = 1;
  strides[1] = strides[2] = stride;
  return {algorithm::convolution_direct, inference, concat({c.batch, n}, c.rank, c.size),
          concat({c.batch, n}, c.rank, c.out()), wd, Desc(wd, kFloat, strides), Dims(c.rank, c.stride),
          Dims(c.rank, c.pad_before()), Dims(c.rank, c.pad_after())};
}

ConvLayer conv_layer(const Conv& c, bool inference) {
  const Dims wd = concat({c.out_channels, c.in_channels}, c.rank, c.kernel);
  return {algorithm::convolution_direct, inference, concat({c.batch, c.in_channels}, c.rank, c.size),
          concat({c.batch, c.out_channels}, c.rank, c.out()), wd, keras_kernel(wd), Dims(c.rank, c.stride),
          Dims(c.rank, c.pad_before()), Dims(c.rank, c.pad_after())};
}

}  // namespace

MakeStep conv(const Conv& c, Part part) {
  return make([=](Program& p) { return conv_layer(c, part == Part::kForward).run(p, part); });
}

MakeStep conv_bias_relu(const Conv& c) {
  return make([=](Program& p) {
    const ConvLayer layer = conv_layer(c, true);
    const memory y = p.output(layer.y());
    layer.infer_bias_relu(p, p.input(layer.x(), 0), p.input(layer.kernel(), 1), p.input(rows({c.out_channels}), 3), y);
    return y;
  });
}

MakeStep depthwise(const Conv& c, Part part) {
  return make([=](Program& p) { return depthwise_layer(c, part == Part::kForward).run(p, part); });
}

MakeStep separable(const Conv& c, Part part) {
  return make([=](Program& p) {
    const bool inference = part == Part::kForward;
    const ConvLayer first = depthwise_layer(c, inference);
    const Dims wd = concat({c.out_channels, c.in_channels}, c.rank, 1), ones(c.rank, 1), none(c.rank, 0);
    const ConvLayer second(algorithm::convolution_direct, inference,
                           concat({c.batch, c.in_channels}, c.rank, c.out()),
                           concat({c.batch, c.out_channels}, c.rank, c.out()), wd, keras_kernel(wd), ones, none,
                           none);
    const memory x = p.input(first.x(), 0), w = p.input(first.kernel(), 1), v = p.input(second.kernel(), 3);
    const memory between = p.output(first.y()), y = p.output(second.y());
    if (inference) {
      first.infer(p, x, w, between);
      second.infer(p, between, v, y);
      return y;
    }
    first.forward(p, x, w, between);
    second.forward(p, between, v, y);
    const memory dy = p.input(second.y(), 2), dbetween = p.output(first.y());
    const memory dw = p.output(first.kernel());
    second.weights(p, between, dy, p.output(second.kernel()));
    second.data(p, dy, v, dbetween);
    first.data(p, dbetween, w, p.output(first.x()));
    first.weights(p, x, dbetween, dw);
    return dw;
  });
}

MakeStep transposed(const Conv& c, Part part) {
  return make([=](Program& p) {
    const Dims wd = concat({c.out_channels, c.in_channels}, c.rank, c.kernel);
    // Kernel [taps..., out, in].
    Dims strides(wd.size());
    int64_t stride = wd[0] * wd[1];
    for (size_t i = wd.size(); i-- > 2; stride *= wd[i]) strides[i] = stride;
    strides[0] = wd[1];
    strides[1] = 1;
    const int64_t padding = std::max<int64_t>(c.kernel - c.stride, 0);
    return DeconvLayer(algorithm::deconvolution_direct, part == Part::kForward,
                       concat({c.batch, c.in_channels}, c.rank, c.size),
                       concat({c.batch, c.out_channels}, c.rank, c.size * c.stride), wd,
                       Desc(wd, kFloat, strides), Dims(c.rank, c.stride), Dims(c.rank, padding / 2),
                       Dims(c.rank, padding - padding / 2))
        .run(p, part);
  });
}

MakeStep pool(Pool mode, int64_t batch, int64_t size, int64_t channels, bool gradient) {
  return make([=](Program& p) {
    const Desc xm = channels_last({batch, channels, size, size});
    const Desc ym = channels_last({batch, channels, size / 2, size / 2});
    const auto kind = mode == Pool::kMax ? algorithm::pooling_max : algorithm::pooling_avg_exclude_padding;
    const Dims two = {2, 2}, none = {0, 0};
    const dnnl::pooling_forward::primitive_desc forward(
        {gradient ? prop_kind::forward_training : prop_kind::forward_inference, kind, xm, ym, two, two,
         none, none},
        engine());
    const memory x = p.input(xm, 0), y = p.output(ym);
    const memory places = p.opaque(forward.workspace_desc());
    p.add(dnnl::pooling_forward(forward),
          {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}, {DNNL_ARG_WORKSPACE, places}});
    if (!gradient) return y;
    const dnnl::pooling_backward::primitive_desc backward({kind, xm, ym, two, two, none, none}, engine(),
                                                          forward);
    const memory dy = p.input(ym, 2), dx = p.output(xm);
    p.add(dnnl::pooling_backward(backward),
          {{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}, {DNNL_ARG_WORKSPACE, places}});
    return dx;
  });
}

MakeStep unary(Unary f, int64_t n) {
  return make([=](Program& p) {
    const algorithm kinds[] = {algorithm::eltwise_relu, algorithm::eltwise_logistic,
                               algorithm::eltwise_tanh, algorithm::eltwise_exp,
                               algorithm::eltwise_gelu_tanh};
    const dnnl::eltwise_forward::primitive_desc each(
        {prop_kind::forward_inference, kinds[static_cast<int>(f)], rows({n}), 0.0f, 0.0f}, engine());
    const memory x = p.input(rows({n}), 0), y = p.output(rows({n}));
    p.add(dnnl::eltwise_forward(each), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
    return y;
  });
}

MakeStep multiply_add(int64_t n) {
  return make([=](Program& p) {
    // Post-ops take two axes or more.
    const Desc row = rows({1, n});
    dnnl::post_ops then;
    then.append_binary(algorithm::binary_add, row);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(then);
    const dnnl::binary::primitive_desc product({algorithm::binary_mul, row, row, row}, attributes, engine());
    const memory a = p.input(row, 0), b = p.input(row, 1), c = p.input(row, 2), y = p.output(row);
    p.add(dnnl::binary(product),
          {{DNNL_ARG_SRC_0, a},
           {DNNL_ARG_SRC_1, b},
           {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, c},
           {DNNL_ARG_DST, y}});
    return y;
  });
}

MakeStep sum(Over over, int64_t r, int64_t columns) {
  return make([=](Program& p) {
    const Desc xm = rows({r, columns});
    const Desc ym = rows({over == Over::kLast ? r : 1, over == Over::kFirst ? columns : 1});
    const dnnl::reduction::primitive_desc sums({algorithm::reduction_sum, xm, ym, 0.0f, 0.0f}, engine());
    const memory x = p.input(xm, 0), y = p.output(ym);
    p.add(dnnl::reduction(sums), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
    return y;
  });
}

MakeStep softmax(int64_t r, int64_t columns) {
  return make([=](Program& p) {
    const Desc xm = rows({r, columns});
    const dnnl::softmax_forward::primitive_desc each({prop_kind::forward_inference, xm, 1}, engine());
    const memory x = p.input(xm, 0), y = p.output(xm);
    p.add(dnnl::softmax_forward(each), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
    return y;
  });
}

namespace {

// Batch or layer normalization of `x`; Forward and Backward are oneDNN's primitives for it, `moments` the
// layout of means where the primitives want it told.
template <class Forward, class Backward, class... Moments>
MakeStep normalization(const Desc& xm, const Desc& parameters, const Desc& mean_layout, bool gradient,
                       const Moments&... moments) {
  return make([=](Program& p) {
    const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
    const typename Forward::primitive_desc forward({prop_kind::forward_training, xm, moments..., 1e-3f, flags},
                                                   engine());
    const memory x = p.input(xm, 0), gamma = p.input(parameters, 1), beta = p.input(parameters, 2);
    const memory y = p.output(xm), mean = p.output(mean_layout), variance = p.output(mean_layout);
    p.add(Forward(forward), {{DNNL_ARG_SRC, x},
                             {DNNL_ARG_DST, y},
                             {DNNL_ARG_SCALE, gamma},
                             {DNNL_ARG_SHIFT, beta},
                             {DNNL_ARG_MEAN, mean},
                             {DNNL_ARG_VARIANCE, variance}});
    if (!gradient) return y;
    const typename Backward::primitive_desc backward({prop_kind::backward, xm, xm, moments..., 1e-3f, flags},
                                                     engine(), forward);
    const memory dy = p.input(xm, 3), dx = p.output(xm);
    p.add(Backward(backward), {{DNNL_ARG_SRC, x},
                               {DNNL_ARG_DIFF_DST, dy},
                               {DNNL_ARG_SCALE, gamma},
                               {DNNL_ARG_SHIFT, beta},
                               {DNNL_ARG_MEAN, mean},
                               {DNNL_ARG_VARIANCE, variance},
                               {DNNL_ARG_DIFF_SRC, dx},
                               {DNNL_ARG_DIFF_SCALE, p.output(parameters)},
                               {DNNL_ARG_DIFF_SHIFT, p.output(parameters)}});
    return dx;
  });
}

}  // namespace

MakeStep batch_norm(int64_t n, int64_t size, int64_t channels, bool gradient) {
  return normalization<dnnl::batch_normalization_forward, dnnl::batch_normalization_backward>(
      channels_last({n, channels, size, size}), rows({channels}), rows({channels}), gradient);
}

MakeStep layer_norm(int64_t n, int64_t columns, bool gradient) {
  return normalization<dnnl::layer_normalization_forward, dnnl::layer_normalization_backward>(
      rows({n, columns}), rows({columns}), rows({n}), gradient, rows({n}));
}

MakeStep transpose(const std::vector<int64_t>& shape, const std::vector<int>& pattern) {
  return make([=](Program& p) {
    // The result's strides, in the order of x's axes.
    Dims strides(shape.size());
    int64_t stride = 1;
    for (size_t i = shape.size(); i-- > 0; stride *= shape[pattern[i]]) strides[pattern[i]] = stride;
    const memory x = p.input(rows(shape), 0), y = p.output({shape, kFloat, strides});
    p.rearrange(x, y);
    return y;
  });
}

MakeStep concatenate(const std::vector<int64_t>& shape, int axis) {
  return make([=](Program& p) {
    Dims both = shape;
    both[axis] *= 2;
    const dnnl::concat::primitive_desc joined(rows(both), axis, {rows(shape), rows(shape)}, engine());
    const memory a = p.input(rows(shape), 0), b = p.input(rows(shape), 1), y = p.output(rows(both));
    p.add(dnnl::concat(joined),
          {{DNNL_ARG_MULTIPLE_SRC, a}, {DNNL_ARG_MULTIPLE_SRC + 1, b}, {DNNL_ARG_DST, y}});
    return y;
  });
}

}  // namespace keel::bench::onednn
