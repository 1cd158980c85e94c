#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benchmarks/machine.cc"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/machine.h"

HWY_BEFORE_NAMESPACE();
namespace keel::bench {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

const char* Target() { return hwy::TargetName(HWY_TARGET); }

// Twelve chains of multiply-adds, which hide a latency of up to six cycles on two units. Returns the
// flops done.
double MultiplyAdd(size_t steps, float* out) {
  const D d;
  const auto m = hn::Set(d, 0.999f), a = hn::Set(d, 1e-3f);
  // Chains that start alike would be one chain to the compiler.
  auto v0 = hn::Iota(d, 0.0f), v1 = hn::Iota(d, 1.0f), v2 = hn::Iota(d, 2.0f), v3 = hn::Iota(d, 3.0f),
       v4 = hn::Iota(d, 4.0f), v5 = hn::Iota(d, 5.0f), v6 = hn::Iota(d, 6.0f), v7 = hn::Iota(d, 7.0f),
       v8 = hn::Iota(d, 8.0f), v9 = hn::Iota(d, 9.0f), v10 = hn::Iota(d, 10.0f), v11 = hn::Iota(d, 11.0f);
  for (size_t i = 0; i < steps; ++i) {
    v0 = hn::MulAdd(v0, m, a);
    v1 = hn::MulAdd(v1, m, a);
    v2 = hn::MulAdd(v2, m, a);
    v3 = hn::MulAdd(v3, m, a);
    v4 = hn::MulAdd(v4, m, a);
    v5 = hn::MulAdd(v5, m, a);
    v6 = hn::MulAdd(v6, m, a);
    v7 = hn::MulAdd(v7, m, a);
    v8 = hn::MulAdd(v8, m, a);
    v9 = hn::MulAdd(v9, m, a);
    v10 = hn::MulAdd(v10, m, a);
    v11 = hn::MulAdd(v11, m, a);
  }
  v0 = hn::Add(hn::Add(v0, v1), hn::Add(v2, v3));
  v4 = hn::Add(hn::Add(v4, v5), hn::Add(v6, v7));
  v8 = hn::Add(hn::Add(v8, v9), hn::Add(v10, v11));
  *out = hn::GetLane(hn::Add(v0, hn::Add(v4, v8)));
  return 2.0 * 12 * static_cast<double>(hn::Lanes(d) * steps);
}

// n is a multiple of 64 in all of these.
void Copy(const float* HWY_RESTRICT from, float* HWY_RESTRICT to, size_t n) {
  const D d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) hn::Store(hn::Load(d, from + i), d, to + i);
}

// Past the caches: a plain store would first read the line that it is about to overwrite.
void StreamCopy(const float* HWY_RESTRICT from, float* HWY_RESTRICT to, size_t n) {
  const D d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) hn::Stream(hn::Load(d, from + i), d, to + i);
  hwy::FlushStream();
}

void Fill(float* HWY_RESTRICT to, size_t n) {
  const D d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) hn::Store(hn::Set(d, 1.0f), d, to + i);
}

void StreamFill(float* HWY_RESTRICT to, size_t n) {
  const D d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) hn::Stream(hn::Set(d, 1.0f), d, to + i);
  hwy::FlushStream();
}

