#include "ops/nn/nn.h"

#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

template <Tensor (*f)(const Tensor&)>
Tensors unary(Draw& d) {
  return {f(d.tensor())};
}

Tensors fuzz_relu(Draw& d) {
  const Tensor x = d.tensor();
  ReluOptions options;
  if (d.flag()) options.alpha = d.real();
  if (d.flag()) options.max_value = d.real();
  if (d.flag()) options.threshold = d.real();
  return {relu(x, options)};
}
Tensors fuzz_elu(Draw& d) {
  const Tensor x = d.tensor();
  return {elu(x, d.real())};
}
Tensors fuzz_softmax(Draw& d) {
  const Tensor x = d.tensor();
  return {softmax(x, d.number(-3, 3))};
}
Tensors fuzz_categorical(Draw& d) {
  const Tensor target = d.tensor(), output = d.tensor();
  const bool logits = d.flag();
  return {categorical_crossentropy(target, output, {.from_logits = logits, .axis = d.number(-3, 3)})};
}
Tensors fuzz_sparse_categorical(Draw& d) {
  const Tensor output = d.tensor(1, 3);
  Shape rows = output.shape();
  for (int i = 0; i < rows.rank(); ++i) rows[i] = rows[i] == None ? 2 : rows[i];
  if (rows.rank() > 0) rows.erase(rows.rank() - 1);
  const Tensor target = d.flag() ? d.tensor() : d.indices(rows, 1);
  return {sparse_categorical_crossentropy(target, output, {.from_logits = d.flag()})};
}
Tensors fuzz_binary(Draw& d) {
  const Tensor target = d.tensor(), output = d.tensor();
  return {binary_crossentropy(target, output, {.from_logits = d.flag()})};
}
Tensors fuzz_batch_normalization(Draw& d) {
  const Tensor x = d.tensor(1, 4), mean = d.tensor(1, 1), var = d.tensor(1, 1);
  const Tensor beta = d.flag() ? d.tensor(1, 1) : Tensor(), gamma = d.flag() ? d.tensor(1, 1) : Tensor();
  const double epsilon = d.real();
  return {batch_normalization(x, mean, var, beta, gamma, {.epsilon = epsilon, .axis = d.number(-3, 3)})};
}
Tensors fuzz_normalize(Draw& d) {
  const Tensor x = d.tensor(1, 4), gamma = d.flag() ? d.tensor(1, 1) : Tensor(), beta = d.flag() ? d.tensor(1, 1) : Tensor();
  const auto axes = d.list(3, -3, 3);
  const NormalizedBatch batch = normalize_batch_in_training(x, gamma, beta, axes, d.real());
  return {batch.normalized, batch.mean, batch.variance};
}
Tensors fuzz_l2_normalize(Draw& d) {
  const Tensor x = d.tensor();
  return {l2_normalize(x, d.axes())};
}
Tensors fuzz_in_top_k(Draw& d) {
  const Tensor x = d.tensor(2, 2);
  const Tensor targets = d.flag() ? d.tensor() : d.indices(Shape{x.rank() > 0 && x.shape()[0] != None ? x.shape()[0] : 2}, 3);
  return {in_top_k(x, targets, d.number(1, 4))};
}
Tensors fuzz_bias_add(Draw& d) {
  const Tensor x = d.tensor(), bias = d.tensor(1, 3);
  return {bias_add(x, bias, d.data_format())};
}
Tensors fuzz_dropout(Draw& d) {
  const Tensor x = d.tensor();
  const double level = d.real();
  return {dropout(x, level, {.noise_shape = Shape(Dims(d.list(4, -1, 4))), .seed = 1})};
}

}  // namespace

const Family& family() {
  // Dropout draws anew in each run.
  static const Family known{{fuzz_relu, fuzz_elu, unary<softplus>, unary<softsign>, unary<hard_sigmoid>, fuzz_softmax,
                           fuzz_categorical, fuzz_sparse_categorical, fuzz_binary, fuzz_batch_normalization,
                           fuzz_normalize, fuzz_l2_normalize, fuzz_in_top_k, fuzz_bias_add, fuzz_dropout},
                          /*repeatable=*/false};
  return known;
}

}  // namespace keel::fuzz
