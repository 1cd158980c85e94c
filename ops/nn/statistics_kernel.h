// Means and variances, for normalization. float16 and bfloat16 are computed in float32. Thread-safe;
// results have the same bits for any number of threads.
#ifndef KEEL_OPS_NN_STATISTICS_KERNEL_H_
#define KEEL_OPS_NN_STATISTICS_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"
#include "core/view.h"

namespace keel {

// Which elements belong together: x is [outer, groups, inner], and a group's statistics are over
// outer and inner. Channels last are [rows, channels, 1], channels first [batch, channels, pixels].
struct StatisticsShape {
  int64_t outer = 1, groups = 1, inner = 1;
};

// Bytes of scratch that batch_statistics() wants: 64-byte aligned, contents free.
size_t batch_statistics_scratch_bytes(const StatisticsShape& shape);

// mean, variance: [groups], of the dtype of x (floating). The variance is the population's. x is read
// from memory once: tiles that fit L1 are summed, then summed again around their own mean, and tiles
// are put together by Chan's formula, in double beyond a piece of parallel work. Relative error of the
// variance about 1e-6 (float64: 1e-15) and a rounding of |mean| / stddev. Without elements both are NaN.
void batch_statistics(const View& x, const StatisticsShape& shape, const View& mean,
                      const View& variance, void* scratch, const ThreadPool& pool);

// What the gradient of a normalization needs of dy: sums [groups] = Σ dy, and products [groups] =
// Σ dy · (x − mean), in one read of dy and x, which have one layout and dtype. Scratch as above. Terms
// are added in tiles, tiles in pieces and pieces in double: errors grow with the logarithm of their
// number.
void batch_gradient_sums(const View& dy, const View& x, const View& mean, const StatisticsShape& shape,
                         const View& sums, const View& products, void* scratch,
                         const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_NN_STATISTICS_KERNEL_H_
