// Keras's configs: what a layer, an initializer or an optimizer was made with, as JSON, the form in
// which whole-model files hold them.
#ifndef KEEL_LAYERS_SUPPORT_CONFIG_CONFIG_H_
#define KEEL_LAYERS_SUPPORT_CONFIG_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json_fwd.hpp"

namespace keel {

using Json = nlohmann::json;

// A name as it is compared: "GlorotUniform", "glorot_uniform" and "glorotUniform" are one.
std::string canonical_name(std::string_view name);

// Text as JSON; ValueError, which names `where`, where it is none or nests deeper than any config does.
Json parse_json(std::string_view where, std::string_view text);

// Reads the values of one config. Errors are ValueErrors that name `where`, the key, what is there
// and what would be accepted. A key that is null counts as absent.
class ConfigReader {
 public:
  // `config` must be an object (null stands for an empty one) and outlive the reader.
  ConfigReader(std::string where, const Json& config);

  const std::string& where() const { return where_; }
  bool has(std::string_view key) const;
  // The value itself; ValueError where it is absent.
  const Json& at(std::string_view key) const;
  // The value as a type; `fallback` where it is absent, or ValueError where that is absent too.
  double number(std::string_view key, std::optional<double> fallback = std::nullopt) const;
  int64_t integer(std::string_view key, std::optional<int64_t> fallback = std::nullopt) const;
  bool flag(std::string_view key, std::optional<bool> fallback = std::nullopt) const;
  std::string text(std::string_view key, std::optional<std::string> fallback = std::nullopt) const;
  // A list of integers; a single one is a list of one.
  std::vector<int64_t> integers(std::string_view key,
                                std::optional<std::vector<int64_t>> fallback = std::nullopt) const;
  // A shape: a list of sizes and nulls, which become None.
  std::vector<int64_t> dims(std::string_view key) const;

 private:
  const Json* find(std::string_view key) const;
  [[noreturn]] void reject(std::string_view key, std::string_view wanted) const;

  const std::string where_;
  const Json* const config_;
};

// What names an object: its class, and its config where it has one.
class ObjectConfig {
 public:
  // From {"class_name": …, "config": {…}} or a plain name; ValueError, naming `where`, otherwise.
  ObjectConfig(std::string_view where, const Json& json);

  const std::string& class_name() const { return class_name_; }
  // The config; null where there is none.
  const Json& config() const { return *config_; }

 private:
  std::string class_name_;
  const Json* config_;
};

// {"class_name": class_name, "config": config}.
Json object_config(std::string_view class_name, Json config);

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_CONFIG_CONFIG_H_