// Writes its result over the first number: the sum of what it then reads is never the same.
void Read(float* HWY_RESTRICT from, size_t n) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  for (size_t i = 0; i < n; i += 4 * lanes) {
    s0 = hn::Add(s0, hn::Load(d, from + i));
    s1 = hn::Add(s1, hn::Load(d, from + i + lanes));
    s2 = hn::Add(s2, hn::Load(d, from + i + 2 * lanes));
    s3 = hn::Add(s3, hn::Load(d, from + i + 3 * lanes));
  }
  from[0] = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel::bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel::bench {
namespace {

HWY_EXPORT(Target);
HWY_EXPORT(MultiplyAdd);
HWY_EXPORT(Copy);
HWY_EXPORT(StreamCopy);
HWY_EXPORT(Fill);
HWY_EXPORT(StreamFill);
HWY_EXPORT(Read);

// The shortest time in which work(thread) ends on every thread, begun at once.
double fastest(int threads, int runs, const std::function<void(int)>& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int run = 0; run < runs; ++run) {
    std::vector<std::thread> others;
    const auto begin = std::chrono::steady_clock::now();
    for (int t = 1; t < threads; ++t) others.emplace_back(work, t);
    work(0);
    for (std::thread& other : others) other.join();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

// `bytes`: of one operand on one thread.
Limits::Bandwidth bandwidth(int threads, int64_t bytes, bool stream) {
  const auto n = static_cast<size_t>(bytes) / 4 / 64 * 64;
  // About 2 ms a run: starting a thread takes some 30 us.
  const int repeat = static_cast<int>(std::max<int64_t>(1, (int64_t{64} << 20) / bytes));
  std::vector<Floats> from, to;
  for (int t = 0; t < threads; ++t) {
    from.emplace_back(static_cast<int64_t>(n), t);
    to.emplace_back(static_cast<int64_t>(n));
  }
  const double amount = static_cast<double>(n) * 4 * repeat * threads;
  const auto time = [&](auto&& once) {
    return fastest(threads, 40, [&](int t) {
      for (int i = 0; i < repeat; ++i) once(t);
    });
  };
  Limits::Bandwidth best;
  best.copy = 2 * amount / time([&](int t) {
    stream ? HWY_DYNAMIC_DISPATCH(StreamCopy)(from[t].data(), to[t].data(), n)
           : HWY_DYNAMIC_DISPATCH(Copy)(from[t].data(), to[t].data(), n);
  });
  best.read = amount / time([&](int t) { HWY_DYNAMIC_DISPATCH(Read)(from[t].data(), n); });
  best.write = amount / time([&](int t) {
    stream ? HWY_DYNAMIC_DISPATCH(StreamFill)(to[t].data(), n)
           : HWY_DYNAMIC_DISPATCH(Fill)(to[t].data(), n);
  });
  return best;
}

// The size of a cache of the first core. sysconf() would count all of a package's last-level caches,
// of which a core (and a virtual machine) sees one.
int64_t cache_bytes(int level, int64_t otherwise) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::ifstream level_file(folder + "level"), size_file(folder + "size"), type_file(folder + "type");
    int its_level = 0;
    int64_t kibibytes = 0;
    std::string type;
    if (level_file >> its_level && size_file >> kibibytes && type_file >> type && its_level == level &&
        type != "Instruction" && kibibytes > 0) {
      return kibibytes << 10;
    }
  }
  return otherwise;
}

}  // namespace

double Limits::seconds(const Workload& workload) const {
  size_t level = 0;
  while (level < 2 && workload.bytes > capacity[level]) ++level;
  const Bandwidth& b = levels[level];
  const double speed = workload.traffic == Traffic::kRead    ? b.read
                       : workload.traffic == Traffic::kWrite ? b.write
                                                             : b.copy;
  return std::max(workload.flops / flops, workload.bytes / speed);
}

Limits measure_limits(int threads) {
  Limits limits;
  limits.threads = threads;
  constexpr size_t kSteps = 500'000;
  std::vector<Floats> sinks;
  for (int t = 0; t < threads; ++t) sinks.emplace_back(16);
  const double flops = HWY_DYNAMIC_DISPATCH(MultiplyAdd)(1, sinks[0].data()) * kSteps;
  limits.flops = threads * flops / fastest(threads, 100, [&](int t) {
    HWY_DYNAMIC_DISPATCH(MultiplyAdd)(kSteps, sinks[t].data());
  });
  const int64_t l2 = cache_bytes(2, 1 << 20);
  const int64_t l3 = std::max(cache_bytes(3, 8 << 20), 2 * l2 * threads);
  // A part of each cache holds other things.
  limits.capacity = {0.9 * static_cast<double>(l2 * threads), 0.75 * static_cast<double>(l3), 0};
  limits.levels = {bandwidth(threads, l2 / 4, false), bandwidth(threads, l3 / 8 / threads, false),
                   bandwidth(threads, 2 * l3, true)};
  return limits;
}

const char* machine_target() { return HWY_DYNAMIC_DISPATCH(Target)(); }

}  // namespace keel::bench
#endif  // HWY_ONCE
