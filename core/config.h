// The settings that Keras keeps in keras.json, with Keras's names.
//
// They are read from the file on first use: from $KERAS_HOME/keras.json where that variable is set,
// else from ~/.keras, or .keras in the temporary directory where the home directory cannot be
// written. A missing file is created with Keras's defaults; where that is not possible, the
// defaults hold. What is wrong in the file is a warning on stderr that names the file and the key,
// and the default for that key: never a failure. The setters change this process, not the file.
//
// All functions are thread-safe. Source: the Keras backend documentation, "keras.json details".
#ifndef KEEL_CORE_CONFIG_H_
#define KEEL_CORE_CONFIG_H_

#include <string>
#include <string_view>

namespace keel {

// The default dtype of what is created without one: "float16", "float32" or "float64".
std::string floatx();
// ValueError on any other name.
void set_floatx(std::string_view value);

// The small number that keeps divisions and logarithms away from zero: 1e-7 unless set.
double epsilon();
// ValueError unless `value` is finite and not negative.
void set_epsilon(double value);

// Where images have their channels when a function is not told: "channels_last" (rows, columns,
// channels) or "channels_first" (channels, rows, columns).
std::string image_data_format();
// ValueError on any other name.
void set_image_data_format(std::string_view value);

// The backend that runs: always "keel". KERAS_BACKEND, and else the file's `backend`, tell a Keras
// which backend to load; a program that calls this function has made its choice. So the name of
// another backend there is no error, and only a name that no Keras knows is a warning.
std::string backend();

// Restores floatx, epsilon and image_data_format, as they were when it was made, at its end. For
// tests; what other threads set meanwhile is lost.
class ConfigScope {
 public:
  ConfigScope();
  ~ConfigScope();
  ConfigScope(const ConfigScope&) = delete;
  ConfigScope& operator=(const ConfigScope&) = delete;

 private:
  std::string floatx_;
  double epsilon_;
  std::string image_data_format_;
};

// The folder whose keras.json is read on first use.
std::string config_directory();

// Takes all settings from `directory`/keras.json now, as on first use: a missing file is created,
// with its folder, and earlier calls of the setters are forgotten.
void load_config(const std::string& directory);

}  // namespace keel

#endif  // KEEL_CORE_CONFIG_H_
