#include "layers_support/layer/layer.h"

#include "gtest/gtest.h"

namespace K = keel;

namespace {

class ConditionalActivation final : public K::LayerImpl {
 public:
  K::Tensor call(const K::Tensor& x, const K::Training& training) override {
    return training ? K::relu(x) : K::sigmoid(x);
  }
};

TEST(Layer, ConditionalActivation) {
  const K::LayerOf<ConditionalActivation> layer;
  EXPECT_EQ(layer.name(), "conditional_activation_1");
  EXPECT_EQ(layer(K::Array{-1, 2}, true).to_vector<float>(), (std::vector<float>{0, 2}));
  EXPECT_FLOAT_EQ(layer(K::Array{-1, 2}, false).element<float>(0), 0.26894143f);
  EXPECT_FLOAT_EQ(layer(K::Array{-1, 2}).element<float>(0), 0.26894143f);
}

}  // namespace
