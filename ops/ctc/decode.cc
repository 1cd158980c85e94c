#include "ops/ctc/decode.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/buffer.h"
#include "core/config.h"
#include "core/op.h"
#include "ops/ctc/arguments.h"
#include "ops/ctc/beam_search.h"
#include "ops/ctc/decode_kernel.h"
#include "ops/math/cast.h"

namespace keel {
namespace {

constexpr std::string_view kFunction = "ctc_decode";
constexpr int64_t kMostPaths = 65536;

// The paths of all samples, by their rank.
using Paths = std::vector<std::vector<CtcPath>>;  // [rank][sample]

// One array per rank, as wide as its longest path, and the logarithms, [samples, ranks].
std::vector<Array> to_arrays(const Paths& paths, int64_t samples, DType dtype) {
  std::vector<Array> results;
  const auto ranks = static_cast<int64_t>(paths.size());
  Array logs({samples, ranks}, DType::kFloat64);
  for (int64_t r = 0; r < ranks; ++r) {
    size_t longest = 0;
    for (const CtcPath& path : paths[r]) longest = std::max(longest, path.labels.size());
    Array decoded = Array::full({samples, static_cast<int64_t>(longest)}, -1, DType::kInt64);
    for (int64_t n = 0; n < samples; ++n) {
      const CtcPath& path = paths[r][n];
      std::copy(path.labels.begin(), path.labels.end(), decoded.mutable_data<int64_t>() + n * static_cast<int64_t>(longest));
      logs.mutable_data<double>()[n * ranks + r] = path.log_probability;
    }
    results.push_back(std::move(decoded));
  }
  results.push_back(logs.cast(dtype));
  return results;
}

void merge_neighbours(std::vector<int64_t>& labels) {
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
}

template <typename T>
CtcPath decode_greedily(const T* y, int64_t steps, int64_t classes, T epsilon) {
  CtcPath path{std::vector<int64_t>(static_cast<size_t>(steps)), 0};
  ctc_best_classes(y, steps, classes, path.labels.data());
  // Products until they near the end of their range: a logarithm per step takes longer than the rest.
  double product = 1;
  for (int64_t t = 0; t < steps; ++t) {
    const double p = static_cast<double>(y[t * classes + path.labels[t]] + epsilon);
    if (p > 1e-100 && p < 1e100) {
      product *= p;
      if (product > 1e-200 && product < 1e200) continue;
      path.log_probability -= std::log(product);
      product = 1;
    } else {
      path.log_probability -= std::log(p);
    }
  }
  path.log_probability -= std::log(product);
  merge_neighbours(path.labels);
  path.labels.erase(std::remove(path.labels.begin(), path.labels.end(), classes - 1), path.labels.end());
  return path;
}

// Inputs: predictions (float32 or float64) and lengths (int64).
class CtcDecode final : public OpOf<CtcDecode> {
 public:
  static constexpr std::string_view kName = "ctc_decode";
  static constexpr std::string_view kNoGradient = "which path is best has no slope";
  bool greedy;
  int64_t beam_width, top_paths;
  bool merge_repeated;
  double epsilon;
  auto fields() const { return std::tie(greedy, beam_width, top_paths, merge_repeated, epsilon); }
  bool shapes_at_run_time() const override { return true; }
  Signatures infer(SignatureSpan in) const override {
    check_ctc_predictions(kName, in[0]);
    const int64_t samples = in[0].shape[0];
    check_ctc_lengths(kName, "input_length", in[1].shape, samples);
    Signatures out(static_cast<size_t>(top_paths), Signature{DType::kInt64, Shape{samples, None}});
    out.push_back({in[0].dtype, Shape{samples, top_paths}});
    return out;
  }
  std::vector<Array> run_shaped(const Exec& exec, Views in) const override {
    const Shape& shape = *in[0].shape;
    check_ctc_length_values(kName, "input_length", in[1].as<int64_t>(), shape[0], shape[1], "steps");
    Paths paths(static_cast<size_t>(top_paths), std::vector<CtcPath>(static_cast<size_t>(shape[0])));
    if (in[0].dtype == DType::kFloat64) {
      search(exec, shape, in[0].as<double>(), in[1].as<int64_t>(), paths);
    } else {
      search(exec, shape, in[0].as<float>(), in[1].as<int64_t>(), paths);
    }
    return to_arrays(paths, shape[0], in[0].dtype);
  }

