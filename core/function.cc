#include "core/function.h"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <list>
#include <mutex>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "core/carried_updates.h"
#include "core/label.h"
#include "core/graph.h"
#include "core/leaves.h"
#include "core/plan/split.h"

namespace keel {
namespace {

constexpr size_t kMostPlans = 32;

thread_local const ThreadPool* chosen_pool = nullptr;

// An update that `outputs` came with, that would be made where the learning phase is `phase`, and that
// is not among `updates`; an empty handle where there is none.
Tensor omitted_update(const Tensors& outputs, const Tensors& updates, std::optional<int> phase) {
  absl::flat_hash_set<const Node*> seen;
  std::vector<const Node*> waiting;
  const auto visit = [&](const Tensor& t) {
    if (seen.insert(&t.node()).second) waiting.push_back(&t.node());
  };
  for (const Tensor& t : outputs) visit(t);
  while (!waiting.empty()) {
    const Node& node = *waiting.back();
    waiting.pop_back();
    if (const auto* carrier = dynamic_cast<const CarriesUpdates*>(&node.op())) {
      for (const Tensor& update : carrier->carried_updates()) {
        const bool made = std::any_of(updates.begin(), updates.end(),
                                      [&](const Tensor& given) { return given.same_as(update); });
        if (!made && (!update.uses_learning_phase() || phase == 1)) return update;
      }
    }
    for (const Tensor& t : node.inputs()) visit(t);
    for (const Tensor& t : node.after()) visit(t);
  }
  return Tensor();
}

}  // namespace

const ThreadPool& current_pool() {
  return chosen_pool != nullptr ? *chosen_pool : ThreadPool::global();
}

UseThreadPool::UseThreadPool(const ThreadPool& pool) : outer_(chosen_pool) { chosen_pool = &pool; }

UseThreadPool::~UseThreadPool() { chosen_pool = outer_; }

class Function::Impl {
 public:
  Impl(const Tensors& inputs, Tensors outputs, Tensors updates)
      : outputs_(std::move(outputs)), updates_(std::move(updates)) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i].defined()) fail("function: input ", i, " is an empty tensor handle");
      if (!is_placeholder(inputs[i]) && !is_phase_constant(inputs[i])) {
        fail("function: input ", i, " is ", inputs[i], "; inputs are placeholders");
      }
      is_sparse_.push_back(is_sparse(inputs[i]));
      const Tensors parts = is_sparse_.back() ? inputs[i].node().inputs() : Tensors{inputs[i]};
      for (const Tensor& part : parts) {
        const auto* placeholder = op_as<PlaceholderOp>(part);
        for (size_t k = 0; k < inputs_.size() && placeholder != nullptr; ++k) {
          if (inputs_[k].same_as(part)) {
            fail("function: inputs ", numbers_[k], " and ", i, " are both placeholder '", placeholder->name_, "'");
          }
        }
        inputs_.push_back(part);
        placeholders_.push_back(placeholder);
        numbers_.push_back(i);
      }
    }
    for (Tensor& t : outputs_) {
      if (!t.defined()) fail("function: one of the outputs is an empty tensor handle");
      t = without_label(t);
    }
    for (const Tensor& t : updates_) {
      if (!t.defined()) fail("function: one of the updates is an empty tensor handle");
    }
  }

  std::vector<Array> call(absl::Span<const Array> inputs) {
    if (inputs_.size() != is_sparse_.size()) {
      const auto sparse = std::find(is_sparse_.begin(), is_sparse_.end(), true) - is_sparse_.begin();
      fail("function: input ", sparse, " is sparse; it is fed a SparseArray");
    }
    return call_parts(inputs);
  }

  std::vector<Array> call(const std::vector<Feed>& inputs) {
    if (inputs.size() != is_sparse_.size()) {
      fail("function: ", inputs.size(), " inputs were given; it has ", is_sparse_.size());
    }
    std::vector<Array> parts;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].is_sparse() != is_sparse_[i]) {
        fail("function: input ", i, is_sparse_[i] ? " is sparse; it is fed a SparseArray"
                                                  : " is dense; it is fed an Array");
      }
      if (!is_sparse_[i]) {
        parts.push_back(inputs[i].dense());
        continue;
      }
      if (!inputs[i].sparse().defined()) fail("function: input ", i, " is an empty handle");
      for (Array& part : padded_parts(inputs[i].sparse(), placeholders_[parts.size() + 1]->dtype)) {
        parts.push_back(std::move(part));
      }
    }
    return call_parts(parts);
  }

  // The inputs, a sparse one as its parts.
  std::vector<Array> call_parts(absl::Span<const Array> inputs) {
    absl::InlinedVector<Array, 4> converted;
    absl::InlinedVector<const Array*, 8> feeds;
    check(inputs, converted, feeds);
    return find_plan(feeds)->call(absl::MakeConstSpan(feeds), current_pool());
  }

  std::shared_ptr<const plan::SplitPlan> plan_for(absl::Span<const Array> inputs) {
    absl::InlinedVector<Array, 4> converted;
    absl::InlinedVector<const Array*, 8> feeds;
    check(inputs, converted, feeds);
    return find_plan(feeds);
  }

 private:
  using Feeds = absl::InlinedVector<const Array*, 8>;

  struct Cached {
    std::vector<Shape> shapes;
    std::optional<int> phase;
    int threads;
    std::shared_ptr<const plan::SplitPlan> plan;
  };

  // What learning_phase() is once it has been fixed.
  static bool is_phase_constant(const Tensor& t) {
    const auto* constant = op_as<ConstantOp>(t);
    return constant != nullptr && t.rank() == 0 && t.dtype() == DType::kInt32;
  }

  void check(absl::Span<const Array> inputs, absl::InlinedVector<Array, 4>& converted,
             Feeds& feeds) const {
    if (inputs.size() != inputs_.size()) {
      fail("function: ", inputs.size(), " inputs were given; it has ", inputs_.size());
    }
    const auto shape_of = [&](const Shape& shape, size_t i) {
      return is_sparse_[numbers_[i]] && shape.rank() > 0 && shape[0] == 0 ? framed_shape(shape) : shape;
    };
    converted.reserve(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Array& input = inputs[i];
      if (!input.defined()) fail("function: input ", numbers_[i], " is an empty array handle");
      const PlaceholderOp* placeholder = placeholders_[i];
      if (placeholder == nullptr || placeholder->is_learning_phase) {
        const double phase = input.elements() == 1 ? input.element<double>(0) : -1;
        if (phase != 0 && phase != 1) {
          fail("function: the learning phase is fed ", input, "; accepted are 0 (test) and 1 (train)");
        }
      }
      if (placeholder == nullptr) {
        const double fixed = op_as<ConstantOp>(inputs_[i])->value.object->element<double>(0);
        if (input.element<double>(0) != fixed) {
          fail("function: the learning phase is fixed to ", fixed, " but fed ", input);
        }
        feeds.push_back(&input);
        continue;
      }
      if (input.dtype() == placeholder->dtype) {
        feeds.push_back(&input);
      } else if (input.is_weak()) {
        converted.push_back(input.cast(placeholder->dtype));
        feeds.push_back(&converted.back());
      } else {
        fail("function: input ", numbers_[i], " is ", input.dtype(), " but placeholder '", placeholder->name_,
             "' is ", placeholder->dtype);
      }
      if (!fits(input.shape(), placeholder->shape)) {
        fail("function: input ", numbers_[i], " has shape ", shape_of(input.shape(), i), " but placeholder '",
             placeholder->name_, "' has shape ", shape_of(placeholder->shape, i));
      }
    }
  }

  bool matches(const Cached& cached, const Feeds& feeds) const {
    if (cached.threads != current_pool().threads()) return false;
    for (size_t i = 0; i < feeds.size(); ++i) {
      if (cached.shapes[i] != feeds[i]->shape()) return false;
      if (placeholders_[i] != nullptr && placeholders_[i]->is_learning_phase &&
          *cached.phase != feeds[i]->element<int>(0)) {
        return false;
      }
    }
    return true;
  }

  std::shared_ptr<const plan::SplitPlan> find_plan(const Feeds& feeds) {
    {
      std::lock_guard lock(mutex_);
      for (auto it = plans_.begin(); it != plans_.end(); ++it) {
        if (!matches(*it, feeds)) continue;
        if (it != plans_.begin()) plans_.splice(plans_.begin(), plans_, it);
        return plans_.front().plan;
      }
    }
    plan::Request request;
    Cached made;
    for (size_t i = 0; i < feeds.size(); ++i) {
      made.shapes.push_back(feeds[i]->shape());
      request.feeds.push_back(inputs_[i]);
      Signature signature{feeds[i]->dtype(), feeds[i]->shape()};
      if (placeholders_[i] == nullptr || placeholders_[i]->is_learning_phase) {
        signature.value = feeds[i];
        made.phase = feeds[i]->element<int>(0);
      }
      request.feed_signatures.push_back(signature);
    }
    warn_of_omitted_updates(made.phase);
    request.outputs = outputs_;
    request.updates = updates_;
    request.pool = &current_pool();
    made.threads = current_pool().threads();
    made.plan = std::make_shared<const plan::SplitPlan>(request);
    std::lock_guard lock(mutex_);
    plans_.push_front(std::move(made));
    if (plans_.size() > kMostPlans) plans_.pop_back();
    return plans_.front().plan;
  }

  void warn_of_omitted_updates(std::optional<int> phase) {
    const Tensor omitted = omitted_update(outputs_, updates_, phase);
    if (!omitted.defined() || has_warned_.exchange(true)) return;
    std::cerr << "keel: warning: function: its outputs are computed in training, but the update " << omitted
              << " that comes with them is not among its updates\n";
  }

  Tensors inputs_;  // A sparse one as its parts.
  Tensors outputs_;
  const Tensors updates_;
  std::vector<const PlaceholderOp*> placeholders_;  // Of inputs_; null for a fixed learning phase.
  std::vector<size_t> numbers_;                     // Which input of the function each of inputs_ is of.
  std::vector<bool> is_sparse_;                     // Per input of the function.
  std::atomic<bool> has_warned_ = false;
  std::mutex mutex_;
  std::list<Cached> plans_;  // The one used last first.
};

std::vector<Array> Function::call(absl::Span<const Array> inputs) const {
  if (impl_ == nullptr) fail("function: an empty function handle was called");
  return impl_->call(inputs);
}

std::vector<Array> Function::operator()(const std::vector<Feed>& inputs) const {
  if (impl_ == nullptr) fail("function: an empty function handle was called");
  return impl_->call(inputs);
}

std::string Function::explain(absl::Span<const Array> inputs) const {
  if (impl_ == nullptr) fail("function: an empty function handle was asked to explain itself");
  return impl_->plan_for(inputs)->to_string();
}

Function::Memory Function::memory(absl::Span<const Array> inputs) const {
  if (impl_ == nullptr) fail("function: an empty function handle has no memory");
  const auto plan = impl_->plan_for(inputs);
  return {plan->first().arena_bytes(), plan->first().live_bytes()};
}

Function function(const Tensors& inputs, const Tensors& outputs, const Tensors& updates) {
  Function f;
  f.impl_ = std::make_shared<Function::Impl>(inputs, outputs, updates);
  return f;
}

}  // namespace keel
