#include "layers_support/layers/recurrent.h"

#include <utility>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

// What the recurrent layers share: all but the step.
class Recurrent : public BuiltIn {
 public:
  // `gates`: how many times `units` the weights are wide; `states`: how many a step has.
  Recurrent(const char* class_name, int64_t units, int64_t gates, int states, const RecurrentOptions& options)
      : BuiltIn(class_name, options.name, options.input_shape),
        units_(units), gates_(gates), states_(states), options_(options) {
    if (units < 1) fail(class_name, ": units is ", units, "; it must be at least 1");
    for (const double rate : {options.dropout, options.recurrent_dropout}) {
      if (!(rate >= 0 && rate < 1)) fail(class_name, ": a dropout rate is ", rate, "; it must be in [0, 1)");
    }
  }

  using BuiltIn::build;
  void build(const Shape& x) override {
    if (x.rank() != 3 || x.back() == None) {
      fail(name(), ": the input has shape ", x, "; accepted is (samples, time, features), the last of known size");
    }
    checked_multiply(gates_, units_, "units");
    kernel_ = add_weight("kernel", {x.back(), gates_ * units_},
                         {options_.kernel_initializer, options_.kernel_regularizer, options_.kernel_constraint});
    recurrent_kernel_ = add_weight(
        "recurrent_kernel", {units_, gates_ * units_},
        {options_.recurrent_initializer, options_.recurrent_regularizer, options_.recurrent_constraint});
    if (options_.use_bias) {
      bias_ = add_weight("bias", bias_shape(), {bias_initializer(), options_.bias_regularizer, options_.bias_constraint});
    }
    if (!options_.stateful) return;
    if (x[0] == None) {
      fail(name(), ": a stateful layer needs a fixed number of samples; the input has shape ", x);
    }
    for (int i = 0; i < states_; ++i) {
      kept_.push_back(zeros({x[0], units_}, {.dtype = dtype(), .name = name() + "/state_" + std::to_string(i)}));
    }
  }

  Tensors call(const Tensors& inputs, const Training& training) override {
    const Tensor& x = inputs[0];
    check_rank(x, 3);
    if (x.shape()[2] != None && x.shape()[2] != kernel_.shape()[0]) {
      fail(name(), ": the input has shape ", x.shape(), " but the layer was built for ", kernel_.shape()[0], " features");
    }
    if (inputs.size() != 1 && inputs.size() != static_cast<size_t>(states_) + 1) {
      fail(name(), ": got ", inputs.size() - 1, " initial states; accepted are none or ", states_);
    }
    Tensors initial(inputs.begin() + 1, inputs.end());
    if (initial.empty()) initial.assign(kept_.begin(), kept_.end());
    if (initial.empty()) {
      const Tensor zero = expand_dims(zeros_like(element_at(element_at(x, 0, 2), 0, 1)));
      initial.assign(static_cast<size_t>(states_), tile(zero, {1, units_}));
    }
    const Tensor state_mask = dropped_states(initial[0], training);
    const StepFunction step = [&](const Tensor& in, const Tensors& states) {
      Tensors before = states;
      if (state_mask.defined()) before[0] = before[0] * state_mask;
      Tensors after = next(in, before, states);
      return std::make_pair(after[0], after);
    };
    const RnnResult result = rnn(step, dropped_inputs(x, training), initial,
                                 {.go_backwards = options_.go_backwards, .mask = masks()[0], .unroll = options_.unroll});
    for (size_t i = 0; i < kept_.size(); ++i) add_update(update(kept_[i], result.states[i]));
    Tensor y = options_.return_sequences ? result.outputs : result.last_output;
    if (options_.return_sequences && options_.zero_output_for_mask && masks()[0].defined()) {
      const Tensor& mask = masks()[0];  // In the order of time, which the outputs need not be in.
      y = y * cast(expand_dims(options_.go_backwards ? reverse(mask, 1) : mask), y.dtype());
    }
    Tensors outputs{regularized(y, options_.activity_regularizer)};
    if (options_.return_state) outputs.insert(outputs.end(), result.states.begin(), result.states.end());
    return outputs;
  }

  Tensors compute_mask(const Tensors&, const Tensors& masks) override {
    return options_.return_sequences ? Tensors{masks[0]} : Tensors{};
  }

