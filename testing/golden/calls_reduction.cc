// Reductions.
#include "ops/reduction/reduction.h"

#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

template <Tensor (*f)(const Tensor&, const Axes&, bool)>
Answer reduction(Call& call) {
  return f(call.tensor("x"), call.arg("axis", Axes()), call.arg("keepdims", false));
}

// Functions of one axis that have a default for it.
template <Tensor (*f)(const Tensor&, int64_t)>
Answer along(Call& call, int64_t axis) {
  return f(call.tensor("x"), call.arg("axis", axis));
}

constexpr Entry kEntries[] = {
    {"max", "x axis keepdims", reduction<max>},
    {"min", "x axis keepdims", reduction<min>},
    {"sum", "x axis keepdims", reduction<sum>},
    {"prod", "x axis keepdims", reduction<prod>},
    {"mean", "x axis keepdims", reduction<mean>},
    {"var", "x axis keepdims", reduction<var>},
    {"std", "x axis keepdims", reduction<std>},
    {"any", "x axis keepdims", reduction<any>},
    {"all", "x axis keepdims", reduction<all>},
    {"logsumexp", "x axis keepdims", reduction<logsumexp>},
    {"argmax", "x axis", [](Call& c) { return along<argmax>(c, -1); }},
    {"argmin", "x axis", [](Call& c) { return along<argmin>(c, -1); }},
    {"cumsum", "x axis", [](Call& c) { return along<cumsum>(c, 0); }},
    {"cumprod", "x axis", [](Call& c) { return along<cumprod>(c, 0); }},
};

}  // namespace

Entries reduction_calls() { return kEntries; }

}  // namespace keel::golden
