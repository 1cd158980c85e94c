// Whether what the library answered is what the corpus expects.
#ifndef KEEL_TESTING_GOLDEN_COMPARE_H_
#define KEEL_TESTING_GOLDEN_COMPARE_H_

#include <optional>
#include <string>
#include <vector>

#include "core/array.h"
#include "testing/golden/corpus.h"

namespace keel::golden {

// Values agree where |got - want| <= absolute + relative·|want|; zeros ask for the same bits but for
// the sign of zero. Integers and bools always have to be the same.
struct Tolerance {
  double relative = 0, absolute = 0;
};

// Where two answers differ most.
struct Mismatch {
  std::string where;           // "output 0 at (1, 2): got 3, want 4"
  std::optional<double> error;  // |got - want| there; nothing where that has no meaning (a shape, a dtype).
};

// The worse of two.
std::optional<Mismatch> worse(std::optional<Mismatch> a, std::optional<Mismatch> b);

// `what` is what to call the array. NaN equals NaN, infinities are exact. With `truth_values`, bool
// and uint8 are the same dtype and anything but 0 is 1.
std::optional<Mismatch> compare(const std::string& what, const Array& got, const Array& want, Tolerance tolerance,
                                bool truth_values = false);

// The same for a list of outputs, each a tensor of the corpus.
std::optional<Mismatch> compare_outputs(const std::vector<Array>& got, const Json& want, Tolerance tolerance,
                                        bool truth_values = false);

// A plain result: numbers by value, everything else as it stands.
std::optional<Mismatch> compare_result(const Json& got, const Json& want);

// What random numbers are to be like: `expect` of the random family. `input` is what dropout got;
// not defined for the others.
std::optional<Mismatch> compare_expectation(const Array& got, const Json& expect, const Array& input);

}  // namespace keel::golden

#endif  // KEEL_TESTING_GOLDEN_COMPARE_H_
