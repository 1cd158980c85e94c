#include "examples/program.h"

#include <csignal>
#include <cstdlib>

namespace keel::examples {
namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

void on_interrupt(int) { interrupt_seen = 1; }

}  // namespace

bool interrupted() {
  static const bool installed = [] {
    std::signal(SIGINT, on_interrupt);
    return true;
  }();
  return installed && interrupt_seen != 0;
}

std::string user_path(const std::string& path) {
  const char* stands = std::getenv("BUILD_WORKING_DIRECTORY");
  if (stands == nullptr || path.empty() || path[0] == '/') return path;
  return std::string(stands) + "/" + path;
}

}  // namespace keel::examples
