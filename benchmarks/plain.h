// Steps that are calls of plain functions over pointers: Eigen's, and bounds such as a copy.
#ifndef KEEL_BENCHMARKS_PLAIN_H_
#define KEEL_BENCHMARKS_PLAIN_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "benchmarks/harness.h"
#include "benchmarks/peer_eigen.h"

namespace keel::bench {

// f(in, out, pool): `in` holds Floats(sizes[i], i), `out` points to `result` numbers.
template <typename F>
MakeStep plain(const std::vector<int64_t>& sizes, int64_t result, F f) {
  return [=](const Setting& setting) -> Step {
    auto in = std::make_shared<std::vector<Floats>>();
    for (size_t i = 0; i < sizes.size(); ++i) in->emplace_back(sizes[i], static_cast<int>(i));
    auto out = std::make_shared<Floats>(result);
    return {[=, pool = &setting.pool] { f(*in, out->data(), *pool); }, [out] { return out->span(); }};
  };
}

// The peer Eigen: f(in, out), which calls functions of keel::bench::eigen. None where this machine
// cannot run them.
template <typename F>
std::vector<Peer> eigen_peer(const std::vector<int64_t>& sizes, int64_t result, F f) {
  if (!eigen::available()) return {};
  const MakeStep make = plain(sizes, result, [f](const std::vector<Floats>& in, float* out,
                                                 const ThreadPool&) { f(in, out); });
  return {{"Eigen", [make](const Setting& setting) {
             eigen::set_threads(setting.threads);
             return make(setting);
           }}};
}

}  // namespace keel::bench

#endif  // KEEL_BENCHMARKS_PLAIN_H_
