// The runner itself: what it must not let pass. Errors are planted into cases of the corpus that pass
// as they are, and the comparisons are tried on their edges.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/golden/compare.h"
#include "testing/golden/corpus.h"
#include "testing/golden/run_case.h"

namespace keel::golden {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

Array doubles(const std::vector<double>& values) { return Array::of({static_cast<int64_t>(values.size())}, values); }

bool agree(const Array& got, const Array& want, Tolerance tolerance = {}, bool truth_values = false) {
  return !compare("output", got, want, tolerance, truth_values).has_value();
}

TEST(Compare, Tolerances) {
  EXPECT_TRUE(agree(doubles({1, -0.0}), doubles({1, 0.0})));
  EXPECT_FALSE(agree(doubles({1 + 1e-15}), doubles({1})));
  EXPECT_TRUE(agree(doubles({1.5}), doubles({1}), {0, 0.5}));
  EXPECT_FALSE(agree(doubles({1.5000001}), doubles({1}), {0, 0.5}));
  EXPECT_TRUE(agree(doubles({-12}), doubles({-10}), {0.1, 1}));
  EXPECT_FALSE(agree(doubles({-12.01}), doubles({-10}), {0.1, 1}));
}

TEST(Compare, NanAndInfinity) {
  EXPECT_TRUE(agree(doubles({kNan, kInf, -kInf}), doubles({kNan, kInf, -kInf}), {1e-3, 1e-3}));
  const std::vector<double> all = {kNan, kInf, -kInf, 0, 1e300};
  for (double got : all) {
    for (double want : all) {
      if (&got == &want || got == want || (std::isnan(got) && std::isnan(want))) continue;
      EXPECT_FALSE(agree(doubles({got}), doubles({want}), {1e-3, 1e-3})) << got << ' ' << want;
    }
  }
}

TEST(Compare, ShapesAndDtypes) {
  EXPECT_FALSE(agree(doubles({1, 2}), doubles({1, 2}).reshape({1, 2}), {1, 1}));
  EXPECT_FALSE(agree(doubles({1}), doubles({1}).cast(DType::kFloat32), {1, 1}));
  EXPECT_FALSE(agree(doubles({}), doubles({}).reshape({0, 2}), {1, 1}));
}

TEST(Compare, IntegersAreExact) {
  const int64_t big = (int64_t{1} << 53) + 1;
  const auto integer = [](int64_t value) { return Array::of(Shape{1}, std::vector<int64_t>{value}); };
  EXPECT_FALSE(agree(integer(big), integer(big - 1), {1, 1}));
  EXPECT_TRUE(agree(integer(big), integer(big)));
}

TEST(Compare, TruthValues) {
  const Array bools = Array::full({2}, 1, DType::kBool), bytes = Array::full({2}, 1, DType::kUint8);
  EXPECT_FALSE(agree(bools, bytes));
  EXPECT_TRUE(agree(bools, bytes, {}, true));
  EXPECT_FALSE(agree(bools, Array::full({2}, 0, DType::kUint8), {}, true));
  EXPECT_FALSE(agree(bools, Array::full({2}, 1, DType::kInt32), {}, true));
}

TEST(Compare, SaysWhereItIsWorst) {
  const auto mismatch = compare("output 0", doubles({1, 2, 3, 4}).reshape({2, 2}), doubles({1, 2.5, 5, 4}).reshape({2, 2}),
                                {0, 0.1});
  ASSERT_TRUE(mismatch.has_value());
  EXPECT_EQ(mismatch->error, 2.0);
  EXPECT_EQ(mismatch->where, "output 0 at (1, 0): got 3, want 5");
}

TEST(Compare, Expectations) {
  const Json expect = Json::parse(R"({"dtype": "float64", "shape": [4], "mean": 2.5, "mean_tol": 0.1,
                                      "std": 1.118, "std_tol": 0.001, "min": 1, "max": 4, "values": [1, 2, 3, 4]})");
  const auto accepts = [&](const std::vector<double>& values) {
    return !compare_expectation(doubles(values), expect, Array()).has_value();
  };
  EXPECT_TRUE(accepts({1, 2, 3, 4}));
  EXPECT_FALSE(accepts({1, 2, 3}));
  EXPECT_FALSE(accepts({1, 2, 4, 4}));       // The mean.
  EXPECT_FALSE(accepts({2, 2, 3, 3}));       // The deviation.
  EXPECT_FALSE(accepts({0, 3, 3, 4}));       // The least.
  EXPECT_FALSE(accepts({1, 2, 2, 5}));       // The most.
  EXPECT_FALSE(accepts({1, 2.05, 2.95, 4}));  // Not one of the values.
  EXPECT_FALSE(accepts({1, 2, 3, kNan}));
}

