#include "core/loops/compile.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/loops/micro_ops.h"

namespace keel {
namespace {

class Compiler {
 public:
  Compiler(const LoopProgram& program, const std::vector<InputForm>& forms, bool tile,
           const StageTable& stages)
      : program_(program), stages_(stages), tile_(tile) {
    loop_.last_read.assign(program.inputs.size(), -1);
    for (size_t i = 0; i < program.inputs.size(); ++i) {
      const DType dtype = program.inputs[i].dtype;
      Value value{dtype, lane_of(dtype)};
      value.input = static_cast<int>(i);
      value.in_memory = forms[i] != InputForm::kStored || is_lane_form(dtype);
      value.splat = forms[i] == InputForm::kSplat;
      names_.push_back(add_value(value));
    }
    for (const LoopProgram::Step& step : program.steps) names_.push_back(add_step(step));
  }

  CompiledLoop compile() {
    std::vector<int> roots;
    for (const LoopProgram::Output& output : program_.outputs) {
      int root = names_[output.value];
      if (values_[root].dtype == DType::kBool) root = as_lane(root, Lane::kInt32);
      roots.push_back(root);
      loop_.output.push_back({values_[root].lane, values_[root].dtype});
    }
    roots_ = roots;
    for (int root : roots) count_use(root);
    // Values that are reduced come last: combining them ends what the accumulator holds.
    for (size_t o = 0; o < roots.size(); ++o) {
      if (!reduces(o)) finish(o);
    }
    for (size_t o = 0; o < roots.size(); ++o) {
      if (reduces(o)) finish(o);
    }
    add(stages_.finish, kLoads);
    choose_final_stores();
    std::stable_sort(loop_.inputs.begin(), loop_.inputs.end(),
                     [](const Patch& a, const Patch& b) { return a.index < b.index; });
    for (const Patch& patch : loop_.inputs) {
      loop_.last_read[patch.index] = std::max<int>(loop_.last_read[patch.index], patch.instr);
    }
    if (!loop_.text.empty()) loop_.text.pop_back();
    return std::move(loop_);
  }

 private:
  struct Value {
    DType dtype;
    Lane lane;
    int input = -1;              // Of an input.
    const MicroOp* op = nullptr;  // Of a step; null for what only changes the lane.
    Lane op_lane = Lane::kInt32;
    int args[3] = {-1, -1, -1};
    int uses = 0;
    int slot = -1;
    bool in_memory = false;  // In lane form, in the input or in a slot.
    bool splat = false;      // An input whose lanes are all alike.
  };
  // What an instruction does to the accumulator.
  enum Effect : uint8_t { kLoads, kComputes, kStores };

  int add_value(const Value& value) {
    values_.push_back(value);
    return static_cast<int>(values_.size()) - 1;
  }

  // A bool in lanes of the other size.
  int as_lane(int v, Lane lane) {
    if (values_[v].lane == lane) return v;
    const auto [place, is_new] = widened_.try_emplace({v, lane}, 0);
    if (is_new) {
      Value value{values_[v].dtype, lane};
      value.args[0] = v;
      place->second = add_value(value);
    }
    return place->second;
  }

  int add_step(const LoopProgram::Step& step) {
    Value value{step.dtype, lane_of(step.dtype)};
    value.op = step.op;
    const int arity = step.op->arity;
    for (int i = 0; i < arity; ++i) value.args[i] = names_[step.args[i]];
    loop_.cost += step.op->cost;
    if (step.op == &kCast) return add_value(value);
    int* args = value.args;
    // The operands that are of one dtype; bools among them may differ in size.
    const int first = arity == 3 && values_[args[0]].dtype == DType::kBool ? 1 : 0;
    Lane lane = values_[args[first]].lane;
    for (int i = first + 1; i < arity; ++i) {
      if (values_[args[i]].lane == lane) continue;
      if (values_[args[i]].dtype != DType::kBool || values_[args[first]].dtype != DType::kBool) {
        fail(step.op->name, ": the operands are ", values_[args[first]].dtype, " and ",
             values_[args[i]].dtype);
      }
      lane = Lane::kInt32;
    }
    for (int i = first; i < arity; ++i) {
      if (values_[args[i]].dtype == DType::kBool) args[i] = as_lane(args[i], lane);
    }
    if (first == 1) args[0] = as_lane(args[0], truth_lane(lane));
    value.op_lane = lane;
    value.lane = step.dtype == DType::kBool ? truth_lane(lane) : lane;
    if (step.op->code(lane, MicroOp::kPlain) == nullptr) {
      fail(step.op->name, ": has no meaning for ", values_[args[first]].dtype);
    }
    return add_value(value);
  }

