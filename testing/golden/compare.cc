#include "testing/golden/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

namespace keel::golden {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  out.precision(9);
  (out << ... << parts);
  return out.str();
}

Mismatch plain(std::string where) { return {std::move(where), std::nullopt}; }

// The coordinates of element `i` in row-major order.
std::string position(const Shape& shape, int64_t i) {
  Shape at;
  at.resize(shape.rank());
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    at[axis] = i % shape[axis];
    i /= shape[axis];
  }
  return at.to_string();
}

// How far apart two values are; infinite where only one of them is NaN, or they differ and one is infinite.
double distance(double got, double want) {
  if (std::isnan(got) && std::isnan(want)) return 0;
  if (got == want) return 0;
  const double d = std::abs(got - want);
  return std::isnan(d) ? kInfinity : d;
}

bool close(double got, double want, Tolerance tolerance) {
  const double d = distance(got, want);
  if (d == 0) return true;
  // With an infinite `want` the tolerance below would be infinite too.
  return std::isfinite(want) && std::isfinite(d) && d <= tolerance.absolute + tolerance.relative * std::abs(want);
}

bool is_truth(DType dtype) { return dtype == DType::kBool || dtype == DType::kUint8; }

// An aggregate of random numbers.
std::optional<Mismatch> compare_number(const char* what, double got, double want, double tolerance) {
  if (std::abs(got - want) <= tolerance) return std::nullopt;
  return Mismatch{text(what, ": got ", got, ", want ", want, " ± ", tolerance), distance(got, want)};
}

// Whether every nonzero element is `scale` times the input's, and the share of zeros is as expected.
std::optional<Mismatch> compare_dropout(const Array& got, const Json& expect, const Array& input) {
  if (!input.defined()) throw CaseError("expect has a scale but the call has no input x");
  const double scale = read_number(expect["scale"]);
  int64_t zeros = 0;
  for (int64_t i = 0; i < got.elements(); ++i) {
    const double value = got.element<double>(i), want = input.element<double>(i) * scale;
    if (value == 0) {
      ++zeros;
    } else if (!close(value, want, {1e-6, 0})) {
      return Mismatch{text("output 0 at ", position(got.shape(), i), ": got ", value, ", want ", want, " or 0"),
                      distance(value, want)};
    }
  }
  return compare_number("share of zeros", static_cast<double>(zeros) / std::max<int64_t>(1, got.elements()),
                        read_number(expect.at("drop_fraction")), read_number(expect.at("drop_tol")));
}

