// Scripts: cases of several calls that hand values to each other.
#ifndef KEEL_TESTING_GOLDEN_SCRIPT_H_
#define KEEL_TESTING_GOLDEN_SCRIPT_H_

#include <optional>
#include <string_view>

#include "testing/golden/compare.h"
#include "testing/golden/corpus.h"

namespace keel::golden {

// Runs the steps in order up to the first that goes wrong.
std::optional<Mismatch> run_script(const Json& test);

// Whether scripts have a call of that name beyond the functions of the backend.
bool is_script_call(std::string_view name);

}  // namespace keel::golden

#endif  // KEEL_TESTING_GOLDEN_SCRIPT_H_
