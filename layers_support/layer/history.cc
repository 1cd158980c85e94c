#include "layers_support/layer/history.h"

#include <cstring>

namespace keel {

namespace {

void copy(const View& from, const View& to) { std::memcpy(to.data, from.data, byte_size(*to.shape, to.dtype)); }

}  // namespace

void WithUpdates::run(const Exec&, Views in, Views out) const { copy(in[0], out[0]); }

void LayerOutput::run(const Exec&, Views in, Views out) const { copy(in[0], out[0]); }

Tensors LayerOutput::gradient(const Tensor& y, const Tensor& dy) const {
  Tensors out(y.node().inputs().size());
  out[0] = dy;
  return out;
}

std::shared_ptr<const CallRecord> call_that_made(const Tensor& x, int* index) {
  const auto* op = x.defined() ? op_as<LayerOutput>(x) : nullptr;
  if (op == nullptr) return nullptr;
  if (index != nullptr) *index = op->made.index;
  return op->made.call;
}

Tensor mask_of(const Tensor& x) {
  if (!x.defined() || op_as<LayerOutput>(x) == nullptr || x.node().inputs().size() < 2) return Tensor();
  return x.input(1);
}

}  // namespace keel
