// The protocol, with layers of a user's own. LEARNING_PHASE.md's statements are in
// models/learning_phase_test.cc.
#include "layers_support/layer/layer.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace K = keel;

namespace {

// Seed 003, example 3.
class ConditionalActivation final : public K::LayerImpl {
 public:
  K::Tensor call(const K::Tensor& x, const K::Training& training) override {
    return training ? K::relu(x) : K::sigmoid(x);
  }
};

TEST(Layer, ConditionalActivation) {
  const K::LayerOf<ConditionalActivation> layer;
  EXPECT_EQ(layer.class_name(), "ConditionalActivation");
  EXPECT_EQ(layer.name().rfind("conditional_activation_", 0), 0u);
  EXPECT_EQ(layer(K::Array{-1, 2}, true).to_vector<float>(), (std::vector<float>{0, 2}));
  EXPECT_FLOAT_EQ(layer(K::Array{-1, 2}, false).element<float>(0), 0.26894143f);
  EXPECT_FLOAT_EQ(layer(K::Array{-1, 2}).element<float>(0), 0.26894143f);
}

// The one in layer.h, with more to it.
class Scale final : public K::LayerImpl {
 public:
  explicit Scale(double penalty = 0) : penalty_(penalty) {}
  void build(const K::Shape& x) override {
    ++builds;
    factor_ = add_weight("factor", {x.back()}, {.initializer = "ones", .regularizer = K::regularizers::l2(0.5)});
    calls_ = add_weight("calls", {}, {.initializer = "zeros", .trainable = false});
  }
  K::Tensor call(const K::Tensor& x) override {
    add_loss(x * penalty_);
    add_update(K::update_add(calls_, 1));
    return x * factor_;
  }
  int builds = 0;

 private:
  const double penalty_;
  K::Variable factor_, calls_;
};

class Twice final : public K::LayerImpl {
 public:
  K::Tensor call(const K::Tensor& x) override { return scale_(scale_(x)); }
  K::LayerOf<Scale> scale_;
};

K::Tensor pairs() { return K::placeholder({.shape = K::Shape{K::None, 2}}); }

TEST(Layer, BuildsInItsFirstCall) {
  const K::LayerOf<Scale> layer;
  EXPECT_FALSE(layer.built());
  EXPECT_TRUE(layer.weights().empty());
  layer(pairs());
  layer(pairs());
  EXPECT_TRUE(layer.built());
  EXPECT_EQ(layer->builds, 1);
  ASSERT_EQ(layer.weights().size(), 2u);
  EXPECT_EQ(layer.weights()[0].name(), layer.name() + "/factor:0");
  EXPECT_EQ(layer.trainable_weights().size(), 1u);
  EXPECT_EQ(layer.non_trainable_weights()[0].name(), layer.name() + "/calls:0");
  EXPECT_EQ(layer.count_params(), 3);
  layer.set_trainable(false);
  EXPECT_TRUE(layer.trainable_weights().empty());
  EXPECT_EQ(layer.non_trainable_weights().size(), 2u);
}

TEST(Layer, LossesAndUpdatesReachTheOuterLayer) {
  const K::LayerOf<Twice> outer;
  const K::LayerCall call = outer.apply({pairs()});
  EXPECT_EQ(call.losses.size(), 2u);
  EXPECT_EQ(call.updates.size(), 2u);
  EXPECT_EQ(call.losses[0].rank(), 0);
  EXPECT_EQ(outer.updates().size(), 2u);
  EXPECT_EQ(outer.losses().size(), 3u);  // The penalty on the weight is one, though it is used twice.
  EXPECT_EQ(K::eval(outer.regularization_losses()[0]).item<float>(), 1);
  EXPECT_EQ(outer.sublayers().size(), 1u);
  EXPECT_EQ(outer.trainable_weights().size(), 1u);
  outer.apply({pairs()});
  EXPECT_EQ(outer.updates().size(), 2u);
}

TEST(Layer, CallsOnNumbersMakeTheUpdates) {
  const K::LayerOf<Scale> layer;
  for (int i = 0; i < 3; ++i) layer(K::Array{{1, 2}});
  layer(K::Array{{1, 2}, {3, 4}});
  EXPECT_EQ(layer.non_trainable_weights()[0].value().item<float>(), 4);
}

TEST(Layer, GradientsFlow) {
  const K::LayerOf<Twice> layer;
  const K::Tensor x = K::constant(K::Array{{1, 2}});
  const K::Tensor loss = K::sum(layer(x));
  const K::Tensors slopes = K::gradients(loss, {x, layer.weights()[0]});
  EXPECT_EQ(K::eval(slopes[0]).to_vector<float>(), (std::vector<float>{1, 1}));
  EXPECT_EQ(K::eval(slopes[1]).to_vector<float>(), (std::vector<float>{2, 4}));
}

// Adds to the losses and keeps tensors of its own call.
class Keeper final : public K::LayerImpl {
 public:
  K::Tensor call(const K::Tensor& x) override {
    add_loss(x);
    return kept_ = x + 1;
  }

