#include "testing/golden/calls.h"

#include <iterator>
#include <sstream>

#include "absl/strings/str_join.h"

namespace keel::golden {

const Entry* find_entry(std::string_view name) {
  for (Entries entries : {core_calls(), math_calls(), array_calls(), reduction_calls(), random_calls(), nn_calls(),
                          conv_calls(), rnn_calls(), ctc_calls(), control_calls()}) {
    for (const Entry& entry : entries) {
      if (entry.name == name) return &entry;
    }
  }
  return nullptr;
}

Answer make_call(const Entry& entry, Call& call) {
  std::istringstream words{std::string(entry.parameters)};
  const std::set<std::string> known{std::istream_iterator<std::string>(words), {}};
  for (const std::string& name : call.given()) {
    if (known.count(name) == 0 && known.count("**") == 0) throw CaseError("unknown argument " + name);
  }
  Answer answer = entry.call(call);
  if (const auto unread = call.unread(); !unread.empty()) {
    throw CaseError("arguments that nothing came of: " + absl::StrJoin(unread, ", "));
  }
  return answer;
}

}  // namespace keel::golden
