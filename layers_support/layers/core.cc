#include "layers_support/layers/core.h"

#include <algorithm>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

class DenseImpl final : public BuiltIn {
 public:
  DenseImpl(int64_t units, const DenseOptions& options)
      : BuiltIn("Dense", options.name, options.input_shape), units_(units), options_(options) {
    if (units < 1) fail("Dense: units is ", units, "; it must be at least 1");
  }
  bool supports_masking() const override { return true; }
  void build(const Shape& x) override {
    if (x.rank() < 2 || x.back() == None) {
      fail(name(), ": the input has shape ", x, "; it needs samples and a last axis of known size");
    }
    kernel_ = add_weight("kernel", {x.back(), units_},
                         {options_.kernel_initializer, options_.kernel_regularizer, options_.kernel_constraint});
    if (!options_.use_bias) return;
    bias_ = add_weight("bias", {units_},
                       {options_.bias_initializer, options_.bias_regularizer, options_.bias_constraint});
  }
  Tensor call(const Tensor& x) override {
    if (x.rank() < 2 || (x.shape().back() != None && x.shape().back() != kernel_.shape()[0])) {
      fail(name(), ": the input has shape ", x.shape(), " but the layer was built for ", kernel_.shape()[0], " features");
    }
    Tensor y = dot(x, kernel_);
    if (options_.use_bias) y = bias_add(y, bias_, "channels_last");
    return regularized(options_.activation(y), options_.activity_regularizer);
  }
  Json get_config() const override {
    return config_with({{"units", units_}}, options_);
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return Dense(c.integer("units"), options_at<DenseOptions>(c));
  }

 private:
  const int64_t units_;
  const DenseOptions options_;
  Variable kernel_, bias_;
};

class ActivationImpl final : public BuiltIn {
 public:
  ActivationImpl(const ActivationFunction& activation, const PlainOptions& options)
      : BuiltIn("Activation", options.name, options.input_shape), activation_(activation) {}
  bool supports_masking() const override { return true; }
  Tensor call(const Tensor& x) override { return activation_(x); }
  Json get_config() const override { return config_with({{"activation", activation_.name()}}); }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return Activation(ActivationFunction::from_config(c.at("activation")), {.name = name_at(c)});
  }

 private:
  const ActivationFunction activation_;
};

class FlattenImpl final : public BuiltIn {
 public:
  explicit FlattenImpl(const FlattenOptions& options)
      : BuiltIn("Flatten", options.name, options.input_shape), data_format_(options.data_format) {}
  Tensor call(const Tensor& x) override {
    if (!data_format_.channels_first() || x.rank() < 3) return x.rank() == 1 ? expand_dims(x) : batch_flatten(x);
    std::vector<int64_t> pattern{0};
    for (int axis = 2; axis < x.rank(); ++axis) pattern.push_back(axis);
    pattern.push_back(1);
    return batch_flatten(permute_dimensions(x, pattern));
  }
  Json get_config() const override { return config_with({{"data_format", data_format_name(data_format_)}}); }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return Flatten({.data_format = c.text("data_format", "channels_last"), .name = name_at(c)});
  }

 private:
  const DataFormat data_format_;
};