TEST(Compare, Dropout) {
  const Json expect = Json::parse(R"({"dtype": "float64", "shape": [2, 2], "scale": 2, "drop_fraction": 0.5,
                                      "drop_tol": 0.1, "shared_axes": [0]})");
  const Array input = doubles({1, 2, 3, 4}).reshape({2, 2});
  const auto accepts = [&](const std::vector<double>& values) {
    return !compare_expectation(doubles(values).reshape({2, 2}), expect, input).has_value();
  };
  EXPECT_TRUE(accepts({2, 0, 6, 0}));
  EXPECT_FALSE(accepts({1, 0, 3, 0}));  // Not scaled.
  EXPECT_FALSE(accepts({2, 0, 0, 8}));  // Not shared.
  EXPECT_FALSE(accepts({2, 4, 6, 8}));  // Nothing dropped.
}

// -- What is no case. ------------------------------------------------------------------------------

// What comes of a case written as JSON: empty where it passed.
std::string failure(const char* text) {
  const Json test = Json::parse(text);
  const auto mismatch = run_case(test);
  return mismatch.has_value() ? failure_line(test, *mismatch) : "";
}

TEST(Malformed, CasesFail) {
  for (const char* text : {"7", "\"x\"", "null", "[]", "{}", R"({"id": 5, "function": "abs", "outputs": []})",
                           R"({"id": "a", "function": [7], "outputs": []})", R"({"id": {}, "function": null})"}) {
    EXPECT_NE(failure(text), "") << text;
  }
  EXPECT_EQ(failure(R"({"id": 5, "function": "abs", "outputs": []})").rfind("5 abs - ", 0), 0u);
}

TEST(Malformed, NumbersBeyond64Bits) {
  for (const char* axis : {"1e300", "-1e300", "9223372036854775808", "18446744073709551615", "1e19", "null"}) {
    const std::string text = std::string(R"({"id": "a", "function": "squeeze", "args": {"axis": )") + axis +
                             R"(}, "inputs": [{"name": "x", "dtype": "float32", "shape": [1], "data": [2]}],
                                "error": "ValueError"})";
    EXPECT_EQ(failure(text.c_str()), "") << axis;
  }
}

TEST(Malformed, AxesToShareThatAreNone) {
  for (const char* axis : {"2", "-1"}) {
    const Json expect = Json::parse(std::string(R"({"dtype": "float64", "shape": [2], "shared_axes": [)") + axis + "]}");
    EXPECT_THROW(compare_expectation(doubles({1, 2}), expect, Array()), CaseError);
  }
}

// -- Planted errors. ------------------------------------------------------------------------------

// A number far from `element` whatever the tolerance; another truth value for a bool.
Json something_else(const Json& element) {
  if (element.is_boolean()) return !element.get<bool>();
  const double number = read_number(element);
  return std::isfinite(number) && std::abs(number) < 100 ? Json(number < 50 ? 77 : 11) : Json(1);
}

bool is_interesting(const Json& test) {
  return missing_features(test).empty() && test["function"] != "script" && !run_case(test).has_value();
}

// The tensors of a case that hold at least one element, each planted with an error by turns.
template <typename Plant>
int plant_everywhere(Plant plant) {
  int planted = 0;
  for (const std::string& file : corpus_files({"testing/golden/data"})) {
    for (const Json& test : read_cases(file)) {
      if (is_interesting(test)) planted += plant(test);
    }
  }
  return planted;
}

TEST(Planted, WrongOutputs) {
  const int planted = plant_everywhere([](Json test) {
    int count = 0;
    test.erase("alt");
    if (test.contains("alt_error") || run_case(test).has_value()) return count;
    for (size_t i = 0; test.contains("outputs") && i < test["outputs"].size(); ++i) {
      Json wrong = test;
      Json& output = wrong["outputs"][i];
      Json* element = output.contains("fill") ? &output["fill"] : output["data"].empty() ? nullptr : &output["data"].back();
      if (element == nullptr) continue;
      *element = something_else(*element);
      EXPECT_TRUE(run_case(wrong).has_value()) << wrong["id"] << " output " << i;
      ++count;
    }
    return count;
  });
  EXPECT_GT(planted, 100);
}