  bool reduces(size_t o) const { return program_.outputs[o].reducer != nullptr; }

  void count_use(int v) {
    if (values_[v].uses++ != 0) return;
    for (int arg : values_[v].args) {
      if (arg >= 0) count_use(arg);
    }
  }

  Instr& add(MicroOp::Code code, Effect effect) {
    if (code == nullptr) fail("loop: a stage is missing");  // Never: the callers check dtypes.
    if (loop_.code.size() >= 1000) fail("loop: the program is too long");
    loop_.code.push_back({code, nullptr, {nullptr}, 0, 0});
    effects_.push_back(effect);
    finals_.push_back(nullptr);
    return loop_.code.back();
  }

  int here() const { return static_cast<int>(loop_.code.size()) - 1; }

  // Makes the last instruction's operand value v, which is in memory.
  void use_memory(int v, int operand) {
    const Value& value = values_[v];
    const Patch patch{static_cast<uint16_t>(here()), static_cast<uint8_t>(operand),
                      static_cast<uint8_t>(value.slot >= 0 ? value.slot : value.input)};
    (value.slot >= 0 ? loop_.slots : loop_.inputs).push_back(patch);
  }

  void add_store(DType dtype) {
    add(stages_.store[dtype.kind()], kStores);
    finals_.back() = stages_.final_store[dtype.kind()];
  }

  // Keeps v, now in the accumulator, for later.
  void keep(int v) {
    Value& value = values_[v];
    if (value.in_memory) return;
    if (free_slots_.empty()) {
      value.slot = loop_.slot_count++;
    } else {
      value.slot = free_slots_.back();
      free_slots_.pop_back();
    }
    value.in_memory = true;
    add_store(lane_dtype(value.lane));
    use_memory(v, 0);
  }

  void consume(int v) {
    Value& value = values_[v];
    if (--value.uses == 0 && value.slot >= 0) {
      free_slots_.push_back(value.slot);
      value.in_memory = false;
      value.slot = -1;
    }
  }

  // Brings v into the accumulator; into memory too if others than the caller need it.
  void produce(int v) {
    if (in_accumulator_ == v) return;
    if (values_[v].in_memory) {
      add(stages_.load[lane_dtype(values_[v].lane).kind()], kLoads);
      use_memory(v, 0);
      in_accumulator_ = v;
      return;
    }
    if (values_[v].input >= 0) {
      add(stages_.load[values_[v].dtype.kind()], kLoads);
      use_memory(v, 0);
    } else if (values_[v].op == nullptr || values_[v].op == &kCast) {
      produce_cast(v);
    } else {
      produce_step(v);
    }
    in_accumulator_ = v;
    for (size_t o = 0; o < roots_.size(); ++o) {
      if (roots_[o] == v && !reduces(o) && loop_.output[o].store < 0) store_output(o);
    }
    if (values_[v].uses > 1) keep(v);
  }

  void produce_cast(int v) {
    const int arg = values_[v].args[0];
    produce(arg);
    const DType from = values_[arg].dtype, to = values_[v].dtype;
    Lane lane = values_[arg].lane;
    if (values_[v].op != nullptr) {
      loop_.text += "cast ";
      if (to == DType::kBool && from != DType::kBool) {
        add(stages_.to_bool[static_cast<int>(lane)], kComputes);
        lane = truth_lane(lane);
      }
    }
    const Lane to_lane = values_[v].lane;
    if (lane != to_lane) {
      add(stages_.cast[static_cast<int>(lane)][static_cast<int>(to_lane)], kComputes);
    }
    // What is only stored is rounded there.
    const bool rounds = to_lane == Lane::kFloat32 && v == only_stored_;
    if (from != to && !fits_unchanged(from, to) && !rounds) {
      const auto& narrow =
          to_lane == Lane::kFloat32 ? stages_.round : from.is_floating() ? stages_.clamp : stages_.wrap;
      if (narrow[to.kind()] != nullptr) add(narrow[to.kind()], kComputes);
    }
    consume(arg);
  }

  // Whether every `from` is a `to`, for dtypes narrower than their lanes.
  static bool fits_unchanged(DType from, DType to) {
    if (from == DType::kBool) return true;
    if (from == DType::kUint8) return to != DType::kInt8;
    return from == DType::kInt8 && (to == DType::kInt16 || to.is_floating());
  }

