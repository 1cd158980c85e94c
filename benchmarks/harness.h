// Workloads, how they are timed beside each other, and what both the table of ratios and Google
// Benchmark need to know of them.
#ifndef KEEL_BENCHMARKS_HARNESS_H_
#define KEEL_BENCHMARKS_HARNESS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "core/threads.h"

namespace keel::bench {

// What a workload runs with. Peers take the number, Keel the pool.
struct Setting {
  int threads;
  const ThreadPool& pool;
};

// Work made ready: it owns its operands, filled with the same numbers whoever does the work.
struct Step {
  std::function<void()> run;
  // What the last run computed, where it can be compared with another's.
  std::function<absl::Span<const float>()> result = nullptr;
  // More to tell than the time, after the row.
  std::function<std::string()> note = nullptr;
};
using MakeStep = std::function<Step(const Setting&)>;

// Somebody else who does the same work, or a part of it that bounds it from below.
struct Peer {
  std::string name;
  MakeStep make;
  // Counted in the geometric mean. False for a bound, such as one copy of the same bytes.
  bool competitor = true;
};

// Which of the machine's bandwidths bounds a workload.
enum class Traffic { kCopy, kRead, kWrite };

// One row of the table. Names, shapes, flops and bytes are those of the Python peers' workloads.
struct Workload {
  std::string name;
  MakeStep keel;
  std::vector<Peer> peers = {};
  double flops = 0;  // Multiply-adds count two. 0 where another cost bounds it.
  double bytes = 0;  // Every operand and result once. 0 where a call is too small for it to matter.
  Traffic traffic = Traffic::kCopy;
  double tolerance = 1e-4;  // How far results may differ, relative to the largest of them.

  void add(std::vector<Peer> more) { peers.insert(peers.end(), more.begin(), more.end()); }
};
using Workloads = std::vector<Workload>;

// Seconds per run.
struct Timing {
  double median = 0, best = 0;
};

// Times steps against each other for at least `seconds` each. They take turns, in changing order,
// so that what else the machine does meets each alike.
std::vector<Timing> take_turns(absl::Span<const Step> steps, const Setting& setting, double seconds);

// A new step of `make`, called on this thread with Keel's pool in place.
Step make_step(const MakeStep& make, const Setting& setting);

// The largest difference of two results over the largest element of them.
double difference(absl::Span<const float> a, absl::Span<const float> b);

// 64-byte aligned numbers.
class Floats {
 public:
  // Zeros.
  explicit Floats(int64_t size);
  // Uniform in [low, high), the same for the same seed.
  Floats(int64_t size, int seed, float low = -1, float high = 1);
  Floats(Floats&& other) noexcept;
  Floats& operator=(Floats&&) = delete;
  ~Floats();

  float* data() { return data_; }
  const float* data() const { return data_; }
  absl::Span<const float> span() const { return {data_, static_cast<size_t>(size_)}; }

 private:
  float* data_;
  int64_t size_;
};

}  // namespace keel::bench

#endif  // KEEL_BENCHMARKS_HARNESS_H_
