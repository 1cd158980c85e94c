#include "ops/math/dot.h"

#include <string>
#include <vector>

#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/sparse.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::keel::testing::check_gradients;
using ::keel::testing::random_array;
using ::testing::HasSubstr;

using testing_util::error_of;

Tensor product(const Tensors& x) { return dot(x[0], x[1]); }

// Theano's rule, summed in double.
void expect_product(const Array& x, const Array& y, DType dtype, double tolerance) {
  const Tensor a = placeholder({.shape = x.shape(), .dtype = dtype});
  const Tensor b = placeholder({.shape = y.shape(), .dtype = dtype});
  const Array in_x = x.cast(dtype), in_y = y.cast(dtype);
  const Array got = function({a, b}, {dot(a, b)})({in_x, in_y})[0];
  const int64_t k = x.shape().back(), n = y.shape().back(), m = k == 0 ? 0 : x.elements() / k;
  int64_t stack = 1;
  for (int i = 0; i + 2 < y.rank(); ++i) stack *= y.shape()[i];
  ASSERT_EQ(got.elements(), m * stack * n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t s = 0; s < stack; ++s) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t c = 0; c < k; ++c) {
          sum += in_x.element<double>(i * k + c) * in_y.element<double>((s * k + c) * n + j);
        }
        ASSERT_NEAR(got.element<double>((i * stack + s) * n + j), sum, tolerance) << dtype;
      }
    }
  }
}

TEST(Dot, IsTheProductForEveryDtype) {
  const Array x = random_array({5, 33}, 1, -2, 2), y = random_array({33, 17}, 2, -2, 2);
  expect_product(x, y, "float32", 1e-4);
  expect_product(x, y, "float64", 1e-12);
  expect_product(x, y, "float16", 0.06);
  expect_product(x, y, "bfloat16", 0.3);
  const Array i = random_array({5, 9}, 1, -50, 50), j = random_array({9, 4}, 2, -50, 50);
  expect_product(i, j, "int32", 0);
  expect_product(i, j, "int64", 0);
}

TEST(Dot, FollowsTheanoBeyondMatrices) {
  expect_product(random_array({2, 3}, 1), random_array({4, 3, 5}, 2), "float64", 1e-12);
  expect_product(random_array({2, 7, 3}, 1), random_array({4, 2, 3, 5}, 2), "float64", 1e-12);
  expect_product(random_array({2, 7, 3}, 1), random_array({3, 5}, 2), "float64", 1e-12);
  const Tensor x = placeholder({.shape = Shape{None, 28, 3}}), y = placeholder({.shape = Shape{3, 4}});
  EXPECT_EQ(dot(x, y).shape(), (Shape{None, 28, 4}));
}

TEST(Dot, HasGradients) {
  check_gradients(product, {random_array({3, 4}, 1), random_array({4, 2}, 2)});
  check_gradients(product, {random_array({2, 3, 4}, 1), random_array({4, 2}, 2)});
  check_gradients(product, {random_array({2, 3}, 1), random_array({4, 3, 2}, 2)});
  check_gradients(product, {random_array({2, 2, 3}, 1), random_array({2, 2, 3, 2}, 2)});
}

// A sparse matrix whose elements are some of those of `dense`.
SparseArray thinned(const Array& dense, int64_t step) {
  Array thin = dense.copy();
  for (int64_t i = 0; i < thin.elements(); ++i) {
    if (i % step != 0) thin.mutable_data<double>()[i] = 0;
  }
  return SparseArray::of_dense(thin);
}

