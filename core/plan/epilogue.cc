#include "core/plan/epilogue.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/elementwise.h"
#include "core/structure.h"

namespace keel::plan {
namespace {

// What a loop may want for scalars and short rows; it is on the stack.
constexpr size_t kMostScratch = 32 * 1024;

// `program` on rows of so many columns. Scalars and single rows are left as they are.
LoopProgram on_rows(LoopProgram program, int64_t columns) {
  const int64_t all = program.shape.elements();
  for (LoopProgram::Input& input : program.inputs) {
    const int64_t size = input.shape.elements();
    input.shape = size == all ? Shape{all / columns, columns} : size == 1 ? Shape{} : Shape{columns};
  }
  program.shape = Shape{all / columns, columns};
  return program;
}

}  // namespace

std::shared_ptr<const Epilogue> Epilogue::make(const LoopProgram& program, int result) {
  const bool reduces = std::any_of(program.outputs.begin(), program.outputs.end(),
                                   [](const LoopProgram::Output& output) { return output.reducer != nullptr; });
  const int64_t all = program.shape.elements();
  if (reduces || program.shape.rank() == 0 || all == 0) return nullptr;
  if (program.inputs[result].shape != program.shape) return nullptr;
  const int64_t columns = program.shape.back();
  std::vector<int64_t> row_bytes;
  for (const LoopProgram::Input& input : program.inputs) {
    const int64_t size = input.shape.elements();
    const bool is_row = size == 1 || (size == columns && input.shape.back() == columns);
    if (size != all && !is_row) return nullptr;
    row_bytes.push_back(size == all ? columns * static_cast<int64_t>(input.dtype.size()) : 0);
  }
  LoopKernel loop(on_rows(program, columns));
  if (loop.scratch_bytes() > kMostScratch) return nullptr;
  auto epilogue = std::make_shared<Epilogue>(std::move(loop), columns);
  epilogue->result_ = result;
  epilogue->row_bytes_ = std::move(row_bytes);
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const int value = program.outputs[i].value - static_cast<int>(program.inputs.size());
    const DType dtype = value < 0 ? program.inputs[program.outputs[i].value].dtype : program.steps[value].dtype;
    epilogue->output_row_bytes_.push_back(columns * static_cast<int64_t>(dtype.size()));
    if (epilogue->in_place_ < 0 && dtype == program.inputs[result].dtype &&
        epilogue->loop_.may_alias(static_cast<int>(i), result)) {
      epilogue->in_place_ = static_cast<int>(i);
    }
  }
  if (epilogue->in_place_ < 0) return nullptr;
  return epilogue;
}

bool Epilogue::may_alias(int out, int in) const {
  const int input = program_input(in);
  return out != in_place_ && row_bytes_[input] != 0 && loop_.may_alias(out, input);
}

void Epilogue::run(Views inputs, Views outputs, int64_t begin, int64_t end) const {
  alignas(64) std::byte scratch[kMostScratch];
  absl::InlinedVector<View, LoopProgram::kMaxInputs> in(inputs.begin(), inputs.end());
  in.insert(in.begin() + result_, outputs[in_place_]);
  absl::InlinedVector<View, LoopProgram::kMaxOutputs> out(outputs.begin(), outputs.end());
  const auto move_to_begin = [&](auto& views, const std::vector<int64_t>& row_bytes) {
    for (size_t i = 0; i < views.size(); ++i) views[i].data = views[i].template as<std::byte>() + begin * row_bytes[i];
  };
  move_to_begin(in, row_bytes_);
  move_to_begin(out, output_row_bytes_);
  loop_.run_first((end - begin) * columns_, scratch, in, out);
}

namespace {

class EpilogueKernel final : public Kernel {
 public:
  EpilogueKernel(std::unique_ptr<Kernel> op, int op_inputs, const Signature& result,
                 std::shared_ptr<const Epilogue> epilogue)
      : op_(std::move(op)), op_inputs_(op_inputs), dtype_(result.dtype), shape_(result.shape),
        epilogue_(std::move(epilogue)) {}

  size_t scratch_bytes(const ThreadPool& pool) const override { return op_->scratch_bytes(pool); }

