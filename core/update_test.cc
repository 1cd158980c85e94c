// New values of variables are written over those before, where nobody can tell.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "core/assign.h"
#include "core/function.h"
#include "core/graph.h"
#include "core/op.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keel {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<float> floats(const Array& a) { return a.to_vector<float>(); }

const void* memory_of(const Variable& v) { return v.value().bytes_begin(); }

Tensor set(const Variable& v, const Tensor& value) { return assign("update", v, value, /*additive=*/false); }

// Input 0, unless one of its elements is negative.
class NotNegative final : public OpOf<NotNegative> {
 public:
  static constexpr std::string_view kName = "not_negative";
  static constexpr std::string_view kNoGradient = "tests need none";
  auto fields() const { return std::tie(); }
  Signatures infer(SignatureSpan in) const override { return {in[0]}; }
  void run(const Exec&, Views in, Views out) const override {
    for (int64_t i = 0; i < in[0].shape->elements(); ++i) {
      if (in[0].as<float>()[i] < 0) fail("not_negative: element ", i, " is negative");
      out[0].as<float>()[i] = in[0].as<float>()[i];
    }
  }
};

TEST(Update, OverwritesTheValue) {
  const Variable v = variable({1, 2, 3}, {.name = "v"});
  const Function step = function({}, {}, {set(v, add(v, constant({1, 1, 1})))});
  EXPECT_THAT(step.explain(std::vector<Array>{}), HasSubstr("over v"));
  const void* const memory = memory_of(v);
  const uint64_t version = v.value().version();
  step();
  EXPECT_EQ(memory_of(v), memory);
  EXPECT_NE(v.value().version(), version);
  EXPECT_THAT(floats(v.value()), ElementsAre(2, 3, 4));
}

TEST(Update, LeavesAValueThatSomebodyHolds) {
  const Variable v = variable({1, 2});
  const Function step = function({}, {}, {set(v, add(v, v))});
  const Array held = v.value();
  step();
  step();
  EXPECT_THAT(floats(held), ElementsAre(1, 2));
  EXPECT_THAT(floats(v.value()), ElementsAre(4, 8));
  // One of two variables that have one value.
  const Variable w = variable({0, 0});
  function({}, {}, {set(w, v)})();
  function({}, {}, {set(w, add(w, w))})();
  EXPECT_THAT(floats(v.value()), ElementsAre(4, 8));
  EXPECT_THAT(floats(w.value()), ElementsAre(8, 16));
  // Fed.
  const Tensor x = placeholder({.shape = Shape{2}});
  const Function sum = function({x}, {x}, {set(v, add(v, x))});
  EXPECT_THAT(floats(sum({v.value()})[0]), ElementsAre(4, 8));
  EXPECT_THAT(floats(v.value()), ElementsAre(8, 16));
}

TEST(Update, LeavesAValueThatIsWantedLater) {
  const Variable v = variable({1, 2}), w = variable({10, 20}), u = variable({0, 0});
  const Tensor next = add(v, w);
  const auto returned = function({}, {v}, {set(v, add(v, v))});
  EXPECT_THAT(returned.explain(std::vector<Array>{}), Not(HasSubstr("over")));
  EXPECT_THAT(floats(returned()[0]), ElementsAre(1, 2));
  EXPECT_THAT(floats(v.value()), ElementsAre(2, 4));
  EXPECT_THAT(floats(function({}, {next}, {set(v, next)})()[0]), ElementsAre(12, 24));
  EXPECT_THAT(floats(v.value()), ElementsAre(12, 24));
  // Each new value from both before; one from the other.
  function({}, {}, {set(v, add(v, add(w, w))), set(w, add(w, v))})();
  EXPECT_THAT(floats(v.value()), ElementsAre(32, 64));
  EXPECT_THAT(floats(w.value()), ElementsAre(22, 44));
  function({}, {}, {set(u, v), set(v, add(v, w))})();
  EXPECT_THAT(floats(u.value()), ElementsAre(32, 64));
  EXPECT_THAT(floats(v.value()), ElementsAre(54, 108));
  const Tensor sum = add(v, u);
  function({}, {}, {set(v, sum), set(u, sum)})();
  EXPECT_THAT(floats(u.value()), ElementsAre(86, 172));
  EXPECT_THAT(floats(v.value()), ElementsAre(86, 172));
}

