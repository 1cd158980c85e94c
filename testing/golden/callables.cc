#include "testing/golden/callables.h"

#include "ops/array/array.h"
#include "ops/math/math.h"
#include "ops/nn/nn.h"
#include "ops/reduction/reduction.h"
#include "testing/golden/corpus.h"

namespace keel::golden {
namespace {

using StepResult = std::pair<Tensor, Tensors>;

template <typename F>
F find(const char* what, const std::string& name, std::initializer_list<std::pair<const char*, F>> functions) {
  for (const auto& [known, function] : functions) {
    if (known == name) return function;
  }
  throw CaseError(std::string("unknown ") + what + " " + name);
}

// Part `i` of `x`, whose last axis holds several parts of the width of `like`.
Tensor part(const Tensor& x, int64_t i, const Tensor& like) {
  const int64_t width = like.shape().back();
  return slice(x, -1, i * width, width);
}

StepResult lstm(const StepParameters& p, const Tensor& x, const Tensors& s) {
  const Tensor z = dot(x, p.w) + dot(s[0], p.u) + p.b;
  const Tensor i = sigmoid(part(z, 0, s[0])), f = sigmoid(part(z, 1, s[0]));
  const Tensor g = tanh(part(z, 2, s[0])), o = sigmoid(part(z, 3, s[0]));
  const Tensor c = f * s[1] + i * g;
  const Tensor h = o * tanh(c);
  return {h, {h, c}};
}

StepResult gru(const StepParameters& p, const Tensor& x, const Tensors& s) {
  const Tensor a = dot(x, p.w) + p.b;
  const Tensor z = sigmoid(part(a, 0, s[0]) + dot(s[0], part(p.u, 0, s[0])));
  const Tensor r = sigmoid(part(a, 1, s[0]) + dot(s[0], part(p.u, 1, s[0])));
  const Tensor g = tanh(part(a, 2, s[0]) + dot(r * s[0], part(p.u, 2, s[0])));
  const Tensor h = z * s[0] + (1 - z) * g;
  return {h, {h}};
}

}  // namespace

StepFunction step_function(const std::string& name, const StepParameters& p) {
  // An output that is the only state too.
  const auto state = [](const Tensor& h) -> StepResult { return {h, {h}}; };
  return find<StepFunction>(
      "step function", name,
      {
          {"simple_rnn", [=](const Tensor& x, const Tensors& s) {
             return state(tanh(dot(x, p.w) + dot(s[0], p.u) + p.b));
           }},
          {"linear", [=](const Tensor& x, const Tensors& s) { return state(dot(x, p.w) + s[0]); }},
          {"accumulate", [=](const Tensor& x, const Tensors& s) { return state(s[0] + x); }},
          {"decay", [=](const Tensor& x, const Tensors& s) { return state(0.5 * s[0] + x); }},
          {"two_state", [](const Tensor& x, const Tensors& s) -> StepResult {
             const Tensor sum = s[0] + x;
             return {sum, {sum, s[1] + 1}};
           }},
          {"out_differs", [](const Tensor& x, const Tensors& s) -> StepResult {
             const Tensor h = tanh(x + s[0]);
             return {h * h + x, {h}};
           }},
          {"output_only", [](const Tensor& x, const Tensors&) -> StepResult { return {2 * x + 1, {}}; }},
          {"const_gate", [=](const Tensor& x, const Tensors& s) {
             return state(tanh(dot(x * s[1], p.w) + dot(s[0] * s[2], p.u)));
           }},
          {"lstm", [=](const Tensor& x, const Tensors& s) { return lstm(p, x, s); }},
          {"gru", [=](const Tensor& x, const Tensors& s) { return gru(p, x, s); }},
      });
}

MapFunction map_function(const std::string& name) {
  return find<MapFunction>(
      "map_fn function", name,
      {
          {"square", [](const Tensors& e) { return e[0] * e[0]; }},
          {"affine", [](const Tensors& e) { return 2 * e[0] + 1; }},
          {"sum", [](const Tensors& e) { return sum(e[0]); }},
          {"reverse", [](const Tensors& e) { return reverse(e[0], 0); }},
          {"softmax", [](const Tensors& e) { return softmax(e[0]); }},
          {"outer_self", [](const Tensors& e) { return expand_dims(e[0], 1) * expand_dims(e[0], 0); }},
          {"pair_product", [](const Tensors& e) { return e[0] * e[1]; }},
          {"to_float", [](const Tensors& e) { return cast(e[0], DType::kFloat32) / 2; }},
      });
}

FoldFunction fold_function(const std::string& name) {
  return find<FoldFunction>(
      "fold function", name,
      {
          {"add", [](const Tensor& a, const Tensor& x) { return a + x; }},
          {"sub", [](const Tensor& a, const Tensor& x) { return a - x; }},
          {"reverse_sub", [](const Tensor& a, const Tensor& x) { return x - a; }},
          {"mul", [](const Tensor& a, const Tensor& x) { return a * x; }},
          {"maximum", [](const Tensor& a, const Tensor& x) { return maximum(a, x); }},
          {"horner", [](const Tensor& a, const Tensor& x) { return 2 * a + x; }},
          {"decay", [](const Tensor& a, const Tensor& x) { return 0.5 * a + x; }},
          {"matvec_tanh", [](const Tensor& a, const Tensor& x) { return tanh(dot(a, x)); }},
          {"add_sum", [](const Tensor& a, const Tensor& x) { return a + sum(x); }},
      });
}

}  // namespace keel::golden
