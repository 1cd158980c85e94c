// What keras.json says, apart from where it lies.
#ifndef KEEL_CORE_KERAS_JSON_H_
#define KEEL_CORE_KERAS_JSON_H_

#include <string>
#include <string_view>
#include <vector>

namespace keel {

// The settings of a keras.json, as the Keras backend documentation describes them ("keras.json
// details"), with Keras's defaults. Its `backend` is not among them: which backend to load is a
// question for Keras.
struct KerasSettings {
  std::string image_data_format = "channels_last";  // Or "channels_first".
  double epsilon = 1e-7;                            // Finite, at least 0.
  std::string floatx = "float32";                   // Or "float16", "float64".
};

// What a setting accepts, as a message says it; null where that includes `value`.
const char* floatx_error(std::string_view value);
const char* epsilon_error(double value);
const char* image_data_format_error(std::string_view value);
const char* backend_error(std::string_view value);  // Any that some version of Keras has.

// `value` in quotes for a message: escaped, and cut where it is long.
std::string in_quotes(std::string_view value);

// Reads the contents of a keras.json. What is missing gets its default without a word, as do keys
// that are unknown. A value that is no good gets its default and adds a line to `warnings`, which
// begins with `file` and names the key; so does an unknown `backend`. Text that is not JSON gives the defaults and one warning.
// Never throws on any text; takes time and memory in proportion to it, however deep it nests.
KerasSettings parse_keras_json(std::string_view text, std::string_view file,
                               std::vector<std::string>* warnings);

}  // namespace keel

#endif  // KEEL_CORE_KERAS_JSON_H_
