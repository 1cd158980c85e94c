// Parts of a tensor.
#ifndef KEEL_OPS_ARRAY_SLICE_H_
#define KEEL_OPS_ARRAY_SLICE_H_

#include <cstdint>
#include <limits>
#include <ostream>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace keel {

// Which indices of an axis are taken: begin, begin + step … before `end`. Negative bounds count from
// the axis' end, as in Python.
struct SliceRange {
  static constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  int64_t begin = 0;
  int64_t end = kEnd;
  int64_t step = 1;  // Above 0.

  friend bool operator==(const SliceRange&, const SliceRange&) = default;
  // Both for the attributes of ops.
  template <typename H>
  friend H AbslHashValue(H h, const SliceRange& r) {
    return H::combine(std::move(h), r.begin, r.end, r.step);
  }
  friend std::ostream& operator<<(std::ostream& out, const SliceRange& r) {
    out << r.begin << ':';
    if (r.end != kEnd) out << r.end;
    if (r.step != 1) out << ':' << r.step;
    return out;
  }
};

// `size` elements of axis `axis` from `begin` on; a negative `begin` counts from the end. Any dtype.
// ValueError where they are not all there (when fed, if the axis' size is not known before).
Tensor slice(const Tensor& x, int64_t axis, int64_t begin, int64_t size);

// `ranges` of the leading axes, and all of the others. Unlike Python, which shortens what reaches
// beyond an axis, a ValueError says so. `reverse` does what a negative step would.
Tensor strided_slice(const Tensor& x, const std::vector<SliceRange>& ranges);

// Element `index` of axis `axis`, without that axis: x[index].
Tensor element_at(const Tensor& x, int64_t index, int64_t axis = 0);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_SLICE_H_