class ReshapeImpl final : public BuiltIn {
 public:
  ReshapeImpl(const Shape& target, const PlainOptions& options)
      : BuiltIn("Reshape", options.name, options.input_shape), target_(target) {
    if (std::count(target.begin(), target.end(), int64_t{-1}) > 1) {
      fail("Reshape: target_shape ", target, " has more than one -1");
    }
    for (const int64_t size : target) {
      if (size < -1) fail("Reshape: target_shape ", target, " holds ", size, "; it must be at least -1");
    }
  }
  Tensor call(const Tensor& x) override {
    if (x.rank() == 0) fail(name(), ": the input is a scalar; it needs an axis of samples");
    Shape shape = target_;
    shape.insert(0, x.shape()[0]);
    const auto open = std::find(target_.begin(), target_.end(), int64_t{-1});
    Shape sample = x.shape();
    sample.erase(0);
    const int64_t elements = sample.elements();
    if (open != target_.end() && elements != None) {
      int64_t others = 1;
      for (const int64_t size : target_) others = checked_multiply(others, size == -1 ? 1 : size, "target_shape");
      if (others == 0 || elements % others != 0) {
        fail(name(), ": samples of shape ", sample, " cannot become ", target_);
      }
      shape[static_cast<int>(open - target_.begin()) + 1] = elements / others;
    } else if (open != target_.end()) {
      // Neither the samples' number nor their shape is known: the sizes come from the graph.
      Tensors sizes{slice(keel::shape(x), 0, 0, 1)};
      for (const int64_t size : target_) sizes.push_back(constant(Array(size).reshape({1}), {.dtype = "int32"}));
      return reshape(x, concatenate(sizes, 0));
    } else if (elements != None && elements != target_.elements()) {
      fail(name(), ": samples of shape ", sample, " cannot become ", target_);
    }
    return reshape(x, shape);
  }
  Json get_config() const override {
    return config_with({{"target_shape", std::vector<int64_t>(target_.begin(), target_.end())}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    const std::vector<int64_t> target = c.integers("target_shape");
    return Reshape(Shape(Dims(target)), {.name = name_at(c)});
  }

 private:
  const Shape target_;
};

class PermuteImpl final : public BuiltIn {
 public:
  PermuteImpl(const std::vector<int64_t>& dims, const PlainOptions& options)
      : BuiltIn("Permute", options.name, options.input_shape), dims_(dims) {
    std::vector<int64_t> sorted = dims;
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size(); ++i) {
      if (sorted[i] != static_cast<int64_t>(i) + 1) fail("Permute: dims must hold each of 1 to ", sorted.size(), " once");
    }
  }
  Tensor call(const Tensor& x) override {
    std::vector<int64_t> pattern{0};
    pattern.insert(pattern.end(), dims_.begin(), dims_.end());
    return permute_dimensions(x, pattern);
  }
  Json get_config() const override { return config_with({{"dims", dims_}}); }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return Permute(c.integers("dims"), {.name = name_at(c)});
  }

 private:
  const std::vector<int64_t> dims_;
};

class RepeatVectorImpl final : public BuiltIn {
 public:
  RepeatVectorImpl(int64_t n, const PlainOptions& options)
      : BuiltIn("RepeatVector", options.name, options.input_shape), n_(n) {
    if (n < 0) fail("RepeatVector: n is ", n, "; it must be at least 0");
  }
  Tensor call(const Tensor& x) override { return repeat(x, n_); }
  Json get_config() const override { return config_with({{"n", n_}}); }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return RepeatVector(c.integer("n"), {.name = name_at(c)});
  }

 private:
  const int64_t n_;
};

class MaskingImpl final : public BuiltIn {
 public:
  MaskingImpl(double mask_value, const PlainOptions& options)
      : BuiltIn("Masking", options.name, options.input_shape), mask_value_(mask_value) {}
  Tensor call(const Tensor& x) override {
    return x * cast(any(not_equal(x, mask_value_), -1, /*keepdims=*/true), x.dtype());
  }
  Tensors compute_mask(const Tensors& inputs, const Tensors&) override {
    return {any(not_equal(inputs[0], mask_value_), -1)};
  }
  Json get_config() const override { return config_with({{"mask_value", mask_value_}}); }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return Masking(c.number("mask_value", 0), {.name = name_at(c)});
  }

 private:
  const double mask_value_;
};

class LambdaImpl final : public BuiltIn {
 public:
  LambdaImpl(std::function<Tensor(const Tensor&)> function, const PlainOptions& options)
      : BuiltIn("Lambda", options.name, options.input_shape), function_(std::move(function)) {
    if (function_ == nullptr) fail("Lambda: the function is empty");
  }
  Tensor call(const Tensor& x) override { return function_(x); }

 private:
  const std::function<Tensor(const Tensor&)> function_;
};

class ActivityRegularizationImpl final : public BuiltIn {
 public:
  ActivityRegularizationImpl(double l1, double l2, const PlainOptions& options)
      : BuiltIn("ActivityRegularization", options.name, options.input_shape),
        l1_(l1), l2_(l2), penalty_(regularizers::l1_l2(l1, l2)) {}
  bool supports_masking() const override { return true; }
  Tensor call(const Tensor& x) override { return regularized(x, penalty_); }
  Json get_config() const override { return config_with({{"l1", l1_}, {"l2", l2_}}); }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return ActivityRegularization(c.number("l1", 0), c.number("l2", 0), {.name = name_at(c)});
  }

 private:
  const double l1_, l2_;
  const Regularizer penalty_;
};

