#include "testing/fuzz/drive.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>

#include "core/buffer.h"
#include "core/error.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/session.h"
#include "core/threads.h"

namespace keel::fuzz {
namespace {

constexpr int kMostActions = 6;
constexpr int64_t kMemory = int64_t{1} << 25;

template <typename... Parts>
[[noreturn]] void give_up(const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  std::fprintf(stderr, "%s\n", message.str().c_str());
  std::abort();
}

// The results, or the error.
struct Answer {
  std::vector<Array> values;
  std::string error;
};

Answer run(const Function& f, const std::vector<Array>& feeds, const ThreadPool& pool) {
  const UseThreadPool use(pool);
  try {
    return {f(feeds), ""};
  } catch (const ValueError& e) {
    return {{}, e.what()};
  }
}

void check(const Tensor& said, const Array& got) {
  if (said.dtype() != got.dtype() || !fits(got.shape(), said.shape())) {
    give_up(said, " gave ", got.dtype(), ' ', got.shape());
  }
}

// Gradients of the last results by all that was fed.
void differentiate(Draw& draw, Tensors& outputs) {
  const int orders = static_cast<int>(draw.choice(0, 2));
  for (int order = 0; order < orders; ++order) {
    Tensors floats;
    for (const Tensor& x : draw.placeholders()) {
      if (x.dtype().is_floating()) floats.push_back(x);
    }
    if (floats.empty() || outputs.empty() || !outputs.back().dtype().is_floating()) return;
    const Tensors all = gradients(outputs.back(), floats);
    for (size_t i = 0; i < all.size(); ++i) {
      if (!all[i].defined()) continue;
      if (all[i].dtype() != floats[i].dtype() || all[i].rank() != floats[i].rank()) {
        give_up("the gradient ", all[i], " is that of ", floats[i]);
      }
      outputs.push_back(all[i]);
    }
  }
}

}  // namespace

void drive(const Family& family, const uint8_t* data, size_t size) {
  static const ThreadPool* const one = new ThreadPool(1);
  static const ThreadPool* const three = new ThreadPool(3);
  set_memory_limit(kMemory);
  clear_session();
  Draw draw(data, size);
  Tensors outputs;
  try {
    const int count = 1 + draw.byte() % kMostActions;
    for (int i = 0; i < count; ++i) {
      try {
        for (const Tensor& result : family.actions[draw.byte() % family.actions.size()](draw)) {
          if (!result.defined()) give_up("a function returned an empty handle");
          outputs.push_back(result);
          draw.keep(result);
        }
      } catch (const ValueError&) {  // The next one may fare better.
      }
    }
    differentiate(draw, outputs);
  } catch (const ValueError&) {
  }
  if (outputs.empty()) return;
  Function f;
  try {
    f = function(draw.placeholders(), outputs);
  } catch (const ValueError&) {
    return;
  }
  if (std::getenv("KEEL_FUZZ_PRINT") != nullptr) {
    std::fprintf(stderr, "%s\n", to_graphviz(outputs).c_str());
    for (const Array& feed : draw.feeds()) std::fprintf(stderr, "fed: %s\n", (std::string(feed.dtype().name()) + feed.to_string()).c_str());
  }
  const Answer first = run(f, draw.feeds(), *one), second = run(f, draw.feeds(), *three);
  if (first.error.empty() != second.error.empty() && family.repeatable) {
    give_up("an error came and went: ", first.error, second.error);
  }
  if (!first.error.empty() || !second.error.empty()) return;
  for (size_t i = 0; i < outputs.size(); ++i) {
    check(outputs[i], first.values[i]);
    const Array &a = first.values[i], &b = second.values[i];
    if (family.repeatable && (a.shape() != b.shape() || std::memcmp(a.bytes_begin(), b.bytes_begin(), a.bytes()) != 0)) {
      give_up(outputs[i], " differs on more threads: ", a, " and ", b);
    }
  }
}

}  // namespace keel::fuzz
