#include "core/sparse.h"

#include <string>
#include <vector>

#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/error_of.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using testing_util::error_of;

std::vector<float> floats(const Array& a) { return a.to_vector<float>(); }

SparseArray example() { return SparseArray({{0, 1}, {1, 0}, {1, 2}}, {1, 2, 3}, {2, 3}); }

TEST(SparseArray, SaysWhereAndWhat) {
  const SparseArray a = example();
  EXPECT_EQ(a.indices().dtype(), "int64");
  EXPECT_EQ(a.shape(), (Shape{2, 3}));
  EXPECT_THAT(floats(a.to_dense()), ElementsAre(0, 1, 0, 2, 0, 3));
  const SparseArray b = SparseArray::of_dense(a.to_dense());
  EXPECT_THAT(b.indices().to_vector<int>(), ElementsAre(0, 1, 1, 0, 1, 2));
  EXPECT_THAT(floats(b.values()), ElementsAre(1, 2, 3));
  const SparseArray none(Array({0, 3}, "int32"), Array({0}, "bool"), {2, 1, 0});
  EXPECT_EQ(none.to_dense().shape(), (Shape{2, 1, 0}));
}

TEST(SparseArray, Errors) {
  EXPECT_THAT(error_of([] { SparseArray({{1, 0}, {0, 1}}, {1, 2}, {2, 2}); }),
              HasSubstr("index (0, 1) at position 1 comes after (1, 0)"));
  EXPECT_THAT(error_of([] { SparseArray({{1, 0}, {1, 0}}, {1, 2}, {2, 2}); }), HasSubstr("each once"));
  EXPECT_THAT(error_of([] { SparseArray({{0, 2}}, {1}, {2, 2}); }), HasSubstr("index (0, 2) at position 0 is out of range for shape (2, 2)"));
  EXPECT_THAT(error_of([] { SparseArray({{2, 0}}, {1}, {2, 2}); }), HasSubstr("out of range"));
  EXPECT_THAT(error_of([] { SparseArray({{0, -1}}, {1}, {2, 2}); }), HasSubstr("out of range"));
  EXPECT_THAT(error_of([] { SparseArray({{0, 0.5}}, {1}, {2, 2}); }), HasSubstr("no integer"));
  EXPECT_THAT(error_of([] { SparseArray({{0, 0}}, {1, 2}, {2, 2}); }), HasSubstr("indices have shape (1, 2)"));
  EXPECT_THAT(error_of([] { SparseArray({{0, 0, 0}}, {1}, {2, 2}); }), HasSubstr("it is (1, 2)"));
  EXPECT_THAT(error_of([] { SparseArray(Array({0, 0}, "int64"), Array({0}, "float32"), {}); }), HasSubstr("shape is ()"));
  EXPECT_THAT(error_of([] { SparseArray::of_dense(3.0); }), HasSubstr("scalar"));
  EXPECT_THAT(error_of([] { SparseArray().to_dense(); }), HasSubstr("empty handle"));
}

TEST(Sparse, IsAKindOfTensor) {
  const Tensor x = placeholder({.shape = Shape{None, 3}, .sparse = true});
  EXPECT_TRUE(is_sparse(x));
  EXPECT_TRUE(is_placeholder(x));
  EXPECT_EQ(x.shape(), (Shape{None, 3}));
  EXPECT_EQ(dtype(x), "float32");
  EXPECT_EQ(ndim(x), 2);
  const Tensor dense = to_dense(x);
  EXPECT_FALSE(is_sparse(dense));
  EXPECT_EQ(dense.shape(), (Shape{None, 3}));
  EXPECT_TRUE(to_dense(dense).same_as(dense));
  EXPECT_FALSE(is_sparse(placeholder({.shape = Shape{2}})));
}

