// Numbers that make names unique.
#ifndef KEEL_CORE_UID_H_
#define KEEL_CORE_UID_H_

#include <string_view>

namespace keel {

// How often this was called with `prefix` since the start or reset_uids(), this call included: 1,
// 2, 3 … for each prefix. Thread-safe. Source: keras.backend.get_uid.
int get_uid(std::string_view prefix = "");

// Lets every prefix start at 1 again. Source: keras.backend.reset_uids.
void reset_uids();

}  // namespace keel

#endif  // KEEL_CORE_UID_H_
