// Random tensors and variables.
#include "ops/random/random.h"

#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

template <Tensor (*f)(const SampleShape&, const RandomNormalOptions&)>
Answer normal(Call& call) {
  RandomNormalOptions options = {.dtype = call.maybe<DType>("dtype"), .seed = call.maybe<uint64_t>("seed")};
  options.mean = call.arg("mean", options.mean);
  options.stddev = call.arg("stddev", options.stddev);
  return f(call.arg<Shape>("shape"), options);
}

Answer call_random_uniform(Call& call) {
  RandomUniformOptions options = {.dtype = call.maybe<DType>("dtype"), .seed = call.maybe<uint64_t>("seed")};
  options.minval = call.arg("minval", options.minval);
  options.maxval = call.arg("maxval", options.maxval);
  return random_uniform(call.arg<Shape>("shape"), options);
}

Answer call_random_binomial(Call& call) {
  RandomBinomialOptions options = {.dtype = call.maybe<DType>("dtype"), .seed = call.maybe<uint64_t>("seed")};
  options.p = call.arg("p", options.p);
  return random_binomial(call.arg<Shape>("shape"), options);
}

template <Variable (*f)(const Shape&, double, double, const RandomVariableOptions&)>
Answer random_variable(Call& call, const char* first, const char* second) {
  return f(call.arg<Shape>("shape"), call.arg<double>(first), call.arg<double>(second),
           {.dtype = call.maybe<DType>("dtype"),
            .name = call.arg("name", std::string()),
            .seed = call.maybe<uint64_t>("seed")});
}

constexpr Entry kEntries[] = {
    {"random_normal", "shape mean stddev dtype seed", normal<random_normal>},
    {"truncated_normal", "shape mean stddev dtype seed", normal<truncated_normal>},
    {"random_uniform", "shape minval maxval dtype seed", call_random_uniform},
    {"random_binomial", "shape p dtype seed", call_random_binomial},
    {"random_uniform_variable", "shape low high dtype name seed",
     [](Call& c) { return random_variable<random_uniform_variable>(c, "low", "high"); }},
    {"random_normal_variable", "shape mean scale dtype name seed",
     [](Call& c) { return random_variable<random_normal_variable>(c, "mean", "scale"); }},
};

}  // namespace

Entries random_calls() { return kEntries; }

}  // namespace keel::golden