// Whether what is dropped is the same all along each of the shared axes.
std::optional<Mismatch> compare_shared_axes(const Array& got, const Json& axes) {
  const Shape& shape = got.shape();
  for (const Json& axis : axes) {
    if (axis.get<int>() < 0 || axis.get<int>() >= shape.rank()) throw CaseError("no axis " + axis.dump() + " to share");
    int64_t stride = 1;
    for (int i = axis.get<int>() + 1; i < shape.rank(); ++i) stride *= shape[i];
    const int64_t size = shape[axis.get<int>()];
    for (int64_t i = 0; i < got.elements(); ++i) {
      const int64_t first = i - (i / stride) % size * stride;
      if ((got.element<double>(i) == 0) != (got.element<double>(first) == 0)) {
        return plain(text("output 0 at ", position(shape, i), ": not dropped as its neighbours along axis ", axis));
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Mismatch> worse(std::optional<Mismatch> a, std::optional<Mismatch> b) {
  if (!a.has_value() || !b.has_value()) return a.has_value() ? a : b;
  return b->error.value_or(kInfinity) > a->error.value_or(kInfinity) ? b : a;
}

std::optional<Mismatch> compare(const std::string& what, const Array& got, const Array& want, Tolerance tolerance,
                                bool truth_values) {
  truth_values = truth_values && is_truth(got.dtype()) && is_truth(want.dtype());
  if (got.dtype() != want.dtype() && !truth_values) {
    return plain(text(what, ": got dtype ", got.dtype(), ", want ", want.dtype()));
  }
  if (got.shape() != want.shape()) {
    return plain(text(what, ": got shape ", got.shape(), ", want ", want.shape()));
  }
  std::optional<Mismatch> worst;
  for (int64_t i = 0; i < got.elements(); ++i) {
    std::optional<double> error;
    std::string values;
    if (got.dtype().is_floating()) {
      const double g = got.element<double>(i), w = want.element<double>(i);
      if (!close(g, w, tolerance)) error = distance(g, w), values = text("got ", g, ", want ", w);
    } else {
      // Doubles do not hold every int64.
      int64_t g = got.element<int64_t>(i), w = want.element<int64_t>(i);
      if (truth_values) g = g != 0, w = w != 0;
      if (g != w) {
        error = std::abs(static_cast<double>(g) - static_cast<double>(w));
        values = text("got ", g, ", want ", w);
      }
    }
    if (error.has_value() && (!worst.has_value() || *error > *worst->error)) {
      worst = Mismatch{text(what, " at ", position(got.shape(), i), ": ", values), error};
    }
  }
  return worst;
}

std::optional<Mismatch> compare_outputs(const std::vector<Array>& got, const Json& want, Tolerance tolerance,
                                        bool truth_values) {
  if (got.size() != want.size()) return plain(text("got ", got.size(), " outputs, want ", want.size()));
  std::optional<Mismatch> worst;
  for (size_t i = 0; i < got.size(); ++i) {
    worst = worse(worst, compare(text("output ", i), got[i], read_tensor(want[i]), tolerance, truth_values));
  }
  return worst;
}

std::optional<Mismatch> compare_result(const Json& got, const Json& want) {
  if (got == want) return std::nullopt;
  Mismatch mismatch = plain(text("result: got ", got.dump(), ", want ", want.dump()));
  if (got.is_number() && want.is_number()) mismatch.error = distance(got.get<double>(), want.get<double>());
  return mismatch;
}

std::optional<Mismatch> compare_expectation(const Array& got, const Json& expect, const Array& input) {
  static const std::vector<std::string> kKnown = {"dtype", "shape", "mean",  "mean_tol", "std",           "std_tol",
                                                  "min",   "max",   "values", "scale",   "drop_fraction", "drop_tol",
                                                  "shared_axes"};
  for (const auto& [key, value] : expect.items()) {
    if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end()) throw CaseError("expect has an unknown " + key);
  }
  const DType dtype(expect.at("dtype").get<std::string>());
  if (got.dtype() != dtype) return plain(text("output 0: got dtype ", got.dtype(), ", want ", dtype));
  const Shape shape = read_shape(expect.at("shape"));
  if (got.shape() != shape) return plain(text("output 0: got shape ", got.shape(), ", want ", shape));

  const int64_t n = got.elements();
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double value = got.element<double>(i);
    if (!std::isfinite(value)) return Mismatch{text("output 0 at ", position(shape, i), ": got ", value), kInfinity};
    sum += value;
    const auto out_of = [&](double bound, const char* name) {
      return Mismatch{text("output 0 at ", position(shape, i), ": got ", value, ", ", name, " ", bound),
                      distance(value, bound)};
    };
    if (expect.contains("min") && value < read_number(expect["min"])) return out_of(read_number(expect["min"]), "least");
    if (expect.contains("max") && value > read_number(expect["max"])) return out_of(read_number(expect["max"]), "most");
    if (expect.contains("values") && std::none_of(expect["values"].begin(), expect["values"].end(),
                                                  [&](const Json& v) { return read_number(v) == value; })) {
      return plain(text("output 0 at ", position(shape, i), ": got ", value, ", want one of ", expect["values"].dump()));
    }
  }
  const double mean = sum / static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) squares += std::pow(got.element<double>(i) - mean, 2);
  const double deviation = std::sqrt(squares / static_cast<double>(n));

  std::optional<Mismatch> worst;
  if (expect.contains("mean")) {
    worst = worse(worst, compare_number("mean", mean, read_number(expect["mean"]), read_number(expect.at("mean_tol"))));
  }
  if (expect.contains("std")) {
    worst = worse(worst, compare_number("std", deviation, read_number(expect["std"]), read_number(expect.at("std_tol"))));
  }
  if (expect.contains("scale")) worst = worse(worst, compare_dropout(got, expect, input));
  if (expect.contains("shared_axes")) worst = worse(worst, compare_shared_axes(got, expect["shared_axes"]));
  return worst;
}

}  // namespace keel::golden
