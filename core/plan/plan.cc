#include "core/plan/plan.h"

#include <cstring>
#include <sstream>
#include <utility>

#include "absl/strings/str_split.h"
#include "core/plan/planner.h"

namespace keel::plan {
namespace {

// Keeps the CPU away from what the device is at work on.
class DeviceWork {
 public:
  explicit DeviceWork(Device* device) : device_(device) {}
  ~DeviceWork() {
    if (!under_way_) return;  // Otherwise a step threw; that says what is wrong.
    try {
      device_->synchronize();
    } catch (const ValueError&) {
    }
  }
  DeviceWork(const DeviceWork&) = delete;
  DeviceWork& operator=(const DeviceWork&) = delete;
  void begin() { under_way_ = true; }
  void finish() {
    if (std::exchange(under_way_, false)) device_->synchronize();
  }

 private:
  Device* const device_;
  bool under_way_ = false;
};

}  // namespace

Plan::Plan(const Request& request) {
  make(build_graph(request, nullptr), *request.pool, /*overwrites=*/false);
}

// What a device has begun may still fail at the end.
Plan::Plan(Graph graph, const ThreadPool& pool) { make(std::move(graph), pool, device_ == nullptr); }

void Plan::make(Graph graph, const ThreadPool& pool, bool overwrites) {
  absorb_producers(graph);
  fuse(graph);
  // A device runs each step with a kernel of its own.
  if (device_ == nullptr) attach_epilogues(graph);
  Planner(std::move(graph), pool, overwrites, *this).run();
}

std::unique_ptr<Plan::State> Plan::take_state() const {
  {
    std::lock_guard lock(mutex_);
    if (!free_states_.empty()) {
      auto state = std::move(free_states_.back());
      free_states_.pop_back();
      return state;
    }
  }
  auto state = std::make_unique<State>();
  state->arena = Array({arena_bytes_}, DType::kUint8);
  state->variables.resize(variables_.size());
  state->buffers.resize(buffers_.size());
  for (const ViewPlan& view : views_) {
    View v{nullptr, view.dtype, &view.shape, 0};
    if (view.place.kind == Place::kArena) v.data = state->arena.bytes_begin() + view.place.offset;
    if (view.place.kind == Place::kConstant) {
      v.data = constants_[view.place.index].bytes_begin();
      v.version = constants_[view.place.index].version();
    }
    state->views.push_back(v);
  }
  return state;
}

void Plan::give_back(std::unique_ptr<State> state) const {
  for (Array& array : state->variables) array = Array();
  for (Array& array : state->buffers) array = Array();
  std::lock_guard lock(mutex_);
  free_states_.push_back(std::move(state));
}

void Plan::read_variables(State& state) const {
  for (size_t i = 0; i < variables_.size(); ++i) state.variables[i] = variables_[i]->value();
  for (const Patch& patch : variable_patches_) {
    const Array& value = state.variables[patch.index];
    state.views[patch.view].data = value.bytes_begin();
    state.views[patch.view].version = value.version();
  }
}

Array Plan::new_buffer(size_t index) const {
  const NewBuffer& buffer = buffers_[index];
  return buffer.variable >= 0 ? assignments_[buffer.variable].variable->take_spare()
                              : Array(buffer.shape, buffer.dtype);
}

void Plan::run_steps(size_t begin, size_t end, const State& state, const ThreadPool& pool, Run* run) const {
  const View* const views = state.views.data();
  std::byte* const arena = state.arena.bytes_begin();
  DeviceWork device_work(device_);
  for (const Step& step : absl::MakeConstSpan(steps_).subspan(begin, end - begin)) {
    const View* in = views + step.first_view;
    if (step.on_device) device_work.begin();
    else device_work.finish();
    step.kernel->run({pool, arena + step.scratch_offset, run}, Views(in, step.inputs),
                     Views(in + step.inputs, step.outputs));
  }
  device_work.finish();
}

void Plan::patch_buffers(State& state) const {
  for (const Patch& patch : buffer_patches_) {
    const Array& buffer = state.buffers[patch.index];
    state.views[patch.view].data = buffer.defined() ? buffer.bytes_begin() : nullptr;
  }
}

void Plan::run_updates(State& state, const ThreadPool& pool, Run* run) const {
  const ValueLocks locks(overwritten_);
  // Memory comes first: from then on nothing can fail.
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const int variable = buffers_[i].overwrites;
    if (variable >= 0) state.buffers[i] = variables_[variable]->memory_of_next(state.variables[variable]);
  }
  patch_buffers(state);
  run_steps(first_update_, steps_.size(), state, pool, run);
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const int variable = buffers_[i].overwrites;
    if (variable >= 0) variables_[variable]->replace(std::move(state.buffers[i]));
  }
}

Array Plan::array_at(const State& state, const Place& place, const Shape& shape) const {
  const Array& array = place.kind == Place::kVariable   ? state.variables[place.index]
                       : place.kind == Place::kConstant ? constants_[place.index]
                                                        : state.buffers[place.index];
  return array.shape() == shape ? array : array.reshape(shape);
}

std::vector<Array> Plan::call(absl::Span<const Array* const> feeds, const ThreadPool& pool) const {
  Run run;
  std::vector<Array> outputs = call(feeds, pool, run, /*locked=*/false);
  run.make_assignments();
  return outputs;
}

