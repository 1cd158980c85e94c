// Compiled functions.
#ifndef KEEL_CORE_FUNCTION_H_
#define KEEL_CORE_FUNCTION_H_

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "core/array.h"
#include "core/sparse.h"
#include "core/tensor.h"
#include "core/threads.h"

namespace keel {

// What a call needs to be made with other threads than ThreadPool::global(): while it lives, calls
// from this thread run on `pool`.
class UseThreadPool {
 public:
  explicit UseThreadPool(const ThreadPool& pool);
  ~UseThreadPool();
  UseThreadPool(const UseThreadPool&) = delete;
  UseThreadPool& operator=(const UseThreadPool&) = delete;

 private:
  const ThreadPool* const outer_;
};

// The pool that a call from this thread runs on.
const ThreadPool& current_pool();

// What is fed to a placeholder: an array, or a SparseArray where it is sparse.
class Feed {
 public:
  template <std::convertible_to<Array> T>
  Feed(T&& dense) : value_(Array(std::forward<T>(dense))) {}  // NOLINT: implicit by design
  Feed(SparseArray sparse) : value_(std::move(sparse)) {}     // NOLINT

  bool is_sparse() const { return std::holds_alternative<SparseArray>(value_); }
  // Of the kind that it is.
  const Array& dense() const { return std::get<Array>(value_); }
  const SparseArray& sparse() const { return std::get<SparseArray>(value_); }

 private:
  std::variant<Array, SparseArray> value_;
};

// A graph made ready to run. A cheap handle; calls may come from many threads at once.
class Function {
 public:
  Function() = default;

  // The outputs for `inputs`, one per placeholder, in order. A plain number or a nested list takes
  // the placeholder's dtype; an array must have it, and a shape that fits. A plan is made the first
  // time that shapes are seen, and kept (the last 32). ValueError where an input does not fit; then
  // nothing has changed.
  std::vector<Array> operator()(std::initializer_list<Array> inputs) const {
    return call(absl::MakeConstSpan(inputs.begin(), inputs.size()));
  }
  std::vector<Array> operator()(const std::vector<Array>& inputs) const { return call(inputs); }
  std::vector<Array> operator()() const { return call({}); }
  std::vector<Array> call(absl::Span<const Array> inputs) const;
  // The same where some of the placeholders are sparse.
  std::vector<Array> operator()(const std::vector<Feed>& inputs) const;

  // The plan for inputs of these shapes as text: steps, shapes, bytes, arena.
  std::string explain(absl::Span<const Array> inputs) const;
  std::string explain(std::initializer_list<Array> inputs) const {
    return explain(absl::MakeConstSpan(inputs.begin(), inputs.size()));
  }
  // Bytes of scratch memory that a call with these inputs works in, and the most that is alive at
  // one step: no plan in that order could do with less. Where shapes are known only at run time, both
  // texts and figures stop there.
  struct Memory {
    int64_t arena_bytes, live_bytes;
  };
  Memory memory(absl::Span<const Array> inputs) const;

 private:
  friend Function function(const Tensors&, const Tensors&, const Tensors&);
  class Impl;
  std::shared_ptr<Impl> impl_;
};

// A function of `inputs` (placeholders) that computes `outputs` and makes `updates` (what update(),
// update_add() … return). In one call everything reads the variables' values from before it;
// updates are made after the outputs are computed, in the order given. ValueError where an input is
// no placeholder or is given twice. Source: keras.backend.function.
Function function(const Tensors& inputs, const Tensors& outputs, const Tensors& updates = {});

// The value of `x`, which depends on no placeholder (on none without a default). A graph of the
// structure of an earlier one reuses its plan. Source: keras.backend.eval.
Array eval(const Tensor& x);

// The graph behind `outputs` in Graphviz's language.
std::string to_graphviz(const Tensors& outputs);

}  // namespace keel

#endif  // KEEL_CORE_FUNCTION_H_
