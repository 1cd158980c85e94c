// The table of functions, as the functions themselves tell it: what they take is found by calling them.
#ifndef KEEL_DOCS_FUNCTION_TABLE_H_
#define KEEL_DOCS_FUNCTION_TABLE_H_

#include <string>
#include <vector>

namespace keel::docs {

struct FunctionRow {
  std::string name;
  std::string family;    // "math"; empty where Keel has no such function.
  std::string dtypes;    // Of the tensors it takes, or makes where it takes none; empty for neither.
  std::string gradient;  // "yes", "no"; empty where it gives or takes nothing that could have one.
  std::string cuda;      // "yes" where every op that it is made of has a kernel for CUDA, "in part", "no"; empty for no ops.
};

// The headings of the reference, one per line of `path`.
std::vector<std::string> read_headings(const std::string& path);

// One row per heading, from calls of the corpus in the folder `corpus`.
std::vector<FunctionRow> function_rows(const std::vector<std::string>& headings, const std::string& corpus);

// FUNCTIONS.md.
std::string to_markdown(const std::vector<FunctionRow>& rows);

}  // namespace keel::docs

#endif  // KEEL_DOCS_FUNCTION_TABLE_H_
