#include "ops/reduction/reduction.h"

#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

template <Tensor (*f)(const Tensor&, const Axes&, bool)>
Tensors reduce(Draw& d) {
  const Tensor x = d.tensor();
  const Axes axes = d.axes();
  return {f(x, axes, d.flag())};
}
template <Tensor (*f)(const Tensor&, int64_t)>
Tensors along(Draw& d) {
  const Tensor x = d.tensor();
  return {f(x, d.number(-3, 3))};
}

}  // namespace

const Family& family() {
  static const Family known{{reduce<sum>, reduce<mean>, reduce<prod>, reduce<max>, reduce<min>, reduce<any>, reduce<all>,
                           reduce<logsumexp>, reduce<var>, reduce<std>, along<argmax>, along<argmin>, along<cumsum>,
                           along<cumprod>}};
  return known;
}

}  // namespace keel::fuzz
