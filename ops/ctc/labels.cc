#include "ops/ctc/labels.h"

#include <cstring>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/op.h"
#include "core/sparse.h"
#include "ops/ctc/arguments.h"

namespace keel {
namespace {

// The places and values of the first elements of each row. Inputs: labels, lengths (int64).
class FirstOfRows final : public OpOf<FirstOfRows> {
 public:
  static constexpr std::string_view kName = "ctc_label_dense_to_sparse";
  static constexpr std::string_view kNoGradient = "labels are names of classes";
  auto fields() const { return std::tie(); }
  bool shapes_at_run_time() const override { return true; }
  Signatures infer(SignatureSpan in) const override {
    if (in[0].shape.rank() != 2) fail(kName, ": labels have shape ", in[0].shape, "; accepted are (samples, labels)");
    check_ctc_lengths(kName, "label_lengths", in[1].shape, in[0].shape[0]);
    return {{DType::kInt64, Shape{None, 2}}, {in[0].dtype, Shape{None}}};
  }
  std::vector<Array> run_shaped(const Exec&, Views in) const override {
    const Shape& shape = *in[0].shape;
    const int64_t rows = shape[0], width = shape[1];
    const int64_t* const lengths = in[1].as<int64_t>();
    check_ctc_length_values(kName, "label_lengths", lengths, rows, width, "labels in a row");
    int64_t count = 0;
    for (int64_t n = 0; n < rows; ++n) count += lengths[n];
    Array indices({count, 2}, DType::kInt64), values({count}, in[0].dtype);
    int64_t* place = indices.mutable_data<int64_t>();
    std::byte* value = values.bytes_begin();
    const size_t size = in[0].dtype.size();
    for (int64_t n = 0; n < rows; ++n) {
      for (int64_t i = 0; i < lengths[n]; ++i) {
        *place++ = n;
        *place++ = i;
      }
      const size_t bytes = static_cast<size_t>(lengths[n]) * size;
      if (bytes > 0) std::memcpy(value, in[0].as<std::byte>() + static_cast<size_t>(n * width) * size, bytes);
      value += bytes;
    }
    return {indices, values};
  }
};

}  // namespace

Tensor ctc_label_dense_to_sparse(const Tensor& labels, const Tensor& label_lengths) {
  const Tensors parts = make_all<FirstOfRows>({labels, as_int64(FirstOfRows::kName, "label_lengths", label_lengths)});
  return sparse_tensor(parts[0], parts[1], frame_like(labels));
}

}  // namespace keel