TEST(SparseDot, IsTheProductForEveryDtype) {
  for (const auto& [type, tolerance] : std::vector<std::pair<std::string, double>>{
           {"float32", 1e-5}, {"float64", 1e-12}, {"float16", 0.03}, {"bfloat16", 0.2}, {"int32", 0}, {"int64", 0}}) {
    const DType dtype = type;
    const bool whole = dtype.is_integer();
    const SparseArray x = thinned(random_array({70, 33}, 1, whole ? -50 : -1, whole ? 50 : 1), 7);
    const Array y = random_array({33, 19}, 2, whole ? -50 : -1, whole ? 50 : 1).cast(dtype);
    const SparseArray narrow(x.indices(), x.values().cast(dtype), x.shape());
    const Tensor a = placeholder({.shape = Shape{None, 33}, .dtype = dtype, .sparse = true});
    const Tensor b = placeholder({.shape = Shape{33, 19}, .dtype = dtype});
    const Function f = function({a, b}, {dot(a, b), dot(to_dense(a), b)});
    const auto out = f({narrow, y});
    EXPECT_EQ(out[0].dtype(), dtype);
    for (int64_t i = 0; i < out[0].elements(); ++i) {
      ASSERT_NEAR(out[0].element<double>(i), out[1].element<double>(i), tolerance) << dtype << ' ' << i;
    }
  }
}

TEST(SparseDot, HasGradientsForBoth) {
  const SparseArray x = thinned(random_array({5, 4}, 1), 3);
  const Tensor like = constant(Array::full({5, 4}, 0, "float64"));
  check_gradients([&](const Tensors& in) {
    return dot(sparse_tensor(constant_tensor(x.indices()), in[0], frame_like(like)), in[1]);
  }, {x.values(), random_array({4, 3}, 2)});
  // The gradient for a sparse tensor has elements where that has some.
  const Tensor a = placeholder({.shape = Shape{None, 4}, .dtype = "float64", .sparse = true});
  const Tensor y = placeholder({.shape = Shape{4, 3}, .dtype = "float64"});
  const Tensors g = gradients(dot(a, y), {a, y});
  EXPECT_TRUE(is_sparse(g[0]));
  const Tensors dense = gradients(dot(to_dense(a), y), {y});
  const auto out = function({a, y}, {g[0], g[1], dense[0]})({x, random_array({4, 3}, 2)});
  const SparseArray da = SparseArray::of_dense(out[0]);
  EXPECT_EQ(da.indices().to_vector<int>(), x.indices().to_vector<int>());
  for (int64_t i = 0; i < out[1].elements(); ++i) {
    EXPECT_NEAR(out[1].element<double>(i), out[2].element<double>(i), 1e-12);
  }
}

TEST(SparseDot, Errors) {
  const Tensor x = placeholder({.shape = Shape{None, 4}, .sparse = true});
  EXPECT_THAT(error_of([&] { dot(x, placeholder({.shape = Shape{5, 2}})); }), HasSubstr("the summed sizes 4 and 5 differ"));
  EXPECT_THAT(error_of([&] { dot(x, placeholder({.shape = Shape{4, 2}, .dtype = "float64"})); }), HasSubstr("not promoted"));
  const Tensor indices = placeholder({.shape = Shape{None, 2}, .dtype = "int64"}), values = placeholder({.ndim = 1});
  const Tensor like = constant(Array::full({3, 4}, 0, "float32")), y = constant(Array::full({4, 2}, 1, "float32"));
  const Function f = function({indices, values}, {dot(sparse_tensor(indices, values, frame_like(like)), y)});
  auto run = [&](const Array& at) { return f({at.cast("int64"), Array::full({at.shape()[0]}, 1, "float32")})[0]; };
  EXPECT_EQ(run({{0, 1}, {0, 3}, {2, 0}}).to_vector<int>(), (std::vector<int>{2, 2, 0, 0, 1, 1}));
  EXPECT_THAT(error_of([&] { run({{0, 1}, {0, 4}}); }), HasSubstr("dot: index (0, 4) at position 1 of the sparse x of shape (3, 4)"));
  EXPECT_THAT(error_of([&] { run({{-1, 1}}); }), HasSubstr("index (-1, 1)"));
  EXPECT_THAT(error_of([&] { run({{1, 1}, {0, 1}}); }), HasSubstr("row-major order"));
}

