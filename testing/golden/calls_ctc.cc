// Connectionist temporal classification.
#include "ops/ctc/ctc.h"

#include "core/sparse.h"
#include "core/structure.h"
#include "ops/math/cast.h"
#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

Answer call_ctc_decode(Call& call) {
  CtcDecodeOptions options;
  options.greedy = call.arg("greedy", options.greedy);
  options.beam_width = call.arg("beam_width", options.beam_width);
  options.top_paths = call.arg("top_paths", options.top_paths);
  options.merge_repeated = call.arg("merge_repeated", options.merge_repeated);
  const CtcDecoded decoded = ctc_decode(call.tensor("y_pred"), call.tensor("input_length"), options);
  Tensors outputs = decoded.decoded;
  outputs.push_back(decoded.log_probability);
  return outputs;
}

// The parts of a sparse tensor, as the corpus has them.
Answer call_ctc_label_dense_to_sparse(Call& call) {
  const Tensor sparse = ctc_label_dense_to_sparse(call.tensor("labels"), call.tensor("label_lengths"));
  return Tensors{sparse_indices(sparse), sparse_values(sparse), cast(shape(sparse), DType::kInt64)};
}

constexpr Entry kEntries[] = {
    {"ctc_label_dense_to_sparse", "labels label_lengths", call_ctc_label_dense_to_sparse},
    {"ctc_batch_cost", "y_true y_pred input_length label_length",
     [](Call& c) -> Answer {
       return ctc_batch_cost(c.tensor("y_true"), c.tensor("y_pred"), c.tensor("input_length"), c.tensor("label_length"));
     }},
    {"ctc_decode", "y_pred input_length greedy beam_width top_paths merge_repeated", call_ctc_decode},
};

}  // namespace

Entries ctc_calls() { return kEntries; }

}  // namespace keel::golden
