#include "core/device.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

namespace keel {
namespace {

Device* find_once() {
  std::string message;
  std::unique_ptr<Device> device = choose_device(std::getenv("KEEL_DEVICE"), find_device, message);
  if (!message.empty()) std::fprintf(stderr, "keel: %s\n", message.c_str());
  return device.release();  // Arrays may outlive every static object.
}

std::atomic<Device*>& current() {
  static std::atomic<Device*> device{find_once()};
  return device;
}

}  // namespace

std::unique_ptr<Device> choose_device(const char* wanted,
                                      std::unique_ptr<Device> (*find)(std::string& why_not),
                                      std::string& message) {
  const std::string name = wanted == nullptr ? "" : wanted;
  if (name == "cpu") return nullptr;
  std::string why_not;
  std::unique_ptr<Device> device = find(why_not);
  if (!name.empty() && name != "cuda") {
    message = "KEEL_DEVICE is '" + name + "'; accepted are cpu and cuda: running on " +
              (device != nullptr ? std::string(device->name()) : "the CPU");
  } else if (device == nullptr && !why_not.empty()) {
    message = why_not + ": running on the CPU";
  } else if (device == nullptr && name == "cuda") {
    message = "KEEL_DEVICE is 'cuda', but this build has no CUDA (build with --config=cuda): running on the CPU";
  }
  return device;
}

Device* device() { return current().load(std::memory_order_acquire); }

DeviceScope::DeviceScope(Device* device) : around_(current().exchange(device)) {}
DeviceScope::~DeviceScope() { current().store(around_, std::memory_order_release); }

}  // namespace keel
