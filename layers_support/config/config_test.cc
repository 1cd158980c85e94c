#include "layers_support/config/config.h"

#include <string>

#include "gtest/gtest.h"
#include "keel.h"
#include "nlohmann/json.hpp"
#include "testing/error_of.h"

namespace keel {
namespace {

using testing_util::error_of;

TEST(Config, NamesCompareWhateverTheirStyle) {
  EXPECT_EQ(canonical_name("GlorotUniform"), canonical_name("glorot_uniform"));
  EXPECT_EQ(canonical_name("L1L2"), canonical_name("l1_l2"));
  EXPECT_NE(canonical_name("zeros"), canonical_name("zero"));
}

TEST(Config, ReadsValues) {
  const Json json = parse_json("test", R"({"a": 1.5, "b": 3, "c": true, "d": "x", "e": [1, 2], "f": null,
                                           "g": [null, 28], "h": 4.0})");
  const ConfigReader reader("Dense", json);
  EXPECT_EQ(reader.number("a"), 1.5);
  EXPECT_EQ(reader.number("b"), 3);
  EXPECT_EQ(reader.integer("b"), 3);
  EXPECT_EQ(reader.integer("h"), 4);
  EXPECT_EQ(reader.integer("f", 7), 7);
  EXPECT_TRUE(reader.flag("c"));
  EXPECT_EQ(reader.text("d"), "x");
  EXPECT_EQ(reader.integers("e"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(reader.integers("b"), (std::vector<int64_t>{3}));
  EXPECT_EQ(reader.dims("g"), (std::vector<int64_t>{None, 28}));
  EXPECT_FALSE(reader.has("f"));
  EXPECT_FALSE(reader.has("z"));
}

TEST(Config, ErrorsNameWhatIsWrong) {
  const Json json = parse_json("test", R"({"units": "many", "rate": [1], "big": 18446744073709551615, "size": 1.5})");
  const ConfigReader reader("Dense", json);
  EXPECT_EQ(error_of([&] { reader.integer("units"); }), "Dense: 'units' is \"many\"; it must be a whole number");
  EXPECT_EQ(error_of([&] { reader.integer("filters"); }), "Dense: the config has no 'filters'; it must be a whole number");
  EXPECT_NE(error_of([&] { reader.number("rate"); }).find("it must be a number"), std::string::npos);
  EXPECT_NE(error_of([&] { reader.integer("big"); }).find("whole number"), std::string::npos);
  EXPECT_NE(error_of([&] { reader.integers("size"); }).find("a list of them"), std::string::npos);
  EXPECT_NE(error_of([&] { ConfigReader("Dense", Json::array()); }).find("it must be an object"), std::string::npos);
  EXPECT_NE(error_of([&] { ObjectConfig("initializer", Json(3)); }).find("class_name is accepted"), std::string::npos);
  EXPECT_NE(error_of([&] { parse_json("model_config", "{"); }).find("model_config: the text is no valid JSON"), std::string::npos);
}

TEST(Config, DeepNestingIsAnErrorNotAnOverflow) {
  EXPECT_NE(error_of([&] { parse_json("model_config", std::string(1000000, '[')); }).find("nests"), std::string::npos);
  EXPECT_NO_THROW(parse_json("brackets in text", "\"" + std::string(2000, '[') + "\""));
}

TEST(Config, ObjectsByNameOrWithConfig) {
  const Json json = object_config("L1L2", {{"l1", 0.1}});
  const ObjectConfig object("regularizer", json);
  EXPECT_EQ(object.class_name(), "L1L2");
  EXPECT_EQ(ConfigReader("L1L2", object.config()).number("l1"), 0.1);
  const Json name = "zeros";
  EXPECT_EQ(ObjectConfig("initializer", name).class_name(), "zeros");
  EXPECT_TRUE(ObjectConfig("initializer", name).config().is_null());
}

}  // namespace
}  // namespace keel