  void run(const Exec& exec, Views in, Views out) const override {
    const View result{out[epilogue_->in_place()].data, dtype_, &shape_};
    const auto finish = [&](int64_t begin, int64_t end) {
      epilogue_->run(in.subspan(op_inputs_), out, begin, end);
    };
    const RowsDone rows_done = finish;
    op_->run({exec.pool, exec.scratch, exec.run, &rows_done}, in.first(op_inputs_), {&result, 1});
  }

  bool may_alias(int out, int in) const override {
    return in >= op_inputs_ && epilogue_->may_alias(out, in - op_inputs_);
  }

  std::string to_string() const override { return op_->to_string() + "then " + epilogue_->to_string(); }

 private:
  const std::unique_ptr<Kernel> op_;
  const int op_inputs_;
  const DType dtype_;
  const Shape shape_;
  const std::shared_ptr<const Epilogue> epilogue_;
};

// The element-wise program that a node is, if it is one.
bool program_of(const Graph& graph, const GraphNode& node, LoopProgram* program) {
  if (node.kind == GraphNode::kProgram) {
    *program = node.program;
    return true;
  }
  if (node.kind != GraphNode::kOp || !node.after.empty() || node.op->stateful()) return false;
  const MicroOp* micro_op = node.op->micro_op();
  if (micro_op == nullptr || micro_op == &kIdentity || static_cast<size_t>(micro_op->arity) != node.inputs.size()) return false;
  Signatures in;
  for (Ref r : node.inputs) in.push_back(graph.signature(r));
  *program = keel::program_of(*micro_op, in, node.outputs[0]);
  return true;
}

// How often each node is waited for, by live nodes, outputs and assignments.
std::vector<int> count_uses(const Graph& graph, const std::vector<bool>& live) {
  std::vector<int> uses(graph.nodes.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!live[n]) continue;
    for (Ref r : graph.nodes[n].inputs) ++uses[r.node];
    for (int a : graph.nodes[n].after) ++uses[a];
  }
  for (Ref r : graph.outputs) ++uses[r.node];
  for (const Assignment& a : graph.assignments) ++uses[a.value.node];
  return uses;
}

}  // namespace

std::unique_ptr<Kernel> make_epilogue_kernel(std::unique_ptr<Kernel> op, int op_inputs, const Signature& result,
                                             std::shared_ptr<const Epilogue> epilogue) {
  return std::make_unique<EpilogueKernel>(std::move(op), op_inputs, result, std::move(epilogue));
}

void attach_epilogues(Graph& graph) {
  const std::vector<bool> live = live_nodes(graph);
  const std::vector<int> uses = count_uses(graph, live);
  std::vector<bool> assigned(graph.nodes.size());
  for (const Assignment& a : graph.assignments) assigned[a.value.node] = true;
  const auto tells_rows = [&](Ref r) {
    const GraphNode& node = graph.nodes[r.node];
    if (node.kind != GraphNode::kOp || node.epilogue != nullptr || node.outputs.size() != 1) return false;
    Signatures in;
    for (Ref input : node.inputs) in.push_back(graph.signature(input));
    return uses[r.node] == 1 && node.op->tells_rows(in);
  };
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    GraphNode& node = graph.nodes[n];
    // Of several results the one that is computed last, as far as their order in the graph tells.
    int result = -1;
    for (size_t i = 0; live[n] && i < node.inputs.size(); ++i) {
      if (tells_rows(node.inputs[i]) && (result < 0 || node.inputs[i].node > node.inputs[result].node)) {
        result = static_cast<int>(i);
      }
    }
    LoopProgram program;
    // A new value of a variable is rather written over the one before (Planner::postpone_updates).
    if (result < 0 || assigned[n] || !program_of(graph, node, &program)) continue;
    auto epilogue = Epilogue::make(program, result);
    if (epilogue == nullptr) continue;
    const GraphNode& before = graph.nodes[node.inputs[result].node];
    std::vector<Ref> inputs = before.inputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (static_cast<int>(i) != result) inputs.push_back(node.inputs[i]);
    }
    node.kind = GraphNode::kOp;
    node.op = before.op;
    node.result = before.outputs[0];
    node.after = before.after;
    node.inputs = std::move(inputs);
    node.epilogue = std::move(epilogue);
  }
}

}  // namespace keel::plan
