// The corpus in data/, case by case. Cases of functions that Keel does not have are left out; the last
// test says which.
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/golden/corpus.h"
#include "testing/golden/run_case.h"

namespace keel::golden {

// How a test's parameter is printed.
void PrintTo(const Json* test, std::ostream* out) { *out << (*test)["id"]; }

namespace {

const std::vector<Json>& corpus() {
  static const std::vector<Json>* const cases = [] {
    auto* all = new std::vector<Json>;
    for (const std::string& file : corpus_files({"testing/golden/data"})) {
      for (Json& test : read_cases(file)) all->push_back(std::move(test));
    }
    return all;
  }();
  return *cases;
}

std::vector<const Json*> runnable_cases() {
  std::vector<const Json*> cases;
  for (const Json& test : corpus()) {
    if (missing_functions(test).empty()) cases.push_back(&test);
  }
  return cases;
}

class Golden : public ::testing::TestWithParam<const Json*> {};

TEST_P(Golden, AgreesWithKeras) {
  const auto mismatch = run_case(*GetParam());
  if (mismatch.has_value()) ADD_FAILURE() << failure_line(*GetParam(), *mismatch);
}

INSTANTIATE_TEST_SUITE_P(Corpus, Golden, ::testing::ValuesIn(runnable_cases()), [](const auto& info) {
  std::string name = (*info.param)["id"].template get<std::string>();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

TEST(ZCoverage, SaysWhatWasLeftOut) {
  size_t left_out = 0;
  std::map<std::string, int> functions;
  for (const Json& test : corpus()) {
    const std::vector<std::string> missing = missing_functions(test);
    left_out += !missing.empty();
    for (const std::string& name : missing) ++functions[name];
  }
  std::cout << left_out << " of " << corpus().size() << " cases left out";
  for (const auto& [name, count] : functions) std::cout << ' ' << name << '(' << count << ')';
  std::cout << '\n';
  EXPECT_EQ(runnable_cases().size() + left_out, corpus().size());
}

}  // namespace
}  // namespace keel::golden
