// Errors of what does not know whom it serves.
#ifndef KEEL_CORE_IN_NAME_OF_H_
#define KEEL_CORE_IN_NAME_OF_H_

#include "core/error.h"

namespace keel {

// What f() gives. A ValueError that it throws is thrown anew with `subject`, as operator<< prints its
// parts, before the message: in_name_of([&] { return byte_size(shape, t); }, "zeros: shape ", shape).
template <typename F, typename... Parts>
decltype(auto) in_name_of(F&& f, const Parts&... subject) {
  try {
    return f();
  } catch (const ValueError& error) {
    fail(subject..., ": ", error.what());
  }
}

}  // namespace keel

#endif  // KEEL_CORE_IN_NAME_OF_H_
