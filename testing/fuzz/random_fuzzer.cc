#include "ops/random/random.h"

#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

Shape sizes(Draw& d) { return Shape(Dims(d.list(4, 0, 6))); }

Tensors fuzz_normal(Draw& d) {
  const Shape shape = sizes(d);
  const double mean = d.real(), stddev = d.real();
  return {random_normal(shape, {.mean = mean, .stddev = stddev, .dtype = d.dtype(), .seed = d.byte()})};
}
Tensors fuzz_truncated(Draw& d) {
  const Shape shape = sizes(d);
  const double mean = d.real(), stddev = d.real();
  return {truncated_normal(shape, {.mean = mean, .stddev = stddev, .dtype = d.dtype(), .seed = d.byte()})};
}
Tensors fuzz_uniform(Draw& d) {
  const Shape shape = sizes(d);
  const double low = d.real(), high = d.real();
  return {random_uniform(shape, {.minval = low, .maxval = high, .dtype = d.dtype(), .seed = d.byte()})};
}
Tensors fuzz_binomial(Draw& d) {
  const Shape shape = sizes(d);
  const double p = d.real();
  return {random_binomial(shape, {.p = p, .dtype = d.dtype(), .seed = d.byte()})};
}
Tensors fuzz_mask(Draw& d) {
  const Tensor x = d.tensor();
  const double keep = d.real();
  return {random_keep_mask("dropout", x, keep, sizes(d), d.byte())};
}
Tensors fuzz_variables(Draw& d) {
  const Shape shape = sizes(d);
  const double low = d.real(), high = d.real();
  return {random_uniform_variable(shape, low, high, {.dtype = d.dtype(), .seed = 1}),
          random_normal_variable(shape, low, high, {.dtype = d.dtype(), .seed = 1})};
}

}  // namespace

const Family& family() {
  static const Family known{{fuzz_normal, fuzz_truncated, fuzz_uniform, fuzz_binomial, fuzz_mask, fuzz_variables},
                          /*repeatable=*/false};
  return known;
}

}  // namespace keel::fuzz
