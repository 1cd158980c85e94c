// Activations, cross-entropies, normalization, dropout and biases.
#include "ops/nn/nn.h"

#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

Answer call_relu(Call& call) {
  ReluOptions options;
  options.alpha = call.arg("alpha", options.alpha);
  options.max_value = call.maybe<double>("max_value");
  options.threshold = call.arg("threshold", options.threshold);
  return relu(call.tensor("x"), options);
}

Answer call_elu(Call& call) {
  const Tensor x = call.tensor("x");
  return call.has("alpha") ? elu(x, call.arg<double>("alpha")) : elu(x);
}

Answer call_softmax(Call& call) {
  const Tensor x = call.tensor("x");
  return call.has("axis") ? softmax(x, call.arg<int64_t>("axis")) : softmax(x);
}

template <Tensor (*f)(const Tensor&, const Tensor&, const CategoricalCrossentropyOptions&)>
Answer class_crossentropy(Call& call) {
  CategoricalCrossentropyOptions options;
  options.from_logits = call.arg("from_logits", options.from_logits);
  options.axis = call.arg("axis", options.axis);
  return f(call.tensor("target"), call.tensor("output"), options);
}

Answer call_binary_crossentropy(Call& call) {
  CrossentropyOptions options;
  options.from_logits = call.arg("from_logits", options.from_logits);
  return binary_crossentropy(call.tensor("target"), call.tensor("output"), options);
}

Answer call_batch_normalization(Call& call) {
  BatchNormalizationOptions options;
  options.epsilon = call.arg("epsilon", options.epsilon);
  options.axis = call.arg("axis", options.axis);
  return batch_normalization(call.tensor("x"), call.tensor("mean"), call.tensor("var"), call.optional_tensor("beta"),
                             call.optional_tensor("gamma"), options);
}

Answer call_normalize_batch_in_training(Call& call) {
  const Tensor x = call.tensor("x"), gamma = call.optional_tensor("gamma"), beta = call.optional_tensor("beta");
  const auto axes = call.arg<std::vector<int64_t>>("reduction_axes");
  const NormalizedBatch batch =
      call.has("epsilon") ? normalize_batch_in_training(x, gamma, beta, axes, call.arg<double>("epsilon"))
                          : normalize_batch_in_training(x, gamma, beta, axes);
  return Tensors{batch.normalized, batch.mean, batch.variance};
}

Answer call_dropout(Call& call) {
  const Tensor x = call.tensor("x");
  return dropout(x, call.arg<double>("level"),
                 {.noise_shape = call.maybe<Shape>("noise_shape"), .seed = call.maybe<uint64_t>("seed")});
}

constexpr Entry kEntries[] = {
    {"relu", "x alpha max_value threshold", call_relu},
    {"elu", "x alpha", call_elu},
    {"softplus", "x", [](Call& c) -> Answer { return softplus(c.tensor("x")); }},
    {"softsign", "x", [](Call& c) -> Answer { return softsign(c.tensor("x")); }},
    {"hard_sigmoid", "x", [](Call& c) -> Answer { return hard_sigmoid(c.tensor("x")); }},
    {"softmax", "x axis", call_softmax},
    {"categorical_crossentropy", "target output from_logits axis", class_crossentropy<categorical_crossentropy>},
    {"sparse_categorical_crossentropy", "target output from_logits axis",
     class_crossentropy<sparse_categorical_crossentropy>},
    {"binary_crossentropy", "target output from_logits", call_binary_crossentropy},
    {"batch_normalization", "x mean var beta gamma axis epsilon", call_batch_normalization},
    {"normalize_batch_in_training", "x gamma beta reduction_axes epsilon", call_normalize_batch_in_training},
    {"l2_normalize", "x axis",
     [](Call& c) -> Answer { return l2_normalize(c.tensor("x"), c.arg("axis", Axes())); }},
    {"dropout", "x level noise_shape seed", call_dropout},
    {"in_top_k", "predictions targets k",
     [](Call& c) -> Answer {
       return in_top_k(c.tensor("predictions"), c.tensor("targets"), c.arg<int64_t>("k"));
     }},
    {"bias_add", "x bias data_format",
     [](Call& c) -> Answer { return bias_add(c.tensor("x"), c.tensor("bias"), c.arg("data_format", DataFormat())); }},
};

}  // namespace

Entries nn_calls() { return kEntries; }

}  // namespace keel::golden
