// Where functions run.
//
// A build with CUDA (--config=cuda) runs them on the GPU where the machine has one: the steps of a plan
// whose kernels have a variant there run on it, all others on the CPU. Arrays then lie in memory that
// both see, so nothing else changes; results may differ in the last bits, random numbers do not.
// Where there is no GPU, one line on stderr says so and everything runs on the CPU. The environment
// chooses: KEEL_DEVICE=cpu leaves the GPU alone, KEEL_DEVICE=cuda is the default.
#ifndef KEEL_CORE_DEVICE_H_
#define KEEL_CORE_DEVICE_H_

#include "core/kernel.h"

namespace keel {

// What KEEL_DEVICE, the build and the machine come to; null: the CPU alone. Looked for once, when the
// first array is made. Plans are compiled for the device of their time.
Device* device();

// Makes `device` that device for as long as it lives. For tests; functions made outside keep their plans.
class DeviceScope {
 public:
  explicit DeviceScope(Device* device);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  Device* const around_;
};

// The device for a value of KEEL_DEVICE (null where it is not set) among those that `find` finds. `message`
// gets the line for the user where that is not what he asked for, or may expect.
std::unique_ptr<Device> choose_device(const char* wanted,
                                      std::unique_ptr<Device> (*find)(std::string& why_not),
                                      std::string& message);

}  // namespace keel

#endif  // KEEL_CORE_DEVICE_H_