TEST(Sparse, IsFedAndSpreadOut) {
  const Tensor x = placeholder({.shape = Shape{None, 3}, .name = "x", .sparse = true});
  const Tensor y = placeholder({.shape = Shape{None, 3}});
  // What knows nothing of sparse tensors reads a dense one; shapes are known as ever.
  const Function f = function({x, y}, {to_dense(x), add(x, y), shape(x), x});
  for (int round = 0; round < 2; ++round) {
    const auto out = f({example(), Array{{1, 1, 1}, {1, 1, 1}}});
    EXPECT_THAT(floats(out[0]), ElementsAre(0, 1, 0, 2, 0, 3));
    EXPECT_THAT(floats(out[1]), ElementsAre(1, 2, 1, 3, 1, 4));
    EXPECT_THAT(out[2].to_vector<int>(), ElementsAre(2, 3));
    EXPECT_THAT(floats(out[3]), ElementsAre(0, 1, 0, 2, 0, 3));
  }
  const SparseArray empty(Array({0, 2}, "int64"), Array({0}, "float32"), {1, 3});
  EXPECT_THAT(floats(f({empty, Array{{1, 1, 1}}})[1]), ElementsAre(1, 1, 1));
}

TEST(Sparse, FedWithTheWrongThing) {
  const Tensor x = placeholder({.shape = Shape{None, 3}, .name = "x", .sparse = true}), y = placeholder({.ndim = 1});
  const Function f = function({y, x}, {to_dense(x)});
  EXPECT_THAT(error_of([&] { f({Array{1}, Array{{1, 2, 3}}}); }), HasSubstr("input 1 is sparse"));
  EXPECT_THAT(error_of([&] { f({example(), example()}); }), HasSubstr("input 0 is dense"));
  EXPECT_THAT(error_of([&] { f({Array{1}, SparseArray({{0, 0}}, {1}, {2, 2})}); }),
              HasSubstr("input 1 has shape (2, 2) but placeholder 'x' has shape (None, 3)"));
  EXPECT_THAT(error_of([&] { f({Array{1}, SparseArray({{0, 0}}, Array::of(Shape{1}, std::vector<double>{1}), {2, 3})}); }),
              HasSubstr("input 1 is float64"));
  EXPECT_THAT(error_of([&] { f(std::vector<Feed>{example()}); }), HasSubstr("1 inputs were given; it has 2"));
  EXPECT_THAT(error_of([&] { function({x, x}, {x}); }), HasSubstr("inputs 0 and 1 are both placeholder 'x"));
  EXPECT_THAT(error_of([&] { placeholder({.ndim = 0, .sparse = true}); }), HasSubstr("shape ()"));
  EXPECT_THAT(error_of([&] { placeholder({.ndim = 1, .default_value = Array{1}, .sparse = true}); }), HasSubstr("default"));
  EXPECT_THAT(error_of([&] { eval(to_dense(x)); }), HasSubstr("'x"));
}

TEST(Sparse, LargeOnesOnAnyNumberOfThreads) {
  std::vector<int64_t> indices;
  std::vector<float> values;
  const int64_t rows = 700, columns = 501;
  Array want = Array::full({rows, columns}, 0, "float32");
  for (int64_t i = 0; i < rows * columns; i += 1 + (i * 7919) % 61) {
    indices.insert(indices.end(), {i / columns, i % columns});
    values.push_back(static_cast<float>(i % 97 + 1));
    want.mutable_data<float>()[i] = values.back();
  }
  const auto count = static_cast<int64_t>(values.size());
  const SparseArray a(Array::of({count, 2}, indices), Array::of(Shape{count}, values), {rows, columns});
  const Tensor x = placeholder({.ndim = 2, .sparse = true});
  const Function f = function({x}, {to_dense(x)});
  for (int threads : {1, 3}) {
    const ThreadPool pool(threads);
    const UseThreadPool use(pool);
    EXPECT_EQ(floats(f({a})[0]), floats(want));
  }
  EXPECT_EQ(floats(SparseArray::of_dense(want).values()), values);
}

// Batches whose numbers of elements differ by little have one plan.
TEST(Sparse, IsPaddedWhereItIsFed) {
  auto sizes = [](int64_t count) {
    std::vector<int64_t> indices(count);
    for (int64_t i = 0; i < count; ++i) indices[i] = i;
    return padded_parts(SparseArray(Array::of({count, 1}, indices), Array::full({count}, 1, "float32"), {10000}), "float32")[1].elements();
  };
  EXPECT_EQ(sizes(0), 0);
  EXPECT_EQ(sizes(1), 64);
  EXPECT_EQ(sizes(64), 64);
  EXPECT_EQ(sizes(3000), sizes(3050));
  EXPECT_LE(sizes(4100), 4100 * 1.13);
}

