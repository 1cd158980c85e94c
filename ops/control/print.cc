#include "ops/control/print.h"

#include <cstring>
#include <iostream>

#include "core/array.h"
#include "core/op.h"

namespace keel {
namespace {

class PrintTensor final : public OpOf<PrintTensor> {
 public:
  static constexpr std::string_view kName = "print_tensor";
  std::string message;

  auto fields() const { return std::tie(message); }
  bool stateful() const override { return true; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  void run(const Exec&, Views in, Views out) const override {
    const auto bytes = static_cast<size_t>(byte_size(*out[0].shape, out[0].dtype));
    std::memcpy(out[0].data, in[0].data, bytes);
    Array value(*in[0].shape, in[0].dtype);
    std::memcpy(value.bytes_begin(), in[0].data, bytes);
    // One write per line, so that lines of several threads do not mix.
    std::cout << message + value.to_string() + '\n' << std::flush;
  }
  Tensors gradient(const Tensor&, const Tensor& dy) const { return {dy}; }
};

}  // namespace

Tensor print_tensor(const Tensor& x, const std::string& message) {
  if (!x.defined()) fail("print_tensor: x is an empty tensor handle");
  return make<PrintTensor>({x}, message);
}

}  // namespace keel
