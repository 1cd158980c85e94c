#include "layers_support/layers/wrappers.h"

#include <vector>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

class BidirectionalImpl final : public BuiltIn {
 public:
  BidirectionalImpl(const Layer& layer, const BidirectionalOptions& options)
      : BuiltIn("Bidirectional", options.name, options.input_shape), mode_(options.merge_mode), layer_(layer) {
    if (mode_ != "concat" && mode_ != "sum" && mode_ != "mul" && mode_ != "ave" && mode_ != "none") {
      fail("Bidirectional: merge_mode is '", mode_, "'; accepted are concat, sum, mul, ave and none");
    }
    Json config = layer.get_config();
    if (!config.contains("go_backwards") || !config.contains("return_sequences")) {
      fail("Bidirectional: ", layer.name(), " of class ", layer.class_name(), " is not recurrent");
    }
    sequences_ = config["return_sequences"].get<bool>();
    state_ = config["return_state"].get<bool>();
    const LayerLoader loader;
    config["name"] = "forward_" + layer.name();
    forward_ = loader.load(object_config(layer.class_name(), config));
    config["name"] = "backward_" + layer.name();
    config["go_backwards"] = !config["go_backwards"].get<bool>();
    backward_ = loader.load(object_config(layer.class_name(), config));
    if (!batch_input_shape() && layer.impl().batch_input_shape()) set_batch_input_shape(*layer.impl().batch_input_shape());
  }
  std::vector<Layer> sublayers() const override { return {forward_, backward_}; }
  Tensors call(const Tensors& inputs, const Training&) override {
    if (inputs.size() % 2 == 0) fail(name(), ": got ", inputs.size() - 1, " initial states; an even number is accepted");
    const auto half = inputs.begin() + static_cast<std::ptrdiff_t>(1 + inputs.size() / 2);
    const CallOptions forward_options{.mask = masks()[0], .initial_state = {inputs.begin() + 1, half}};
    const CallOptions backward_options{.mask = masks()[0], .initial_state = {half, inputs.end()}};
    const Tensors one = forward_.call_all({inputs[0]}, forward_options);
    Tensors other = backward_.call_all({inputs[0]}, backward_options);
    if (sequences_) other[0] = reverse(other[0], 1);
    Tensors out = merged(one[0], other[0]);
    if (state_) {
      out.insert(out.end(), one.begin() + 1, one.end());
      out.insert(out.end(), other.begin() + 1, other.end());
    }
    return out;
  }
  Tensors compute_mask(const Tensors&, const Tensors& masks) override {
    if (!sequences_) return {};
    return mode_ == "none" ? Tensors{masks[0], masks[0]} : Tensors{masks[0]};
  }
  Json get_config() const override {
    return config_with({{"merge_mode", mode_ == "none" ? Json(nullptr) : Json(mode_)},
                        {"layer", object_config(layer_.class_name(), layer_.get_config())}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader& loader) {
    Json layer = c.at("layer");
    // tf_keras, which alone writes time_major, has its sequences 0 where they are masked.
    if (layer.is_object() && layer.contains("config") && layer["config"].contains("time_major")) {
      Json& config = layer["config"];
      config["zero_output_for_mask"] = config.contains("return_sequences") && config["return_sequences"] == true;
    }
    return Bidirectional(loader.load(layer), {.merge_mode = c.text("merge_mode", "none"), .name = name_at(c)});
  }

 private:
  Tensors merged(const Tensor& a, const Tensor& b) const {
    if (mode_ == "concat") return {concatenate({a, b})};
    if (mode_ == "sum") return {a + b};
    if (mode_ == "mul") return {a * b};
    if (mode_ == "ave") return {(a + b) / 2};
    return {a, b};
  }

  const std::string mode_;
  const Layer layer_;  // For its config alone.
  Layer forward_, backward_;
  bool sequences_ = false, state_ = false;
};

// Tensor `x` with its first `from` axes as the first `to` axes of `like`, and the others as they are.
Tensor with_leading_axes(const Tensor& x, int from, const Tensor& like, int to) {
  Tensors sizes;
  if (to == 1) sizes.push_back(constant(Array(-1).reshape({1}), {.dtype = "int32"}));
  else sizes.push_back(slice(shape(like), 0, 0, to));
  if (x.rank() > from) sizes.push_back(slice(shape(x), 0, from, x.rank() - from));
  Shape known;
  for (int axis = 0; axis < to; ++axis) known.push_back(to == 1 ? None : like.shape()[axis]);
  for (int axis = from; axis < x.rank(); ++axis) known.push_back(x.shape()[axis]);
  int unknown = 0;
  for (const int64_t size : known) unknown += size == None;
  if (unknown <= 1) return reshape(x, known);
  return reshape(x, concatenate(sizes, 0));
}

class TimeDistributedImpl final : public BuiltIn {
 public:
  TimeDistributedImpl(const Layer& layer, const PlainOptions& options)
      : BuiltIn("TimeDistributed", options.name, options.input_shape), layer_(layer) {}
  std::vector<Layer> sublayers() const override { return {layer_}; }
  Tensor call(const Tensor& x) override {
    if (x.rank() < 3) fail(name(), ": the input has shape ", x.shape(), "; accepted are at least 3 axes");
    CallOptions options;
    const Tensor& mask = masks()[0];
    if (mask.defined() && mask.rank() > 2) options.mask = with_leading_axes(mask, 2, mask, 1);
    const Tensor y = layer_(Tensors{with_leading_axes(x, 2, x, 1)}, options);
    return with_leading_axes(y, 1, x, 2);
  }
  Tensors compute_mask(const Tensors&, const Tensors& masks) override {
    Tensor mask = masks[0];
    if (mask.defined() && mask.rank() > 2) {
      std::vector<int64_t> inner;
      for (int axis = 2; axis < mask.rank(); ++axis) inner.push_back(axis);
      mask = any(mask, inner);
    }
    return {mask};
  }
  Json get_config() const override {
    return config_with({{"layer", object_config(layer_.class_name(), layer_.get_config())}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader& loader) {
    return TimeDistributed(loader.load(c.at("layer")), {.name = name_at(c)});
  }

 private:
  const Layer layer_;
};

}  // namespace

Bidirectional::Bidirectional(const Layer& layer, const BidirectionalOptions& options)
    : Layer(std::make_shared<BidirectionalImpl>(layer, options)) {}
TimeDistributed::TimeDistributed(const Layer& layer, const PlainOptions& options)
    : Layer(std::make_shared<TimeDistributedImpl>(layer, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_wrappers(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"Bidirectional", BidirectionalImpl::load}, {"TimeDistributed", TimeDistributedImpl::load}});
}

}  // namespace keel::internal