TEST(Sparse, Values) {
  const Tensor v = variable(example());
  EXPECT_TRUE(is_sparse(v));
  EXPECT_EQ(v.dtype(), "float32");
  EXPECT_THAT(floats(eval(v)), ElementsAre(0, 1, 0, 2, 0, 3));
  EXPECT_THAT(eval(shape(v)).to_vector<int>(), ElementsAre(2, 3));
  EXPECT_EQ(variable(example(), {.dtype = "float16"}).dtype(), "float16");
  // Plain numbers become what is asked for.
  const SparseArray plain = SparseArray::of_dense({{1, 0}, {0, 2}});
  EXPECT_EQ(variable(plain).dtype(), "float32");
  const Tensor fed = placeholder({.shape = Shape{2, 2}, .sparse = true});
  EXPECT_THAT(floats(function({fed}, {to_dense(fed)})(std::vector<Feed>{plain})[0]), ElementsAre(1, 0, 0, 2));
  EXPECT_THAT(error_of([&] { sparse_values(to_dense(v)); }), HasSubstr("not a sparse tensor"));
}

TEST(Sparse, IndicesOutOfOrderInTheGraph) {
  auto spread_out = [](const Array& indices) {
    const Tensor i = placeholder({.shape = Shape{None, 2}, .dtype = "int64"});
    const Tensor like = constant({{0, 0, 0}, {0, 0, 0}});
    const Tensor values = placeholder({.shape = Shape{None}});
    const Function f = function({i, values}, {to_dense(sparse_tensor(i, values, frame_like(like)))});
    return f({indices.cast("int64"), Array::full({indices.shape()[0]}, 1, "float32")})[0];
  };
  EXPECT_THAT(floats(spread_out({{0, 1}, {1, 2}})), ElementsAre(0, 1, 0, 0, 0, 1));
  EXPECT_THAT(error_of([&] { spread_out({{1, 2}, {0, 1}}); }), HasSubstr("comes after (1, 2)"));
  EXPECT_THAT(error_of([&] { spread_out({{0, 1}, {0, 1}}); }), HasSubstr("to_dense: index (0, 1) at position 1"));
  EXPECT_THAT(error_of([&] { spread_out({{0, 3}}); }), HasSubstr("out of range for shape (2, 3)"));
  EXPECT_THAT(error_of([&] { spread_out({{-1, 0}}); }), HasSubstr("out of range"));
}

TEST(Sparse, GradientsAreSparseToo) {
  const Tensor x = placeholder({.shape = Shape{None, 3}, .dtype = "float64", .sparse = true});
  const Tensor w = placeholder({.shape = Shape{None, 3}, .dtype = "float64"});
  // d/dx of the sum of (x + w)² / 2, by the gradient of add through itself.
  const Tensor y = add(x, w);
  const Tensors first = gradients({y}, {y}, {sparse_values(x)});
  const Tensor dx = gradients(y, {x})[0];
  EXPECT_TRUE(is_sparse(dx));
  const Function f = function({x, w}, {dx, sparse_tensor(sparse_indices(x), first[0], sparse_frame(x))});
  const auto out = f({example(), Array{{1, 2, 3}, {4, 5, 6}}});
  EXPECT_THAT(floats(out[0]), ElementsAre(0, 1, 0, 1, 0, 1));
  EXPECT_THAT(floats(out[1]), ElementsAre(0, 3, 0, 6, 0, 9));
  // The gradient of that by w: the elements' places.
  const Tensor dw = gradients(to_dense(sparse_tensor(sparse_indices(x), first[0], sparse_frame(x))), {w})[0];
  EXPECT_THAT(floats(function({x, w}, {dw})({example(), Array{{1, 2, 3}, {4, 5, 6}}})[0]), ElementsAre(0, 1, 0, 1, 0, 1));
}

}  // namespace
}  // namespace keel
