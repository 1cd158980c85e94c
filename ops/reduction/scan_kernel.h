// Running sums, products and recurrences over arrays.
#ifndef KEEL_OPS_REDUCTION_SCAN_KERNEL_H_
#define KEEL_OPS_REDUCTION_SCAN_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"
#include "core/threads.h"

namespace keel {

// x, out: [outer, n, inner] of any dtype but bool; the scan goes along n, from its end where
// `backwards`. Floats are accumulated in float64 (so that float32 results are off by little more than
// their rounding), integers wrap.
struct ScanShape {
  int64_t outer, n, inner;
  bool backwards;
};

// Bytes of scratch, aligned for double, that running_sum() needs.
size_t running_sum_scratch_bytes(const ScanShape& shape);

// out[t] = x[0] + … + x[t]
void running_sum(const ThreadPool& pool, const ScanShape& shape, DType dtype, const void* x, void* out,
                 std::byte* scratch);

// out[t] = x[0] · … · x[t]
void running_product(const ThreadPool& pool, const ScanShape& shape, DType dtype, const void* x,
                     void* out);

// out[0] = initial, out[t] = a[t - 1] · out[t - 1] + b[t - 1], of a floating dtype; without `b` nothing
// is added.
void recurrence(const ThreadPool& pool, const ScanShape& shape, DType dtype, double initial,
                const void* a, const void* b, void* out);

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_SCAN_KERNEL_H_
