#include "ops/control/print.h"

#include <string>

#include "core/error.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStdout;

TEST(PrintTensor, PrintsWhenItIsComputed) {
  const Tensor x = placeholder({.shape = Shape{None}});
  const Tensor printed = print_tensor(x, "x is: ");
  const Function f = function({x}, {add(printed, x)});
  for (int call = 0; call < 2; ++call) {
    CaptureStdout();
    const auto out = f({Array{1, 2.5}});
    EXPECT_EQ(GetCapturedStdout(), "x is: [1, 2.5]\n");
    EXPECT_THAT(out[0].to_vector<float>(), ElementsAre(2, 5));
  }
  CaptureStdout();
  function({x}, {add(x, x)})({Array{1}});
  EXPECT_EQ(GetCapturedStdout(), "");
  // A constant is printed in each call, too.
  const Function constants = function({}, {print_tensor(constant(3.0))});
  CaptureStdout();
  constants();
  constants();
  EXPECT_EQ(GetCapturedStdout(), "3\n3\n");
}

TEST(PrintTensor, PassesValuesAndGradientsOn) {
  CaptureStdout();
  testing::check_gradients([](const Tensors& x) { return add(print_tensor(x[0]), x[0]); }, {testing::random_array({3}, 1)});
  const Tensor flags = constant(Array::full({2, 0}, 1, "bool"));
  EXPECT_EQ(eval(print_tensor(flags)).shape(), (Shape{2, 0}));
  GetCapturedStdout();
  EXPECT_THROW(print_tensor(Tensor()), ValueError);
}

}  // namespace
}  // namespace keel
