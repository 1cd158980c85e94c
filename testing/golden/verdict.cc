#include "testing/golden/verdict.h"

#include <algorithm>

#include "core/function.h"

namespace keel::golden {
namespace {

bool allows_error(const Json& expected) {
  return expected.contains("error") || expected.value("alt_error", "none") != "none";
}

// Against `answer`, which holds `outputs` or `result`: the case itself or its `alt`.
std::optional<Mismatch> compare_answer(const Outcome& outcome, const Json& answer, Tolerance tolerance,
                                       bool truth_values) {
  if (answer.contains("outputs")) return compare_outputs(outcome.values, answer["outputs"], tolerance, truth_values);
  return compare_result(outcome.result, answer["result"]);
}

bool holds_answer(const Json& json) { return json.contains("outputs") || json.contains("result"); }

}  // namespace

bool has_tag(const Json& test, const char* tag) {
  const Json tags = test.value("tags", Json::array());
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

Json plain_result(const Tensors& tensors) {
  Json list = Json::array();
  for (const Tensor& tensor : tensors) {
    if (!tensor.defined()) {
      list.push_back(nullptr);
    } else {
      const Array value = eval(tensor);
      if (value.dtype().is_bool()) {
        list.push_back(value.item<bool>());
      } else if (value.dtype().is_integer()) {
        list.push_back(value.item<int64_t>());
      } else {
        list.push_back(value.item<double>());
      }
    }
  }
  return list.size() == 1 && !list[0].is_null() ? list[0] : list;
}

std::optional<Mismatch> judge(const Outcome& outcome, const Json& expected, Tolerance tolerance, const Array& input) {
  if (outcome.error.has_value()) {
    if (allows_error(expected)) return std::nullopt;
    return Mismatch{"threw ValueError: " + *outcome.error, std::nullopt};
  }
  const bool truth_values = has_tag(expected, "dtype_differs");
  std::optional<Mismatch> mismatch;
  if (expected.contains("error")) {
    mismatch = Mismatch{"no error, want " + expected["error"].get<std::string>(), std::nullopt};
    if (expected.value("alt_error", "") == "none") mismatch = std::nullopt;
  } else if (expected.contains("expect")) {
    if (outcome.values.size() != 1) throw CaseError("a random call gave no single tensor");
    mismatch = compare_expectation(outcome.values[0], expected["expect"], input);
  } else if (holds_answer(expected)) {
    mismatch = compare_answer(outcome, expected, tolerance, truth_values);
  }
  if (!mismatch.has_value()) return std::nullopt;
  if (expected.contains("alt") && holds_answer(expected["alt"]) &&
      !compare_answer(outcome, expected["alt"], tolerance, truth_values).has_value()) {
    return std::nullopt;
  }
  return mismatch;
}

}  // namespace keel::golden
