#include "testing/golden/calls.h"

#include <iterator>
#include <sstream>
#include <utility>

#include "absl/strings/str_join.h"

namespace keel::golden {

const Entry* find_entry(std::string_view name, std::string* family) {
  const std::pair<const char*, Entries> families[] = {
      {"core", core_calls()},     {"math", math_calls()}, {"array", array_calls()}, {"reduction", reduction_calls()},
      {"random", random_calls()}, {"nn", nn_calls()},     {"conv", conv_calls()},   {"rnn", rnn_calls()},
      {"ctc", ctc_calls()},       {"control", control_calls()}};
  for (const auto& [label, entries] : families) {
    for (const Entry& entry : entries) {
      if (entry.name != name) continue;
      if (family != nullptr) *family = label;
      return &entry;
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
