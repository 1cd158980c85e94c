#include <atomic>

#include "core/elementwise.h"
#include "core/label.h"
#include "core/leaves.h"
#include "core/op.h"
#include "core/tensor.h"

namespace keel {
namespace {

std::atomic<uint64_t> next_node_id{1};

// Calls the op's own run(); what most ops need.
class PlainKernel final : public Kernel {
 public:
  PlainKernel(const Op& op, size_t scratch_bytes) : op_(op), scratch_bytes_(scratch_bytes) {}
  size_t scratch_bytes(const ThreadPool&) const override { return scratch_bytes_; }
  void run(const Exec& exec, Views in, Views out) const override { op_.run(exec, in, out); }

 private:
  const Op& op_;
  const size_t scratch_bytes_;
};

}  // namespace

void internal::fail_empty_tensor() {
  fail("tensor: the handle is empty: gradients() gives such a one where nothing flows");
}

Node::Node(std::shared_ptr<const Op> op, Tensors inputs, Tensors after, Signatures outputs,
           bool uses_learning_phase)
    : op_(std::move(op)), inputs_(std::move(inputs)), after_(std::move(after)),
      outputs_(std::move(outputs)), uses_learning_phase_(uses_learning_phase),
      id_(next_node_id.fetch_add(1, std::memory_order_relaxed)) {}

// Takes the graph behind it down with a loop: recursion would overflow the stack on a long chain. Ops hold
// graphs too: branches, the call of a layer.
Node::~Node() {
  struct Remains {
    Tensors tensors;
    std::vector<std::shared_ptr<const Op>> ops;
    void take(Node& node) {
      for (Tensors* list : {&node.inputs_, &node.after_}) {
        for (Tensor& tensor : *list) tensors.push_back(std::move(tensor));
      }
      ops.push_back(std::move(node.op_));
    }
  };
  thread_local Remains* pending = nullptr;
  if (pending != nullptr) {  // Called from the loop below, further up the stack.
    pending->take(*this);
    return;
  }
  Remains work;
  work.take(*this);
  pending = &work;
  while (!work.tensors.empty() || !work.ops.empty()) {
    if (!work.ops.empty()) {
      const auto last = std::move(work.ops.back());
      work.ops.pop_back();
    } else {
      const Tensor last = std::move(work.tensors.back());
      work.tensors.pop_back();
    }
  }
  pending = nullptr;
}

uint64_t Node::next_id() { return next_node_id.load(std::memory_order_relaxed); }

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "<no tensor>";
  return out << "<Tensor '" << tensor.op().name() << "' shape=" << tensor.shape()
             << " dtype=" << tensor.dtype() << '>';
}

std::unique_ptr<Kernel> Op::compile(SignatureSpan in, SignatureSpan out) const {
  return std::make_unique<PlainKernel>(*this, scratch_bytes(in, out));
}

void Op::run(const Exec&, Views, Views) const {
  throw std::logic_error(std::string(name()) + ": an op has run() or compile()");
}

std::vector<Array> Op::run_shaped(const Exec&, Views) const {
  throw std::logic_error(std::string(name()) + ": an op with shapes at run time has run_shaped()");
}

size_t Op::scratch_bytes(SignatureSpan, SignatureSpan) const { return 0; }

int Op::forwards(SignatureSpan, SignatureSpan) const { return -1; }

Tensor without_label(const Tensor& x) {
  return x.node().inputs().empty() || !x.op().is_layer_output() ? x : x.input(0);
}

std::shared_ptr<const Node> make_node(std::shared_ptr<const Op> op, Tensors inputs, Tensors after,
                                      bool uses_learning_phase) {
  Signatures in;
  in.reserve(inputs.size());
  for (Tensor& input : inputs) {
    if (!input.defined()) fail(op->name(), ": an empty tensor handle was given");
    input = without_label(input);
    in.push_back(input.signature());
    uses_learning_phase |= input.uses_learning_phase();
  }
  Signatures out = op->infer(in);
  if (dynamic_cast<const ConstantOp*>(op.get()) == nullptr) {
    for (Signature& signature : out) signature.value = nullptr;
  }
  return std::make_shared<Node>(std::move(op), std::move(inputs), std::move(after), std::move(out),
                                uses_learning_phase);
}

}  // namespace keel