TEST(Dot, EmptySizes) {
  const Tensor x = placeholder({.ndim = 2}), y = placeholder({.ndim = 2});
  const Function f = function({x, y}, {dot(x, y)});
  EXPECT_EQ(f({Array::full({0, 3}, 1, "float32"), Array::full({3, 2}, 1, "float32")})[0].shape(), (Shape{0, 2}));
  const Array zero = f({Array::full({2, 0}, 1, "float32"), Array::full({0, 2}, 1, "float32")})[0];
  for (float v : zero.to_vector<float>()) EXPECT_EQ(v, 0);
}

TEST(Dot, UnchangedWeightsArePackedAndChangedOnesAreNoticed) {
  const Variable w = variable(Array::full({40, 40}, 1, "float32"));
  const Tensor x = placeholder({.shape = Shape{None, 40}});
  const Function f = function({x}, {dot(x, w)});
  const Array ones = Array::full({16, 40}, 1, "float32");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(f({ones})[0].element<float>(7), 40);
  set_value(w, Array::full({40, 40}, 2, "float32"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(f({ones})[0].element<float>(7), 80);
}

// The sum over one axis of each, element by element in double, by indices alone.
void expect_batch_product(const Array& x, const Array& y, int x_axis, int y_axis, const DotAxes& axes,
                          DType dtype = "float64", double tolerance = 1e-12) {
  const Array in_x = x.cast(dtype), in_y = y.cast(dtype);
  Shape unknown_x, unknown_y;
  unknown_x.resize(x.rank(), None);
  unknown_y.resize(y.rank(), None);
  Shape want_shape{x.shape()[0]};
  for (int i = 1; i < x.rank(); ++i) if (i != x_axis) want_shape.push_back(x.shape()[i]);
  for (int i = 1; i < y.rank(); ++i) if (i != y_axis) want_shape.push_back(y.shape()[i]);
  auto at = [](const Array& array, int axis, int64_t batch, int64_t k, int64_t other) {
    int64_t offset = 0, step = 1;
    for (int i = array.rank() - 1; i > 0; --i) {
      const int64_t size = array.shape()[i];
      offset += (i == axis ? k : other % size) * step;
      if (i != axis) other /= size;
      step *= size;
    }
    return array.element<double>(batch * step + offset);
  };
  const int64_t k = x.shape()[x_axis], batch = x.shape()[0];
  const int64_t m = k * batch == 0 ? 0 : x.elements() / k / batch, n = k * batch == 0 ? 0 : y.elements() / k / batch;
  std::vector<double> want;
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t c = 0; c < k; ++c) sum += at(in_x, x_axis, b, c, i) * at(in_y, y_axis, b, c, j);
        want.push_back(sum);
      }
    }
  }
  if (want_shape.rank() == 1) want_shape.push_back(1);
  for (bool unknown : {false, true}) {
    const Tensor a = placeholder({.shape = unknown ? unknown_x : x.shape(), .dtype = dtype});
    const Tensor b = placeholder({.shape = unknown ? unknown_y : y.shape(), .dtype = dtype});
    const Tensor product = batch_dot(a, b, axes);
    ASSERT_EQ(product.rank(), want_shape.rank());
    if (!unknown) {
      ASSERT_EQ(product.shape(), want_shape);
    }
    const Array got = function({a, b}, {product})({in_x, in_y})[0];
    ASSERT_EQ(got.shape(), want_shape);
    if (k == 0) want.assign(got.elements(), 0);
    for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got.element<double>(i), want[i], tolerance) << dtype;
  }
}

TEST(BatchDot, SumsAnyTwoAxes) {
  const std::vector<Shape> shapes = {{3, 5}, {3, 5, 5}, {3, 5, 5, 5}, {3, 5, 5, 5, 5}};
  for (const Shape& x : shapes) {
    for (const Shape& y : shapes) {
      for (int i = 1; i < x.rank(); ++i) {
        for (int j = 1; j < y.rank(); ++j) {
          SCOPED_TRACE(x.to_string() + y.to_string() + std::to_string(i) + std::to_string(j));
          expect_batch_product(random_array(x, 1), random_array(y, 2), i, j, {i, j});
          expect_batch_product(random_array(x, 1), random_array(y, 2), i, j, {i - x.rank(), j - y.rank()});
        }
      }
    }
  }
}

