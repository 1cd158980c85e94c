#include "ops/nn/bias_add.h"

#include <cstdint>
#include <vector>

#include "core/error.h"
#include "core/structure.h"
#include "core/structure.h"
#include "ops/array/array.h"
#include "ops/math/math.h"

namespace keel {

Tensor bias_add(const Tensor& x, const Tensor& bias, const DataFormat& data_format) {
  const int rank = x.rank();
  const bool is_vector = bias.rank() == 1;
  if (rank < 2 || (!is_vector && bias.rank() != rank - 1)) {
    fail("bias_add: bias of shape ", bias.shape(), " does not fit x of shape ", x.shape(),
         "; accepted are vectors and biases of one axis less than x, which has at least two");
  }
  // A matrix has its channels last, whatever the format.
  const bool channels_first = data_format.channels_first() && rank > 2;
  // Sizes of bias in the order of the axes of x behind the first; 1 where it is repeated.
  Tensor aligned = bias;
  if (is_vector && channels_first) {
    for (int i = 2; i < rank; ++i) aligned = expand_dims(aligned);
  } else if (channels_first) {
    // Keras takes the elements as they lie for those of the channels-first shape.
    if (bias.shape().is_static()) {
      Shape order{bias.shape().back()};
      for (int i = 0; i < rank - 2; ++i) order.push_back(bias.shape()[i]);
      aligned = reshape(bias, order);
    } else {
      const Tensor sizes = shape(bias);
      aligned = reshape(bias, concatenate({slice(sizes, 0, rank - 2, 1), slice(sizes, 0, 0, rank - 2)}, 0));
    }
  }
  const Shape& from = aligned.shape();
  for (int i = 1; i <= from.rank(); ++i) {
    const int64_t size = from[from.rank() - i], wanted = x.shape()[rank - i];
    const bool repeated = is_vector ? i != from.rank() : size == 1;
    if (!repeated && size != wanted && size != None && wanted != None) {
      fail("bias_add: bias of shape ", bias.shape(), " does not fit x of shape ", x.shape(), ", ",
           channels_first ? "channels first" : "channels last");
    }
  }
  return x + aligned;
}

}  // namespace keel
