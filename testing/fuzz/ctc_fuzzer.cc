#include "ops/ctc/ctc.h"

#include <algorithm>

#include "core/sparse.h"
#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

int64_t size_or(const Tensor& x, int axis, int64_t otherwise) {
  return x.rank() > axis && x.shape()[axis] != None ? x.shape()[axis] : otherwise;
}

Tensor lengths(Draw& d, int64_t samples, int64_t most) {
  return d.indices(d.flag() ? Shape{samples} : Shape{samples, 1}, most);
}

Tensors fuzz_cost(Draw& d) {
  const Tensor y = d.tensor(3, 3);
  const int64_t samples = size_or(y, 0, 2), width = d.choice(0, 20);
  const Tensor labels = d.byte() < 230 ? d.indices(Shape{samples, width}, std::max<int64_t>(size_or(y, 2, 2) - 2, 0)) : d.tensor();
  const Tensor steps = lengths(d, samples, size_or(y, 1, 2)), counts = lengths(d, samples, width);
  return {ctc_batch_cost(labels, y, steps, counts, {.zero_infinity = d.flag()})};
}
Tensors fuzz_decode(Draw& d) {
  const Tensor y = d.tensor(3, 3);
  const Tensor steps = lengths(d, size_or(y, 0, 2), size_or(y, 1, 2));
  CtcDecodeOptions options;
  options.greedy = d.flag();
  options.beam_width = d.number(1, 6);
  options.top_paths = d.number(1, 3);
  options.merge_repeated = d.flag();
  const CtcDecoded decoded = ctc_decode(y, steps, options);
  Tensors all = decoded.decoded;
  all.push_back(decoded.log_probability);
  return all;
}
Tensors fuzz_labels(Draw& d) {
  const Tensor labels = d.tensor(2, 2);
  const Tensor sparse = ctc_label_dense_to_sparse(labels, lengths(d, size_or(labels, 0, 2), size_or(labels, 1, 2)));
  return {to_dense(sparse)};
}

}  // namespace

const Family& family() {
  static const Family known{{fuzz_cost, fuzz_decode, fuzz_labels}};
  return known;
}

}  // namespace keel::fuzz
