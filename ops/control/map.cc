#include "ops/control/map.h"

#include "core/error.h"
#include "ops/array/slice.h"
#include "ops/rnn/scan.h"

namespace keel {
namespace {

std::string caller(const char* function, const std::string& name) {
  return name.empty() ? function : function + (" '" + name + "'");
}

Tensor fold(const char* function, bool backwards, const FoldFunction& fn, const Tensor& elems,
            const FoldOptions& options) {
  const std::string name = caller(function, options.name);
  if (fn == nullptr) fail(name, ": fn is an empty function");
  if (!elems.defined()) fail(name, ": elems is an empty tensor handle");
  if (elems.rank() == 0) fail(name, ": elems is a scalar, which has no elements");
  Tensor first = options.initializer, rest = elems;
  if (!first.defined()) {
    if (elems.shape()[0] == 0) {
      fail(name, ": there is nothing to fold and no initializer (elems: ", elems.shape(), ')');
    }
    first = element_at(elems, backwards ? -1 : 0);
    rest = strided_slice(elems, {backwards ? SliceRange{.end = -1} : SliceRange{.begin = 1}});
  }
  auto step = [&](const Tensors& elements, const Tensors& states) {
    return ScanStep{{}, {fn(states[0], elements[0])}};
  };
  return scan(step, {rest}, {first}, {.backwards = backwards, .caller = name}).states[0];
}

}  // namespace

Tensor map_fn(const std::function<Tensor(const Tensors& elements)>& fn, const Tensors& elems,
              const MapOptions& options) {
  const std::string name = caller("map_fn", options.name);
  if (fn == nullptr) fail(name, ": fn is an empty function");
  auto step = [&](const Tensors& elements, const Tensors&) {
    const Tensor result = fn(elements);
    if (result.defined() && options.dtype.has_value() && result.dtype() != *options.dtype) {
      fail(name, ": fn returns ", result.dtype(), " but dtype is ", *options.dtype);
    }
    return ScanStep{{result}, {}};
  };
  return scan(step, elems, {}, {.caller = name}).outputs[0];
}

Tensor map_fn(const std::function<Tensor(const Tensor& element)>& fn, const Tensor& elems,
              const MapOptions& options) {
  std::function<Tensor(const Tensors&)> of_first;
  if (fn != nullptr) of_first = [&](const Tensors& elements) { return fn(elements[0]); };
  return map_fn(of_first, Tensors{elems}, options);
}

Tensor foldl(const FoldFunction& fn, const Tensor& elems, const FoldOptions& options) {
  return fold("foldl", false, fn, elems, options);
}

Tensor foldr(const FoldFunction& fn, const Tensor& elems, const FoldOptions& options) {
  return fold("foldr", true, fn, elems, options);
}

}  // namespace keel
