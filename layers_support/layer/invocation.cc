#include "layers_support/layer/invocation.h"

#include <algorithm>
#include <atomic>

#include "layers_support/layer/history.h"

namespace keel {
namespace {

thread_local LayerInvocation* running = nullptr;

uint64_t next_root() {
  static std::atomic<uint64_t> count{0};
  return ++count;
}

std::vector<Shape> shapes_of(const Tensors& tensors) {
  std::vector<Shape> shapes;
  for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape());
  return shapes;
}

void append(Tensors& to, const Tensors& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace

LayerInvocation* LayerInvocation::current() { return running; }

LayerInvocation::LayerInvocation(const Layer& layer, const Tensors& inputs, const CallOptions& options)
    : layer_(layer),
      inputs_(inputs),
      options_(options),
      outer_(running),
      root_(running != nullptr ? running->root_ : next_root()) {
  check_inputs();
  options_.training.fixed(layer_.name());
  if (options_.training.absent() && outer_ != nullptr) options_.training = outer_->options_.training;
  for (const Tensor& x : inputs_) masks_.push_back(mask_of(x));
  if (options_.mask.defined()) masks_[0] = options_.mask;
  running = this;
}

LayerInvocation::~LayerInvocation() { running = outer_; }

void LayerInvocation::check_inputs() const {
  if (inputs_.empty()) fail(layer_.name(), ": called with no inputs");
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i].defined()) fail(layer_.name(), ": input ", i, " is an empty tensor");
  }
}

Tensors LayerInvocation::run() {
  layer_.build(shapes_of(inputs_));
  Tensors outputs = layer().call(inputs_, options_.training);
  bool all_masked = true;
  for (const Tensor& y : outputs) {
    if (!y.defined()) fail(layer_.name(), ": call() returned an empty tensor");
    all_masked = all_masked && mask_of(y).defined();
  }
  if (!all_masked) {
    const Tensors masks = layer().compute_mask(inputs_, masks_);
    for (size_t i = 0; i < outputs.size() && i < masks.size(); ++i) {
      if (!masks[i].defined() || mask_of(outputs[i]).defined()) continue;
      outputs[i] = make<LayerOutput>({outputs[i], masks[i]}, LayerOutput::Made{});
    }
  }
  layer().output_shapes_ = shapes_of(outputs);
  finish();
  return outputs;
}

// Hands on what the call has added.
void LayerInvocation::finish() {
  LayerImpl& own = layer();
  own.built_ = true;
  if (own.last_root_ != root_) {
    own.last_losses_.clear();
    own.last_updates_.clear();
    own.last_root_ = root_;
  }
  append(own.last_losses_, losses_);
  append(own.last_updates_, updates_);
  if (outer_ == nullptr) return;
  append(outer_->losses_, losses_);
  append(outer_->updates_, updates_);
  const std::vector<Layer> known = outer_->layer().sublayers();
  if (std::find(known.begin(), known.end(), layer_) == known.end()) outer_->layer().called_.push_back(layer_);
}

}  // namespace keel
