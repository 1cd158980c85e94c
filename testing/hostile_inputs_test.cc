// HOSTILE_INPUTS.md, a test per line, by its number: bad input gets a ValueError that says what is wrong,
// or the result that the line defines. Line 31 (files) is tested beside the readers, in
// layers_support/saving.
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/buffer.h"
#include "core/keras_json.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keel.h"
#include "testing/error_of.h"

namespace keel {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNaN = std::nan("");
constexpr int64_t kHuge = int64_t{1} << 62;

using testing_util::error_of;

Tensor input(const Shape& shape, DType dtype = DType::kFloat32) { return placeholder({.shape = shape, .dtype = dtype}); }
Tensor value(const Shape& shape, double x = 1, DType dtype = DType::kFloat32) {
  return constant_tensor(Array::full(shape, x, dtype));
}
Tensor ints(const Shape& shape, const std::vector<int32_t>& values) { return constant_tensor(Array::of(shape, values)); }
std::vector<double> numbers(const Tensor& x) { return eval(x).to_vector<double>(); }

class Hostile : public ::testing::Test {
 protected:
  LearningPhaseScope phase_;
};

TEST_F(Hostile, Line1_Placeholder) {
  EXPECT_THAT(error_of([] { placeholder({}); }), HasSubstr("placeholder: "));
  EXPECT_THAT(error_of([] { placeholder({.shape = Shape{3, -2}}); }), HasSubstr("-2"));
  for (int bad : {-1, 255, std::numeric_limits<int>::max()}) {
    EXPECT_THAT(error_of([&] { placeholder({.ndim = bad}); }), StartsWith("placeholder: ndim is "));
  }
}

TEST_F(Hostile, Line2_SizesBeyondMemory) {
  const int64_t big = int64_t{1} << 40;
  const int64_t held = memory_in_use();
  for (const Shape& shape : {Shape{big, big}, Shape{big}}) {
    EXPECT_THAT(error_of([&] { zeros(shape); }), StartsWith("zeros: "));
    EXPECT_THAT(error_of([&] { ones(shape); }), StartsWith("ones: "));
    EXPECT_THAT(error_of([&] { eval(random_uniform(shape)); }), StartsWith("random_uniform: "));
    EXPECT_THAT(error_of([&] { eval(random_normal(shape)); }), StartsWith("random_normal: "));
    EXPECT_THAT(error_of([&] { eval(truncated_normal(shape)); }), StartsWith("truncated_normal: "));
    EXPECT_THAT(error_of([&] { eval(random_binomial(shape, {.p = 0.5})); }), StartsWith("random_binomial: "));
    EXPECT_THAT(error_of([&] { random_uniform_variable(shape, 0, 1); }), StartsWith("random_uniform_variable: "));
    EXPECT_THAT(error_of([&] { random_normal_variable(shape, 0, 1); }), StartsWith("random_normal_variable: "));
  }
  EXPECT_EQ(memory_in_use(), held);
}

TEST_F(Hostile, Line3_KerasJson) {
  const auto warnings_of = [](const std::string& text) {
    std::vector<std::string> warnings;
    const KerasSettings settings = parse_keras_json(text, "keras.json", &warnings);
    EXPECT_EQ(settings.floatx, "float32");
    EXPECT_EQ(settings.epsilon, 1e-7);
    EXPECT_EQ(settings.image_data_format, "channels_last");
    return warnings;
  };
  for (const std::string& text : {std::string("{"), std::string(100000, '['), std::string("[]"), std::string("\xff")}) {
    EXPECT_THAT(warnings_of(text), ElementsAre(HasSubstr("keras.json")));
  }
  for (const char* setting : {R"("floatx": "float8")", R"("backend": "abacus")", R"("image_data_format": "sideways")",
                              R"("epsilon": -1)", R"("epsilon": 1e999)", R"("epsilon": "NaN")", R"("floatx": 7)"}) {
    const std::string key = std::string(setting).substr(1, std::string(setting).find(':') - 2);
    EXPECT_THAT(warnings_of("{" + std::string(setting) + "}"), ElementsAre(AllOf(HasSubstr("keras.json"), HasSubstr(key))));
  }
  EXPECT_THAT(warnings_of("{\"x\": \"" + std::string(1 << 20, 'a') + "\"}"), IsEmpty());
}

TEST_F(Hostile, Line4_FunctionInputs) {
  const Tensor x = input({None, 3}), y = placeholder({.shape = Shape{2}, .name = "other"});
  const Function f = function({x, y}, {x * 2.0, y});
  const Array rows = Array::full({4, 3}, 1, "float32"), pair = Array::full({2}, 1, "float32");
  EXPECT_EQ(error_of([&] { f({rows, pair}); }), "");
  EXPECT_THAT(error_of([&] { f({rows}); }), HasSubstr("1 inputs were given; it has 2"));
  EXPECT_THAT(error_of([&] { f({rows, pair, pair}); }), HasSubstr("3 inputs were given"));
  EXPECT_THAT(error_of([&] { function({x, x}, {x}); }), HasSubstr("both placeholder"));
  EXPECT_THAT(error_of([&] { f({Array::full({4, 2}, 1, "float32"), pair}); }), AllOf(HasSubstr("(4, 2)"), HasSubstr("(None, 3)")));
  EXPECT_THAT(error_of([&] { f({rows, pair.cast("float64")}); }), HasSubstr("float64"));
  EXPECT_THAT(error_of([&] { function({x}, {y})({rows}); }), HasSubstr("'other'"));
  EXPECT_THAT(error_of([&] { function({learning_phase()}, {learning_phase()})({2}); }), HasSubstr("accepted are 0 (test) and 1 (train)"));
}

TEST_F(Hostile, Line5_Updates) {
  const Variable v = variable({1, 2});
  EXPECT_THAT(error_of([&] { update(value({2}), value({2})); }), HasSubstr("not a variable"));
  EXPECT_THAT(error_of([&] { update(v, value({3})); }), HasSubstr("(3,)"));
  EXPECT_THAT(error_of([&] { update(v, value({2}, 1, DType::kFloat64)); }), HasSubstr("float64"));
  const Tensor x = input({None});
  const Function f = function({x}, {}, {update(v, x)});
  EXPECT_THAT(error_of([&] { f({Array::full({3}, 1, "float32")}); }), AllOf(StartsWith("update: "), HasSubstr("(3,)")));
  EXPECT_THAT(get_value(v).to_vector<float>(), ElementsAre(1, 2));
  function({}, {}, {update_add(v, 1), update_add(v, 10)})();
  EXPECT_THAT(get_value(v).to_vector<float>(), ElementsAre(12, 13));
  function({}, {}, {update(v, value({2}, 7)), update(v, value({2}, 8))})();
  EXPECT_THAT(get_value(v).to_vector<float>(), ElementsAre(8, 8));
}

TEST_F(Hostile, Line6_Gradients) {
  const Tensor x = input({3}), i = input({3}, DType::kInt32);
  EXPECT_THAT(error_of([&] { gradients(sum(i), {x}); }), HasSubstr("int32"));
  EXPECT_THAT(error_of([&] { gradients(sum(x), {i}); }), HasSubstr("int32"));
  EXPECT_FALSE(gradients(sum(x), {input({3})})[0].defined());
  const auto g = function({x}, {gradients(x * x, {x})[0]})({Array{1, 2, 3}});
  EXPECT_THAT(g[0].to_vector<float>(), ElementsAre(2, 4, 6));
}

// What gradients() gives where nothing flows, handed on as if it were a tensor.
TEST_F(Hostile, Line6_EmptyHandles) {
  const Tensor none, x = value({2, 2}), v = value({2}), i = ints({2}, {0, 1});
  const Tensor x3 = value({1, 2, 2}), k3 = value({1, 2, 2}), x4 = value({1, 2, 2, 1}), k4 = value({1, 1, 1, 1});
  const std::vector<std::function<void()>> calls = {
      [&] { none + 1; }, [&] { x * none; }, [&] { pow(none, 2); }, [&] { clip(none, 0, 1); }, [&] { equal(none, 1); },
      [&] { cast(none, "int32"); }, [&] { dot(x, none); }, [&] { batch_dot(none, x); }, [&] { gather(none, i); },
      [&] { gather(x, none); }, [&] { one_hot(none, 2); }, [&] { temporal_padding(none); }, [&] { spatial_2d_padding(none); },
      [&] { repeat_elements(none, 2, 0); }, [&] { repeat(none, 2); }, [&] { tile(none, 2); }, [&] { reshape(none, Shape{1}); },
      [&] { reshape(x, none); }, [&] { flatten(none); }, [&] { expand_dims(none); }, [&] { squeeze(none, 0); },
      [&] { reverse(none, 0); }, [&] { slice(none, 0, 0, 1); }, [&] { element_at(none, 0); }, [&] { transpose(none); },
      [&] { permute_dimensions(none, {0}); }, [&] { concatenate({x, none}); }, [&] { stack({none}); }, [&] { arange(none); },
      [&] { sum(none); }, [&] { argmax(none); }, [&] { cumsum(none); }, [&] { logsumexp(none); }, [&] { var(none); },
      [&] { relu(none); }, [&] { relu(none, {.alpha = 0.1}); }, [&] { elu(none); }, [&] { softsign(none); },
      [&] { hard_sigmoid(none); }, [&] { softmax(none); }, [&] { l2_normalize(none); }, [&] { bias_add(none, v); },
      [&] { bias_add(x, none); }, [&] { categorical_crossentropy(none, x); }, [&] { categorical_crossentropy(x, none); },
      [&] { sparse_categorical_crossentropy(none, x); }, [&] { sparse_categorical_crossentropy(i, none); },
      [&] { binary_crossentropy(x, none); }, [&] { dropout(none, 0); }, [&] { dropout(none, 0.5); }, [&] { in_top_k(none, i, 1); },
      [&] { batch_normalization(none, v, v, v, v); }, [&] { batch_normalization(x, none, v, v, v); },
      [&] { normalize_batch_in_training(none, v, v, {0}); }, [&] { conv2d(none, k4); }, [&] { conv2d(x4, none); },
      [&] { conv2d_transpose(x4, k4, none); }, [&] { separable_conv1d(none, k3, k3); }, [&] { separable_conv1d(x3, none, k3); },
      [&] { separable_conv2d(x4, k4, none); }, [&] { local_conv1d(none, k3, {1}, {1}); }, [&] { local_conv2d(x4, none, {1, 1}, {1, 1}, {1, 1}); },
      [&] { pool2d(none, {1, 1}); }, [&] { resize_images(none, 1, 1); }, [&] { resize_volumes(none, 1, 1, 1); },
      [&] { ctc_batch_cost(none, x3, v, v); }, [&] { ctc_batch_cost(x, none, v, v); }, [&] { ctc_batch_cost(x, x3, none, v); },
      [&] { ctc_batch_cost(x, x3, v, none); }, [&] { ctc_decode(none, v); }, [&] { ctc_decode(x3, none); },
      [&] { ctc_label_dense_to_sparse(x, none); }, [&] { map_fn([](const Tensor& e) { return e; }, none); },
      [&] { map_fn(std::function<Tensor(const Tensor&)>(), x); }, [&] { map_fn([](const Tensor&) { return Tensor(); }, x); },
      [&] { foldl(nullptr, x); }, [&] { rnn(nullptr, x3, {}); },
      [&] { rnn([](const Tensor& in, const Tensors& s) { return std::pair(in, s); }, x3, {none}); }, [&] { switch_(none, x, x); },
      [&] { in_train_phase(none, x); }, [&] { update(none, x); }, [&] { update(variable(1), none); }, [&] { print_tensor(none); },
      [&] { identity(none); }, [&] { stop_gradient(none); }, [&] { shape(none); }, [&] { int_shape(none); }, [&] { ndim(none); },
      [&] { dtype(none); }, [&] { count_params(none); }, [&] { zeros_like(none); }, [&] { is_keras_tensor(none); },
      [&] { to_dense(none); }, [&] { eval(none); }, [&] { get_value(none); }, [&] { set_value(none, 1); }, [&] { function({none}, {x}); },
      [&] { function({}, {none}); }, [&] { function({}, {}, {none}); }, [&] { to_graphviz({none}); }, [&] { gradients(none, {x}); },
      [&] { gradients(x, {none}); }, [&] { Variable().value(); }, [&] { Variable().name(); }, [&] { constant(Array()); },
      [&] { variable(Array()); }, [&] { cast_to_floatx(Array()); }, [&] { set_value(variable(1), Array()); }, [&] { Array().item<float>(); },
      [&] { Array().cast("int32"); }, [&] { Array().copy(); }, [&] { Array().to_vector<float>(); }, [&] { Function()({}); },
      [&] { placeholder({.shape = Shape{}, .default_value = Array()}); }, [&] { variable(SparseArray()); },
  };
  for (size_t n = 0; n < calls.size(); ++n) EXPECT_THAT(error_of(calls[n]), Not(IsEmpty())) << "call " << n;
}

TEST_F(Hostile, Line7_Reshape) {
  EXPECT_THAT(error_of([] { reshape(value({4}), Shape{-1, -1}); }), StartsWith("reshape: "));
  EXPECT_THAT(error_of([] { reshape(value({0, 3}), Shape{-1, 0}); }), StartsWith("reshape: "));
  EXPECT_THAT(error_of([] { reshape(value({4}), Shape{kHuge, 4, kHuge}); }), StartsWith("reshape: "));
  EXPECT_THAT(error_of([] { reshape(value({4}), Shape{3}); }), StartsWith("reshape: "));
  EXPECT_THAT(error_of([] { reshape(value({4}), Shape{-5}); }), StartsWith("reshape: "));
  const Tensor x = input({None});
  EXPECT_THAT(error_of([&] { function({x}, {reshape(x, Shape{2, -1})})({Array{1, 2, 3}}); }), StartsWith("reshape: "));
}

TEST_F(Hostile, Line8_Axes) {
  const Tensor x = value({2, 3});
  for (int64_t axis : {int64_t{2}, int64_t{-3}, kHuge, std::numeric_limits<int64_t>::min()}) {
    EXPECT_THAT(error_of([&] { sum(x, axis); }), HasSubstr("sum"));
    EXPECT_THAT(error_of([&] { argmax(x, axis); }), StartsWith("argmax: "));
    EXPECT_THAT(error_of([&] { cumsum(x, axis); }), StartsWith("cumsum: "));
    EXPECT_THAT(error_of([&] { softmax(x, axis); }), StartsWith("softmax: "));
    EXPECT_THAT(error_of([&] { reverse(x, axis); }), StartsWith("reverse: "));
    EXPECT_THAT(error_of([&] { concatenate({x, x}, axis); }), StartsWith("concatenate: "));
    EXPECT_THAT(error_of([&] { repeat_elements(x, 2, axis); }), StartsWith("repeat_elements: "));
    EXPECT_THAT(error_of([&] { squeeze(x, axis); }), StartsWith("squeeze: "));
  }
  EXPECT_THAT(error_of([&] { expand_dims(x, 3); }), StartsWith("expand_dims: "));
  EXPECT_THAT(error_of([&] { sum(x, {0, 0}); }), StartsWith("sum: "));
  EXPECT_THAT(error_of([&] { sum(x, {1, -1}); }), StartsWith("sum: "));
  EXPECT_THAT(error_of([&] { permute_dimensions(x, {0, 0}); }), StartsWith("permute_dimensions: "));
  EXPECT_THAT(error_of([&] { permute_dimensions(x, {0}); }), StartsWith("permute_dimensions: "));
  EXPECT_THAT(error_of([&] { reverse(x, {0, -2}); }), StartsWith("reverse: "));
}

TEST_F(Hostile, Line9_Repetitions) {
  const Tensor x = value({2, 3});
  EXPECT_THAT(error_of([&] { eval(tile(x, {kHuge, 1})); }), Not(IsEmpty()));
  EXPECT_THAT(error_of([&] { eval(tile(x, {kHuge, kHuge})); }), StartsWith("tile: "));
  EXPECT_THAT(error_of([&] { repeat(x, -1); }), HasSubstr("repeat: n -1"));
  EXPECT_THAT(error_of([&] { repeat_elements(x, 0, 0); }), HasSubstr("repeat_elements: rep 0"));
  EXPECT_THAT(error_of([&] { eval(repeat_elements(x, kHuge, 0)); }), StartsWith("repeat_elements: "));
  // Of nothing there may be any number; its gradient is nothing too.
  const Tensor none = input({0, 3});
  const Tensor many = tile(none, {1, kHuge / 4});
  EXPECT_EQ(function({none}, {gradients(sum(many), {none})[0]})({Array({0, 3}, "float32")})[0].shape(), (Shape{0, 3}));
}

TEST_F(Hostile, Line10_ConcatenateAndStack) {
  EXPECT_THAT(error_of([] { concatenate({}); }), StartsWith("concatenate: "));
  EXPECT_THAT(error_of([] { stack({}); }), StartsWith("stack: "));
  EXPECT_THAT(error_of([] { concatenate({value({2}), value({2, 2})}); }), StartsWith("concatenate: "));
  EXPECT_THAT(error_of([] { concatenate({value({2}), value({2}, 1, DType::kInt32)}); }), StartsWith("concatenate: "));
  EXPECT_THAT(error_of([] { concatenate({value({2, 2}), value({3, 2})}); }), StartsWith("concatenate: "));
  EXPECT_THAT(error_of([] { stack({value({2}), value({3})}); }), AllOf(StartsWith("stack: "), HasSubstr("(3,)"), HasSubstr("(2,)")));
  EXPECT_THAT(error_of([] { stack({value({2}), value({2}, 1, DType::kFloat64)}); }), StartsWith("stack: "));
}

TEST_F(Hostile, Line11_Gather) {
  const Tensor x = value({4, 2});
  for (int64_t index : {int64_t{4}, int64_t{-1}, (int64_t{1} << 31) + 1, int64_t{1} << 32, std::numeric_limits<int64_t>::min()}) {
    const Tensor at = constant_tensor(Array::of(Shape{1}, std::vector<int64_t>{index}));
    EXPECT_THAT(error_of([&] { eval(gather(x, at)); }), AllOf(HasSubstr("gather: index "), HasSubstr("0 to 3")));
    const Tensor fed = input({4, 2});
    const Tensor g = gradients(sum(gather(fed, at)), {fed})[0];
    EXPECT_THAT(error_of([&] { function({fed}, {g})({Array::full({4, 2}, 1, "float32")}); }), StartsWith("gather: index "));
  }
  EXPECT_THAT(error_of([&] { gather(x, value({1})); }), StartsWith("gather: "));
}

TEST_F(Hostile, Line12_OneHot) {
  EXPECT_THAT(error_of([] { one_hot(ints({1}, {0}), 0); }), HasSubstr("one_hot"));
  EXPECT_THAT(error_of([] { one_hot(ints({1}, {0}), -3); }), StartsWith("one_hot: "));
  EXPECT_THAT(error_of([] { eval(one_hot(ints({1}, {0}), kHuge)); }), StartsWith("one_hot: "));
  EXPECT_THAT(numbers(one_hot(ints({2}, {3, -1}), 3)), Each(0));
}

TEST_F(Hostile, Line13_EmptyAxes) {
  const Tensor none = value({2, 0});
  EXPECT_THAT(error_of([&] { argmax(none, 1); }), HasSubstr("argmax"));
  EXPECT_THAT(numbers(max(none, 1)), Each(-kInfinity));
  EXPECT_THAT(numbers(min(none, 1)), Each(kInfinity));
  for (double m : numbers(mean(none, 1))) EXPECT_TRUE(std::isnan(m));
  EXPECT_THAT(numbers(sum(none, 1)), ElementsAre(0, 0));
  EXPECT_THAT(numbers(prod(none, 1)), ElementsAre(1, 1));
}

TEST_F(Hostile, Line14_Arange) {
  EXPECT_THAT(error_of([] { arange(0, 3, 0); }), HasSubstr("arange"));
  EXPECT_THAT(error_of([] { arange(0, 3, kNaN); }), StartsWith("arange: "));
  EXPECT_THAT(error_of([] { arange(0, 1e300, 1e-300); }), StartsWith("arange: "));
  EXPECT_THAT(error_of([] { arange(0, kInfinity); }), StartsWith("arange: "));
  EXPECT_THAT(error_of([] { arange(0, 1e18); }), StartsWith("arange: "));
  EXPECT_THAT(numbers(arange(-3)), IsEmpty());
}

TEST_F(Hostile, Line15_BroadcastBeyondMemory) {
  const Tensor x = input({None, 1}), y = input({1, None});
  const Function f = function({x, y}, {x + y});
  const Array a = Array::full({1 << 20, 1}, 1, "float32"), b = Array::full({1, 1 << 20}, 1, "float32");
  EXPECT_NE(error_of([&] { f({a, b}); }), "");
  EXPECT_EQ(f({Array::full({1, 1}, 1, "float32"), Array::full({1, 1}, 2, "float32")})[0].element<float>(0), 3);
}

TEST_F(Hostile, Line16_Casts) {
  const Tensor x = constant_tensor(Array::of(Shape{4}, std::vector<float>{NAN, 1e30f, -1e30f, 2.7f}));
  EXPECT_THAT(numbers(cast(x, "int32")), ElementsAre(0, 2147483647.0, -2147483648.0, 2));
  EXPECT_THAT(numbers(cast(x, "uint8")), ElementsAre(0, 255, 0, 2));
  EXPECT_EQ(eval(cast(x, "int64")).element<int64_t>(1), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(eval(cast(constant_tensor(Array::full({1}, kInfinity, "float64")), "int64")).element<int64_t>(0),
            std::numeric_limits<int64_t>::max());
}

TEST_F(Hostile, Line17_ConvolutionArguments) {
  const Tensor x = value({1, 5, 5, 2}), k = value({3, 3, 2, 4});
  for (int64_t bad : {int64_t{0}, int64_t{-1}, -kHuge}) {
    EXPECT_THAT(error_of([&] { conv2d(x, k, {.strides = {bad, 1}}); }), HasSubstr("stride"));
    EXPECT_THAT(error_of([&] { conv2d(x, k, {.dilation_rate = {1, bad}}); }), HasSubstr("dilation"));
  }
  EXPECT_THAT(error_of([&] { conv2d(x, value({0, 3, 2, 4})); }), HasSubstr("conv2d"));
  EXPECT_THAT(error_of([&] { conv2d(x, value({3, 3, 3, 4})); }), HasSubstr("channels"));
  EXPECT_THAT(error_of([&] { conv2d(x, k, {.strides = {2, 2}, .dilation_rate = {2, 2}}); }), HasSubstr("both above 1"));
  // A convolution of no channels, if it is let through, is a sum of nothing.
  const std::string none = error_of([&] {
    EXPECT_THAT(numbers(conv2d(value({1, 3, 3, 0}), value({3, 3, 0, 2}))), Each(0));
  });
  EXPECT_THAT(none, ::testing::AnyOf(IsEmpty(), HasSubstr("channels")));
  EXPECT_THAT(error_of([&] { eval(conv2d(x, k, {.padding = "same", .dilation_rate = {kHuge, 1}})); }), StartsWith("conv2d: "));
}

TEST_F(Hostile, Line18_ValidWindowsThatDoNotFit) {
  EXPECT_THAT(error_of([] { conv2d(value({1, 2, 5, 1}), value({3, 3, 1, 1})); }), HasSubstr("does not fit"));
  EXPECT_THAT(error_of([] { pool2d(value({1, 2, 5, 1}), {3, 3}); }), HasSubstr("does not fit"));
  EXPECT_THAT(error_of([] { conv1d(value({1, 2, 1}), value({3, 1, 1})); }), HasSubstr("does not fit"));
  const Tensor x = input({None, None, None, 1});
  const Function f = function({x}, {conv2d(x, value({3, 3, 1, 1}))});
  EXPECT_THAT(error_of([&] { f({Array::full({1, 2, 5, 1}, 1, "float32")}); }), HasSubstr("does not fit"));
  EXPECT_EQ(f({Array::full({1, 3, 3, 1}, 1, "float32")})[0].item<float>(), 9);
  const Function p = function({x}, {pool2d(x, {3, 3})});
  EXPECT_THAT(error_of([&] { p({Array::full({1, 2, 5, 1}, 1, "float32")}); }), HasSubstr("does not fit"));
}

TEST_F(Hostile, Line19_EmptyBatches) {
  const auto check = [](const Shape& shape, const std::function<Tensor(const Tensor&)>& make, const Shape& result,
                        const Tensors& weights = {}) {
    SCOPED_TRACE(result);
    const Tensor x = input(shape);
    const Tensor y = make(x);
    Tensors all{x};
    all.insert(all.end(), weights.begin(), weights.end());
    Tensors outputs = gradients(y, all);
    outputs.push_back(y);
    const auto out = function({x}, outputs)({Array(shape, "float32")});
    EXPECT_EQ(out.back().shape(), result);
    EXPECT_EQ(out[0].shape(), shape);
    for (size_t i = 1; i < all.size(); ++i) {
      EXPECT_EQ(out[i].shape(), all[i].shape());
      EXPECT_THAT(out[i].to_vector<float>(), Each(0));
    }
  };
  const Variable k1 = ones({3, 2, 4}), k2 = ones({3, 3, 2, 4}), k3 = ones({2, 2, 2, 2, 4});
  check({0, 5, 2}, [&](const Tensor& x) { return conv1d(x, k1); }, {0, 3, 4}, {k1});
  check({0, 5, 2}, [&](const Tensor& x) { return conv1d(x, k1, {.padding = "causal"}); }, {0, 5, 4}, {k1});
  check({0, 5, 5, 2}, [&](const Tensor& x) { return conv2d(x, k2); }, {0, 3, 3, 4}, {k2});
  check({0, 5, 5, 2}, [&](const Tensor& x) { return conv2d(x, k2, {.strides = {2, 2}, .padding = "same"}); }, {0, 3, 3, 4}, {k2});
  check({0, 3, 3, 3, 2}, [&](const Tensor& x) { return conv3d(x, k3); }, {0, 2, 2, 2, 4}, {k3});
  const Variable t2 = ones({3, 3, 4, 2}), t3 = ones({2, 2, 2, 4, 2});
  check({0, 3, 3, 2}, [&](const Tensor& x) { return conv2d_transpose(x, t2, Shape{0, 5, 5, 4}); }, {0, 5, 5, 4}, {t2});
  check({0, 2, 2, 2, 2}, [&](const Tensor& x) { return conv3d_transpose(x, t3, Shape{0, 3, 3, 3, 4}); }, {0, 3, 3, 3, 4}, {t3});
  const Variable d1 = ones({3, 2, 2}), d2 = ones({3, 3, 2, 2}), p1 = ones({1, 4, 5}), p2 = ones({1, 1, 4, 5});
  check({0, 5, 5, 2}, [&](const Tensor& x) { return depthwise_conv2d(x, d2); }, {0, 3, 3, 4}, {d2});
  check({0, 5, 2}, [&](const Tensor& x) { return separable_conv1d(x, d1, p1); }, {0, 3, 5}, {d1, p1});
  check({0, 5, 5, 2}, [&](const Tensor& x) { return separable_conv2d(x, d2, p2); }, {0, 3, 3, 5}, {d2, p2});
  const Variable l1 = ones({3, 6, 4}), l2 = ones({9, 18, 4});
  check({0, 5, 2}, [&](const Tensor& x) { return local_conv1d(x, l1, {3}, {1}); }, {0, 3, 4}, {l1});
  check({0, 5, 5, 2}, [&](const Tensor& x) { return local_conv2d(x, l2, {3, 3}, {1, 1}, {3, 3}); }, {0, 3, 3, 4}, {l2});
  for (const char* mode : {"max", "avg"}) {
    check({0, 5, 5, 2}, [&](const Tensor& x) { return pool2d(x, {2, 2}, {.pool_mode = mode}); }, {0, 4, 4, 2});
    check({0, 3, 3, 3, 2}, [&](const Tensor& x) { return pool3d(x, {2, 2, 2}, {.pool_mode = mode}); }, {0, 2, 2, 2, 2});
  }
  for (const char* way : {"nearest", "bilinear"}) {
    check({0, 3, 3, 2}, [&](const Tensor& x) { return resize_images(x, 2, 2, {}, way); }, {0, 6, 6, 2});
  }
  const Variable w = ones({2, 2});
  for (const bool unroll : {false, true}) {
    check({0, 4, 2}, [&](const Tensor& x) {
      const auto step = [&](const Tensor& in, const Tensors& s) {
        const Tensor h = tanh(dot(in, w) + s[0]);
        return std::pair(h, Tensors{h});
      };
      return rnn(step, x, {value({0, 2})}, {.mask = not_equal(sum(x, -1), 0), .unroll = unroll}).last_output;
    }, {0, 2}, {w});
  }
  const Variable gamma = ones({2}), beta = zeros({2}), rows = ones({0});
  check({0, 2}, [&](const Tensor& x) { return normalize_batch_in_training(x, gamma, beta, {0}).normalized; }, {0, 2}, {gamma, beta});
  check({0, 3, 3, 2}, [&](const Tensor& x) { return normalize_batch_in_training(x, gamma, beta, {0, 1, 2}).normalized; },
        {0, 3, 3, 2}, {gamma, beta});
  check({0, 2, 3}, [&](const Tensor& x) { return normalize_batch_in_training(x, gamma, beta, {0, 2}).normalized; }, {0, 2, 3}, {gamma, beta});
  check({0, 3}, [&](const Tensor& x) { return normalize_batch_in_training(x, rows, rows, {1}).normalized; }, {0, 3}, {rows});
  check({0, 2}, [&](const Tensor& x) { return batch_normalization(x, beta, gamma, beta, gamma); }, {0, 2}, {gamma, beta});
  check({0, 2}, [](const Tensor& x) { return l2_normalize(x, -1); }, {0, 2});
}

TEST_F(Hostile, Line20_TransposedConvolution) {
  const Tensor x = value({1, 3, 3, 2}), k = value({3, 3, 4, 2});
  EXPECT_EQ(error_of([&] { conv2d_transpose(x, k, Shape{1, 6, 6, 4}, {.strides = {2, 2}, .padding = "same"}); }), "");
  EXPECT_THAT(error_of([&] { conv2d_transpose(x, k, Shape{1, 9, 6, 4}, {.strides = {2, 2}, .padding = "same"}); }),
              HasSubstr("conv2d_transpose"));
  EXPECT_THAT(error_of([&] { conv2d_transpose(x, k, Shape{1, 6, 6, 5}, {.strides = {2, 2}, .padding = "same"}); }), StartsWith("conv2d_transpose: "));
  EXPECT_THAT(error_of([&] { conv2d_transpose(x, k, Shape{2, 6, 6, 4}, {.strides = {2, 2}, .padding = "same"}); }), StartsWith("conv2d_transpose: "));
  EXPECT_THAT(error_of([&] { conv2d_transpose(x, k, Shape{1, 6, 6}, {.strides = {2, 2}}); }), StartsWith("conv2d_transpose: "));
}

TEST_F(Hostile, Line21_PoolingPaddingResizing) {
  const Tensor x = value({1, 4, 4, 1});
  EXPECT_THAT(error_of([&] { pool2d(x, {0, 2}); }), StartsWith("pool2d: "));
  EXPECT_THAT(error_of([&] { pool2d(x, {2, -2}); }), StartsWith("pool2d: "));
  EXPECT_THAT(error_of([&] { pool2d(x, {2, 2}, {.pool_mode = "median"}); }), StartsWith("pool2d: "));
  EXPECT_THAT(error_of([&] { pool2d(x, {kHuge, kHuge}, {.padding = "same", .pool_mode = "avg"}); }), StartsWith("pool2d: "));
  EXPECT_THAT(error_of([&] { spatial_2d_padding(x, {{-1, 0}, {0, 0}}); }), StartsWith("spatial_2d_padding: "));
  EXPECT_THAT(error_of([&] { temporal_padding(value({1, 2, 3}), {0, -1}); }), StartsWith("temporal_padding: "));
  EXPECT_THAT(error_of([&] { resize_images(x, 0, 1); }), StartsWith("resize_images: "));
  EXPECT_THAT(error_of([&] { eval(resize_images(x, kHuge, kHuge)); }), StartsWith("resize_images: "));
  EXPECT_THAT(error_of([&] { resize_images(x, 2, 2, {}, "psychic"); }), StartsWith("resize_images: "));
}

TEST_F(Hostile, Line22_Products) {
  EXPECT_THAT(error_of([] { dot(value({2, 3}), value({4, 5})); }), AllOf(HasSubstr("dot"), HasSubstr("(2, 3)"), HasSubstr("(4, 5)")));
  EXPECT_THAT(error_of([] { dot(value({}), value({4, 5})); }), StartsWith("dot: "));
  EXPECT_THAT(error_of([] { dot(value({2, 3}), value({3})); }), StartsWith("dot: "));
  EXPECT_THAT(error_of([] { batch_dot(value({2, 3}), value({4, 3}), 1); }), HasSubstr("batch_dot"));
  EXPECT_THAT(error_of([] { batch_dot(value({2, 3}), value({2, 4}), 1); }), StartsWith("batch_dot: "));
  EXPECT_THAT(error_of([] { batch_dot(value({2, 3}), value({2, 3}), 0); }), StartsWith("batch_dot: "));
  EXPECT_THAT(error_of([] { batch_dot(value({2, 3}), value({2, 3}), DotAxes(1, -2)); }), StartsWith("batch_dot: "));
  EXPECT_THAT(error_of([] { batch_dot(value({2, 3}), value({2, 3}), 5); }), StartsWith("batch_dot: "));
}

TEST_F(Hostile, Line23_BatchNormalization) {
  const Tensor x = value({4, 3}), one = value({3});
  EXPECT_THAT(error_of([&] { normalize_batch_in_training(x, one, one, {}); }), StartsWith("normalize_batch_in_training: "));
  EXPECT_THAT(error_of([&] { normalize_batch_in_training(x, one, one, {0, 0}); }), StartsWith("normalize_batch_in_training: "));
  EXPECT_THAT(error_of([&] { normalize_batch_in_training(x, one, one, {0, -2}); }), StartsWith("normalize_batch_in_training: "));
  EXPECT_THAT(error_of([&] { normalize_batch_in_training(x, one, one, {2}); }), StartsWith("normalize_batch_in_training: "));
  EXPECT_THAT(error_of([&] { batch_normalization(x, one, one, one, one, {.epsilon = -1}); }), StartsWith("batch_normalization: "));
  const Tensor above = batch_normalization(x, value({3}, 0), value({3}, 0), {}, {}, {.epsilon = 0});
  EXPECT_THAT(numbers(above), Each(kInfinity));
  for (double v : numbers(batch_normalization(x, one, value({3}, 0), {}, {}, {.epsilon = 0}))) EXPECT_TRUE(std::isnan(v));
}

TEST_F(Hostile, Line24_Dropout) {
  const Tensor x = value({4, 3});
  for (double level : {-0.1, 1.0, 2.0, kNaN, kInfinity}) EXPECT_THAT(error_of([&] { dropout(x, level); }), HasSubstr("dropout"));
  EXPECT_THAT(error_of([&] { dropout(x, 0.5, {.noise_shape = Shape{2, 3}}); }), StartsWith("dropout: "));
  EXPECT_THAT(error_of([&] { dropout(x, 0.5, {.noise_shape = Shape{4, 3, 1, 1}}); }), StartsWith("dropout: "));
}

TEST_F(Hostile, Line25_Distributions) {
  EXPECT_THAT(error_of([] { random_normal({2}, {.stddev = -1}); }), StartsWith("random_normal: "));
  EXPECT_THAT(error_of([] { truncated_normal({2}, {.stddev = -1}); }), StartsWith("truncated_normal: "));
  for (double p : {-0.5, 1.5, kNaN}) EXPECT_THAT(error_of([&] { random_binomial({2}, {.p = p}); }), StartsWith("random_binomial: "));
  EXPECT_THAT(error_of([] { random_uniform({2}, {.minval = 2, .maxval = 1}); }), StartsWith("random_uniform: "));
  EXPECT_THAT(error_of([] { random_uniform({2}, {.minval = kNaN}); }), StartsWith("random_uniform: "));
  EXPECT_THAT(error_of([] { random_uniform({2}, {.maxval = kInfinity}); }), StartsWith("random_uniform: "));
  EXPECT_THAT(error_of([] { random_uniform({2}, {.minval = -3e38, .maxval = 3e38}); }), HasSubstr("finite in float32"));
  EXPECT_THAT(error_of([] { random_normal({2}, {.mean = kNaN}); }), StartsWith("random_normal: "));
  EXPECT_THAT(error_of([] { random_normal({2}, {.stddev = kNaN}); }), StartsWith("random_normal: "));
  EXPECT_THAT(error_of([] { random_uniform_variable({2}, 1, 0); }), StartsWith("random_uniform_variable: "));
  EXPECT_THAT(error_of([] { random_normal_variable({2}, 0, -1); }), StartsWith("random_normal_variable: "));
}

TEST_F(Hostile, Line26_LabelsOutOfRange) {
  const Tensor scores = value({2, 3}, 0.5);
  for (int32_t bad : {3, -1, std::numeric_limits<int32_t>::min()}) {
    EXPECT_THAT(error_of([&] { eval(sparse_categorical_crossentropy(ints({2}, {0, bad}), scores)); }), HasSubstr("label"));
    EXPECT_THAT(numbers(in_top_k(scores, ints({2}, {0, bad}), 3)), ElementsAre(1, 0));
  }
  EXPECT_THAT(error_of([&] { in_top_k(scores, ints({2}, {0, 1}), 0); }), StartsWith("in_top_k: "));
  EXPECT_THAT(error_of([&] { in_top_k(scores, ints({2}, {0, 1}), -1); }), StartsWith("in_top_k: "));
  EXPECT_THAT(numbers(in_top_k(value({2, 3}, kNaN), ints({2}, {0, 1}), 3)), Each(0));
}

TEST_F(Hostile, Line27_Rnn) {
  const auto step = [](const Tensor& in, const Tensors& s) { return std::pair(in, Tensors{in + s[0]}); };
  EXPECT_THAT(error_of([&] { eval(rnn(step, value({2, 0, 3}), {value({2, 3})}).last_output); }), HasSubstr("rnn"));
  const auto plain = [](const Tensor& in, const Tensors&) { return std::pair(in, Tensors{}); };
  EXPECT_THAT(error_of([&] { rnn(plain, value({2, 4, 3}), {}, {.mask = value({2, 4})}); }), StartsWith("rnn: "));
  const auto grows = [](const Tensor& in, const Tensors& s) { return std::pair(in, Tensors{concatenate({s[0], s[0]})}); };
  EXPECT_THAT(error_of([&] { rnn(grows, value({2, 4, 3}), {value({2, 3})}); }), StartsWith("rnn: "));
  EXPECT_THAT(error_of([&] { rnn(step, input({2, None, 3}), {value({2, 3})}, {.unroll = true}); }), StartsWith("rnn: "));
  EXPECT_THAT(error_of([&] { rnn(step, value({2, 3}), {value({2, 3})}); }), StartsWith("rnn: "));
  const auto throws = [](const Tensor&, const Tensors&) -> std::pair<Tensor, Tensors> { throw std::out_of_range("mine"); };
  EXPECT_THROW(rnn(throws, value({2, 4, 3}), {value({2, 3})}), std::out_of_range);
  EXPECT_EQ(error_of([&] { eval(rnn(step, value({2, 4, 3}), {value({2, 3})}).last_output); }), "");
}

TEST_F(Hostile, Line28_CtcBatchCost) {
  const auto cost = [](const std::vector<int32_t>& labels, int32_t steps, int32_t length, bool zero = false) {
    const Tensor y = input({2, 3, 4});
    const Tensor c = ctc_batch_cost(ints({2, 3}, labels), y, ints({2, 1}, {steps, 3}), ints({2, 1}, {length, 1}), {.zero_infinity = zero});
    return function({y}, {c, gradients(c, {y})[0]})({Array::full({2, 3, 4}, 0.25, "float32")});
  };
  for (int32_t bad : {3, 4, -1}) EXPECT_THAT(error_of([&] { cost({bad, 0, 0, 1, 1, 1}, 3, 1); }), HasSubstr("ctc_batch_cost: y_true"));
  for (int32_t bad : {4, -1}) {
    EXPECT_THAT(error_of([&] { cost({0, 0, 0, 1, 1, 1}, bad, 1); }), HasSubstr("ctc_batch_cost: input_length"));
    EXPECT_THAT(error_of([&] { cost({0, 0, 0, 1, 1, 1}, 3, bad); }), HasSubstr("ctc_batch_cost: label_length"));
  }
  const Tensor one = ints({1, 1}, {0});
  EXPECT_THAT(error_of([&] { ctc_batch_cost(one, value({1, 0, 4}), one, one); }), StartsWith("ctc_batch_cost: "));
  EXPECT_THAT(error_of([&] { ctc_batch_cost(one, value({1, 3, 0}), one, one); }), StartsWith("ctc_batch_cost: "));
  const auto infinite = cost({0, 0, 0, 1, 1, 1}, 3, 3), fine = cost({0, 0, 0, 1, 1, 1}, 3, 1);
  EXPECT_EQ(infinite[0].element<float>(0), static_cast<float>(kInfinity));
  EXPECT_EQ(infinite[0].element<float>(1), fine[0].element<float>(1));
  const auto zero = cost({0, 0, 0, 1, 1, 1}, 3, 3, true);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(zero[1].element<float>(i), 0);
    EXPECT_EQ(zero[1].element<float>(12 + i), fine[1].element<float>(12 + i));
  }
}

TEST_F(Hostile, Line29_CtcDecode) {
  const Tensor y = value({1, 3, 4}, 0.25), steps = ints({1}, {3});
  EXPECT_THAT(error_of([&] { ctc_decode(y, steps, {.greedy = false, .beam_width = 0}); }), HasSubstr("beam_width is 0"));
  EXPECT_THAT(error_of([&] { ctc_decode(y, steps, {.greedy = false, .beam_width = 2, .top_paths = 3}); }), HasSubstr("top_paths is 3"));
  EXPECT_EQ(error_of([&] { eval(ctc_decode(y, steps, {.greedy = false, .beam_width = kHuge}).decoded[0]); }), "");
  EXPECT_THAT(error_of([&] { ctc_decode(y, steps, {.greedy = false, .beam_width = kHuge, .top_paths = kHuge}); }), StartsWith("ctc_decode: "));
}

TEST_F(Hostile, Line30_MapAndFolds) {
  const auto add = [](const Tensor& a, const Tensor& e) { return a + e; };
  EXPECT_THAT(error_of([&] { eval(foldl(add, value({0, 2}))); }), HasSubstr("foldl"));
  EXPECT_THAT(error_of([&] { eval(foldr(add, value({0, 2}))); }), HasSubstr("foldr"));
  EXPECT_THAT(numbers(foldl(add, value({0, 2}), {.initializer = value({2}, 5)})), ElementsAre(5, 5));
  const auto grows = [](const Tensor& a, const Tensor&) { return concatenate({a, a}); };
  EXPECT_THAT(error_of([&] { foldl(grows, value({3, 2})); }), StartsWith("foldl: "));
  EXPECT_THAT(error_of([&] { map_fn([](const Tensor& e) { return e; }, value({})); }), StartsWith("map_fn: "));
  EXPECT_EQ(eval(map_fn([](const Tensor& e) { return e * 2.0; }, value({0, 2}))).shape(), (Shape{0, 2}));
  const auto throws = [](const Tensor&) -> Tensor { throw std::out_of_range("mine"); };
  EXPECT_THROW(map_fn(throws, value({3})), std::out_of_range);
  EXPECT_THAT(numbers(map_fn([](const Tensor& e) { return e + 1; }, value({2}))), ElementsAre(2, 2));
}

TEST_F(Hostile, Line32_ThreadsFailuresAndCallbacks) {
  const Tensor x = input({None});
  const Variable sum_of_all = variable(0.0);
  const Function f = function({x}, {x + 1}, {update_add(sum_of_all, sum(x))});
  std::atomic<int> errors{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        try {
          const Array out = f({Array::full({i % 5 + 1}, 1, "float32")})[0];
          if (out.element<float>(0) != 2) ++errors;
        } catch (const std::exception&) {
          ++errors;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(errors, 0);
  EXPECT_EQ(get_value(sum_of_all).item<float>(), 8 * 10 * (1 + 2 + 3 + 4 + 5));

  // No memory for a call: nothing is kept of it, and the next one works.
  const int64_t limit = memory_limit();
  const Tensor y = input({None, 1});
  const Variable state = variable(1.0);
  const Function g = function({y}, {dot(y, ones({1, 4096}))}, {update_add(state, 1)});
  const Array large = Array::full({4096, 1}, 1, "float32"), small = Array::full({1, 1}, 1, "float32");
  const int64_t held = memory_in_use();
  set_memory_limit(held + (1 << 20));
  EXPECT_NE(error_of([&] { g({large}); }), "");
  EXPECT_EQ(get_value(state).item<float>(), 1);
  EXPECT_EQ(error_of([&] { g({small}); }), "");
  set_memory_limit(limit);
  EXPECT_EQ(error_of([&] { g({large}); }), "");
  EXPECT_EQ(get_value(state).item<float>(), 3);

  EXPECT_THROW(in_train_phase([]() -> Tensor { throw std::out_of_range("mine"); }, x, 1), std::out_of_range);
  EXPECT_EQ(f({Array{1}})[0].element<float>(0), 2);
}

}  // namespace
}  // namespace keel