  void produce_step(int v) {
    const MicroOp& op = *values_[v].op;
    const Lane lane = values_[v].op_lane;
    const int a = values_[v].args[0], b = values_[v].args[1], c = values_[v].args[2];
    int form = MicroOp::kPlain;
    int memory = b;
    if (op.arity == 3) {
      produce_in_memory(c);
      produce_in_memory(b);
      produce(a);
    } else if (op.arity == 2) {
      if (!values_[a].in_memory && !values_[b].in_memory && a != b) produce_in_memory(b);
      // Producing b may have put a into memory on the way.
      if (!values_[b].in_memory || (in_accumulator_ == b && values_[a].in_memory)) {
        if (!values_[a].in_memory) produce_in_memory(a);
        produce(b);
        if (a != b) {
          form = MicroOp::kSwapped;
          memory = a;
        }
      } else {
        produce(a);
      }
    } else {
      produce(a);
    }
    if (op.arity == 2 && values_[memory].splat) {
      form = form == MicroOp::kPlain ? MicroOp::kScalar : MicroOp::kScalarSwapped;
    }
    add(op.code(lane, form), kComputes);
    if (op.arity >= 2) use_memory(memory, 0);
    if (op.arity == 3) use_memory(c, 1);
    loop_.text += op.name;
    loop_.text += ' ';
    const DType dtype = values_[v].dtype;
    if (dtype != DType::kBool && stages_.wrap[dtype.kind()] != nullptr) {
      add(stages_.wrap[dtype.kind()], kComputes);
    }
    in_accumulator_ = -1;
    for (int i = 0; i < op.arity; ++i) consume(values_[v].args[i]);
  }

  void produce_in_memory(int v) {
    if (values_[v].in_memory) return;
    produce(v);
    keep(v);
  }

  void store_output(size_t o) {
    loop_.output[o].store = here() + 1;
    add_store(loop_.output[o].dtype);
    loop_.outputs.push_back({static_cast<uint16_t>(here()), 0, static_cast<uint8_t>(o)});
    consume(roots_[o]);
  }

  void finish(size_t o) {
    const int v = roots_[o];
    if (!reduces(o)) {
      if (loop_.output[o].store >= 0) return;
      only_stored_ = values_[v].uses == 1 ? v : -1;
      ++values_[v].uses;  // So that what others need of v outlives the store.
      produce(v);
      if (loop_.output[o].store < 0) store_output(o);
      consume(v);
      return;
    }
    produce(v);
    const Patch patch{0, 0, static_cast<uint8_t>(o)};
    const Lane lane = loop_.output[o].lane;
    if (!tile_) {
      const MicroOp& combine = *program_.outputs[o].reducer->combine;
      if (combine.code(lane, MicroOp::kFold) == nullptr) {
        fail(program_.outputs[o].reducer->name, ": has no meaning for ", loop_.output[o].dtype);
      }
      add(combine.code(lane, MicroOp::kPlain), kComputes);
      loop_.output[o].combine = here();
      loop_.accumulators.push_back(patch);
      loop_.accumulators.back().instr = static_cast<uint16_t>(here());
      in_accumulator_ = -1;
    }
    add_store(lane_dtype(lane));
    loop_.accumulators.push_back(patch);
    loop_.accumulators.back().instr = static_cast<uint16_t>(here());
    consume(v);
  }

  // A store before a load, or before the end, is final.
  void choose_final_stores() {
    for (size_t k = 0; k + 1 < loop_.code.size(); ++k) {
      if (effects_[k] == kStores && effects_[k + 1] == kLoads) loop_.code[k].run = finals_[k];
    }
  }

  const LoopProgram& program_;
  const StageTable& stages_;
  const bool tile_;
  CompiledLoop loop_;
  std::vector<Value> values_;
  std::vector<int> names_;  // The program's numbers to indices of values_.
  std::map<std::pair<int, Lane>, int> widened_;
  std::vector<int> roots_;
  std::vector<Effect> effects_;
  std::vector<MicroOp::Code> finals_;  // Per instruction: what it becomes if it is final.
  std::vector<int> free_slots_;
  int in_accumulator_ = -1;
  int only_stored_ = -1;  // A value that nothing but the store of an output uses.
};

}  // namespace

CompiledLoop compile_loop(const LoopProgram& program, const std::vector<InputForm>& forms, bool tile,
                          const StageTable& stages) {
  if (program.inputs.size() > LoopProgram::kMaxInputs ||
      program.steps.size() > LoopProgram::kMaxSteps ||
      program.outputs.size() > LoopProgram::kMaxOutputs) {
    fail("loop: a program of ", program.inputs.size(), " inputs, ", program.steps.size(),
         " steps and ", program.outputs.size(), " outputs is beyond the limits of ",
         LoopProgram::kMaxInputs, ", ", LoopProgram::kMaxSteps, " and ", LoopProgram::kMaxOutputs);
  }
  return Compiler(program, forms, tile, stages).compile();
}

}  // namespace keel
