// Whether what a call gave or threw is what a case or a step of a script expects.
#ifndef KEEL_TESTING_GOLDEN_VERDICT_H_
#define KEEL_TESTING_GOLDEN_VERDICT_H_

#include <functional>
#include <optional>
#include <string>

#include "testing/golden/call.h"
#include "testing/golden/compare.h"

namespace keel::golden {

// What came of a call: its answer with the values of its tensors, or what the ValueError said.
struct Outcome {
  std::vector<Array> values;         // Of an answer of tensors or arrays.
  Json result;                       // Of any other, null where there is none; of tensors see below.
  std::optional<std::string> error;  // Of the ValueError.
};

// Compares an outcome with what `expected` (a case or a step) says in `outputs`, `result`, `error`,
// `alt` and `alt_error`; either the primary or the other answer will do. Keel has one kind of error:
// a ValueError stands for whatever kind the corpus names. `input` is for `expect`: what dropout got.
std::optional<Mismatch> judge(const Outcome& outcome, const Json& expected, Tolerance tolerance,
                              const Array& input = Array());

// Whether the tag is among the case's.
bool has_tag(const Json& test, const char* tag);

// Tensors as a plain result: a scalar's number, null for an empty handle, a list where they are several
// or one that stands for nothing (gradients gives [None]).
Json plain_result(const Tensors& tensors);

}  // namespace keel::golden

#endif  // KEEL_TESTING_GOLDEN_VERDICT_H_