TEST(BatchDot, EachAxisKeepsItsPlace) {
  expect_batch_product(random_array({2, 3, 4, 5, 6}, 1), random_array({2, 7, 4, 8}, 2), 2, 2, 2);
  expect_batch_product(random_array({2, 3, 4}, 1), random_array({2, 5, 4, 6}, 2), 2, 2, {2, 2});
  expect_batch_product(random_array({2, 4, 3}, 1), random_array({2, 5, 6, 4}, 2), 1, 3, {1, -1});
}

TEST(BatchDot, TakesTheAxesThatKerasWould) {
  expect_batch_product(random_array({4, 3}, 1), random_array({4, 3}, 2), 1, 1, {});
  expect_batch_product(random_array({4, 5, 3}, 1), random_array({4, 3}, 2), 2, 1, {});
  expect_batch_product(random_array({4, 5, 3}, 1), random_array({4, 3, 2}, 2), 2, 1, {});
  expect_batch_product(random_array({4, 3}, 1), random_array({4, 2, 3, 2}, 2), 1, 2, {});
  expect_batch_product(random_array({4, 3, 5}, 1), random_array({4, 3, 2}, 2), 1, 1, 1);
}

TEST(BatchDot, IsTheProductForEveryDtype) {
  const Array x = random_array({9, 5, 33}, 1, -2, 2), y = random_array({9, 17, 33}, 2, -2, 2);
  expect_batch_product(x, y, 2, 2, 2, "float32", 1e-4);
  expect_batch_product(x, y, 2, 2, 2, "float16", 0.06);
  expect_batch_product(x, y, 2, 2, 2, "bfloat16", 0.3);
  const Array i = random_array({3, 5, 4}, 1, -50, 50), j = random_array({3, 4}, 2, -50, 50);
  expect_batch_product(i, j, 2, 1, {2, 1}, "int32", 0);
  expect_batch_product(j, j, 1, 1, 1, "int64", 0);
}

TEST(BatchDot, HasGradients) {
  auto product = [](const DotAxes& axes) {
    return [axes](const Tensors& x) { return batch_dot(x[0], x[1], axes); };
  };
  check_gradients(product({}), {random_array({3, 4}, 1), random_array({3, 4}, 2)});
  check_gradients(product({}), {random_array({2, 3, 4}, 1), random_array({2, 4, 3}, 2)});
  check_gradients(product(1), {random_array({2, 3, 4}, 1), random_array({2, 3, 2}, 2)});
  check_gradients(product({1, 2}), {random_array({2, 4}, 1), random_array({2, 3, 4}, 2)});
  check_gradients(product({2, 2}), {random_array({2, 2, 3, 2}, 1), random_array({2, 2, 3, 2}, 2)});
  check_gradients(product({1, 3}), {random_array({2, 3, 2, 2}, 1), random_array({2, 2, 2, 3}, 2)});
}

TEST(BatchDot, EmptySizes) {
  auto full = [](const Shape& shape) { return Array::full(shape, 1, "float64"); };
  expect_batch_product(full({0, 3}), full({0, 3}), 1, 1, 1);
  expect_batch_product(full({2, 0}), full({2, 0}), 1, 1, 1);
  expect_batch_product(full({2, 3, 0, 2}), full({2, 2, 0, 4}), 2, 2, 2);
  expect_batch_product(full({2, 0, 3, 2}), full({2, 3, 4}), 2, 1, {2, 1});
  expect_batch_product(full({2, 3, 0}), full({2, 5, 3}), 1, 2, {1, 2});
  // Gradients are zeros where the result has no elements.
  const Variable x = variable(full({2, 3, 4}), {.dtype = "float64"}), y = variable(full({2, 0, 3, 2}), {.dtype = "float64"});
  const Tensors g = gradients(batch_dot(x, y, {1, 2}), {x, y});
  const Array dx = eval(g[0]);
  EXPECT_EQ(dx.shape(), (Shape{2, 3, 4}));
  for (double v : dx.to_vector<double>()) EXPECT_EQ(v, 0);
  EXPECT_EQ(eval(g[1]).shape(), (Shape{2, 0, 3, 2}));
}

