// Graphs: tensors, and the nodes that compute them.
#ifndef KEEL_CORE_TENSOR_H_
#define KEEL_CORE_TENSOR_H_

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "core/array.h"
#include "core/dtype.h"
#include "core/shape.h"

namespace keel {

class Node;
class Op;
class Tensor;

using Tensors = std::vector<Tensor>;

// What is known of a tensor before it is computed.
struct Signature {
  DType dtype;
  Shape shape;
  // The tensor's value where it is known when shapes are inferred (a constant, a folded shape);
  // null otherwise. No part of equality.
  const Array* value = nullptr;

  friend bool operator==(const Signature& a, const Signature& b) {
    return a.dtype == b.dtype && a.shape == b.shape;
  }
};
using Signatures = std::vector<Signature>;
using SignatureSpan = absl::Span<const Signature>;

namespace internal {
[[noreturn]] void fail_empty_tensor();
}  // namespace internal

// A handle to one output of a node. Cheap to copy; owns all that its value depends on. Questions to an
// empty handle are ValueErrors.
class Tensor {
 public:
  Tensor() = default;
  Tensor(std::shared_ptr<const Node> node, int output) : node_(std::move(node)), output_(output) {}

  // False for an empty handle, such as the gradient of something unconnected.
  bool defined() const { return node_ != nullptr; }
  const Node& node() const {
    if (node_ == nullptr) internal::fail_empty_tensor();
    return *node_;
  }
  const std::shared_ptr<const Node>& node_ptr() const { return node_; }
  int output() const { return output_; }
  // The static shape; dimensions not known before feeding are None.
  const Shape& shape() const;
  int rank() const { return shape().rank(); }
  DType dtype() const;
  const Signature& signature() const;
  const Op& op() const;
  // Input `i` of the node that computes this tensor.
  const Tensor& input(int i) const;
  // Whether the value depends on the learning phase (LEARNING_PHASE.md, 7 and 8).
  bool uses_learning_phase() const;

  friend bool operator==(const Tensor& a, const Tensor& b) = delete;
  // Whether both are handles to the same output of the same node.
  bool same_as(const Tensor& other) const {
    return node_ == other.node_ && output_ == other.output_;
  }
  // `<Tensor 'add' shape=(None, 10) dtype=float32>`
  friend std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

 private:
  std::shared_ptr<const Node> node_;
  int output_ = 0;
};

// One application of an op. Immutable.
class Node {
 public:
  Node(std::shared_ptr<const Op> op, Tensors inputs, Tensors after, Signatures outputs,
       bool uses_learning_phase);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const Op& op() const { return *op_; }
  const std::shared_ptr<const Op>& op_ptr() const { return op_; }
  const Tensors& inputs() const { return inputs_; }
  // Nodes that run before this one though it reads nothing of them.
  const Tensors& after() const { return after_; }
  const Signatures& outputs() const { return outputs_; }
  bool uses_learning_phase() const { return uses_learning_phase_; }
  // Nodes are numbered in the order in which they are made.
  uint64_t id() const { return id_; }
  // The number that the next node will get.
  static uint64_t next_id();

 private:
  std::shared_ptr<const Op> op_;
  Tensors inputs_, after_;
  const Signatures outputs_;
  const bool uses_learning_phase_;
  const uint64_t id_;
};

inline const Signature& Tensor::signature() const { return node().outputs()[output_]; }
inline const Shape& Tensor::shape() const { return signature().shape; }
inline DType Tensor::dtype() const { return signature().dtype; }
inline const Op& Tensor::op() const { return node().op(); }
inline const Tensor& Tensor::input(int i) const { return node().inputs()[i]; }
inline bool Tensor::uses_learning_phase() const { return node().uses_learning_phase(); }

}  // namespace keel

#endif  // KEEL_CORE_TENSOR_H_
