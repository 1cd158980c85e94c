// Prints the kernels of loop_cases() as functions for the CPU: write_host_source > host_source.inc
#include <cstdio>
#include <string>

#include "core/loops/loop_source.h"
#include "testing/cuda/loop_cases.h"

namespace keel {
namespace {

// Text of any length as literals that compilers accept.
std::string quoted(const std::string& code) {
  std::string out;
  for (size_t i = 0; i < code.size(); i += 4000) out += "R\"code(" + code.substr(i, 4000) + ")code\"\n";
  return out;
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

void print() {
  std::string table = "const HostSource kHostSources[] = {\n";
  size_t index = 0;
  for (const LoopProgram& program : loop_cases()) {
    const LoopSource source = write_loop_source(program);
    const std::string name = "program" + std::to_string(index++);
    std::string code = source.code;
    replace_all(code, "extern \"C\" ", "static ");
    std::printf("namespace %s {\n%s}\n", name.c_str(), code.c_str());
    const size_t pointers = program.inputs.size() + program.outputs.size() + source.partials.size();
    table += "{\n" + quoted(source.code) + ",\n[](void** p) { call<" + std::to_string(pointers) + ">(" + name +
             "::loop, p); }, ";
    table += source.combine.x == 0 ? "nullptr"
                                   : "[](void** p) { call<" + std::to_string(pointers) + ">(" + name +
                                         "::combine_partials, p); }";
    table += "},\n";
  }
  std::printf("%s};\n", table.c_str());
}

}  // namespace
}  // namespace keel

int main() { keel::print(); }
