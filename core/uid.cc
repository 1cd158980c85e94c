#include "core/uid.h"

#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace keel {
namespace {

struct Uids {
  std::mutex mutex;
  std::map<std::string, int, std::less<>> last;  // By prefix.
};

// Never destroyed: static objects of other files may still ask at exit.
Uids& uids() {
  static Uids* const uids = new Uids;
  return *uids;
}

}  // namespace

int get_uid(std::string_view prefix) {
  const std::lock_guard<std::mutex> lock(uids().mutex);
  auto found = uids().last.find(prefix);
  if (found == uids().last.end()) found = uids().last.emplace(prefix, 0).first;
  return ++found->second;
}

void reset_uids() {
  const std::lock_guard<std::mutex> lock(uids().mutex);
  uids().last.clear();
}

}  // namespace keel
