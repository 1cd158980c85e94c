#include "ops/ctc/labels.h"

#include <string>
#include <vector>

#include "core/function.h"
#include "core/graph.h"
#include "core/sparse.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "testing/error_of.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tensor ints(const Shape& shape, const std::vector<int32_t>& values) { return constant_tensor(Array::of(shape, values)); }

using testing_util::error_of;

TEST(CtcLabels, KeepTheFirstOfEachRow) {
  const Tensor labels = placeholder({.ndim = 2, .dtype = "int16"}), lengths = placeholder({.ndim = 1, .dtype = "int32"});
  const Tensor sparse = ctc_label_dense_to_sparse(labels, lengths);
  EXPECT_TRUE(is_sparse(sparse));
  EXPECT_EQ(sparse.dtype(), "int16");
  EXPECT_EQ(sparse.shape(), (Shape{None, None}));
  const Function f = function({labels, lengths}, {sparse_indices(sparse), sparse_values(sparse), to_dense(sparse)});
  const Array in = Array::of(Shape{3, 2}, std::vector<int16_t>{5, 6, 7, 8, 9, 10});
  const auto out = f({in, Array::of(Shape{3}, std::vector<int32_t>{1, 0, 2})});
  EXPECT_THAT(out[0].to_vector<int>(), ElementsAre(0, 0, 2, 0, 2, 1));
  EXPECT_THAT(out[1].to_vector<int>(), ElementsAre(5, 9, 10));
  EXPECT_THAT(out[2].to_vector<int>(), ElementsAre(5, 0, 0, 0, 9, 10));
  const auto none = f({Array({0, 4}, "int16"), Array({0}, "int32")});
  EXPECT_EQ(none[0].shape(), (Shape{0, 2}));
  EXPECT_EQ(none[2].shape(), (Shape{0, 4}));
}

TEST(CtcLabels, AnyDtype) {
  for (DType dtype : {"bool", "uint8", "int64", "bfloat16", "float64"}) {
    const Tensor sparse = ctc_label_dense_to_sparse(cast(ints({1, 3}, {1, 0, 1}), dtype), ints({1, 1}, {2}));
    const Array dense = eval(to_dense(sparse));
    EXPECT_EQ(dense.dtype(), dtype);
    EXPECT_THAT(dense.to_vector<int>(), ElementsAre(1, 0, 0));
  }
}

TEST(CtcLabels, RejectLengthsOutOfRange) {
  const auto run = [](std::vector<int32_t> lengths) {
    return error_of([&] {
      const auto n = static_cast<int64_t>(lengths.size());
      eval(to_dense(ctc_label_dense_to_sparse(ints({2, 2}, {1, 2, 3, 4}), ints({n}, lengths))));
    });
  };
  EXPECT_EQ(run({2, 0}), "");
  EXPECT_THAT(run({2, 3}), HasSubstr("ctc_label_dense_to_sparse: label_lengths of sample 1 is 3; accepted are 0 to 2"));
  EXPECT_THAT(run({-1, 0}), HasSubstr("label_lengths of sample 0 is -1"));
  EXPECT_THAT(run({1}), HasSubstr("label_lengths has shape (1,); accepted are (2, 1) and (2,)"));
  EXPECT_THAT(error_of([] { ctc_label_dense_to_sparse(ints({2}, {1, 2}), ints({2}, {1, 1})); }), HasSubstr("shape (2,)"));
}

}  // namespace
}  // namespace keel