  void reset_states() override {
    for (const Variable& state : kept_) set_value(state, Array::full(state.shape(), 0, state.dtype()));
  }

  Json get_config() const override {
    Json config = config_with({{"units", units_},
                               {"return_sequences", options_.return_sequences},
                               {"return_state", options_.return_state},
                               {"go_backwards", options_.go_backwards},
                               {"stateful", options_.stateful},
                               {"unroll", options_.unroll},
                               {"dropout", options_.dropout},
                               {"recurrent_dropout", options_.recurrent_dropout}},
                              options_);
    // A key of tf_keras, which Keras 2.3 refuses.
    if (options_.zero_output_for_mask) config["zero_output_for_mask"] = true;
    return config;
  }

  static RecurrentOptions recurrent_options_at(const ConfigReader& c) {
    if (c.flag("time_major", false)) fail(c.where(), ": 'time_major' is true; accepted is false");
    auto o = options_at<RecurrentOptions>(c);
    o.recurrent_activation = activation_at(c, "recurrent_activation", "sigmoid");
    o.unit_forget_bias = c.flag("unit_forget_bias", true);
    o.reset_after = c.flag("reset_after", false);
    o.dropout = c.number("dropout", 0);
    o.recurrent_dropout = c.number("recurrent_dropout", 0);
    o.return_sequences = c.flag("return_sequences", false);
    o.return_state = c.flag("return_state", false);
    o.go_backwards = c.flag("go_backwards", false);
    o.stateful = c.flag("stateful", false);
    o.unroll = c.flag("unroll", false);
    o.zero_output_for_mask = c.flag("zero_output_for_mask", false);
    return o;
  }

 protected:
  // The new states, the first of which is the output. `before`: the states with dropout, `states`: as
  // they are.
  virtual Tensors next(const Tensor& x, const Tensors& before, const Tensors& states) const = 0;
  virtual Shape bias_shape() const { return {gates_ * units_}; }
  virtual Initializer bias_initializer() const { return options_.bias_initializer; }

  // Gate `i` of what is `gates` wide.
  Tensor gate(const Tensor& x, int64_t i, int64_t count = 1) const {
    return slice(x, x.rank() - 1, i * units_, count * units_);
  }
  Tensor with_bias(const Tensor& x) const { return options_.use_bias ? bias_add(x, bias_, "channels_last") : x; }

  const int64_t units_, gates_;
  const int states_;
  const RecurrentOptions options_;
  Variable kernel_, recurrent_kernel_, bias_;

 private:
  Tensor dropped_inputs(const Tensor& x, const Training& training) const {
    if (options_.dropout == 0) return x;
    const auto thinned = [&] {
      return x * expand_dims(dropout(ones_like(element_at(x, 0, 1)), options_.dropout), 1);
    };
    return in_train_phase(thinned, x, training);
  }
  Tensor dropped_states(const Tensor& state, const Training& training) const {
    if (options_.recurrent_dropout == 0) return Tensor();
    const Tensor ones = ones_like(state);
    return in_train_phase([&] { return dropout(ones, options_.recurrent_dropout); }, ones, training);
  }

  std::vector<Variable> kept_;
};

class SimpleRNNImpl final : public Recurrent {
 public:
  SimpleRNNImpl(int64_t units, const RecurrentOptions& options) : Recurrent("SimpleRNN", units, 1, 1, options) {}
  static Layer load(const ConfigReader& c, const LayerLoader&) { return SimpleRNN(c.integer("units"), recurrent_options_at(c)); }

 protected:
  Tensors next(const Tensor& x, const Tensors& before, const Tensors&) const override {
    return {options_.activation(with_bias(dot(x, kernel_)) + dot(before[0], recurrent_kernel_))};
  }
};

class LSTMImpl final : public Recurrent {
 public:
  LSTMImpl(int64_t units, const RecurrentOptions& options) : Recurrent("LSTM", units, 4, 2, options) {}
  Json get_config() const override {
    Json config = Recurrent::get_config();
    config["recurrent_activation"] = options_.recurrent_activation.name();
    config["unit_forget_bias"] = options_.unit_forget_bias;
    config["implementation"] = 2;
    return config;
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) { return LSTM(c.integer("units"), recurrent_options_at(c)); }

