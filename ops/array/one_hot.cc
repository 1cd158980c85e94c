#include "ops/array/one_hot.h"

#include <algorithm>
#include <cstring>

#include "core/op.h"

namespace keel {
namespace {

class OneHot final : public OpOf<OneHot> {
 public:
  static constexpr std::string_view kName = "one_hot";
  static constexpr std::string_view kNoGradient = "an index has no slope";
  int64_t classes;

  auto fields() const { return std::tie(classes); }
  Signatures infer(SignatureSpan in) const override {
    Shape out = in[0].shape;
    out.push_back(classes);
    return {{DType::kFloat32, out}};
  }
  void run(const Exec& exec, Views in, Views out) const override {
    visit_dtype(in[0].dtype, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_integral_v<T>) {
        const T* const index = in[0].as<T>();
        float* const rows = out[0].as<float>();
        constexpr int64_t kPieceElements = 1 << 16;
        const int64_t grain = std::max<int64_t>(1, kPieceElements / classes);
        exec.pool.parallel_for(in[0].shape->elements(), grain, [&](int64_t begin, int64_t end) {
          std::memset(rows + begin * classes, 0, (end - begin) * classes * sizeof(float));
          for (int64_t i = begin; i < end; ++i) {
            // Negative indices are beyond any class as unsigned numbers.
            const uint64_t k = static_cast<uint64_t>(static_cast<int64_t>(index[i]));
            if (k < static_cast<uint64_t>(classes)) rows[i * classes + static_cast<int64_t>(k)] = 1;
          }
        });
      }
    });
  }
};

}  // namespace

Tensor one_hot(const Tensor& indices, int64_t num_classes) {
  if (!indices.dtype().is_integer()) {
    fail("one_hot: indices are ", indices.dtype(), "; accepted are integer dtypes");
  }
  if (num_classes < 1) fail("one_hot: num_classes is ", num_classes, "; accepted are numbers from 1 on");
  return make<OneHot>({indices}, num_classes);
}

}  // namespace keel
