#include "benchmarks/harness.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <thread>
#include <utility>

#include "core/function.h"

namespace keel::bench {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// One who takes turns.
struct Contender {
  const Step* step;
  int calls = 1;  // Per sample: as many as make a sample long beside the clock's own cost.
  std::vector<double> samples = {};
  double spent = 0;

  void sample() {
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i) step->run();
    const double seconds = since(begin);
    spent += seconds;
    samples.push_back(seconds / calls);
  }
};

}  // namespace

std::vector<Timing> take_turns(absl::Span<const Step> steps, const Setting& setting,
                               double seconds) {
  constexpr double kSample = 100e-6, kTurn = 10e-3;
  const UseThreadPool use(setting.pool);
  std::vector<Contender> contenders;
  for (const Step& step : steps) {
    step.run();  // First calls make plans, pack weights and touch pages; second calls pack, too.
    step.run();
    const auto begin = Clock::now();
    step.run();
    contenders.push_back({&step, std::max(1, static_cast<int>(kSample / std::max(since(begin), 1e-9)))});
  }
  const auto done = [&](const Contender& c) { return c.spent >= seconds && c.samples.size() >= 5; };
  for (int turn = 0; !std::all_of(contenders.begin(), contenders.end(), done); ++turn) {
    for (size_t i = 0; i < contenders.size(); ++i) {
      Contender& c = contenders[turn % 2 == 0 ? i : contenders.size() - 1 - i];
      // OpenMP's threads spin for some 3 ms after their work, on cores that the next one needs.
      if (setting.threads > 1) std::this_thread::sleep_for(std::chrono::milliseconds(4));
      c.step->run();  // Wakes its threads and fetches its operands.
      const double before = c.spent;
      do {
        c.sample();
      } while (c.spent - before < kTurn);
    }
  }
  std::vector<Timing> timings;
  for (Contender& c : contenders) {
    std::sort(c.samples.begin(), c.samples.end());
    timings.push_back({c.samples[c.samples.size() / 2], c.samples.front()});
  }
  return timings;
}

Step make_step(const MakeStep& make, const Setting& setting) {
  const UseThreadPool use(setting.pool);
  return make(setting);
}

double difference(absl::Span<const float> a, absl::Span<const float> b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0, apart = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) || std::isnan(b[i])) return INFINITY;
    largest = std::max({largest, std::abs(double{a[i]}), std::abs(double{b[i]})});
    apart = std::max(apart, std::abs(double{a[i]} - double{b[i]}));
  }
  return largest == 0 ? apart : apart / largest;
}

Floats::Floats(int64_t size) : size_(size) {
  // What is large lies in huge pages, as Keel's own arrays do: peers are not to pay for the benchmark's memory.
  const size_t used = static_cast<size_t>(size) * sizeof(float) + 64;
  const bool huge = used >= size_t{1} << 22;
  const size_t alignment = huge ? size_t{1} << 21 : 64, bytes = (used + alignment - 1) / alignment * alignment;
  data_ = static_cast<float*>(std::aligned_alloc(alignment, bytes));
  if (data_ == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (huge) madvise(data_, bytes, MADV_HUGEPAGE);
#endif
  std::memset(data_, 0, static_cast<size_t>(size) * sizeof(float));
}

Floats::Floats(int64_t size, int seed, float low, float high) : Floats(size) {
  std::minstd_rand bits(static_cast<unsigned>(seed) + 1);
  const float step = (high - low) / (1 << 23);
  for (int64_t i = 0; i < size; ++i) data_[i] = low + step * static_cast<float>(bits() >> 8);
}

Floats::Floats(Floats&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Floats::~Floats() { std::free(data_); }

}  // namespace keel::bench