TEST(Planted, WrongGradients) {
  const int planted = plant_everywhere([](const Json& test) {
    int count = 0;
    for (size_t i = 0; test.contains("gradients") && i < test["gradients"].size(); ++i) {
      Json wrong = test;
      Json& entry = wrong["gradients"][i];
      entry.erase("alt");
      Json& data = entry["data"];
      if (data.is_null()) {
        data = Json::array({1});
      } else if (data.empty()) {
        continue;
      } else {
        data.back() = something_else(data.back());
      }
      EXPECT_TRUE(run_case(wrong).has_value()) << wrong["id"] << ' ' << entry["wrt"];
      ++count;
    }
    return count;
  });
  EXPECT_GT(planted, 50);
}

TEST(Planted, WrongDtypesAndShapes) {
  const int planted = plant_everywhere([](Json test) {
    if (!test.contains("outputs") || test["outputs"].empty() || test.contains("alt") || test.contains("alt_error")) {
      return 0;
    }
    Json wrong = test;
    Json& output = wrong["outputs"][0];
    output["dtype"] = output["dtype"] == "float32" ? "float64" : "float32";
    if (output.contains("data")) {
      for (Json& element : output["data"]) {
        if (element.is_boolean()) element = element.get<bool>() ? 1 : 0;
      }
    }
    EXPECT_TRUE(run_case(wrong).has_value()) << wrong["id"];
    wrong = test;
    wrong["outputs"][0]["shape"].push_back(1);
    EXPECT_TRUE(run_case(wrong).has_value()) << wrong["id"];
    return 2;
  });
  EXPECT_GT(planted, 100);
}

TEST(Planted, UnknownNames) {
  const int planted = plant_everywhere([](Json test) {
    Json wrong = test;
    wrong["args"]["no_such_argument"] = 1;
    EXPECT_TRUE(run_case(wrong).has_value()) << wrong["id"];
    wrong = test;
    wrong["function"] = "no_such_function";
    EXPECT_TRUE(run_case(wrong).has_value()) << wrong["id"];
    wrong = test;
    wrong["options"]["no_such_option"] = 1;
    EXPECT_TRUE(run_case(wrong).has_value()) << wrong["id"];
    return 3;
  });
  EXPECT_GT(planted, 100);
}

TEST(Planted, ErrorsAndTheirAbsence) {
  const int planted = plant_everywhere([](Json test) {
    if (test.contains("alt_error") || test.contains("alt")) return 0;
    if (test.contains("error")) {
      test.erase("error");
      test["outputs"] = Json::array();
    } else {
      for (const char* key : {"outputs", "result", "expect"}) test.erase(key);
      test["error"] = "ValueError";
    }
    EXPECT_TRUE(run_case(test).has_value()) << test["id"];
    return 1;
  });
  EXPECT_GT(planted, 100);
}

TEST(Planted, ScriptSteps) {
  const Json test = Json::parse(R"({"id": "s", "function": "script", "rtol": 0, "atol": 0, "script": [
      {"call": "zeros", "args": {"shape": [2]}, "bind": "v"},
      {"call": "ndim", "refs": {"x": "v"}, "result": 1},
      {"call": "get_value", "refs": {"x": "v"}, "outputs": [{"dtype": "float32", "shape": [2], "data": [0, 0]}]},
      {"call": "set_floatx", "args": {"floatx": "float80"}, "error": "ValueError"}]})");
  const auto mismatch = run_case(test);
  EXPECT_FALSE(mismatch.has_value()) << mismatch->where;
  const auto fails = [&](size_t step, const char* key, const Json& value) {
    Json wrong = test;
    wrong["script"][step][key] = value;
    const auto found = run_case(wrong);
    return found.has_value() && found->where.find("step " + std::to_string(step)) == 0;
  };
  EXPECT_TRUE(fails(1, "result", 2));
  EXPECT_TRUE(fails(1, "refs", {{"x", "w"}}));
  EXPECT_TRUE(fails(1, "call", "no_such_call"));
  EXPECT_TRUE(fails(1, "no_such_key", 1));
  EXPECT_TRUE(fails(1, "error", "ValueError"));
  EXPECT_TRUE(fails(2, "args", {{"no_such_argument", 1}}));
  EXPECT_TRUE(fails(2, "outputs", {{{"dtype", "float32"}, {"shape", {2}}, {"data", {0, 1}}}}));
  EXPECT_TRUE(fails(3, "args", {{"floatx", "float64"}}));
}

}  // namespace
}  // namespace keel::golden
