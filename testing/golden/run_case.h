// Runs cases of the corpus.
#ifndef KEEL_TESTING_GOLDEN_RUN_CASE_H_
#define KEEL_TESTING_GOLDEN_RUN_CASE_H_

#include <optional>
#include <string>
#include <vector>

#include "testing/golden/compare.h"
#include "testing/golden/corpus.h"

namespace keel::golden {

// Runs one case in a session of its own. Nothing where all is as expected, else where it differs
// most: a wrong value, an error nobody asked for, an unknown function or argument. Never throws.
std::optional<Mismatch> run_case(const Json& test);

// The functions that a case calls and Keel does not have.
std::vector<std::string> missing_features(const Json& test);

// "conv1d-A001 conv1d 0.002 output 0 at (1, 2): got 3, want 4", on one line.
std::string failure_line(const Json& test, const Mismatch& mismatch);

}  // namespace keel::golden

#endif  // KEEL_TESTING_GOLDEN_RUN_CASE_H_