TEST(BatchDot, ShapesThatAreNotKnown) {
  const Tensor x = placeholder({.shape = Shape{None, 20}}), y = placeholder({.shape = Shape{100, 30, 20}});
  EXPECT_EQ(batch_dot(x, y, {1, 2}).shape(), (Shape{100, 30}));
  EXPECT_EQ(batch_dot(x, x, 1).shape(), (Shape{None, 1}));
}

TEST(BatchDot, Errors) {
  auto input = [](const Shape& shape) { return placeholder({.shape = shape}); };
  EXPECT_THAT(error_of([&] { batch_dot(input({3}), input({3, 2})); }), HasSubstr("x has shape (3,) and y (3, 2)"));
  EXPECT_THAT(error_of([&] { batch_dot(Tensor(), input({3, 2})); }), HasSubstr("empty tensor handle"));
  EXPECT_THAT(error_of([&] { batch_dot(input({2, 3}), input({3, 3}), 1); }), HasSubstr("a batch of 2 and y one of 3"));
  EXPECT_THAT(error_of([&] { batch_dot(input({2, 3, 1}), input({3, 3}), 1); }), HasSubstr("a batch of 2 and y one of 3"));
  EXPECT_THAT(error_of([&] { batch_dot(input({2, 3}), input({2, 4}), 1); }), HasSubstr("summed sizes 3 and 4 differ"));
  EXPECT_THAT(error_of([&] { batch_dot(input({2, 3}), input({2, 3}), 0); }), HasSubstr("axis 0 is the batch"));
  EXPECT_THAT(error_of([&] { batch_dot(input({2, 3}), input({2, 3}), {1, -2}); }), HasSubstr("axis 0 is the batch"));
  EXPECT_THAT(error_of([&] { batch_dot(input({2, 3}), input({2, 3}), 2); }), HasSubstr("batch_dot"));
  const Tensor x = input({None, None}), y = input({None, None});
  const Function rows = function({x, y}, {batch_dot(x, y)});
  auto ones = [](const Shape& shape) { return Array::full(shape, 1, "float32"); };
  EXPECT_THAT(error_of([&] { rows({ones({2, 3}), ones({2, 1})}); }), HasSubstr("summed sizes 3 and 1 differ"));
  EXPECT_THAT(error_of([&] { rows({ones({2, 3}), ones({1, 3})}); }), HasSubstr("a batch of 2 and y one of 1"));
  const Tensor mixed = placeholder({.shape = Shape{2, 3}, .dtype = "float64"});
  EXPECT_THAT(error_of([&] { batch_dot(input({2, 3}), mixed); }), HasSubstr("batch_dot: x is float32 and y float64"));
  const Tensor bits = placeholder({.shape = Shape{2, 3}, .dtype = "bool"});
  EXPECT_THAT(error_of([&] { batch_dot(bits, bits); }), HasSubstr("accepted are floating dtypes"));
}

TEST(Dot, Errors) {
  const Tensor x = constant({{1, 2}, {3, 4}}), y = constant({{1, 2}, {3, 4}, {5, 6}});
  EXPECT_THAT(error_of([&] { dot(x, y); }), HasSubstr("the summed sizes 2 and 3 differ (x: (2, 2), y: (3, 2))"));
  EXPECT_THAT(error_of([&] { dot(constant(1.0), y); }), HasSubstr("is a scalar"));
  EXPECT_THAT(error_of([&] { dot(x, constant({{1, 2}, {3, 4}}, {.dtype = "float64"})); }), HasSubstr("not promoted"));
}

}  // namespace
}  // namespace keel
