#include "ops/rnn/rnn.h"

#include "ops/math/math.h"
#include "ops/reduction/reduction.h"
#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

Tensors fuzz_rnn(Draw& d) {
  const Tensor x = d.tensor(3, 4);
  Shape state = x.shape();
  for (int i = 0; i < state.rank(); ++i) state[i] = state[i] == None ? 2 : state[i];
  if (state.rank() > 1) state.erase(1);
  Tensors states(static_cast<size_t>(d.choice(0, 2)));
  for (Tensor& s : states) s = d.byte() < 220 ? d.new_tensor(state, x.dtype()) : d.tensor();
  const int64_t width = state.rank() > 0 ? state.back() : 1;
  const Tensor w = d.new_tensor(Shape{width, d.byte() < 220 ? width : d.choice(0, 3)}, x.dtype());
  RnnOptions options;
  options.go_backwards = d.flag();
  options.unroll = d.byte() % 4 == 0;
  if (d.byte() % 3 == 0) {
    Shape mask = x.shape();
    for (int i = 0; i < mask.rank(); ++i) mask[i] = mask[i] == None ? 2 : mask[i];
    while (mask.rank() > 2) mask.erase(mask.rank() - 1);
    options.mask = d.byte() < 220 ? d.new_tensor(mask, DType::kBool) : d.tensor();
  }
  if (d.byte() % 4 == 0) options.constants = {d.tensor()};
  const uint8_t kind = d.byte();
  const size_t count = states.size();
  const auto step = [=](const Tensor& in, const Tensors& given) -> std::pair<Tensor, Tensors> {
    Tensor h = kind & 1 ? tanh(dot(in, w)) : in * 2.0;
    Tensors next;
    for (size_t i = 0; i < count; ++i) next.push_back(h = h + given[i]);
    if ((kind & 2) && given.size() > count) h = h * given.back();
    if ((kind & 12) == 12) next.push_back(h);
    if ((kind & 48) == 48 && !next.empty()) next[0] = cast(next[0], DType::kFloat64);
    return {h, next};
  };
  const RnnResult result = rnn(step, x, states, options);
  Tensors all{result.last_output, result.outputs};
  all.insert(all.end(), result.states.begin(), result.states.end());
  return all;
}

}  // namespace

const Family& family() {
  static const Family known{{fuzz_rnn}};
  return known;
}

}  // namespace keel::fuzz
