// Products with a sparse operand.
#include <cstdint>
#include <memory>
#include <vector>

#include "benchmarks/calls.h"
#include "benchmarks/plain.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/sparse.h"
#include "ops/math/dot.h"

namespace keel::bench {
namespace {

// A batch of documents as counts of words, 1 % of which occur, and the first layer on top of it.
constexpr int64_t kRows = 256, kColumns = 20000, kUnits = 128, kPerRow = 200;

// Word `i` of a row, in ascending order.
int64_t column_of(int64_t row, int64_t i) { return (i * kColumns + row * 7919 % kColumns / 100) / kPerRow; }

SparseArray documents() {
  Array indices({kRows * kPerRow, 2}, DType::kInt64);
  auto* to = indices.mutable_data<int64_t>();
  for (int64_t row = 0; row < kRows; ++row) {
    for (int64_t i = 0; i < kPerRow; ++i) {
      *to++ = row;
      *to++ = column_of(row, i);
    }
  }
  return {indices, floats({kRows * kPerRow}, 0), {kRows, kColumns}};
}

Workload sparse_product(bool gradient) {
  Workload w{.name = gradient ? "sparse_dot_256x20000x128_1pc_dw" : "sparse_dot_256x20000x128_1pc",
             .keel = [=](const Setting&) -> Step {
               const Tensor x = placeholder({.shape = Shape{kRows, kColumns}, .dtype = "float32", .sparse = true});
               const Tensor y = input({kColumns, kUnits}), dz = input({kRows, kUnits});
               const Tensor z = dot(x, y);
               struct State {
                 Function f;
                 std::vector<Feed> inputs;
                 std::vector<Array> outputs;
               };
               auto state = std::make_shared<State>();
               state->inputs = {documents(), floats({kColumns, kUnits}, 1)};
               if (gradient) {
                 state->inputs.emplace_back(floats({kRows, kUnits}, 2));
                 state->f = function({x, y, dz}, gradients(Tensors{z}, Tensors{dz}, Tensors{y}));
               } else {
                 state->f = function({x, y}, {z});
               }
               return {[state] {
                         state->outputs.clear();
                         state->outputs = state->f(state->inputs);
                       },
                       [state] { return state->outputs[0].values<float>(); }};
             },
             .flops = 2.0 * kRows * kPerRow * kUnits,
             .traffic = Traffic::kRead};
  if (gradient) return w;
  auto first = std::make_shared<std::vector<int>>(), index = std::make_shared<std::vector<int>>();
  for (int64_t row = 0; row <= kRows; ++row) {
    first->push_back(static_cast<int>(row * kPerRow));
    for (int64_t i = 0; i < kPerRow && row < kRows; ++i) index->push_back(static_cast<int>(column_of(row, i)));
  }
  w.add(eigen_peer({kRows * kPerRow, kColumns * kUnits}, kRows * kUnits, [=](const auto& in, float* out) {
    eigen::sparse_product(kRows, kColumns, *first, *index, in[0].data(), kUnits, in[1].data(), out);
  }));
  return w;
}

}  // namespace

Workloads sparse_workloads() { return {sparse_product(false), sparse_product(true)}; }

}  // namespace keel::bench
