#include <sstream>

#include "absl/container/flat_hash_set.h"
#include "core/function.h"
#include "core/op.h"

namespace keel {

std::string to_graphviz(const Tensors& outputs) {
  std::ostringstream out;
  out << "digraph keel {\n  rankdir=TB;\n  node [shape=box, fontname=\"Helvetica\"];\n";
  absl::flat_hash_set<const Node*> seen;
  std::vector<const Node*> work;
  for (const Tensor& t : outputs) work.push_back(&t.node());
  auto escaped = [](std::string_view text) {
    std::string clean;
    for (char c : text) {
      if (c == '"' || c == '\\') clean += '\\';
      clean += c == '\n' ? ' ' : c;
    }
    return clean;
  };
  while (!work.empty()) {
    const Node* node = work.back();
    work.pop_back();
    if (!seen.insert(node).second) continue;
    out << "  n" << node->id() << " [label=\"" << escaped(node->op().name());
    if (const std::string text = node->op().attributes(); !text.empty()) {
      out << "\\n" << escaped(text.size() > 60 ? text.substr(0, 57) + "..." : text);
    }
    for (const Signature& s : node->outputs()) out << "\\n" << s.dtype << ' ' << s.shape;
    out << "\"];\n";
    for (const Tensor& input : node->inputs()) {
      out << "  n" << input.node().id() << " -> n" << node->id() << ";\n";
      work.push_back(&input.node());
    }
    for (const Tensor& before : node->after()) {
      out << "  n" << before.node().id() << " -> n" << node->id() << " [style=dashed];\n";
      work.push_back(&before.node());
    }
  }
  out << "}\n";
  return out.str();
}

}  // namespace keel
