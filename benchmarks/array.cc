// Data on the move.
#include <random>

#include "benchmarks/calls.h"
#include "benchmarks/peer_onednn.h"
#include "benchmarks/plain.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/graph.h"
#include "ops/array/concatenate.h"
#include "ops/array/gather.h"
#include "ops/array/transpose.h"

namespace keel::bench {
namespace {

double bytes_of(const Shape& shape) { return 4.0 * static_cast<double>(shape.elements()); }

Workload transposed(const char* name, const Shape& shape, const std::vector<int64_t>& pattern) {
  return {.name = name,
          .keel = unary_call(shape, [=](const Tensor& x) { return permute_dimensions(x, pattern); }),
          .peers = {{"oneDNN", onednn::transpose({shape.begin(), shape.end()}, {pattern.begin(), pattern.end()})}},
          .bytes = 2 * bytes_of(shape)};
}

Workload joined(const char* name, const Shape& shape, int axis) {
  return {.name = name,
          .keel = [=](const Setting&) {
            const Tensor a = input(shape), b = input(shape);
            return call(function({a, b}, {concatenate({a, b}, axis)}), {floats(shape, 0), floats(shape, 1)});
          },
          .peers = {{"oneDNN", onednn::concatenate({shape.begin(), shape.end()}, axis)}},
          .bytes = 4 * bytes_of(shape)};
}

Step gather_rows(const Setting&) {
  constexpr int64_t kRows = 50000, kColumns = 256, kPicked = 4096;
  const Tensor x = input({kRows, kColumns});
  const Tensor at = placeholder({.shape = Shape{kPicked}, .dtype = DType::kInt32});
  Array rows({kPicked}, DType::kInt32);
  std::minstd_rand random(1);
  for (int64_t i = 0; i < kPicked; ++i) rows.mutable_data<int32_t>()[i] = static_cast<int32_t>(random() % kRows);
  return call(function({x, at}, {gather(x, at)}), {floats({kRows, kColumns}, 0), rows});
}

}  // namespace

Workloads array_workloads() {
  Workloads all = {transposed("transpose_4096", {4096, 4096}, {1, 0}),
                   transposed("nhwc2nchw_32x56x56x64", {32, 56, 56, 64}, {0, 3, 1, 2}),
                   joined("concat_last_2x_32x56x56x64", {32, 56, 56, 64}, 3),
                   joined("concat_first_2x_2048x4096", {2048, 4096}, 0),
                   {.name = "gather_50000x256_4096", .keel = gather_rows, .bytes = 2 * 4.0 * 4096 * 256}};
  all[0].add(eigen_peer({4096 * 4096}, 4096 * 4096, [](const auto& in, float* out) {
    eigen::transpose(4096, 4096, in[0].data(), out);
  }));
  return all;
}

}  // namespace keel::bench
