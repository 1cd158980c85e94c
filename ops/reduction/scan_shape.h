// An array as a scan along one of its axes sees it.
#ifndef KEEL_OPS_REDUCTION_SCAN_SHAPE_H_
#define KEEL_OPS_REDUCTION_SCAN_SHAPE_H_

#include "core/shape.h"
#include "ops/reduction/scan_kernel.h"

namespace keel {

// The axes before `axis`, it, and those after it.
inline ScanShape scan_shape(const Shape& shape, int axis, bool backwards) {
  ScanShape s{1, shape[axis], 1, backwards};
  for (int a = 0; a < axis; ++a) s.outer *= shape[a];
  for (int a = axis + 1; a < shape.rank(); ++a) s.inner *= shape[a];
  return s;
}

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_SCAN_SHAPE_H_
