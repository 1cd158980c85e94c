#include "core/device.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/assign.h"
#include "core/function.h"
#include "core/graph.h"
#include "core/op.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Puts off what its kernels begin until somebody waits for it; whoever does not wait reads nonsense.
class LazyDevice final : public Device {
 public:
  std::string_view name() const override { return "lazy"; }
  void* allocate(size_t bytes) override {
    ++allocated;
    return std::aligned_alloc(64, bytes);
  }
  void free(void* memory) override {
    ++freed;
    std::free(memory);
  }
  void synchronize() override {
    ++waits;
    for (auto& work : std::exchange(begun, {})) work();
    if (broken) fail("lazy: the device is broken");
  }
  std::unique_ptr<Kernel> compile(const LoopProgram& program) const override {
    return std::make_unique<LazyKernel>(make_loop_kernel(program), *this);
  }

  // Begins what a kernel of the CPU does.
  class LazyKernel final : public Kernel {
   public:
    LazyKernel(std::unique_ptr<Kernel> kernel, const LazyDevice& device)
        : kernel_(std::move(kernel)), device_(device) {}
    size_t scratch_bytes(const ThreadPool& pool) const override { return kernel_->scratch_bytes(pool); }
    bool may_alias(int out, int in) const override { return kernel_->may_alias(out, in); }
    void run(const Exec& exec, Views in, Views out) const override {
      for (const View& o : out) {
        const bool in_place = std::any_of(in.begin(), in.end(), [&](const View& i) { return i.data == o.data; });
        if (!in_place) std::memset(o.data, 0xFF, byte_size(*o.shape, o.dtype));
      }
      if (device_.runs == device_.most_runs) fail("lazy: the device takes no more");
      ++device_.runs;
      device_.begun.push_back([this, exec, in, out] { kernel_->run(exec, in, out); });
    }

   private:
    const std::unique_ptr<Kernel> kernel_;
    const LazyDevice& device_;
  };

  mutable int runs = 0;
  int most_runs = 1000;
  mutable std::vector<std::function<void()>> begun;
  int allocated = 0, freed = 0, waits = 0;
  bool broken = false;
};

// Arrays may outlive the scope that they were made in.
LazyDevice& lazy_device() {
  static LazyDevice* const device = new LazyDevice;
  *device = LazyDevice();
  return *device;
}

// The elements the other way round. On the CPU alone.
class Reverse final : public OpOf<Reverse> {
 public:
  static constexpr std::string_view kName = "reverse";
  static constexpr std::string_view kNoGradient = "a test needs none";
  auto fields() const { return std::tie(); }
  Signatures infer(SignatureSpan in) const override { return {in[0]}; }
  void run(const Exec&, Views in, Views out) const override {
    const int64_t n = in[0].shape->elements();
    std::reverse_copy(in[0].as<float>(), in[0].as<float>() + n, out[0].as<float>());
  }
};
Tensor reverse(const Tensor& x) { return make<Reverse>({x}); }

Array vector_of(std::vector<float> values) {
  return Array::of(Shape{static_cast<int64_t>(values.size())}, values);
}

TEST(Device, TheCpuWaitsForWhatItReads) {
  LazyDevice& device = lazy_device();
  const DeviceScope scope(&device);
  const Tensor x = placeholder({.shape = Shape{None}});
  const Tensor twice = add(x, x), turned = reverse(twice);
  const Function f = function({x}, {add(turned, twice), turned, sum_to_like(twice, constant(Array(0.f)))});
  const auto out = f({vector_of({1, 2, 4})});
  EXPECT_THAT(out[0].to_vector<float>(), ElementsAre(10, 8, 10));
  EXPECT_THAT(out[1].to_vector<float>(), ElementsAre(8, 4, 2));
  EXPECT_EQ(out[2].item<float>(), 14);
  EXPECT_EQ(device.runs, 2);   // `twice` with its sum, and the last addition.
  EXPECT_EQ(device.waits, 2);  // Before `reverse` and at the end.
  const std::string plan = f.explain({vector_of({1, 2, 4})});
  EXPECT_THAT(plan, HasSubstr(" on lazy\n"));
  EXPECT_THAT(plan, HasSubstr("reverse"));
}