std::vector<Array> Plan::call(absl::Span<const Array* const> feeds, const ThreadPool& pool, Run& run,
                              bool locked) const {
  Lease lease(*this);
  State& state = lease.state();
  const UpdateLocks locks(locked ? absl::Span<VariableState* const>() : absl::MakeSpan(locked_));
  read_variables(state);
  for (const Patch& patch : feed_patches_) {
    state.views[patch.view].data = feeds[patch.index]->bytes_begin();
  }
  for (size_t i = 0; i < buffers_.size(); ++i) {
    if (buffers_[i].overwrites < 0) state.buffers[i] = new_buffer(i);
  }
  patch_buffers(state);
  run_steps(0, first_update_, state, pool, &run);

  auto value = [&](const Place& place, const Shape& shape) {
    return place.kind == Place::kFeed ? feeds[place.index]->reshape(shape)
                                      : array_at(state, place, shape);
  };
  std::vector<Array> outputs;
  outputs.reserve(output_places_.size());
  for (size_t i = 0; i < output_places_.size(); ++i) {
    outputs.push_back(value(output_places_[i], output_signatures_[i].shape));
  }
  if (first_update_ < steps_.size()) run_updates(state, pool, &run);
  for (const Assign& assign : assignments_) {
    const bool done = assign.place.kind == Place::kOutput && buffers_[assign.place.index].overwrites >= 0;
    if (!done) assign.variable->assign(value(assign.place, assign.shape));
  }
  return outputs;
}

Plan::Runner::Runner(const Plan& plan, const Exec& exec) : plan_(plan), exec_(exec), lease_(plan) {
  plan.read_variables(lease_.state());
}

void Plan::Runner::run(Views feeds, Views outputs) {
  State& state = lease_.state();
  for (const Patch& patch : plan_.feed_patches_) {
    state.views[patch.view].data = feeds[patch.index].data;
    state.views[patch.view].version = feeds[patch.index].version;
  }
  // What is an output is written where it is wanted; other buffers that no variable keeps serve again.
  auto written_there = [&](const NewBuffer& buffer) {
    return buffer.output >= 0 && outputs[buffer.output].data != nullptr;
  };
  for (size_t i = 0; i < plan_.buffers_.size(); ++i) {
    const NewBuffer& buffer = plan_.buffers_[i];
    if (written_there(buffer)) continue;
    if (buffer.variable >= 0 || !state.buffers[i].defined()) state.buffers[i] = plan_.new_buffer(i);
  }
  for (const Patch& patch : plan_.buffer_patches_) {
    const NewBuffer& buffer = plan_.buffers_[patch.index];
    state.views[patch.view].data = written_there(buffer) ? outputs[buffer.output].data
                                                         : state.buffers[patch.index].bytes_begin();
  }
  plan_.run_steps(0, plan_.steps_.size(), state, exec_.pool, exec_.run);

  auto data_at = [&](const Place& place, const Shape& shape) -> const void* {
    if (place.kind == Place::kFeed) return feeds[place.index].data;
    if (place.kind == Place::kOutput && written_there(plan_.buffers_[place.index])) {
      return outputs[plan_.buffers_[place.index].output].data;
    }
    return plan_.array_at(state, place, shape).bytes_begin();
  };
  for (size_t i = 0; i < plan_.output_places_.size(); ++i) {
    if (outputs[i].data == nullptr) continue;
    const Signature& signature = plan_.output_signatures_[i];
    const void* source = data_at(plan_.output_places_[i], signature.shape);
    if (source == outputs[i].data) continue;
    std::memcpy(outputs[i].data, source, byte_size(signature.shape, signature.dtype));
  }
  for (const Assign& assign : plan_.assignments_) {
    Array value;
    if (assign.place.kind == Place::kFeed || assign.place.kind == Place::kOutput) {
      const bool own = assign.place.kind == Place::kOutput &&
                       !written_there(plan_.buffers_[assign.place.index]);
      if (own) value = plan_.array_at(state, assign.place, assign.shape);
      else {
        value = Array(assign.shape, assign.dtype);
        std::memcpy(value.bytes_begin(), data_at(assign.place, assign.shape), value.bytes());
      }
    } else {
      value = plan_.array_at(state, assign.place, assign.shape);
    }
    exec_.run->assign(assign.variable, std::move(value));
  }
}

std::string Plan::to_string() const {
  std::ostringstream out;
  auto print = [&](const ViewPlan& view) {
    out << view.dtype << view.shape;
    switch (view.place.kind) {
      case Place::kArena: out << '@' << view.place.offset; break;
      case Place::kFeed: out << " input " << view.place.index; break;
      case Place::kVariable: out << ' ' << variables_[view.place.index]->name(); break;
      case Place::kConstant:
        if (view.shape.rank() == 0) out << '=' << constants_[view.place.index];
        else out << " constant";
        break;
      case Place::kOutput:
        if (const int variable = buffers_[view.place.index].overwrites; variable >= 0) {
          out << " over " << variables_[variable]->name();
        } else {
          out << " buffer " << view.place.index;
        }
        break;
      case Place::kNowhere: out << " nowhere"; break;
    }
  };
  int64_t bytes = 0;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    out << i << ": " << step.label << " (";
    int64_t step_bytes = 0;
    for (int v = 0; v < step.inputs + step.outputs; ++v) {
      const ViewPlan& view = views_[step.first_view + v];
      if (v == step.inputs) out << ") -> ";
      else if (v > 0) out << ", ";
      print(view);
      step_bytes += byte_size(view.shape, view.dtype);
    }
    bytes += step_bytes;
    out << "  " << step_bytes << " bytes";
    if (step.on_device) out << " on " << device_->name();
    out << '\n';
    for (const auto& line : absl::StrSplit(step.inside, '\n', absl::SkipEmpty())) {
      out << "    " << line << '\n';
    }
  }
  out << steps_.size() << " steps, " << bytes << " bytes read and written; arena " << arena_bytes_
      << " bytes, " << live_bytes_ << " alive at most; " << assignments_.size() << " assignments\n";
  return out.str();
}

}  // namespace keel::plan
