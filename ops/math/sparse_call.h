// One product of a sparse matrix, as it passes the dispatch to a target.
#ifndef KEEL_OPS_MATH_SPARSE_CALL_H_
#define KEEL_OPS_MATH_SPARSE_CALL_H_

#include <cstdint>

namespace keel {

// Row i of the result is the sum over e in [first[i], first[i + 1]) of values[p] · B[indices[2·p + side]],
// where p is positions[e], or e where there are none.
template <typename S>
struct SparseRows {
  int64_t count;
  const int64_t* first;
  const int64_t* positions;
  const int64_t* indices;
  int side;
  const S* values;
  const S* b;
  int64_t n;

  int64_t position(int64_t e) const { return positions == nullptr ? e : positions[e]; }
  const S* row(int64_t e) const { return b + indices[2 * position(e) + side] * n; }
};

}  // namespace keel

#endif  // KEEL_OPS_MATH_SPARSE_CALL_H_
