// The table of functions is complete and up to date.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "docs/function_table.h"
#include "gtest/gtest.h"

namespace keel::docs {
namespace {

const std::vector<FunctionRow>& rows() {
  static const auto* const rows = new std::vector<FunctionRow>(
      function_rows(read_headings("testing/reference/headings.txt"), "testing/golden/data"));
  return *rows;
}

const FunctionRow& row(const std::string& name) {
  for (const FunctionRow& row : rows()) {
    if (row.name == name) return row;
  }
  static const FunctionRow none;
  return none;
}

TEST(Functions, NoneOfTheReferenceIsMissing) {
  EXPECT_EQ(rows().size(), 146u);
  for (const FunctionRow& row : rows()) EXPECT_FALSE(row.family.empty()) << row.name;
}

TEST(Functions, ThePageSaysWhatTheyDo) {
  std::ifstream in("docs/FUNCTIONS.md");
  std::stringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), to_markdown(rows())) << "bazelw run //docs:functions writes it anew";
}

// What is known otherwise of some of them.
TEST(Functions, TheTableIsRight) {
  EXPECT_EQ(row("exp").family, "math");
  EXPECT_EQ(row("exp").dtypes, "floating");
  EXPECT_EQ(row("exp").gradient, "yes");
  EXPECT_EQ(row("exp").cuda, "yes");
  EXPECT_EQ(row("sum").cuda, "yes");
  EXPECT_EQ(row("dot").dtypes, "floating, int32, int64");
  EXPECT_EQ(row("dot").cuda, "yes");
  EXPECT_EQ(row("conv2d").cuda, "yes");
  EXPECT_EQ(row("in_top_k").cuda, "no");
  EXPECT_EQ(row("argmax").gradient, "");  // It gives no floats.
  EXPECT_EQ(row("stop_gradient").gradient, "no");
  EXPECT_EQ(row("permute_dimensions").dtypes, "all");
  EXPECT_EQ(row("square").dtypes, "numbers");
  EXPECT_EQ(row("update_add").dtypes, "numbers");
  EXPECT_EQ(row("floatx").dtypes, "");
}

// A heading that no function answers to is one that the test above finds.
TEST(Functions, WhatIsMissingIsFound) {
  const auto with_more = function_rows({"exp", "exq"}, "testing/golden/data");
  EXPECT_EQ(with_more[0].family, "math");
  EXPECT_EQ(with_more[1].family, "");
  EXPECT_NE(to_markdown(with_more).find("| `exq` | **missing**"), std::string::npos);
}

}  // namespace
}  // namespace keel::docs
