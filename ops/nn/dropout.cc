#include "ops/nn/dropout.h"

#include "core/error.h"
#include "core/structure.h"
#include "ops/math/math.h"
#include "ops/random/random.h"

namespace keel {

Tensor dropout(const Tensor& x, double level, const DropoutOptions& options) {
  if (!(level >= 0 && level < 1)) fail("dropout: level is ", level, "; accepted are numbers in [0, 1)");
  if (!x.dtype().is_floating()) {
    fail("dropout: x is ", x.dtype(), "; accepted are floating dtypes");
  }
  // Made for its checks of noise_shape even where nothing is dropped.
  const Tensor keep = random_keep_mask("dropout", x, 1 - level, options.noise_shape, options.seed);
  if (level == 0) return identity(x);
  // A choice, not a product: an infinite entry that is dropped is 0 too.
  return where(keep, x * (1 / (1 - level)), scalar(0, x.dtype()));
}

}  // namespace keel