 private:
  template <typename T>
  void search(const Exec& exec, const Shape& shape, const T* y, const int64_t* lengths, Paths& paths) const {
    const int64_t samples = shape[0], stride = shape[1] * shape[2], classes = shape[2];
    // The same for any number of threads, so that an error does not depend on it.
    const int64_t most_bytes = memory_limit() / std::clamp<int64_t>(samples, 1, 16);
    std::mutex mutex;
    std::string error;  // Of the first sample that has one; bodies of a loop do not throw.
    int64_t error_sample = samples;
    const int64_t grain = greedy ? std::max<int64_t>(1, 32768 / std::max<int64_t>(stride, 1)) : 1;
    exec.pool.parallel_for(samples, grain, [&](int64_t begin, int64_t end) {
      int64_t n = begin;
      try {
        for (; n < end; ++n) search_one(y + n * stride, lengths[n], classes, n, most_bytes, paths);
      } catch (const std::exception& e) {
        std::lock_guard lock(mutex);
        if (n < error_sample) {
          error_sample = n;
          error = dynamic_cast<const std::bad_alloc*>(&e) ? "ctc_decode: there is not enough memory" : e.what();
        }
      }
    });
    if (error_sample < samples) fail(error);
  }

  template <typename T>
  void search_one(const T* y, int64_t steps, int64_t classes, int64_t n, int64_t most_bytes, Paths& paths) const {
    if (greedy) {
      paths[0][n] = decode_greedily(y, steps, classes, static_cast<T>(epsilon));
      return;
    }
    CtcBeamSearch beams(classes, beam_width, most_bytes);
    std::vector<double> logs(static_cast<size_t>(classes));
    for (int64_t t = 0; t < steps; ++t) {
      ctc_log_probabilities(y + t * classes, classes, static_cast<T>(epsilon), logs.data());
      beams.advance(logs.data());
    }
    if (beams.size() < top_paths) {
      fail(kName, ": sample ", n, " has ", beams.size(), " sequences that are possible; top_paths is ", top_paths);
    }
    std::vector<CtcPath> best = beams.best(top_paths);
    for (int64_t r = 0; r < top_paths; ++r) {
      if (merge_repeated) merge_neighbours(best[r].labels);
      paths[r][n] = std::move(best[r]);
    }
  }
};

}  // namespace

CtcDecoded ctc_decode(const Tensor& y_pred, const Tensor& input_length, const CtcDecodeOptions& options) {
  check_ctc_predictions(kFunction, y_pred.signature());
  if (!options.greedy) {
    if (options.beam_width < 1) fail(kFunction, ": beam_width is ", options.beam_width, "; accepted are positive numbers");
    const int64_t most = std::min(options.beam_width, kMostPaths);
    if (options.top_paths < 1 || options.top_paths > most) {
      fail(kFunction, ": top_paths is ", options.top_paths, "; accepted are 1 to ", most, " with a beam_width of ",
           options.beam_width);
    }
  }
  const DType dtype = y_pred.dtype();
  const bool narrow = dtype.size() < 4;
  Tensors decoded = make_all<CtcDecode>(
      {narrow ? cast(y_pred, DType::kFloat32) : y_pred, as_int64(kFunction, "input_length", input_length)}, options.greedy,
      options.greedy ? int64_t{1} : options.beam_width, options.greedy ? int64_t{1} : options.top_paths,
      !options.greedy && options.merge_repeated, epsilon());
  Tensor log_probability = narrow ? cast(decoded.back(), dtype) : decoded.back();
  decoded.pop_back();
  return {std::move(decoded), std::move(log_probability)};
}

}  // namespace keel
