// Work in a process of its own.
#ifndef KEEL_TESTING_GOLDEN_ISOLATE_H_
#define KEEL_TESTING_GOLDEN_ISOLATE_H_

#include <functional>
#include <string>

namespace keel::golden {

// What `work` returns, computed by a copy of this process, so that a crash or an endless loop ends
// that copy alone: then what happened, after `crashed`. `seconds` is how long it may take. For
// processes that have no other threads.
std::string isolated(const std::function<std::string()>& work, int seconds, const std::string& crashed);

}  // namespace keel::golden

#endif  // KEEL_TESTING_GOLDEN_ISOLATE_H_