TEST(Device, UpdatesVariables) {
  LazyDevice& device = lazy_device();
  const DeviceScope scope(&device);
  const Variable v = variable(vector_of({1, 2, 3}));
  const Tensor x = placeholder({.shape = Shape{3}});
  const Function f = function({x}, {reverse(v)}, {assign("update_add", v, x, true)});
  EXPECT_THAT(f({vector_of({10, 20, 30})})[0].to_vector<float>(), ElementsAre(3, 2, 1));
  EXPECT_THAT(f({vector_of({10, 20, 30})})[0].to_vector<float>(), ElementsAre(33, 22, 11));
  EXPECT_THAT(v.value().to_vector<float>(), ElementsAre(21, 42, 63));
  EXPECT_GT(device.runs, 0);
}

TEST(Device, WhatIsUnderWayEndsBeforeAnErrorLeaves) {
  LazyDevice& device = lazy_device();
  const DeviceScope scope(&device);
  const Tensor x = placeholder({.shape = Shape{2}});
  const Function f = function({x}, {add(x, sum_to_like(x, constant(Array(0.f))))});
  device.most_runs = 1;  // Of the two that it takes.
  EXPECT_THROW(f({vector_of({1, 2})}), ValueError);
  EXPECT_EQ(device.runs, 1);
  EXPECT_TRUE(device.begun.empty());
  device.most_runs = 10;
  EXPECT_THAT(f({vector_of({1, 2})})[0].to_vector<float>(), ElementsAre(4, 5));
}

TEST(Device, WhatTheDeviceSaysReachesTheCaller) {
  LazyDevice& device = lazy_device();
  const DeviceScope scope(&device);
  const Variable v = variable(vector_of({1, 2}));
  const Tensor x = placeholder({.shape = Shape{2}});
  const Function f = function({x}, {}, {assign("update_add", v, x, true)});
  device.broken = true;
  EXPECT_THROW(f({vector_of({1, 1})}), ValueError);
  EXPECT_THAT(v.value().to_vector<float>(), ElementsAre(1, 2));
  device.broken = false;
  f({vector_of({1, 1})});
  EXPECT_THAT(v.value().to_vector<float>(), ElementsAre(2, 3));
}

TEST(Device, HasTheMemoryOfArrays) {
  LazyDevice& device = lazy_device();
  {
    const DeviceScope scope(&device);
    const Array array({(int64_t{1} << 30) + 1}, DType::kUint8);  // More than is ever kept.
    EXPECT_EQ(device.allocated, 1);
    EXPECT_EQ(device.freed, 0);
  }
  EXPECT_EQ(device.freed, 1);
  const Array array({(int64_t{1} << 30) + 1}, DType::kUint8);
  EXPECT_EQ(device.allocated, 1);
}

std::unique_ptr<Device> find_lazy(std::string&) { return std::make_unique<LazyDevice>(); }
std::unique_ptr<Device> find_none(std::string&) { return nullptr; }
std::unique_ptr<Device> find_broken(std::string& why_not) {
  why_not = "no GPU was found";
  return nullptr;
}

TEST(Device, IsChosen) {
  const struct {
    const char* wanted;
    std::unique_ptr<Device> (*find)(std::string&);
    bool found;
    std::string message;
  } cases[] = {
      {nullptr, find_lazy, true, ""},
      {"", find_lazy, true, ""},
      {"cuda", find_lazy, true, ""},
      {"cpu", find_lazy, false, ""},
      {nullptr, find_none, false, ""},
      {"cpu", find_none, false, ""},
      {"cuda", find_none, false,
       "KEEL_DEVICE is 'cuda', but this build has no CUDA (build with --config=cuda): running on the CPU"},
      {nullptr, find_broken, false, "no GPU was found: running on the CPU"},
      {"cuda", find_broken, false, "no GPU was found: running on the CPU"},
      {"cpu", find_broken, false, ""},
      {"gpu", find_lazy, true, "KEEL_DEVICE is 'gpu'; accepted are cpu and cuda: running on lazy"},
      {"gpu", find_none, false, "KEEL_DEVICE is 'gpu'; accepted are cpu and cuda: running on the CPU"},
  };
  for (const auto& c : cases) {
    std::string message;
    EXPECT_EQ(choose_device(c.wanted, c.find, message) != nullptr, c.found);
    EXPECT_EQ(message, c.message);
  }
}

}  // namespace
}  // namespace keel