 private:
  K::Tensor kept_;
};

TEST(Layer, IsFreedWhereItWasCalledOnItsOwnOutput) {
  std::weak_ptr<K::LayerImpl> first, second;
  {
    const K::LayerOf<Scale> scale;
    const K::LayerOf<Keeper> keeper;
    first = scale.impl_ptr();
    second = keeper.impl_ptr();
    const K::Tensor x = pairs();
    const K::Tensor y = keeper(scale(keeper(scale(x))));
    EXPECT_EQ(scale.updates().size(), 1u);
    keeper(K::relu(y));         // With an op in between,
    keeper(x, {.mask = keeper(x)});
    const K::Tensor a = scale(x), b = keeper(x);
    scale(K::relu(b));          // and crosswise.
    keeper(K::relu(a));
  }
  EXPECT_TRUE(first.expired());
  EXPECT_TRUE(second.expired());
}

TEST(Layer, GradientsForTheOutputOfALayer) {
  const K::LayerOf<Twice> first;
  const K::LayerOf<Scale> second;
  const K::Tensor x = pairs(), y = first(x);
  const K::Tensors slopes = K::gradients(K::sum(K::square(second(y))), {y});
  EXPECT_EQ(K::function({x}, {slopes[0]})({K::Array{{1, 2}}})[0].to_vector<float>(), (std::vector<float>{2, 4}));
}

class Both final : public K::LayerImpl {
 public:
  using K::LayerImpl::call;
  K::Tensors call(const K::Tensors& inputs, const K::Training&) override {
    return {inputs[0] + inputs[1], inputs[0] - inputs[1]};
  }
};

TEST(Layer, SeveralInputsAndOutputs) {
  const K::LayerOf<Both> layer;
  const K::Tensor a = K::constant(K::Array{3}), b = K::constant(K::Array{2});
  EXPECT_EQ(K::eval(layer.call_all({a, b})[1]).item<float>(), 1);
  EXPECT_THROW(layer(K::Tensors{a, b}), K::ValueError);
}

class Masked final : public K::LayerImpl {
 public:
  explicit Masked(bool passes_on) : passes_on_(passes_on) {}
  bool supports_masking() const override { return passes_on_; }
  K::Tensor call(const K::Tensor& x) override {
    saw_mask = masks()[0].defined();
    return x + 1;
  }
  bool saw_mask = false;

 private:
  const bool passes_on_;
};

TEST(Layer, Masks) {
  const K::LayerOf<Masked> on(true), off(false);
  const K::Tensor x = pairs(), mask = K::placeholder({.shape = K::Shape{K::None, 2}, .dtype = "bool"});
  EXPECT_FALSE(K::mask_of(on(x)).defined());
  EXPECT_FALSE(on->saw_mask);
  const K::Tensor y = on(x, {.mask = mask});
  EXPECT_TRUE(on->saw_mask);
  ASSERT_TRUE(K::mask_of(y).defined());
  EXPECT_TRUE(K::mask_of(y).same_as(mask));
  EXPECT_FALSE(K::mask_of(off(y)).defined());
  EXPECT_TRUE(off->saw_mask);
  const K::Array all = K::Array::full({1, 2}, 1, "bool");
  EXPECT_EQ(K::function({x, mask}, {y})({K::Array{{1, 2}}, all})[0].to_vector<float>(), (std::vector<float>{2, 3}));
  // Nobody reads the mask, so nobody need feed it.
  EXPECT_EQ(K::function({x}, {y})({K::Array{{1, 2}}})[0].to_vector<float>(), (std::vector<float>{2, 3}));
  EXPECT_EQ(K::function({x}, {on(off(y))})({K::Array{{1, 2}}})[0].to_vector<float>(), (std::vector<float>{4, 5}));
  EXPECT_EQ(K::function({x}, on.apply({x}, {.mask = mask}).outputs)({K::Array{{1, 2}}})[0].to_vector<float>(),
            (std::vector<float>{2, 3}));
}

class NoCall final : public K::LayerImpl {};
class ReturnsNothing final : public K::LayerImpl {
 public:
  K::Tensor call(const K::Tensor&) override { return K::Tensor(); }
};
class ThrowsOnce final : public K::LayerImpl {
 public:
  K::Tensor call(const K::Tensor& x) override {
    if (first_) {
      first_ = false;
      K::fail("once");
    }
    return x;
  }

 private:
  bool first_ = true;
};

TEST(Layer, MisuseIsAnError) {
  const K::Tensor x = pairs();
  EXPECT_THROW(K::LayerOf<NoCall>()(x), K::ValueError);
  EXPECT_THROW(K::LayerOf<ReturnsNothing>()(x), K::ValueError);
  EXPECT_THROW(K::LayerOf<Scale>()(K::Tensor()), K::ValueError);
  EXPECT_THROW(K::LayerOf<Scale>()(K::Tensors{}), K::ValueError);
  EXPECT_THROW(K::LayerOf<Scale>()(K::Tensors{x, x}), K::ValueError);
  EXPECT_THROW(K::LayerOf<Scale>()(K::placeholder({.ndim = 2})), K::ValueError);
  EXPECT_THROW(K::Layer()(x), K::ValueError);
  EXPECT_THROW(K::Layer().name(), K::ValueError);
  EXPECT_THROW(K::LayerOf<Scale>()(x, 2), K::ValueError);
  const K::LayerOf<ThrowsOnce> layer;
  EXPECT_THROW(layer(x), K::ValueError);
  EXPECT_TRUE(layer(x).defined());  // Nothing was left behind.
}

TEST(Layer, NamesFollowKeras) {
  class MaxPooling2D final : public K::LayerImpl {};
  class SimpleRNN final : public K::LayerImpl {};
  class LSTM final : public K::LayerImpl {};
  K::reset_uids();
  EXPECT_EQ(K::LayerOf<MaxPooling2D>().name(), "max_pooling2d_1");
  EXPECT_EQ(K::LayerOf<SimpleRNN>().name(), "simple_rnn_1");
  EXPECT_EQ(K::LayerOf<LSTM>().name(), "lstm_1");
  const K::LayerOf<LSTM> second, third;
  EXPECT_EQ(third.name(), "lstm_3");
  EXPECT_EQ(second.name(), "lstm_2");
  EXPECT_EQ(second.get_config()["name"], "lstm_2");
}

}  // namespace
