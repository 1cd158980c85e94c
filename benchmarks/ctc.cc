// Connectionist temporal classification. No peer here has it, so each row tells the share of the speed
// of reading its operands alone.
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/calls.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/structure.h"
#include "ops/ctc/ctc.h"
#include "ops/nn/softmax.h"

namespace keel::bench {
namespace {

constexpr int64_t kSamples = 32, kClasses = 40;

// What a network says that is unsure: the softmax of numbers four wide.
Array predictions(int64_t steps) {
  const Array scores = floats({kSamples, steps, kClasses}, 0, -4, 4);
  return eval(softmax(constant_tensor(scores)));
}

Tensor lengths(int64_t length) { return constant_tensor(Array::full({kSamples, 1}, static_cast<double>(length), "int32")); }

MakeStep cost(int64_t steps, int64_t labels, bool gradient) {
  return [=](const Setting&) {
    Array truth({kSamples, labels}, "int32");
    uint32_t state = 1;
    for (int64_t i = 0; i < truth.elements(); ++i) {
      state = state * 1664525 + 1013904223;
      truth.mutable_data<int32_t>()[i] = static_cast<int32_t>((state >> 8) % (kClasses - 1));
    }
    const Tensor y = input({kSamples, steps, kClasses});
    const Tensor c = ctc_batch_cost(constant_tensor(truth), y, lengths(steps), lengths(labels));
    Tensors outputs{c};
    if (gradient) outputs.push_back(gradients(c, {y})[0]);
    return call(function({y}, outputs), {predictions(steps)});
  };
}

MakeStep decode(int64_t steps, bool greedy) {
  return [=](const Setting&) {
    const Tensor y = input({kSamples, steps, kClasses});
    const CtcDecoded decoded = ctc_decode(y, lengths(steps), {.greedy = greedy});
    return call(function({y}, {decoded.log_probability, decoded.decoded[0]}), {predictions(steps)});
  };
}

}  // namespace

Workloads ctc_workloads() {
  const auto bytes = [](int64_t steps) { return 4.0 * kSamples * kClasses * static_cast<double>(steps); };
  Workloads all;
  for (bool gradient : {false, true}) {
    all.push_back({.name = absl::StrCat("ctc_cost_b32_t200_c40_l30_", gradient ? "B" : "F"),
                   .keel = cost(200, 30, gradient),
                   .bytes = (gradient ? 2 : 1) * bytes(200),
                   .traffic = gradient ? Traffic::kCopy : Traffic::kRead});
  }
  for (bool greedy : {true, false}) {
    all.push_back({.name = greedy ? "ctc_greedy_b32_t100_c40" : "ctc_beam100_b32_t100_c40",
                   .keel = decode(100, greedy),
                   .bytes = bytes(100),
                   .traffic = Traffic::kRead});
  }
  return all;
}

}  // namespace keel::bench
