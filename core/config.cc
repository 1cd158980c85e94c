#include "core/config.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/keras_json.h"

namespace keel {
namespace {

namespace fs = std::filesystem;

// What Keras itself writes, to the byte. "keel" as the backend would keep another Keras on this
// machine, one without Keel, from starting.
constexpr std::string_view kDefaultFile = R"({
    "image_data_format": "channels_last",
    "epsilon": 1e-07,
    "floatx": "float32",
    "backend": "tensorflow"
}
)";

// Far more than any keras.json: what is longer is something else.
constexpr size_t kLongestFile = 1 << 20;

// One write, so that lines of several threads and processes stay whole.
void warn(const std::string& message) {
  std::cerr << "keel: warning: " + message + "\n" << std::flush;
}

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

// Puts `text` at `path` unless there is a file by now: readers see all of it or nothing. Failure is
// silent, as in Keras: many programs run where they cannot write.
void create_file(const std::string& path, std::string_view text) {
  std::string temporary = path + ".XXXXXX";
  const int file = mkstemp(temporary.data());
  if (file < 0) return;
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fchmod(file, 0644) == 0;
  if (close(file) == 0 && written) {
    // A link, unlike a rename, never replaces what another process put there meanwhile. Some file
    // systems have none.
    if (link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST) {
      if (std::rename(temporary.c_str(), path.c_str()) == 0) return;
    }
  }
  unlink(temporary.c_str());
}

KerasSettings read_settings(const std::string& directory) {
  const fs::path path = fs::path(directory) / "keras.json";
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    fs::create_directories(directory, error);
    if (!error) create_file(path, kDefaultFile);
    return {};
  }
  std::vector<std::string> warnings;
  KerasSettings settings;
  auto reject = [&](const std::string& why) {
    warnings.push_back(path.string() + ": " + why + ". Using the defaults.");
  };
  if (status.type() != fs::file_type::regular) {
    reject(error ? error.message() : "not a file");
  } else {
    std::ifstream file(path, std::ios::binary);
    std::string text(kLongestFile + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
    if (!file.is_open() || file.bad()) {
      reject("cannot be read");
    } else if (text.size() > kLongestFile) {
      reject("longer than " + std::to_string(kLongestFile) + " bytes");
    } else {
      settings = parse_keras_json(text, path.string(), &warnings);
    }
  }
  for (const std::string& warning : warnings) warn(warning);
  return settings;
}

struct Config {
  std::mutex mutex;
  bool loaded = false;
  KerasSettings settings;
};

// Never destroyed: static objects of other files may still ask at exit.
Config& config() {
  static Config* const config = new Config;
  return *config;
}

void load(Config& config, const std::string& directory) {
  config.settings = read_settings(directory);
  config.loaded = true;
  const char* name = environment("KERAS_BACKEND");
  if (name == nullptr) return;
  if (const char* accepted = backend_error(name)) {
    warn("KERAS_BACKEND is " + in_quotes(name) + " but must be " + accepted + ". Running \"keel\".");
  }
}

// Calls f with the settings, which are loaded by then and which no other thread uses meanwhile.
template <typename F>
auto with_settings(F f) {
  Config& state = config();
  const std::lock_guard<std::mutex> lock(state.mutex);
  if (!state.loaded) load(state, config_directory());
  return f(state.settings);
}

}  // namespace

std::string floatx() {
  return with_settings([](const KerasSettings& settings) { return settings.floatx; });
}

void set_floatx(std::string_view value) {
  if (const char* accepted = floatx_error(value)) {
    fail("set_floatx: value is ", in_quotes(value), " but must be ", accepted);
  }
  with_settings([&](KerasSettings& settings) { settings.floatx = value; });
}

double epsilon() {
  return with_settings([](const KerasSettings& settings) { return settings.epsilon; });
}

void set_epsilon(double value) {
  if (const char* accepted = epsilon_error(value)) {
    fail("set_epsilon: value is ", value, " but must be ", accepted);
  }
  with_settings([&](KerasSettings& settings) { settings.epsilon = value; });
}

std::string image_data_format() {
  return with_settings([](const KerasSettings& settings) { return settings.image_data_format; });
}

void set_image_data_format(std::string_view value) {
  if (const char* accepted = image_data_format_error(value)) {
    fail("set_image_data_format: value is ", in_quotes(value), " but must be ", accepted);
  }
  with_settings([&](KerasSettings& settings) { settings.image_data_format = value; });
}

std::string backend() {
  // Loads, for the warning about a name that no Keras knows.
  with_settings([](const KerasSettings&) {});
  return "keel";
}

ConfigScope::ConfigScope()
    : floatx_(floatx()), epsilon_(epsilon()), image_data_format_(image_data_format()) {}

ConfigScope::~ConfigScope() {
  with_settings([&](KerasSettings& settings) {
    settings.floatx = floatx_;
    settings.epsilon = epsilon_;
    settings.image_data_format = image_data_format_;
  });
}

std::string config_directory() {
  if (const char* keras_home = environment("KERAS_HOME")) return keras_home;
  std::string home;
  if (const char* variable = environment("HOME")) {
    home = variable;
  } else if (const passwd* user = getpwuid(getuid())) {
    home = user->pw_dir;
  }
  if (home.empty() || access(home.c_str(), W_OK) != 0) {
    std::error_code error;
    home = fs::temp_directory_path(error).string();
    if (error) home = "/tmp";
  }
  return fs::path(home) / ".keras";
}

void load_config(const std::string& directory) {
  Config& state = config();
  const std::lock_guard<std::mutex> lock(state.mutex);
  load(state, directory);
}

}  // namespace keel
