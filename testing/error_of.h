// For tests of bad input.
#ifndef KEEL_TESTING_ERROR_OF_H_
#define KEEL_TESTING_ERROR_OF_H_

#include <string>

#include "core/error.h"

namespace keel::testing_util {

// The message of the Error that f() throws; empty where it throws none. Anything else escapes.
template <typename Error = ValueError, typename F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace keel::testing_util

#endif  // KEEL_TESTING_ERROR_OF_H_
