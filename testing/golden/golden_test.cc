// The corpus in data/, case by case. Cases that need what Keel does not have are left out; the last
// test says what that is.
#include <cctype>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/golden/corpus.h"
#include "testing/golden/run_case.h"

namespace keel::golden {
namespace {

struct Case {
  const Json* json;

  friend void PrintTo(const Case& test, std::ostream* out) { *out << (*test.json)["id"]; }
};

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

std::vector<Case> runnable_cases() {
  std::vector<Case> cases;
  for (const Json& test : corpus()) {
    if (missing_features(test).empty()) cases.push_back({&test});
  }
  return cases;
}

class Golden : public ::testing::TestWithParam<Case> {};

TEST_P(Golden, AgreesWithKeras) {
  const Json& test = *GetParam().json;
  const auto mismatch = run_case(test);
  if (mismatch.has_value()) ADD_FAILURE() << failure_line(test, *mismatch);
}

INSTANTIATE_TEST_SUITE_P(Corpus, Golden, ::testing::ValuesIn(runnable_cases()), [](const auto& info) {
  std::string name = (*info.param.json)["id"].template get<std::string>();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

TEST(ZCoverage, SaysWhatWasLeftOut) {
  size_t left_out = 0;
  std::map<std::string, int> features;
  for (const Json& test : corpus()) {
    const std::vector<std::string> missing = missing_features(test);
    left_out += !missing.empty();
    for (const std::string& name : missing) ++features[name];
  }
  std::cout << left_out << " of " << corpus().size() << " cases left out";
  for (const auto& [name, count] : features) std::cout << ' ' << name << '(' << count << ')';
  std::cout << '\n';
  EXPECT_EQ(runnable_cases().size() + left_out, corpus().size());
}

}  // namespace
}  // namespace keel::golden
