#include "layers_support/config/config.h"

#include <cctype>
#include <cmath>
#include <utility>

#include "keel.h"
#include "nlohmann/json.hpp"

namespace keel {
namespace {

const Json& null_json() {
  static const Json null;
  return null;
}

// The value as an error shows it: short.
std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

// Whether brackets nest deeper than `limit`, counted without building a tree.
bool nests_deeper(std::string_view text, int limit) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      else if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limit) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

bool is_whole(const Json& value) {
  if (value.is_number_integer()) {
    return !value.is_number_unsigned() || value.get<uint64_t>() <= uint64_t{INT64_MAX};
  }
  // Keras writes some whole numbers as floats.
  return value.is_number_float() && std::abs(value.get<double>()) < 9e15 &&
         value.get<double>() == std::floor(value.get<double>());
}

int64_t whole(const Json& value) {
  return value.is_number_float() ? static_cast<int64_t>(value.get<double>()) : value.get<int64_t>();
}

}  // namespace

std::string canonical_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '_') out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return out;
}

Json parse_json(std::string_view where, std::string_view text) {
  // The parser's own recursion ends with the stack; no config of Keras nests a tenth as deep.
  if (nests_deeper(text, 1000)) fail(where, ": the JSON text nests more than 1000 deep");
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) fail(where, ": the text is no valid JSON");
  return json;
}

ConfigReader::ConfigReader(std::string where, const Json& config) : where_(std::move(where)), config_(&config) {
  if (!config.is_object() && !config.is_null()) {
    fail(where_, ": the config is ", shown(config), "; it must be an object");
  }
}

const Json* ConfigReader::find(std::string_view key) const {
  if (!config_->is_object()) return nullptr;
  const auto found = config_->find(std::string(key));
  return found == config_->end() || found->is_null() ? nullptr : &*found;
}

void ConfigReader::reject(std::string_view key, std::string_view wanted) const {
  const Json* value = find(key);
  if (value == nullptr) fail(where_, ": the config has no '", key, "'; it must be ", wanted);
  fail(where_, ": '", key, "' is ", shown(*value), "; it must be ", wanted);
}

bool ConfigReader::has(std::string_view key) const { return find(key) != nullptr; }

const Json& ConfigReader::at(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) fail(where_, ": the config has no '", key, "'");
  return *value;
}

double ConfigReader::number(std::string_view key, std::optional<double> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr || !value->is_number()) reject(key, "a number");
  return value->get<double>();
}

int64_t ConfigReader::integer(std::string_view key, std::optional<int64_t> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr || !is_whole(*value)) reject(key, "a whole number");
  return whole(*value);
}

bool ConfigReader::flag(std::string_view key, std::optional<bool> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr || !value->is_boolean()) reject(key, "true or false");
  return value->get<bool>();
}

std::string ConfigReader::text(std::string_view key, std::optional<std::string> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr || !value->is_string()) reject(key, "a string");
  return value->get<std::string>();
}

std::vector<int64_t> ConfigReader::integers(std::string_view key,
                                            std::optional<std::vector<int64_t>> fallback) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  if (value != nullptr && is_whole(*value)) return {whole(*value)};
  if (value == nullptr || !value->is_array()) reject(key, "a whole number or a list of them");
  std::vector<int64_t> out;
  for (const Json& element : *value) {
    if (!is_whole(element)) reject(key, "a whole number or a list of them");
    out.push_back(whole(element));
  }
  return out;
}

std::vector<int64_t> ConfigReader::dims(std::string_view key) const {
  constexpr std::string_view kWanted = "a list of sizes of at least 0, or null where not known";
  const Json* value = find(key);
  if (value == nullptr || !value->is_array()) reject(key, kWanted);
  std::vector<int64_t> out;
  for (const Json& element : *value) {
    if (!element.is_null() && (!is_whole(element) || whole(element) < 0)) reject(key, kWanted);
    out.push_back(element.is_null() ? None : whole(element));
  }
  return out;
}

ObjectConfig::ObjectConfig(std::string_view where, const Json& json) : config_(&null_json()) {
  if (json.is_string()) {
    class_name_ = json.get<std::string>();
    return;
  }
  if (!json.is_object()) fail(where, ": got ", shown(json), "; a name or an object with class_name is accepted");
  const ConfigReader reader{std::string(where), json};
  class_name_ = reader.text("class_name");
  if (reader.has("config")) config_ = &reader.at("config");
}

Json object_config(std::string_view class_name, Json config) {
  return {{"class_name", std::string(class_name)}, {"config", std::move(config)}};
}

}  // namespace keel
