// How the corpus's calls become calls of Keel: one table per family, one file per table.
#ifndef KEEL_TESTING_GOLDEN_CALLS_H_
#define KEEL_TESTING_GOLDEN_CALLS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "testing/golden/call.h"

namespace keel::golden {

// A function of keras.backend. A call may name its `parameters`, separated by spaces, and no others;
// "**" stands for any.
struct Entry {
  std::string_view name, parameters;
  Answer (*call)(Call&);
};
using Entries = absl::Span<const Entry>;

Entries core_calls();
Entries math_calls();
Entries array_calls();
Entries reduction_calls();
Entries random_calls();
Entries nn_calls();
Entries conv_calls();
Entries rnn_calls();
Entries ctc_calls();
Entries control_calls();

// The entry of that name, or null where Keel has no such function. `family` gets whose it is: "math".
const Entry* find_entry(std::string_view name, std::string* family = nullptr);

// Makes the call. CaseError where it names a parameter that the function does not have, or one that
// the entry's code passes over; what the function itself throws comes through.
Answer make_call(const Entry& entry, Call& call);

}  // namespace keel::golden

#endif  // KEEL_TESTING_GOLDEN_CALLS_H_
