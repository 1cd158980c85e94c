#include "ops/nn/in_top_k.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <tuple>

#include "core/op.h"

namespace keel {
namespace {

template <typename S>
auto widened(S x) {
  if constexpr (sizeof(S) == 2) {
    return to_float(x);
  } else {
    return x;
  }
}

template <typename S>
bool is_in_top_k(const S* row, int64_t classes, int64_t target, int64_t k) {
  if (target < 0 || target >= classes) return false;
  const auto score = widened(row[target]);
  int64_t above = 0;
  bool finite = true;
  for (int64_t i = 0; i < classes; ++i) {
    const auto other = widened(row[i]);
    above += other > score;
    finite &= std::abs(other) <= std::numeric_limits<decltype(other)>::max();
  }
  return finite && above < k;
}

class InTopK final : public OpOf<InTopK> {
 public:
  static constexpr std::string_view kName = "in_top_k";
  static constexpr std::string_view kNoGradient = "its result is a bool";
  int64_t k;
  auto fields() const { return std::tie(k); }
  Signatures infer(SignatureSpan in) const override {
    const Shape &p = in[0].shape, &t = in[1].shape;
    if (p.rank() != 2 || t.rank() != 1 || (p[0] != t[0] && p[0] != None && t[0] != None)) {
      fail(kName, ": predictions have shape ", p, " and targets ", t,
           "; accepted are (N, classes) and (N,)");
    }
    if (!in[0].dtype.is_floating() ||
        (in[1].dtype != DType::kInt32 && in[1].dtype != DType::kInt64)) {
      fail(kName, ": predictions are ", in[0].dtype, " and targets ", in[1].dtype,
           "; accepted are floating predictions and int32 or int64 targets");
    }
    return {{DType::kBool, Shape{t[0] == None ? p[0] : t[0]}}};
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const int64_t rows = (*in[0].shape)[0], classes = (*in[0].shape)[1];
    const View& targets = in[1];
    bool* to = out[0].as<bool>();
    const auto run_on = [&](const auto* scores) {
      exec.pool.parallel_for(
          rows, std::max<int64_t>(1, 32768 / std::max<int64_t>(classes, 1)),
          [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
              const int64_t target = targets.dtype == DType::kInt32 ? targets.as<int32_t>()[i]
                                                                    : targets.as<int64_t>()[i];
              to[i] = is_in_top_k(scores + i * classes, classes, target, k);
            }
          });
    };
    switch (in[0].dtype.kind()) {
      case DType::kFloat16: return run_on(in[0].as<float16>());
      case DType::kBfloat16: return run_on(in[0].as<bfloat16>());
      case DType::kFloat32: return run_on(in[0].as<float>());
      default: return run_on(in[0].as<double>());
    }
  }
};

}  // namespace

Tensor in_top_k(const Tensor& predictions, const Tensor& targets, int64_t k) {
  if (k <= 0) fail("in_top_k: k is ", k, "; accepted are positive numbers");
  return make<InTopK>({predictions, targets}, k);
}

}  // namespace keel
