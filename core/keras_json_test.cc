#include "core/keras_json.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keel {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Parsed : KerasSettings {
  std::vector<std::string> warnings;
};

Parsed parse(std::string_view text) {
  Parsed result;
  static_cast<KerasSettings&>(result) = parse_keras_json(text, "/k.json", &result.warnings);
  return result;
}

void expect_defaults(const Parsed& parsed) {
  EXPECT_EQ(parsed.floatx, "float32");
  EXPECT_EQ(parsed.epsilon, 1e-7);
  EXPECT_EQ(parsed.image_data_format, "channels_last");
}

TEST(KerasJson, ReadsEverySetting) {
  const Parsed parsed = parse(R"({"image_data_format": "channels_first", "epsilon": 1e-3,
                                  "floatx": "float64", "backend": "theano"})");
  EXPECT_EQ(parsed.floatx, "float64");
  EXPECT_EQ(parsed.epsilon, 1e-3);
  EXPECT_EQ(parsed.image_data_format, "channels_first");
  EXPECT_THAT(parsed.warnings, IsEmpty());
}

TEST(KerasJson, MissingAndUnknownKeysAreNoError) {
  const Parsed parsed = parse(R"({"floatx": "float16", "other": {"floatx": 1, "list": [{}, [2]]}})");
  EXPECT_EQ(parsed.floatx, "float16");
  EXPECT_EQ(parsed.epsilon, 1e-7);
  EXPECT_THAT(parsed.warnings, IsEmpty());
  EXPECT_THAT(parse("{}").warnings, IsEmpty());
}

TEST(KerasJson, EpsilonMayBeZeroOrAnInteger) {
  EXPECT_EQ(parse(R"({"epsilon": 0})").epsilon, 0);
  EXPECT_EQ(parse(R"({"epsilon": 2})").epsilon, 2);
}

TEST(KerasJson, KnowsTheBackendsOfOtherKerases) {
  for (const char* name : {"keel", "tensorflow", "theano", "cntk", "jax", "torch", "numpy"}) {
    EXPECT_THAT(parse(std::string(R"({"backend": ")") + name + "\"}").warnings, IsEmpty()) << name;
  }
}

TEST(KerasJson, ABadValueGivesItsDefaultAndAWarning) {
  const struct {
    const char* text;
    const char* warning;
  } cases[] = {
      {R"({"floatx": "float8"})", "floatx is \"float8\" but must be \"float16\", \"float32\" or"},
      {R"({"floatx": ""})", "floatx is \"\""},
      {R"({"floatx": 32})", "floatx is 32"},
      {R"({"floatx": null})", "floatx is null"},
      {R"({"floatx": {"a": 1}})", "floatx is an object"},
      {R"({"epsilon": -1e-7})", "epsilon is -1e-07 but must be a finite number that is not negative"},
      {R"({"epsilon": "1e-7"})", "epsilon is \"1e-7\""},
      {R"({"epsilon": true})", "epsilon is true"},
      {R"({"epsilon": [1e-3]})", "epsilon is an array"},
      {R"({"image_data_format": "channels_middle"})",
       "image_data_format is \"channels_middle\" but must be \"channels_first\" or"},
      {R"({"backend": "abacus"})", "backend is \"abacus\" but must be the name of a Keras backend"},
      {R"({"backend": false})", "backend is false"},
  };
  for (const auto& c : cases) {
    const Parsed parsed = parse(c.text);
    expect_defaults(parsed);
    EXPECT_THAT(parsed.warnings, ElementsAre(AllOf(StartsWith("/k.json: "), HasSubstr(c.warning))))
        << c.text;
  }
}

TEST(KerasJson, GoodValuesBesideBadOnesHold) {
  const Parsed parsed = parse(R"({"floatx": 1, "epsilon": 0.5, "image_data_format": [], "backend": 2})");
  EXPECT_EQ(parsed.epsilon, 0.5);
  EXPECT_EQ(parsed.floatx, "float32");
  EXPECT_EQ(parsed.warnings.size(), 3);
}

TEST(KerasJson, TextThatIsNotJsonGivesTheDefaults) {
  const struct {
    std::string text;
    const char* warning;
  } cases[] = {
      {"", "not valid JSON at line 1. Using the defaults."},
      {"{", "not valid JSON at line 1"},
      {"{\"floatx\": \"float64\",\n \"epsilon\": NaN}", "not valid JSON at line 2, in \"epsilon\""},
      {"{\"floatx\": \"float64\",\n\n \"epsilon\": Infinity}", "at line 3, in \"epsilon\""},
      {R"({"floatx": "float64", "epsilon": 1e999})", "at line 1, in \"epsilon\""},
      {R"({"other": {"epsilon": [NaN]}})", "in \"other\""},
      {R"({"floatx": "float64"} {})", "not valid JSON"},
      {R"({"floatx": "float64)", "not valid JSON"},
      {"{\"floatx\": \"\xff\xfe\"}", "not valid JSON at line 1, in \"floatx\""},
      {std::string("{\"floatx\": \"float64\"\0}", 22), "not valid JSON"},
      {"[]", "not a JSON object"},
      {"3", "not a JSON object"},
      {R"([{"floatx": "float64"}])", "not a JSON object"},
  };
  for (const auto& c : cases) {
    const Parsed parsed = parse(c.text);
    expect_defaults(parsed);
    EXPECT_THAT(parsed.warnings, ElementsAre(AllOf(StartsWith("/k.json: "), HasSubstr(c.warning))))
        << c.text;
  }
}

TEST(KerasJson, DepthCostsNothing) {
  constexpr int kDepth = 400'000;
  const std::string open(kDepth, '['), close(kDepth, ']');
  EXPECT_THAT(parse(open).warnings, ElementsAre(HasSubstr("not valid JSON")));
  EXPECT_THAT(parse(open + close).warnings, ElementsAre(HasSubstr("not a JSON object")));
  const Parsed parsed = parse("{\"epsilon\": " + open + close + ", \"floatx\": \"float64\"}");
  EXPECT_THAT(parsed.warnings, ElementsAre(HasSubstr("epsilon is an array")));
  EXPECT_EQ(parsed.floatx, "float64");
}

TEST(KerasJson, WarningsAreOneShortPrintableLine) {
  const Parsed parsed = parse("{\"floatx\": \"\\u001b[31m\\n" + std::string(5000, 'x') + "\"}");
  ASSERT_EQ(parsed.warnings.size(), 1);
  EXPECT_THAT(parsed.warnings[0], HasSubstr("\\u001b[31m\\nxxx"));
  EXPECT_LT(parsed.warnings[0].size(), 200);
}

TEST(KerasJson, QuotesCutWithinACharacter) {
  EXPECT_EQ(in_quotes("a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(in_quotes(std::string(59, 'a') + "\xc3\xa9"), "\"" + std::string(59, 'a') + "\\ufffd...\"");
}

}  // namespace
}  // namespace keel
