#include "ops/array/concatenate.h"

#include "core/sparse.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::error_of;
using testing_util::iota;

TEST(Concatenate, AlongEachAxis) {
  const Tensor x = constant(iota({2, 2})), y = constant(Array{{10, 11}}), z = constant(Array::of<float>({2, 1}, std::vector<float>{20, 21}));
  EXPECT_THAT(eval(concatenate({x, y}, 0)).to_vector<int>(), ElementsAre(0, 1, 2, 3, 10, 11));
  EXPECT_THAT(eval(concatenate({x, z})).to_vector<int>(), ElementsAre(0, 1, 20, 2, 3, 21));
  EXPECT_THAT(eval(concatenate({z, x, z}, 1)).to_vector<int>(), ElementsAre(20, 0, 1, 20, 21, 2, 3, 21));
  EXPECT_TRUE(concatenate({x}).same_as(x));
  EXPECT_EQ(concatenate({constant(iota({2}, "bool")), constant(iota({3}, "bool"))}).dtype(), DType("bool"));
}

TEST(Concatenate, OfSparseTensors) {
  const SparseArray a({{0, 1}, {1, 0}, {1, 2}}, {1, 2, 3}, {2, 3}), b({{0, 0}, {1, 1}}, {4, 5}, {2, 2});
  const SparseArray c({{0, 2}}, {6}, {1, 3});
  const Tensor x = placeholder({.shape = Shape{None, 3}, .sparse = true}), y = placeholder({.shape = Shape{2, 2}, .sparse = true});
  const Tensor z = placeholder({.shape = Shape{1, 3}, .sparse = true});
  const Tensor beside = concatenate({x, y}), below = concatenate({x, z, x}, 0);
  EXPECT_TRUE(is_sparse(beside));
  EXPECT_EQ(beside.shape(), (Shape{2, 5}));
  EXPECT_TRUE(is_sparse(below));
  EXPECT_EQ(below.shape(), (Shape{None, 3}));
  // One dense tensor among them makes it dense.
  const Tensor mixed = concatenate({x, to_dense(y)});
  EXPECT_FALSE(is_sparse(mixed));
  const auto out = function({x, y, z}, {beside, below, mixed, shape(below)})({a, b, c});
  EXPECT_THAT(out[0].to_vector<int>(), ElementsAre(0, 1, 0, 4, 0, 2, 0, 3, 0, 5));
  EXPECT_THAT(out[1].to_vector<int>(), ElementsAre(0, 1, 0, 2, 0, 3, 0, 0, 6, 0, 1, 0, 2, 0, 3));
  EXPECT_EQ(out[2].to_vector<int>(), out[0].to_vector<int>());
  EXPECT_THAT(out[3].to_vector<int>(), ElementsAre(5, 3));
  // What comes out is in order: a sparse tensor like any other, as are those made of it.
  const Tensor again = concatenate({beside, y, beside}, 1);
  EXPECT_THAT(function({x, y}, {again})({a, b})[0].to_vector<int>(),
              ElementsAre(0, 1, 0, 4, 0, 4, 0, 0, 1, 0, 4, 0, 2, 0, 3, 0, 5, 0, 5, 2, 0, 3, 0, 5));
}

TEST(Concatenate, OfSparseTensorsHasGradients) {
  const SparseArray a({{0, 1}, {1, 0}, {1, 2}}, {1, 2, 3}, {2, 3}), b({{0, 0}, {1, 1}}, {4, 5}, {2, 3});
  const Tensor like = constant(Array::full({2, 3}, 0, "float64"));
  for (int axis : {0, 1}) {
    testing::check_gradients([&](const Tensors& in) {
      return to_dense(concatenate({sparse_tensor(constant_tensor(a.indices()), in[0], frame_like(like)),
                                   sparse_tensor(constant_tensor(b.indices()), in[1], frame_like(like))}, axis));
    }, {testing::random_array({3}, 1), testing::random_array({2}, 2)});
  }
}

