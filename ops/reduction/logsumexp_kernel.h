// Logarithms of sums of exponentials, over arrays.
#ifndef KEEL_OPS_REDUCTION_LOGSUMEXP_KERNEL_H_
#define KEEL_OPS_REDUCTION_LOGSUMEXP_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"
#include "core/view.h"

namespace keel {

// x: [rows, k], y: [rows], of one floating dtype; float16 and bfloat16 are computed in float32. y = log Σ exp(x)
// along k, its greatest taken out before: -inf of nothing, NaN where there is one. Each exponential
// within 2 ULP. `scratch`: as many bytes as below. Thread-safe; the same bits for any number of threads.
void logsumexp_rows(const View& x, int64_t rows, int64_t k, const View& y, std::byte* scratch,
                    const ThreadPool& pool);
size_t logsumexp_scratch_bytes(int64_t rows, int64_t k);

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_LOGSUMEXP_KERNEL_H_
