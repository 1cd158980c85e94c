#include "core/plan/plan.h"

#include <cstring>
#include <sstream>

#include "core/plan/planner.h"

namespace keel::plan {
Plan::Plan(const Request& request) : Plan(build_graph(request, nullptr), *request.pool) {}

Plan::Plan(Graph graph, const ThreadPool& pool) {
  absorb_producers(graph);
  fuse(graph);
  Planner(std::move(graph), pool, *this).run();
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

class Plan::Lease {
 public:
  explicit Lease(const Plan& plan) : plan_(plan), state_(plan.take_state()) {}
  ~Lease() { plan_.give_back(std::move(state_)); }
  State& state() { return *state_; }

 private:
  const Plan& plan_;
  std::unique_ptr<State> state_;
};

template <typename DataOfFeed>
void Plan::bind(State& state, DataOfFeed data_of_feed) const {
  for (size_t i = 0; i < variables_.size(); ++i) state.variables[i] = variables_[i]->value();
  for (const Patch& patch : variable_patches_) {
    const Array& value = state.variables[patch.index];
    state.views[patch.view].data = value.bytes_begin();
    state.views[patch.view].version = value.version();
  }
  for (const Patch& patch : feed_patches_) state.views[patch.view].data = data_of_feed(patch.index);
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const NewBuffer& buffer = buffers_[i];
    state.buffers[i] = buffer.variable >= 0 ? assignments_[buffer.variable].variable->take_spare()
                                            : Array(buffer.shape, buffer.dtype);
  }
  for (const Patch& patch : buffer_patches_) {
    state.views[patch.view].data = state.buffers[patch.index].bytes_begin();
  }
}

void Plan::run_steps(const State& state, const ThreadPool& pool, Run* run) const {
  const View* const views = state.views.data();
  std::byte* const arena = state.arena.bytes_begin();
  for (const Step& step : steps_) {
    const View* in = views + step.first_view;
    step.kernel->run({pool, arena + step.scratch_offset, run}, Views(in, step.inputs),
                     Views(in + step.inputs, step.outputs));
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
  bind(state, [&](int index) { return feeds[index]->bytes_begin(); });
  run_steps(state, pool, &run);

  auto value = [&](const Place& place, const Shape& shape) {
    return place.kind == Place::kFeed ? feeds[place.index]->reshape(shape)
                                      : array_at(state, place, shape);
  };
  std::vector<Array> outputs;
  outputs.reserve(output_places_.size());
  for (size_t i = 0; i < output_places_.size(); ++i) {
    outputs.push_back(value(output_places_[i], output_signatures_[i].shape));
  }
  for (const Assign& assign : assignments_) {
    assign.variable->assign(value(assign.place, assign.shape));
  }
  return outputs;
}

void Plan::call_views(const Exec& exec, Views feeds, Views outputs) const {
  Lease lease(*this);
  State& state = lease.state();
  bind(state, [&](int index) { return static_cast<std::byte*>(feeds[index].data); });
  run_steps(state, exec.pool, exec.run);
  for (size_t i = 0; i < output_places_.size(); ++i) {
    const Signature& signature = output_signatures_[i];
    const auto bytes = static_cast<size_t>(byte_size(signature.shape, signature.dtype));
    const Place& place = output_places_[i];
    const void* source = place.kind == Place::kFeed
                             ? feeds[place.index].data
                             : array_at(state, place, signature.shape).bytes_begin();
    std::memcpy(outputs[i].data, source, bytes);
  }
  for (const Assign& assign : assignments_) {
    Array value;
    if (assign.place.kind == Place::kFeed) {
      value = Array(assign.shape, assign.dtype);
      std::memcpy(value.bytes_begin(), feeds[assign.place.index].data, value.bytes());
    } else {
      value = array_at(state, assign.place, assign.shape);
    }
    exec.run->assign(assign.variable, std::move(value));
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
      case Place::kOutput: out << " buffer " << view.place.index; break;
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
    out << "  " << step_bytes << " bytes\n";
  }
  out << steps_.size() << " steps, " << bytes << " bytes read and written; arena " << arena_bytes_
      << " bytes, " << live_bytes_ << " alive at most; " << assignments_.size() << " assignments\n";
  return out.str();
}

}  // namespace keel::plan
