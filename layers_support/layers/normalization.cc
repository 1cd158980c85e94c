#include "layers_support/layers/normalization.h"

#include <algorithm>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

class BatchNormalizationImpl final : public BuiltIn {
 public:
  explicit BatchNormalizationImpl(const BatchNormalizationOptions& options)
      : BuiltIn("BatchNormalization", options.name, options.input_shape), options_(options) {
    if (!(options.momentum >= 0 && options.momentum <= 1)) {
      fail("BatchNormalization: momentum is ", options.momentum, "; it must be in [0, 1]");
    }
    if (!(options.epsilon >= 0)) fail("BatchNormalization: epsilon is ", options.epsilon, "; it must be at least 0");
  }
  bool supports_masking() const override { return true; }
  void build(const Shape& x) override {
    axis_ = check_axis(name(), options_.axis, x.rank());
    const Shape size{x[axis_]};
    if (options_.scale) {
      gamma_ = add_weight("gamma", size,
                          {options_.gamma_initializer, options_.gamma_regularizer, options_.gamma_constraint});
    }
    if (options_.center) {
      beta_ = add_weight("beta", size, {options_.beta_initializer, options_.beta_regularizer, options_.beta_constraint});
    }
    mean_ = add_weight("moving_mean", size, {.initializer = options_.moving_mean_initializer, .trainable = false});
    variance_ = add_weight("moving_variance", size,
                           {.initializer = options_.moving_variance_initializer, .trainable = false});
  }
  Tensor call(const Tensor& x, const Training& given) override {
    const Training training = !trainable() && options_.frozen_is_inference ? Training(false) : given;
    const auto inference = [&] {
      return batch_normalization(x, mean_, variance_, beta_, gamma_, {.epsilon = options_.epsilon, .axis = axis_});
    };
    const auto fixed = training.absent() ? fixed_learning_phase() : std::optional<int>(training.fixed(name()));
    if (fixed == 0) return inference();
    std::vector<int64_t> axes;
    for (int axis = 0; axis < x.rank(); ++axis) {
      if (axis != axis_) axes.push_back(axis);
    }
    const NormalizedBatch batch = normalize_batch_in_training(x, gamma_, beta_, axes, options_.epsilon);
    move(mean_, batch.mean, training);
    move(variance_, options_.unbiased_moving_variance ? unbiased(x, batch.variance) : batch.variance, training);
    return in_train_phase(batch.normalized, inference, training);
  }
  Json get_config() const override {
    return config_with({{"axis", options_.axis},
                        {"momentum", options_.momentum},
                        {"epsilon", options_.epsilon},
                        {"center", options_.center},
                        {"scale", options_.scale},
                        {"moving_mean_initializer", options_.moving_mean_initializer.config()},
                        {"moving_variance_initializer", options_.moving_variance_initializer.config()}},
                       options_);
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    // tf_keras writes a list of one axis.
    const std::vector<int64_t> axes = c.integers("axis", std::vector<int64_t>{-1});
    if (axes.size() != 1) fail("BatchNormalization: 'axis' names ", axes.size(), " axes; one is accepted");
    auto options = options_at<BatchNormalizationOptions>(c);
    options.axis = axes[0];
    options.momentum = c.number("momentum", options.momentum);
    options.epsilon = c.number("epsilon", options.epsilon);
    options.center = c.flag("center", options.center);
    options.scale = c.flag("scale", options.scale);
    options.moving_mean_initializer = initializer_at(c, "moving_mean_initializer", "zeros");
    options.moving_variance_initializer = initializer_at(c, "moving_variance_initializer", "ones");
    return BatchNormalization(options);
  }

 private:
  // Where the phase is decided when the step runs, an average that is not to move gets its own value.
  void move(const Variable& average, const Tensor& value, const Training& training) {
    const Tensor moved = average * options_.momentum + stop_gradient(value) * (1 - options_.momentum);
    add_update(update(average, in_train_phase([&] { return moved; }, average, training)));
  }
  // variance · N / (N − 1), N being the number of values behind it; of one value it stays what it is.
  Tensor unbiased(const Tensor& x, const Tensor& variance) const {
    const Tensor n = size_ratio(x, variance, x.dtype());
    return variance * (n / maximum(n - 1, 1));
  }

  const BatchNormalizationOptions options_;
  int axis_ = 0;
  Variable gamma_, beta_, mean_, variance_;
};

class LayerNormalizationImpl final : public BuiltIn {
 public:
  explicit LayerNormalizationImpl(const LayerNormalizationOptions& options)
      : BuiltIn("LayerNormalization", options.name, options.input_shape), options_(options) {
    if (!(options.epsilon >= 0)) fail("LayerNormalization: epsilon is ", options.epsilon, "; it must be at least 0");
    if (options.axis.empty()) fail("LayerNormalization: axis is empty; at least one axis must be named");
  }
  bool supports_masking() const override { return true; }
  void build(const Shape& x) override {
    for (const int64_t axis : options_.axis) axes_.push_back(check_axis(name(), axis, x.rank()));
    std::sort(axes_.begin(), axes_.end());
    Shape sizes;
    for (const int64_t axis : axes_) sizes.push_back(x[static_cast<int>(axis)]);
    if (options_.scale) {
      gamma_ = add_weight("gamma", sizes,
                          {options_.gamma_initializer, options_.gamma_regularizer, options_.gamma_constraint});
    }
    if (options_.center) {
      beta_ = add_weight("beta", sizes, {options_.beta_initializer, options_.beta_regularizer, options_.beta_constraint});
    }
  }
  Tensor call(const Tensor& x) override {
    return batch_normalization(x, mean(x, axes_, /*keepdims=*/true), var(x, axes_, /*keepdims=*/true),
                               spread(beta_, x.rank()), spread(gamma_, x.rank()),
                               {.epsilon = options_.epsilon});
  }
  Json get_config() const override {
    return config_with({{"axis", options_.axis},
                        {"epsilon", options_.epsilon},
                        {"center", options_.center},
                        {"scale", options_.scale}},
                       options_);
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    auto options = options_at<LayerNormalizationOptions>(c);
    options.axis = c.integers("axis", options.axis);
    options.epsilon = c.number("epsilon", options.epsilon);
    options.center = c.flag("center", options.center);
    options.scale = c.flag("scale", options.scale);
    return LayerNormalization(options);
  }

 private:
  // A weight along the normalized axes of x, as a tensor that broadcasts to x; empty where there is none.
  Tensor spread(const Variable& weight, int rank) const {
    if (!weight.defined()) return {};
    Shape shape;
    shape.resize(rank, 1);
    for (size_t i = 0; i < axes_.size(); ++i) shape[static_cast<int>(axes_[i])] = weight.shape()[static_cast<int>(i)];
    return reshape(weight, shape);
  }

  const LayerNormalizationOptions options_;
  std::vector<int64_t> axes_;
  Variable gamma_, beta_;
};

}  // namespace

BatchNormalization::BatchNormalization(const BatchNormalizationOptions& options)
    : Layer(std::make_shared<BatchNormalizationImpl>(options)) {}
LayerNormalization::LayerNormalization(const LayerNormalizationOptions& options)
    : Layer(std::make_shared<LayerNormalizationImpl>(options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_normalization(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"BatchNormalization", BatchNormalizationImpl::load},
             {"BatchNormalizationV1", BatchNormalizationImpl::load},
             {"LayerNormalization", LayerNormalizationImpl::load}});
}

}  // namespace keel::internal
