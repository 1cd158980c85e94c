#include "core/keras_json.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <utility>

#include "nlohmann/json.hpp"

namespace keel {
namespace {

using Json = nlohmann::json;

// Collects the scalars of the outermost object. Events instead of a tree: a document that nests a
// million deep costs a counter.
class TopLevel final : public nlohmann::json_sax<Json> {
 public:
  std::map<std::string, Json> values;  // Of objects and arrays only the type.
  bool is_object = false;
  std::string key_at_error;
  size_t error_at = 0;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return put(nullptr); }

  bool start_object(size_t) override {
    if (depth_ == 0) is_object = true;
    return open(Json::object());
  }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (depth_ == 1) key_ = std::move(name);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error_at = position;
    key_at_error = key_;
    return false;
  }

 private:
  bool put(Json value) {
    if (depth_ == 1) values[key_] = std::move(value);
    return true;
  }
  bool open(Json value) {
    put(std::move(value));
    ++depth_;
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  size_t depth_ = 0;
  std::string key_;
};

std::string describe(const Json& value) {
  if (value.is_string()) return in_quotes(value.get_ref<const std::string&>());
  if (value.is_structured()) return std::string("an ") + value.type_name();
  return value.dump();
}

}  // namespace

const char* floatx_error(std::string_view value) {
  if (value == "float16" || value == "float32" || value == "float64") return nullptr;
  return "\"float16\", \"float32\" or \"float64\"";
}

const char* epsilon_error(double value) {
  if (std::isfinite(value) && value >= 0) return nullptr;
  return "a finite number that is not negative";
}

const char* image_data_format_error(std::string_view value) {
  if (value == "channels_first" || value == "channels_last") return nullptr;
  return "\"channels_first\" or \"channels_last\"";
}

const char* backend_error(std::string_view value) {
  static constexpr std::string_view kNames[] = {
      "keel",  "tensorflow", "theano",   "cntk", "mxnet", "plaidml.keras.backend",
      "numpy", "jax",        "openvino", "torch"};
  if (std::find(std::begin(kNames), std::end(kNames), value) != std::end(kNames)) return nullptr;
  return "the name of a Keras backend, such as \"keel\" or \"tensorflow\"";
}

std::string in_quotes(std::string_view value) {
  constexpr size_t kLongest = 60;
  std::string shown(value.substr(0, kLongest));
  if (value.size() > kLongest) shown += "...";
  return Json(shown).dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

KerasSettings parse_keras_json(std::string_view text, std::string_view file,
                               std::vector<std::string>* warnings) {
  KerasSettings settings;
  auto warn = [&](const std::string& message) {
    warnings->push_back(std::string(file) + ": " + message);
  };

  TopLevel top;
  if (!Json::sax_parse(text.begin(), text.end(), &top)) {
    const size_t end = std::min(top.error_at, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + end, '\n');
    warn("not valid JSON at line " + std::to_string(line) +
         (top.key_at_error.empty() ? "" : ", in " + in_quotes(top.key_at_error)) +
         ". Using the defaults.");
    return settings;
  }
  if (!top.is_object) {
    warn("not a JSON object. Using the defaults.");
    return settings;
  }

  auto find = [&](const std::string& key) {
    const auto found = top.values.find(key);
    return found == top.values.end() ? nullptr : &found->second;
  };
  auto reject = [&](const char* key, const Json& value, const char* accepted) {
    warn(std::string(key) + " is " + describe(value) + " but must be " + accepted +
         ". Using the default.");
  };
  auto take_name = [&](const char* key, std::string* setting, auto error) {
    const Json* value = find(key);
    if (value == nullptr) return;
    const std::string name = value->is_string() ? value->get<std::string>() : "";
    if (const char* accepted = error(name)) return reject(key, *value, accepted);
    *setting = name;
  };
  take_name("floatx", &settings.floatx, floatx_error);
  take_name("image_data_format", &settings.image_data_format, image_data_format_error);
  std::string backend;
  take_name("backend", &backend, backend_error);
  if (const Json* value = find("epsilon")) {
    const double epsilon = value->is_number() ? value->get<double>() : std::nan("");
    if (const char* accepted = epsilon_error(epsilon)) {
      reject("epsilon", *value, accepted);
    } else {
      settings.epsilon = epsilon;
    }
  }
  return settings;
}

}  // namespace keel
