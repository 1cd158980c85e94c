// Times several ways to do one thing, in turns, so that what the machine's neighbours do hits each
// alike.
#ifndef KEEL_BENCHMARKS_TAKE_TURNS_H_
#define KEEL_BENCHMARKS_TAKE_TURNS_H_

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace keel {

// Seconds per call.
struct Timing {
  double best, median;
};

// One Timing per peer, of `seconds` in all per peer. A turn is some 10 ms of calls, after one that
// does not count: other libraries' threads spin for a while after their work.
inline std::vector<Timing> take_turns(const std::vector<std::function<void()>>& peers,
                                      double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  std::vector<std::vector<double>> times(peers.size());
  const auto start = Clock::now();
  do {
    for (size_t p = 0; p < peers.size(); ++p) {
      const auto turn = Clock::now();
      do {
        peers[p]();
      } while (since(turn) < 3e-3);
      const auto begin = Clock::now();
      do {
        const auto call = Clock::now();
        peers[p]();
        times[p].push_back(since(call));
      } while (since(begin) < 1e-2);
    }
  } while (since(start) < seconds * static_cast<double>(peers.size()) || times[0].size() < 3);
  std::vector<Timing> result;
  for (auto& t : times) {
    std::sort(t.begin(), t.end());
    result.push_back({t.front(), t[t.size() / 2]});
  }
  return result;
}

}  // namespace keel

#endif  // KEEL_BENCHMARKS_TAKE_TURNS_H_
