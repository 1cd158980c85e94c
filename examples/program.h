// What examples share: Ctrl-C, and paths as the user means them.
#ifndef KEEL_EXAMPLES_PROGRAM_H_
#define KEEL_EXAMPLES_PROGRAM_H_

#include <string>

namespace keel::examples {

// True once the user has pressed Ctrl-C; the first call installs the handler.
bool interrupted();

// `path` as the user meant it: relative to where `bazel run` was called, if it was.
std::string user_path(const std::string& path);

}  // namespace keel::examples

#endif  // KEEL_EXAMPLES_PROGRAM_H_
