// Layers around a layer.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_WRAPPERS_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_WRAPPERS_H_

#include <string>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"
#include "layers_support/layers/core.h"

namespace keel::layers {

// Arguments of Bidirectional.
struct BidirectionalOptions {
  // How the two results become one: "concat", "sum", "mul" or "ave"; "none": both are outputs.
  std::string merge_mode = "concat";
  InputShape input_shape = {};
  std::string name = "";
};
// A recurrent layer and its copy that reads the time steps from the last to the first; both are new
// layers made from the config of `layer`. Where a sequence is masked, `layer`'s zero_output_for_mask decides: by
// default as in Keras 2, true where tf_keras wrote the config. Initial states: those of one, then those of
// the other. ValueError where `layer` is not recurrent. Source: keras.layers.Bidirectional.
class Bidirectional : public Layer {
 public:
  explicit Bidirectional(const Layer& layer, const BidirectionalOptions& options = {});
};

// `layer` on each time step of (samples, time, …). Source: keras.layers.TimeDistributed.
class TimeDistributed : public Layer {
 public:
  explicit TimeDistributed(const Layer& layer, const PlainOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_WRAPPERS_H_
