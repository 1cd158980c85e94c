// What follows a product or convolution element by element runs on its rows, with the same bits as by itself.
#include "core/simd_targets.h"

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "core/assign.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/array.h"
#include "ops/conv/convolution.h"
#include "ops/math/gemm_kernel.h"
#include "ops/math/kernel_test_util.h"
#include "ops/math/math.h"
#include "ops/nn/nn.h"
#include "ops/reduction/reduce.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::keel::testing::random_array;
using ::testing::HasSubstr;
using ::testing::Not;
using testing_util::pool_of;

constexpr const char* kMark = "    then ";

bool same_bits(const Array& a, const Array& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.bytes_begin(), b.bytes_begin(), a.bytes()) == 0;
}

// Expects `outputs` to have the same bits on their own, where `product` gets an epilogue, and beside
// `product` as another output, where it gets none; on any number of threads.
void expect_epilogue(const Tensors& inputs, const Tensor& product, const Tensors& outputs,
                     const std::vector<Array>& values) {
  Tensors with_product = outputs;
  with_product.push_back(product);
  const Function fused = function(inputs, outputs), apart = function(inputs, with_product);
  for (int threads : {1, 2, 7}) {
    const UseThreadPool use(pool_of(threads));
    EXPECT_THAT(fused.explain(values), HasSubstr(kMark));
    EXPECT_THAT(apart.explain(values), Not(HasSubstr(kMark)));
    const auto got = fused(values), wanted = apart(values);
    for (size_t i = 0; i < outputs.size(); ++i) EXPECT_TRUE(same_bits(got[i], wanted[i])) << i << ", " << threads << " threads";
  }
}

Tensor input_like(const Array& a) { return placeholder({.ndim = a.rank(), .dtype = a.dtype()}); }

// Bias and relu; normalization, a shortcut and relu; several outputs.
void check_dot(int64_t m, int64_t k, int64_t n, DType dtype) {
  SCOPED_TRACE(::testing::Message() << m << 'x' << k << 'x' << n << ' ' << dtype);
  std::vector<Array> values{random_array({m, k}, 1, -1, 1).cast(dtype), random_array({k, n}, 2, -1, 1).cast(dtype),
                            random_array({n}, 3, -1, 1).cast(dtype),
                            random_array({m, n}, 4, -1, 1).cast(dtype)};
  Tensors in;
  for (const Array& value : values) in.push_back(input_like(value));
  const Tensor y = dot(in[0], in[1]);
  expect_epilogue(in, y, {relu(bias_add(y, in[2])) + 0 * in[3]}, values);
  expect_epilogue(in, y, {relu((y - in[2]) * in[2] + 0.5 + in[3])}, values);
  const Tensor positive = maximum(y, in[2]);
  expect_epilogue(in, y, {positive, positive * in[3] - y}, values);
}

TEST(Epilogue, HasTheBitsOfAStepOfItsOwnForDot) {
  testing_util::on_every_target([] {
    for (const char* dtype : {"float32", "float64", "float16", "bfloat16"}) {
      check_dot(1, 8, 5, dtype);
      check_dot(3, 300, 700, dtype);
      check_dot(33, 17, 40, dtype);
      check_dot(70, 300, 7, dtype);    // Few columns.
      check_dot(17, 2700, 20, dtype);  // Its sum in parts.
    }
    check_dot(2100, 3, 700, "float32");  // Many rows in several columns of tasks.
    check_dot(40, 20, 1100, "float32");
    check_dot(300, 5, 1, "float32");
  });
}

TEST(Epilogue, HasTheBitsOfAStepOfItsOwnForConvolutions) {
  testing_util::on_every_target([] {
    struct Case {
      Shape x, kernel;
      std::function<Tensor(const Tensor&, const Tensor&)> conv;
    };
    const auto conv2d_by = [](int64_t stride) {
      return [=](const Tensor& x, const Tensor& w) {
        return conv2d(x, w, {.strides = {stride, stride}, .padding = "same", .data_format = "channels_last"});
      };
    };
    const std::vector<Case> cases{
        {{2, 9, 8, 5}, {3, 3, 5, 17}, conv2d_by(1)},
        {{1, 14, 14, 16}, {1, 1, 16, 64}, conv2d_by(1)},
        {{3, 7, 7, 4}, {1, 1, 4, 3}, conv2d_by(2)},
        {{2, 31, 6}, {4, 6, 33}, [](const Tensor& x, const Tensor& w) {
           return conv1d(x, w, {.padding = "causal", .data_format = "channels_last"});
         }},
        {{2, 5, 4, 6, 3}, {2, 3, 3, 3, 18}, [](const Tensor& x, const Tensor& w) {
           return conv3d(x, w, {.data_format = "channels_last"});
         }},
    };
    for (const char* dtype : {"float32", "bfloat16"}) {
      for (const Case& c : cases) {
        SCOPED_TRACE(::testing::Message() << c.x << ' ' << dtype);
        std::vector<Array> values{random_array(c.x, 1, -1, 1).cast(dtype), random_array(c.kernel, 2, -1, 1).cast(dtype),
                                  random_array({c.kernel.back()}, 3, -1, 1).cast(dtype)};
        const Tensors in{input_like(values[0]), input_like(values[1]), input_like(values[2])};
        const Tensor y = c.conv(in[0], in[1]);
        expect_epilogue(in, y, {relu(bias_add(y, in[2], "channels_last"))}, values);
        expect_epilogue(in, y, {tanh(batch_normalization(y, in[2], square(in[2]), in[2], in[2]))}, values);
      }
    }
  });
}