TEST(Concatenate, OfSparseTensorsThatDoNotFit) {
  const Tensor x = variable(SparseArray({{0, 1}}, {1}, {2, 3})), y = variable(SparseArray({{0, 1}}, {1}, {2, 2}));
  EXPECT_THAT(error_of([&] { concatenate({x, y}, 0); }), HasSubstr("only axis 0 may differ"));
  EXPECT_THAT(error_of([&] { concatenate({x, variable(SparseArray(Array::full({1, 1}, 0, "int64"), {1}, {2}))}); }), HasSubstr("one rank"));
  const Tensor indices = constant({{1, 0}, {0, 0}}, {.dtype = "int64"});
  const Tensor bad = sparse_tensor(indices, constant({1, 2}), sparse_frame(x));
  EXPECT_THAT(error_of([&] { eval(concatenate({x, bad}, 0)); }), HasSubstr("concatenate: index (0, 0) at position 1 of the sparse tensor 1"));
}

TEST(Concatenate, OfUnknownShapes) {
  const Tensor x = placeholder({.shape = Shape{None, 2}}), y = placeholder({.shape = Shape{3, None}});
  EXPECT_EQ(concatenate({x, y}, 0).shape(), (Shape{None, 2}));
  EXPECT_EQ(concatenate({x, y}, 1).shape(), (Shape{3, None}));
  const Function f = function({x, y}, {concatenate({x, y}, 0)});
  EXPECT_EQ(f({iota({0, 2}), iota({3, 2})})[0].to_vector<int>(), iota({6}).to_vector<int>());
  EXPECT_THAT(error_of([&] { f({iota({4, 2}), iota({3, 3})}); }), HasSubstr("tensor 1 has shape (3, 3)"));
}

TEST(Concatenate, SaysWhatDiffers) {
  const Tensor x = constant(iota({2, 3}));
  EXPECT_THAT(error_of([] { concatenate({}); }), HasSubstr("concatenate: the list of tensors is empty"));
  EXPECT_THAT(error_of([&] { concatenate({x, constant(iota({2}))}); }), HasSubstr("tensors of one rank"));
  EXPECT_THAT(error_of([&] { concatenate({x, constant(iota({2, 3}, "int32"), {.dtype = "int32"})}); }),
              HasSubstr("tensor 1 is int32 and tensor 0 float32"));
  EXPECT_THAT(error_of([&] { concatenate({x, constant(iota({3, 3}))}, 1); }), HasSubstr("only axis 1 may differ"));
  EXPECT_THAT(error_of([&] { concatenate({x, x}, 2); }), HasSubstr("concatenate: axis 2"));
  EXPECT_THAT(error_of([] { concatenate({constant(1.0), constant(2.0)}); }), HasSubstr("axis -1"));
  EXPECT_THAT(error_of([] { stack({}); }), HasSubstr("stack: the list"));
  EXPECT_THAT(error_of([&] { stack({x, constant(iota({2, 4}))}); }), HasSubstr("stack: tensor 1"));
}

TEST(Stack, MakesAnAxis) {
  const Tensor x = constant(iota({3})), y = constant(Array{10, 11, 12});
  EXPECT_THAT(eval(stack({x, y})).to_vector<int>(), ElementsAre(0, 1, 2, 10, 11, 12));
  const Array last = eval(stack({x, y}, -1));
  EXPECT_EQ(last.shape(), (Shape{3, 2}));
  EXPECT_THAT(last.to_vector<int>(), ElementsAre(0, 10, 1, 11, 2, 12));
  EXPECT_EQ(eval(stack({constant(1.0), constant(2.0), constant(3.0)})).shape(), Shape{3});
}

TEST(Concatenate, HasGradients) {
  const Array x = testing::random_array({2, 3}, 1), y = testing::random_array({2, 1}, 2);
  testing::check_gradients([](const Tensors& in) { return concatenate({in[0], in[1], in[0]}, 1); }, {x, y});
  testing::check_gradients([](const Tensors& in) { return stack({in[0], in[0]}, 1); }, {x});
}

}  // namespace
}  // namespace keel