class EmbeddingImpl final : public BuiltIn {
 public:
  EmbeddingImpl(int64_t input_dim, int64_t output_dim, const EmbeddingOptions& options)
      : BuiltIn("Embedding", options.name, options.input_shape),
        input_dim_(input_dim), output_dim_(output_dim), options_(options) {
    if (input_dim < 1 || output_dim < 1) {
      fail("Embedding: input_dim and output_dim are ", input_dim, " and ", output_dim, "; they must be at least 1");
    }
    if (!batch_input_shape() && options.input_length != None) set_input_shape(Shape{options.input_length});
  }
  DType input_dtype() const override { return DType::kInt32; }
  void build(const Shape&) override {
    embeddings_ = add_weight(
        "embeddings", {input_dim_, output_dim_},
        {options_.embeddings_initializer, options_.embeddings_regularizer, options_.embeddings_constraint});
  }
  Tensor call(const Tensor& x) override {
    const Tensor indices = x.dtype().is_integer() ? x : cast(x, DType::kInt32);
    return regularized(gather(embeddings_, indices), options_.activity_regularizer);
  }
  Tensors compute_mask(const Tensors& inputs, const Tensors&) override {
    return options_.mask_zero ? Tensors{not_equal(inputs[0], 0)} : Tensors{};
  }
  Json get_config() const override {
    return config_with({{"input_dim", input_dim_},
                        {"output_dim", output_dim_},
                        {"mask_zero", options_.mask_zero},
                        {"input_length", options_.input_length == None ? Json(nullptr) : Json(options_.input_length)}},
                       options_);
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    auto options = options_at<EmbeddingOptions>(c);
    options.mask_zero = c.flag("mask_zero", false);
    // Keras writes a list where samples have several axes; batch_input_shape says it all.
    if (c.has("input_length") && !c.at("input_length").is_array()) options.input_length = c.integer("input_length");
    return Embedding(c.integer("input_dim"), c.integer("output_dim"), options);
  }

 private:
  const int64_t input_dim_, output_dim_;
  const EmbeddingOptions options_;
  Variable embeddings_;
};

}  // namespace

Dense::Dense(int64_t units, const DenseOptions& options) : Layer(std::make_shared<DenseImpl>(units, options)) {}
Activation::Activation(const ActivationFunction& activation, const PlainOptions& options)
    : Layer(std::make_shared<ActivationImpl>(activation, options)) {}
Flatten::Flatten(const FlattenOptions& options) : Layer(std::make_shared<FlattenImpl>(options)) {}
Reshape::Reshape(const Shape& target_shape, const PlainOptions& options)
    : Layer(std::make_shared<ReshapeImpl>(target_shape, options)) {}
Permute::Permute(const std::vector<int64_t>& dims, const PlainOptions& options)
    : Layer(std::make_shared<PermuteImpl>(dims, options)) {}
RepeatVector::RepeatVector(int64_t n, const PlainOptions& options)
    : Layer(std::make_shared<RepeatVectorImpl>(n, options)) {}
Masking::Masking(double mask_value, const PlainOptions& options)
    : Layer(std::make_shared<MaskingImpl>(mask_value, options)) {}
Lambda::Lambda(std::function<Tensor(const Tensor&)> function, const PlainOptions& options)
    : Layer(std::make_shared<LambdaImpl>(std::move(function), options)) {}
ActivityRegularization::ActivityRegularization(double l1, double l2, const PlainOptions& options)
    : Layer(std::make_shared<ActivityRegularizationImpl>(l1, l2, options)) {}
Embedding::Embedding(int64_t input_dim, int64_t output_dim, const EmbeddingOptions& options)
    : Layer(std::make_shared<EmbeddingImpl>(input_dim, output_dim, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_core_layers(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"Dense", DenseImpl::load},
             {"Activation", ActivationImpl::load},
             {"Flatten", FlattenImpl::load},
             {"Reshape", ReshapeImpl::load},
             {"Permute", PermuteImpl::load},
             {"RepeatVector", RepeatVectorImpl::load},
             {"Masking", MaskingImpl::load},
             {"ActivityRegularization", ActivityRegularizationImpl::load},
             {"Embedding", EmbeddingImpl::load}});
}

}  // namespace keel::internal
