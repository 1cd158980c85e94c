// The first result of a program that does little else:
//   startup_program add|mlp
#include <cstdio>
#include <cstring>

#include "core/function.h"
#include "core/graph.h"
#include "ops/math/math.h"
#include "ops/nn/nn.h"

namespace K = keel;

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "mlp") == 0) {
    const K::Tensor x = K::placeholder({.shape = K::Shape{K::None, 784}, .dtype = "float32"});
    const K::Variable a = K::ones({784, 512}), b = K::ones({512, 10});
    const K::Function f = K::function({x}, {K::softmax(K::dot(K::relu(K::dot(x, a)), b))});
    const K::Array y = f({K::Array::full({1, 784}, 1, "float32")})[0];
    std::printf("%g\n", static_cast<double>(y.element<float>(0)));
  } else {
    const K::Array y = K::eval(K::constant(1) + 1);
    std::printf("%g\n", static_cast<double>(y.item<float>()));
  }
}
