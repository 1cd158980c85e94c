// One call of a layer while it runs.
#ifndef KEEL_LAYERS_SUPPORT_LAYER_INVOCATION_H_
#define KEEL_LAYERS_SUPPORT_LAYER_INVOCATION_H_

#include "layers_support/layer/layer.h"

namespace keel {

// Calls nest: a thread's running calls are a stack, through which the training flag goes inwards, and
// losses and updates go outwards.
class LayerInvocation {
 public:
  LayerInvocation(const Layer& layer, const Tensors& inputs, const CallOptions& options);
  ~LayerInvocation();
  LayerInvocation(const LayerInvocation&) = delete;
  LayerInvocation& operator=(const LayerInvocation&) = delete;

  // The innermost call of this thread that runs now, or null.
  static LayerInvocation* current();

  // Runs the layer's call(): its outputs, which carry their masks.
  Tensors run();

  LayerImpl& layer() { return layer_.impl(); }
  bool is_outermost() const { return outer_ == nullptr; }
  const CallOptions& options() const { return options_; }
  const Tensors& masks() const { return masks_; }
  Tensors& losses() { return losses_; }
  Tensors& updates() { return updates_; }

 private:
  void check_inputs() const;
  void finish();

  const Layer layer_;
  const Tensors& inputs_;
  CallOptions options_;
  LayerInvocation* const outer_;
  const uint64_t root_;  // Numbers the outermost calls.
  Tensors masks_, losses_, updates_;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_LAYER_INVOCATION_H_
