// Labels of sequences as sparse tensors.
#ifndef KEEL_OPS_CTC_LABELS_H_
#define KEEL_OPS_CTC_LABELS_H_

#include "core/tensor.h"

namespace keel {

// A sparse tensor of the first `label_lengths` elements of each row of `labels`. `labels`: [samples,
// labels], any dtype, which is the result's too; `label_lengths`: [samples] or [samples, 1], numbers.
// How many elements there are is known only when the graph runs. It has no gradient. ValueError, when
// it runs, for lengths out of range. Source: keras.backend.ctc_label_dense_to_sparse.
Tensor ctc_label_dense_to_sparse(const Tensor& labels, const Tensor& label_lengths);

}  // namespace keel

#endif  // KEEL_OPS_CTC_LABELS_H_