TEST(Update, MayReadTheValueInTwoWays) {
  const Variable v = variable({{1, 2}, {3, 4}});
  const Tensor rows = sum_to_like(v, zeros({1, 2}));  // Read to its end before the first is written.
  function({}, {}, {set(v, add(v, rows))})();
  EXPECT_THAT(floats(v.value()), ElementsAre(5, 8, 7, 10));
}

// Of two sizes, so that they are two steps.
TEST(Update, LeavesAValueThatALaterUpdateReads) {
  for (const bool swapped : {false, true}) {
    const Variable v = variable({1, 2}), w = variable({{10, 20}, {30, 40}});
    const Tensor one = set(v, add(v, constant({1, 1}))), other = set(w, add(w, v));
    function({}, {}, swapped ? Tensors{other, one} : Tensors{one, other})();
    EXPECT_THAT(floats(v.value()), ElementsAre(2, 3));
    EXPECT_THAT(floats(w.value()), ElementsAre(11, 22, 31, 42));
  }
}

TEST(Update, ComesAfterAllThatMayFail) {
  const Tensor x = placeholder({.shape = Shape{2}});
  const Variable v = variable({1, 2}), w = variable({3, 4});
  const Function step =
      function({x}, {add(make<NotNegative>({x}), x)}, {set(v, add(v, x)), set(w, add(w, make<NotNegative>({add(x, x)})))});
  const void* const memory = memory_of(v);
  EXPECT_THROW(step({Array{1, -1}}), ValueError);
  EXPECT_THAT(floats(v.value()), ElementsAre(1, 2));
  EXPECT_THAT(floats(w.value()), ElementsAre(3, 4));
  step({Array{1, 1}});
  EXPECT_THAT(floats(v.value()), ElementsAre(2, 3));
  EXPECT_THAT(floats(w.value()), ElementsAre(5, 6));
  EXPECT_EQ(memory_of(v), memory);
}

// Some update, some read; nobody sees an array of two steps.
TEST(Update, IsNeverSeenHalfMade) {
  constexpr int64_t kSize = 1 << 20;
  const Variable v = variable(Array::full({kSize}, 0, "float32")), w = variable(Array::full({kSize}, 0, "float32"));
  const Tensor one = constant(Array::full({kSize}, 1, "float32"));
  const Function step = function({}, {}, {set(v, add(v, one)), set(w, add(w, one))});
  const Function read = function({}, {add(v, v), w});
  std::atomic<bool> end{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) step();
    });
  }
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      while (!end) {
        // Else values are held all the time, and nothing is overwritten.
        std::this_thread::sleep_for(std::chrono::microseconds(300));
        const auto out = i == 0 ? read() : std::vector<Array>{v.value(), w.value()};
        for (const Array& array : out) {
          const auto values = array.values<float>();
          for (const float value : values) wrong += value != values[0];
        }
      }
    });
  }
  threads[0].join();
  threads[1].join();
  end = true;
  threads[2].join();
  threads[3].join();
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(floats(v.value()), Each(100));
  EXPECT_THAT(floats(w.value()), Each(100));
}

// What lies inside a program is no input of it.
TEST(Fusion, ChainsAreOneProgram) {
  const Tensor x = placeholder({.shape = Shape{64}});
  Tensor y = x;
  for (int i = 0; i < 40; ++i) y = add(y, x);
  EXPECT_THAT(function({x}, {y}).explain({Array::full({64}, 1, "float32")}), HasSubstr("1 steps"));
}

}  // namespace
}  // namespace keel
