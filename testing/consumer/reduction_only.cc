// The sums of a matrix's rows: a program that links reductions and none of the families beside them.
#include <iostream>

#include "core/function.h"
#include "core/graph.h"
#include "ops/reduction/reduction.h"

int main() {
  const keel::Tensor x = keel::placeholder({.shape = {{keel::None, 3}}});
  const keel::Function row_sums = keel::function({x}, {keel::sum(x, 1)});
  const keel::Array sums = row_sums({{{1, 2, 3}, {4, 5, 6}}})[0];
  std::cout << sums << "\n";
}
