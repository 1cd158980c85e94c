// Rows by number, and sums of rows by number.
#ifndef KEEL_OPS_ARRAY_GATHER_KERNEL_H_
#define KEEL_OPS_ARRAY_GATHER_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"
#include "core/view.h"

namespace keel {

// out[i] = reference[indices[i]], rows of `row_bytes` bytes; `rows` of them in `reference`, `count`
// indices. Returns -1, or the first i whose index is not in [0, rows); its row is not written.
// Index: an integer type.
template <typename Index>
int64_t gather_rows(const ThreadPool& pool, const void* reference, int64_t rows, int64_t row_bytes,
                    const Index* indices, int64_t count, void* out);

// Bytes that scatter_add_rows() needs, aligned for int64_t.
size_t scatter_add_scratch_bytes(int64_t rows, int64_t count);

// out[r] = Σ updates[i] over the i with indices[i] = r, in their order, for `rows` rows of `width`
// elements of a floating `dtype`; sums are made in float32 (float64 for float64), 64 at a time. The
// same result on any pool. Returns as gather_rows() does; then nothing is written.
template <typename Index>
int64_t scatter_add_rows(const ThreadPool& pool, const Index* indices, int64_t count,
                         const void* updates, DType dtype, int64_t rows, int64_t width, void* out,
                         std::byte* scratch);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_GATHER_KERNEL_H_