 protected:
  Tensors next(const Tensor& x, const Tensors& before, const Tensors& states) const override {
    const Tensor z = with_bias(dot(x, kernel_)) + dot(before[0], recurrent_kernel_);
    const ActivationFunction& open = options_.recurrent_activation;
    const Tensor c = open(gate(z, 1)) * states[1] + open(gate(z, 0)) * options_.activation(gate(z, 2));
    return {open(gate(z, 3)) * options_.activation(c), c};
  }
  Initializer bias_initializer() const override {
    if (!options_.unit_forget_bias) return options_.bias_initializer;
    return Initializer::Draw([base = options_.bias_initializer, units = units_](const Shape&, DType dtype) {
      Array bias = Array({4 * units}, DType::kFloat64);
      const Array outer = base({units}, dtype), inner = base({2 * units}, dtype);
      double* const values = bias.mutable_data<double>();
      for (int64_t i = 0; i < units; ++i) {
        values[i] = outer.element<double>(i);
        values[units + i] = 1;
      }
      for (int64_t i = 0; i < 2 * units; ++i) values[2 * units + i] = inner.element<double>(i);
      return bias.cast(dtype);
    });
  }
};

class GRUImpl final : public Recurrent {
 public:
  GRUImpl(int64_t units, const RecurrentOptions& options) : Recurrent("GRU", units, 3, 1, options) {}
  Json get_config() const override {
    Json config = Recurrent::get_config();
    config["recurrent_activation"] = options_.recurrent_activation.name();
    config["reset_after"] = options_.reset_after;
    config["implementation"] = 2;
    return config;
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    RecurrentOptions options = recurrent_options_at(c);
    if (c.where() == "CuDNNGRU") options.reset_after = true;
    return GRU(c.integer("units"), options);
  }

 protected:
  Shape bias_shape() const override { return options_.reset_after ? Shape{2, 3 * units_} : Shape{3 * units_}; }
  Tensors next(const Tensor& x, const Tensors& before, const Tensors& states) const override {
    const ActivationFunction& open = options_.recurrent_activation;
    if (options_.reset_after) {
      Tensor from_x = dot(x, kernel_), from_h = dot(before[0], recurrent_kernel_);
      if (options_.use_bias) {
        from_x = bias_add(from_x, element_at(bias_, 0), "channels_last");
        from_h = bias_add(from_h, element_at(bias_, 1), "channels_last");
      }
      const Tensor z = open(gate(from_x, 0) + gate(from_h, 0)), r = open(gate(from_x, 1) + gate(from_h, 1));
      return {mixed(z, states[0], options_.activation(gate(from_x, 2) + r * gate(from_h, 2)))};
    }
    const Tensor from_x = with_bias(dot(x, kernel_));
    const Tensor from_h = dot(before[0], gate(recurrent_kernel_, 0, 2));
    const Tensor z = open(gate(from_x, 0) + gate(from_h, 0)), r = open(gate(from_x, 1) + gate(from_h, 1));
    const Tensor candidate = gate(from_x, 2) + dot(r * before[0], gate(recurrent_kernel_, 2));
    return {mixed(z, states[0], options_.activation(candidate))};
  }

 private:
  static Tensor mixed(const Tensor& z, const Tensor& old, const Tensor& candidate) {
    return z * old + (1 - z) * candidate;
  }
};

}  // namespace

SimpleRNN::SimpleRNN(int64_t units, const RecurrentOptions& options)
    : Layer(std::make_shared<SimpleRNNImpl>(units, options)) {}
LSTM::LSTM(int64_t units, const RecurrentOptions& options) : Layer(std::make_shared<LSTMImpl>(units, options)) {}
GRU::GRU(int64_t units, const RecurrentOptions& options) : Layer(std::make_shared<GRUImpl>(units, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_recurrent(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"SimpleRNN", SimpleRNNImpl::load}, {"LSTM", LSTMImpl::load}, {"GRU", GRUImpl::load}});
  // What Keras 2 runs on GPUs alone; files hold other layouts of the same weights.
  to.insert({{"CuDNNLSTM", LSTMImpl::load}, {"CuDNNGRU", GRUImpl::load}});
}

}  // namespace keel::internal
