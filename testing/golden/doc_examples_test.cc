// The `>>>` examples of the documentation page, as they read in C++. What the page shows where it errs
// (data/doc_examples.json says where) is not expected here; random numbers are checked for what they
// are said to be.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/function.h"
#include "core/graph.h"
#include "core/structure.h"
#include "core/variable.h"
#include "gtest/gtest.h"
#include "ops/array/array.h"
#include "ops/math/math.h"
#include "ops/random/random.h"
#include "testing/golden/corpus.h"

namespace K = keel;

namespace keel::golden {
namespace {

// What NumPy would print as array(…, dtype=float32).
void expect_floats(const Array& got, const Shape& shape, const std::vector<float>& values) {
  EXPECT_EQ(got.dtype(), DType::kFloat32);
  EXPECT_EQ(got.shape(), shape);
  EXPECT_EQ(got.to_vector<float>(), values);
}

std::string printed(const Tensor& tensor) {
  std::ostringstream out;
  out << tensor;
  return out.str();
}

void variable_0() {
  K::Array val = {{1, 2}, {3, 4}};
  K::Variable kvar = K::variable(val, {.dtype = "float64", .name = "example_var"});
  EXPECT_EQ(K::dtype(kvar), "float64");
  EXPECT_EQ(kvar.name(), "example_var");
  EXPECT_EQ(kvar.value().shape(), Shape({2, 2}));
  EXPECT_EQ(kvar.value().values<double>(), absl::MakeConstSpan({1.0, 2.0, 3.0, 4.0}));
}

void placeholder_0() {
  K::Tensor input_ph = K::placeholder({.shape = {{2, 4, 5}}});
  EXPECT_EQ(input_ph.shape(), Shape({2, 4, 5}));
  EXPECT_NE(printed(input_ph).find("shape=(2, 4, 5) dtype=float32"), std::string::npos) << printed(input_ph);
}

void shape_0() {
  K::Array val = {{1, 2}, {3, 4}};
  K::Variable kvar = K::variable(val);
  K::Tensor inputs = K::placeholder({.shape = {{2, 4, 5}}});
  for (const K::Tensor& tensor : {K::shape(kvar), K::shape(inputs)}) EXPECT_EQ(K::dtype(tensor), "int32");
  EXPECT_EQ(K::int_shape(K::shape(kvar)), Shape({2}));
  EXPECT_EQ(K::int_shape(K::shape(inputs)), Shape({3}));
  EXPECT_EQ(K::eval(K::shape(kvar)).to_vector<int>(), std::vector<int>({2, 2}));
  EXPECT_EQ(K::eval(K::shape(inputs)).to_vector<int>(), std::vector<int>({2, 4, 5}));
}

void int_shape_0() {
  K::Tensor inputs = K::placeholder({.shape = {{2, 4, 5}}});
  EXPECT_EQ(K::int_shape(inputs), Shape({2, 4, 5}));
  K::Array val = {{1, 2}, {3, 4}};
  K::Variable kvar = K::variable(val);
  EXPECT_EQ(K::int_shape(kvar), Shape({2, 2}));
}

void ndim_0() {
  K::Tensor inputs = K::placeholder({.shape = {{2, 4, 5}}});
  K::Array val = {{1, 2}, {3, 4}};
  K::Variable kvar = K::variable(val);
  EXPECT_EQ(K::ndim(inputs), 3);
  EXPECT_EQ(K::ndim(kvar), 2);
}

void dtype_0() {
  EXPECT_EQ(K::dtype(K::placeholder({.shape = {{2, 4, 5}}})), "float32");
  EXPECT_EQ(K::dtype(K::placeholder({.shape = {{2, 4, 5}}, .dtype = "float32"})), "float32");
  EXPECT_EQ(K::dtype(K::placeholder({.shape = {{2, 4, 5}}, .dtype = "float64"})), "float64");
  K::Variable kvar = K::variable({{1, 2}, {3, 4}});
  EXPECT_EQ(K::dtype(kvar), "float32");
  kvar = K::variable({{1, 2}, {3, 4}}, {.dtype = "float32"});
  EXPECT_EQ(K::dtype(kvar), "float32");
}

void eval_0() {
  K::Variable kvar = K::variable({{1, 2}, {3, 4}}, {.dtype = "float32"});
  expect_floats(K::eval(kvar), {2, 2}, {1, 2, 3, 4});
}

void zeros_0() {
  K::Variable kvar = K::zeros({3, 4});
  expect_floats(K::eval(kvar), {3, 4}, std::vector<float>(12, 0));
}

void ones_0() {
  K::Variable kvar = K::ones({3, 4});
  expect_floats(K::eval(kvar), {3, 4}, std::vector<float>(12, 1));
}

void eye_0() {
  K::Variable kvar = K::eye(3);
  expect_floats(K::eval(kvar), {3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
}

void zeros_like_0() {
  K::Variable kvar = K::variable({{0.1, 0.2, 0.3}, {0.4, 0.5, 0.6}});
  K::Tensor kvar_zeros = K::zeros_like(kvar);
  expect_floats(K::eval(kvar_zeros), {2, 3}, std::vector<float>(6, 0));
}

void ones_like_0() {
  K::Variable kvar = K::variable({{0.1, 0.2, 0.3}, {0.4, 0.5, 0.6}});
  K::Tensor kvar_ones = K::ones_like(kvar);
  expect_floats(K::eval(kvar_ones), {2, 3}, std::vector<float>(6, 1));
}

void random_uniform_variable_0() {
  K::Variable kvar = K::random_uniform_variable({2, 3}, 0, 1);
  const K::Array value = K::eval(kvar);
  EXPECT_EQ(value.dtype(), DType::kFloat32);
  EXPECT_EQ(value.shape(), Shape({2, 3}));
  for (float number : value.values<float>()) EXPECT_TRUE(number >= 0 && number < 1) << number;
}

void random_normal_variable_0() {
  K::Variable kvar = K::random_normal_variable({2, 3}, 0, 1);
  const K::Array value = K::eval(kvar);
  EXPECT_EQ(value.dtype(), DType::kFloat32);
  EXPECT_EQ(value.shape(), Shape({2, 3}));
  // Ten deviations from the mean are not seen.
  for (float number : value.values<float>()) EXPECT_TRUE(number != 0 && std::abs(number) < 10) << number;
}

void count_params_0() {
  K::Variable kvar = K::zeros({2, 3});
  EXPECT_EQ(K::count_params(kvar), 6);
  expect_floats(K::eval(kvar), {2, 3}, std::vector<float>(6, 0));
}

void cast_0() {
  K::Tensor input = K::placeholder({.shape = {{2, 3}}, .dtype = "float32"});
  const K::Tensor half = K::cast(input, "float16");
  EXPECT_EQ(half.shape(), Shape({2, 3}));
  EXPECT_EQ(K::dtype(half), "float16");
  EXPECT_EQ(K::dtype(input), "float32");
  input = K::cast(input, "float16");
  EXPECT_EQ(K::dtype(input), "float16");
}

void dot_0() {
  K::Tensor x = K::placeholder({.shape = {{2, 3}}});
  K::Tensor y = K::placeholder({.shape = {{3, 4}}});
  K::Tensor xy = K::dot(x, y);
  EXPECT_EQ(K::int_shape(xy), Shape({2, 4}));
}

void dot_1() {
  K::Tensor x = K::placeholder({.shape = {{32, 28, 3}}});
  K::Tensor y = K::placeholder({.shape = {{3, 4}}});
  K::Tensor xy = K::dot(x, y);
  EXPECT_EQ(K::int_shape(xy), Shape({32, 28, 4}));
}

void dot_2() {
  K::Variable x = K::random_uniform_variable({2, 3}, 0, 1);
  K::Variable y = K::ones({4, 3, 5});
  K::Tensor xy = K::dot(x, y);
  EXPECT_EQ(K::int_shape(xy), Shape({2, 4, 5}));
  EXPECT_EQ(K::eval(xy).shape(), Shape({2, 4, 5}));
}

void transpose_0() {
  K::Variable var = K::variable({{1, 2, 3}, {4, 5, 6}});
  expect_floats(K::eval(var), {2, 3}, {1, 2, 3, 4, 5, 6});
  K::Tensor var_transposed = K::transpose(var);
  expect_floats(K::eval(var_transposed), {3, 2}, {1, 4, 2, 5, 3, 6});
}

void transpose_1() {
  K::Tensor inputs = K::placeholder({.shape = {{2, 3}}});
  K::Tensor input_transposed = K::transpose(inputs);
  EXPECT_EQ(K::int_shape(input_transposed), Shape({3, 2}));
  EXPECT_EQ(K::dtype(input_transposed), "float32");
}

void backend_0() { EXPECT_EQ(K::backend(), "keel"); }

void epsilon_0() { EXPECT_EQ(K::epsilon(), 1e-7); }

void set_epsilon_0() {
  EXPECT_EQ(K::epsilon(), 1e-7);
  K::set_epsilon(1e-05);
  EXPECT_EQ(K::epsilon(), 1e-5);
}

void floatx_0() { EXPECT_EQ(K::floatx(), "float32"); }

void set_floatx_0() {
  EXPECT_EQ(K::floatx(), "float32");
  K::set_floatx("float16");
  EXPECT_EQ(K::floatx(), "float16");
}

void cast_to_floatx_0() {
  EXPECT_EQ(K::floatx(), "float32");
  K::Array arr = {1.0, 2.0};
  EXPECT_EQ(arr.dtype(), DType::kFloat64);
  K::Array new_arr = K::cast_to_floatx(arr);
  expect_floats(new_arr, {2}, {1, 2});
}

void image_data_format_0() { EXPECT_EQ(K::image_data_format(), "channels_last"); }

void set_image_data_format_0() {
  EXPECT_EQ(K::image_data_format(), "channels_last");
  K::set_image_data_format("channels_last");
  EXPECT_EQ(K::image_data_format(), "channels_last");
}

struct Example {
  const char* id;
  void (*run)();

  friend void PrintTo(const Example& example, std::ostream* out) { *out << example.id; }
};

constexpr Example kExamples[] = {
    {"doc-variable-0", variable_0},
    {"doc-placeholder-0", placeholder_0},
    {"doc-shape-0", shape_0},
    {"doc-int_shape-0", int_shape_0},
    {"doc-ndim-0", ndim_0},
    {"doc-dtype-0", dtype_0},
    {"doc-eval-0", eval_0},
    {"doc-zeros-0", zeros_0},
    {"doc-ones-0", ones_0},
    {"doc-eye-0", eye_0},
    {"doc-zeros_like-0", zeros_like_0},
    {"doc-ones_like-0", ones_like_0},
    {"doc-random_uniform_variable-0", random_uniform_variable_0},
    {"doc-random_normal_variable-0", random_normal_variable_0},
    {"doc-count_params-0", count_params_0},
    {"doc-cast-0", cast_0},
    {"doc-dot-0", dot_0},
    {"doc-dot-1", dot_1},
    {"doc-dot-2", dot_2},
    {"doc-transpose-0", transpose_0},
    {"doc-transpose-1", transpose_1},
    {"doc-backend-0", backend_0},
    {"doc-epsilon-0", epsilon_0},
    {"doc-set_epsilon-0", set_epsilon_0},
    {"doc-floatx-0", floatx_0},
    {"doc-set_floatx-0", set_floatx_0},
    {"doc-cast_to_floatx-0", cast_to_floatx_0},
    {"doc-image_data_format-0", image_data_format_0},
    {"doc-set_image_data_format-0", set_image_data_format_0},
};

class DocExample : public ::testing::TestWithParam<Example> {};

TEST_P(DocExample, GivesWhatThePageShows) {
  const ConfigScope config;
  GetParam().run();
}

INSTANTIATE_TEST_SUITE_P(Page, DocExample, ::testing::ValuesIn(kExamples), [](const auto& info) {
  std::string name = info.param.id;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// Every example above is one of the page's; those that are not above need functions that Keel does
// not have.
TEST(ZCoverage, SaysWhatWasLeftOut) {
  std::ifstream file("testing/golden/data/doc_examples.json");
  ASSERT_TRUE(file);
  std::vector<std::string> left_out;
  const Json page = Json::parse(file);
  for (const Json& example : page["examples"]) left_out.push_back(example["id"]);
  const size_t all = left_out.size();
  for (const Example& example : kExamples) {
    const auto found = std::find(left_out.begin(), left_out.end(), example.id);
    ASSERT_NE(found, left_out.end()) << example.id;
    left_out.erase(found);
  }
  std::cout << left_out.size() << " of " << all << " examples left out";
  for (const std::string& id : left_out) std::cout << ' ' << id;
  std::cout << '\n';
}

}  // namespace
}  // namespace keel::golden
