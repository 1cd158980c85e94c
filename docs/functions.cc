// Writes docs/FUNCTIONS.md.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "docs/function_table.h"

int main() {
  namespace docs = keel::docs;
  const auto rows = docs::function_rows(docs::read_headings("testing/reference/headings.txt"), "testing/golden/data");
  const char* root = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (root == nullptr) {
    std::cerr << "usage: bazelw run //docs:functions\n";
    return 2;
  }
  const std::string path = std::string(root) + "/docs/FUNCTIONS.md";
  std::ofstream out(path);
  out << docs::to_markdown(rows);
  out.close();
  if (!out) {
    std::cerr << "cannot write " << path << '\n';
    return 1;
  }
  std::cout << rows.size() << " functions in " << path << '\n';
}