// Whether the plan of `outputs` has an epilogue.
bool has_epilogue(const Tensors& inputs, const Tensors& outputs, const std::vector<Array>& values) {
  return function(inputs, outputs).explain(values).find(kMark) != std::string::npos;
}

TEST(Epilogue, NeedsRowsOfItsOwn) {
  const Tensor a = placeholder({.shape = Shape{6, 5}}), b = placeholder({.shape = Shape{5, 4}});
  const Tensor column = placeholder({.shape = Shape{6, 1}}), row = placeholder({.shape = Shape{1, 4}});
  const Tensor y = dot(a, b);
  const std::vector<Array> values{random_array({6, 5}, 1).cast("float32"), random_array({5, 4}, 2).cast("float32"),
                                  random_array({6, 1}, 3).cast("float32"), random_array({1, 4}, 4).cast("float32")};
  const auto has = [&](const Tensors& outputs) { return has_epilogue({a, b, column, row}, outputs, values); };
  EXPECT_TRUE(has({relu(y)}));
  EXPECT_TRUE(has({y + row}));
  EXPECT_FALSE(has({y + column}));
  EXPECT_FALSE(has({y}));
  EXPECT_FALSE(has({relu(y), y}));                      // Somebody else reads it.
  EXPECT_FALSE(has({relu(y), transpose(y)}));
  EXPECT_FALSE(has({relu(y), sum(y)}));
  EXPECT_FALSE(has({cast(y, "float16")}));              // Not where the product was.
  EXPECT_FALSE(has({sum(square(y))}));
  EXPECT_FALSE(has({expand_dims(y, 0) + constant(random_array({2, 1, 1}, 5).cast("float32"))}));
  EXPECT_TRUE(has({relu(y) + dot(a, b * 2)}));          // One of the two.
}

TEST(Epilogue, OfAConvolutionNeedsTheChannelsLast) {
  const Tensor x = placeholder({.shape = Shape{None, 3, 4, 4}}), w = placeholder({.shape = Shape{2, 2, 3, 5}});
  const std::vector<Array> values{random_array({2, 3, 4, 4}, 1).cast("float32"), random_array({2, 2, 3, 5}, 2).cast("float32")};
  EXPECT_FALSE(has_epilogue({x, w}, {relu(conv2d(x, w, {.data_format = "channels_first"}))}, values));
}

TEST(Epilogue, UpdatesVariablesAndLeavesGradientsAlone) {
  const Tensor x = placeholder({.shape = Shape{None, 6}});
  const Variable w = variable(random_array({6, 3}, 1, -1, 1)), b = variable(random_array({3}, 2, -1, 1));
  const Array before = w.value(), in = random_array({5, 6}, 3, -1, 1).cast("float32");
  const Tensor h = relu(bias_add(dot(x, w), b));
  const Tensor g = gradients(mean(square(h)), {w})[0];
  const Array slope = function({x}, {g})({in})[0];
  const Function step = function({x}, {h}, {assign("update", w, w - 0.1 * g, /*additive=*/false)});
  EXPECT_THAT(step.explain({in}), HasSubstr(kMark));
  step({in});
  for (int64_t i = 0; i < before.elements(); ++i) {
    EXPECT_FLOAT_EQ(w.value().element<float>(i), before.element<float>(i) - 0.1f * slope.element<float>(i));
  }
}

TEST(Epilogue, OfNothingIsNothing) {
  const Tensor x = placeholder({.shape = Shape{None, None}}), w = placeholder({.shape = Shape{None, 3}}), b = placeholder({.shape = Shape{3}});
  const Function f = function({x, w, b}, {relu(bias_add(dot(x, w), b))});
  const Array bias = Array{1, -2, 3}.cast("float32");
  EXPECT_EQ(f({Array::full({0, 4}, 1, "float32"), Array::full({4, 3}, 1, "float32"), bias})[0].shape(), (Shape{0, 3}));
  EXPECT_EQ(f({Array::full({2, 0}, 1, "float32"), Array::full({0, 3}, 1, "float32"), bias})[0].to_vector<float>(),
            (std::vector<float>{1, 0, 3, 1, 0, 3}));
}

}  // namespace
}  // namespace keel
