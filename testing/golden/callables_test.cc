// The named functions, by loops written out: cases of rnn (without masks), map_fn, foldl and foldr.
#include "testing/golden/callables.h"

#include <string>

#include "core/function.h"
#include "core/structure.h"
#include "gtest/gtest.h"
#include "ops/array/array.h"
#include "testing/golden/compare.h"
#include "testing/golden/corpus.h"

namespace keel::golden {
namespace {

// The input of that name as a constant; an empty handle where there is none.
Tensor input(const Json& test, const std::string& name) {
  for (const Json& each : test["inputs"]) {
    if (each["name"] == name) return constant_tensor(read_tensor(each));
  }
  return {};
}

Tensors inputs(const Json& test, const std::string& name) {
  Tensors list;
  for (int i = 0;; ++i) {
    const Tensor next = input(test, name + "[" + std::to_string(i) + "]");
    if (!next.defined()) return list;
    list.push_back(next);
  }
}

void expect_outputs(const Json& test, const Tensors& outputs) {
  std::vector<Array> values;
  for (const Tensor& output : outputs) values.push_back(eval(output));
  const auto mismatch = compare_outputs(values, test["outputs"], {test["rtol"], test["atol"]});
  EXPECT_FALSE(mismatch.has_value()) << test["id"] << ' ' << mismatch->where;
}

// Calls `run` for every case of `file` that has outputs; how many there were.
template <typename Run>
int each_case(const char* file, Run run) {
  int count = 0;
  for (const Json& test : read_cases(file)) {
    if (test.contains("outputs")) count += run(test);
  }
  return count;
}

TEST(Callables, Steps) {
  const int count = each_case("testing/golden/data/rnn.json", [](const Json& test) {
    if (input(test, "mask").defined()) return 0;
    const StepFunction step = step_function(
        test["args"]["step_function"], {input(test, "step.W"), input(test, "step.U"), input(test, "step.b")});
    const Tensor x = input(test, "inputs");
    const Tensors constants = inputs(test, "constants");
    Tensors states = inputs(test, "initial_states"), outputs;
    const int64_t steps = x.shape()[1];
    for (int64_t t = 0; t < steps; ++t) {
      Tensors all = states;
      all.insert(all.end(), constants.begin(), constants.end());
      const int64_t at = test["args"].value("go_backwards", false) ? steps - 1 - t : t;
      auto [output, next] = step(element_at(x, at, 1), all);
      outputs.push_back(output);
      states = next;
    }
    Tensors results = {outputs.back(), stack(outputs, 1)};
    results.insert(results.end(), states.begin(), states.end());
    expect_outputs(test, results);
    return 1;
  });
  EXPECT_GE(count, 40);
}

TEST(Callables, MapsAndFolds) {
  const int count = each_case("testing/golden/data/control.json", [](const Json& test) {
    const std::string function = test["function"];
    if (function != "map_fn" && function != "foldl" && function != "foldr") return 0;
    Tensors elems = inputs(test, "elems");
    if (elems.empty()) elems = {input(test, "elems")};
    const int64_t n = elems[0].shape()[0];
    if (function == "map_fn") {
      Tensors results;
      for (int64_t i = 0; i < n; ++i) {
        Tensors element;
        for (const Tensor& each : elems) element.push_back(element_at(each, i));
        results.push_back(map_function(test["args"]["fn"])(element));
      }
      expect_outputs(test, {stack(results)});
      return 1;
    }
    const FoldFunction fold = fold_function(test["args"]["fn"]);
    Tensor accumulator = input(test, "initializer");
    for (int64_t i = 0; i < n; ++i) {
      const Tensor element = element_at(elems[0], function == "foldl" ? i : n - 1 - i);
      accumulator = accumulator.defined() ? fold(accumulator, element) : element;
    }
    expect_outputs(test, {accumulator});
    return 1;
  });
  EXPECT_GE(count, 79);
}

TEST(Callables, UnknownNames) {
  EXPECT_THROW(step_function("no_such_step", {}), CaseError);
  EXPECT_THROW(map_function("no_such_function"), CaseError);
  EXPECT_THROW(fold_function("no_such_function"), CaseError);
}

}  // namespace
}  // namespace keel::golden
