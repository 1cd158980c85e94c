// Recurrent layers.
//
// x: (samples, time, features), samples and time known or not. Further inputs, or CallOptions'
// initial_state, are the states to begin with, zeros otherwise. Where a mask is 0 the state stays.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_RECURRENT_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_RECURRENT_H_

#include <cstdint>
#include <string>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"

namespace keel::layers {

// Arguments of the layers here.
struct RecurrentOptions {
  ActivationFunction activation = "tanh";
  ActivationFunction recurrent_activation = "sigmoid";  // Of the gates: LSTM and GRU.
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  bool unit_forget_bias = true;  // LSTM: the forget gate's bias begins at 1.
  bool reset_after = false;      // GRU: the reset gate works on the product with the state, not before.
  Regularizer kernel_regularizer = {};
  Regularizer recurrent_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  WeightConstraint kernel_constraint = {};
  WeightConstraint recurrent_constraint = {};
  WeightConstraint bias_constraint = {};
  double dropout = 0;            // Of the inputs, and of the state: one choice for all time steps.
  double recurrent_dropout = 0;
  bool return_sequences = false;  // (samples, time, units), not the last output alone.
  bool return_state = false;      // The last states are further outputs.
  bool go_backwards = false;
  bool stateful = false;          // Each call begins where the last ended; the number of samples is fixed.
  bool unroll = false;
  bool zero_output_for_mask = false;  // Sequences are 0 where masked; else the output before is repeated.
  InputShape input_shape = {};
  std::string name = "";
};

// h' = activation(x · kernel + h · recurrent_kernel + bias). Source: keras.layers.SimpleRNN.
class SimpleRNN : public Layer {
 public:
  explicit SimpleRNN(int64_t units, const RecurrentOptions& options = {});
};

// Hochreiter and Schmidhuber (1997) with a forget gate; weights hold the gates in the order i, f, c, o.
// States: h and c. Source: keras.layers.LSTM.
class LSTM : public Layer {
 public:
  explicit LSTM(int64_t units, const RecurrentOptions& options = {});
};

// Cho et al. (2014); weights hold z, r, h. With reset_after the bias is (2, 3·units): that of the input
// and that of the state. Source: keras.layers.GRU.
class GRU : public Layer {
 public:
  explicit GRU(int64_t units, const RecurrentOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_RECURRENT_H_
