// The error that every public function raises on bad input.
#ifndef KEEL_CORE_ERROR_H_
#define KEEL_CORE_ERROR_H_

#include <sstream>
#include <stdexcept>
#include <string>

namespace keel {

// Bad input: an argument out of its domain, shapes or dtypes that do not fit. The message names the
// public function, the argument, what it got and what it accepts, with shapes as `(None, 28, 28, 1)`.
class ValueError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// Throws a ValueError whose message is `parts` one after the other, as operator<< prints them:
//   fail("conv2d: kernel has ", k, " input channels but x has ", c);
template <typename... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw ValueError(message.str());
}

}  // namespace keel

#endif  // KEEL_CORE_ERROR_H_
