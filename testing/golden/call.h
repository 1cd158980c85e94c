// One call of the corpus: what it gives to a function, by the names of the function's parameters, and
// what it gets.
#ifndef KEEL_TESTING_GOLDEN_CALL_H_
#define KEEL_TESTING_GOLDEN_CALL_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/arguments.h"
#include "core/array.h"
#include "core/function.h"
#include "core/tensor.h"
#include "core/variable.h"
#include "testing/golden/corpus.h"

namespace keel::golden {

// What a script can bind to a name and hand to a later call.
using Value = std::variant<Tensor, Array, Function, SparseArray>;

// What a call gave.
class Answer {
 public:
  using Content = std::variant<Tensors, std::vector<Array>, Json, Function>;

  Answer() : content_(Json()) {}                                           // Nothing.
  Answer(const Tensor& tensor) : content_(Tensors{tensor}) {}              // NOLINT: implicit by design
  Answer(Tensors tensors) : content_(std::move(tensors)) {}                // NOLINT
  Answer(Array array) : content_(std::vector<Array>{std::move(array)}) {}  // NOLINT
  Answer(std::vector<Array> arrays) : content_(std::move(arrays)) {}       // NOLINT
  Answer(Function function) : content_(std::move(function)) {}             // NOLINT
  Answer(Json result) : content_(std::move(result)) {}                     // NOLINT

  const Content& content() const { return content_; }

 private:
  Content content_;
};

// The arguments of one call. Reading a name that the corpus does not give leads to the default, or
// where there is none to a CaseError. An argument of the wrong kind (two numbers where three are
// wanted) is a ValueError: what Keras raises when it runs, C++ refuses to compile. Tensors are fed
// through placeholders of their static shape, or (in scripts) constants.
class Call {
 public:
  enum Inputs { kPlaceholders, kConstants };

  // `args` and `inputs` as in the corpus, `options` likewise.
  Call(const Json& args, const Json& inputs, const Json& options, Inputs kind);

  // Gives the call a value under a parameter's name, "variables" or "variables[0]".
  void bind(const std::string& name, Value value);
  // Gives the call a list parameter, perhaps an empty one.
  void bind_list(const std::string& name, const std::vector<Value>& values);

  // The names of the parameters that were given, without index or field.
  std::set<std::string> given() const;
  // Those of them that nobody has asked for yet.
  std::set<std::string> unread() const;

  // Whether there is a parameter of that name, other than None.
  bool has(const std::string& name);
  // Whether it is to be passed as a callable.
  bool is_callable(const std::string& name) const { return callables_.count(name) > 0; }

  Tensor tensor(const std::string& name);
  // The same, but a plain number takes the dtype of `like`.
  Tensor tensor_like(const std::string& name, const Tensor& like);
  // An empty handle where it is absent or None.
  Tensor optional_tensor(const std::string& name);
  // A list parameter; a single tensor counts as a list of one.
  Tensors tensors(const std::string& name);
  bool is_list(const std::string& name) const;
  // A value as it is: an input, or an argument of numbers (weak, so that the dtype is the function's).
  Array array(const std::string& name);
  // Whether the parameter is a plain number, and whether it is one that Python would have as a float.
  bool is_number(const std::string& name) const;
  bool is_float(const std::string& name) const { return is_number(name) && args_.at(name).is_number_float(); }
  // Whether the parameter is an input that no tensor was made of: what array() gives.
  bool is_array(const std::string& name) const;
  // The arrays of a list parameter.
  std::vector<Array> arrays(const std::string& name);
  Function function(const std::string& name);

  // A plain argument.
  template <typename T>
  T arg(const std::string& name) {
    const Json* json = find_arg(name);
    if (json == nullptr && args_.count(name) > 0) wrong_kind(name, Json(), "None");
    if (json == nullptr) throw CaseError("no argument " + name);
    return convert<T>(name, *json);
  }
  template <typename T>
  T arg(const std::string& name, const T& fallback) {
    const Json* json = find_arg(name);
    return json == nullptr ? fallback : convert<T>(name, *json);
  }
  template <typename T>
  std::optional<T> maybe(const std::string& name) {
    const Json* json = find_arg(name);
    if (json == nullptr) return std::nullopt;
    return convert<T>(name, *json);
  }
  // As it stands in the file, null where absent.
  Json json(const std::string& name);

  // The placeholders made so far, and what to feed them.
  const Tensors& placeholders() const { return placeholders_; }
  const std::vector<Feed>& feeds() const { return feeds_; }
  // The tensor that was made for input `name`; CaseError where none was.
  Tensor input(const std::string& name) const;

 private:
  const Json* find_arg(const std::string& name);
  Tensor to_tensor(const std::string& name, Value& value);

  template <typename T>
  static T convert(const std::string& name, const Json& json) {
    T value{};
    read(name, json, &value);
    return value;
  }
  [[noreturn]] static void wrong_kind(const std::string& name, const Json& json, const char* wanted);
  static void read(const std::string& name, const Json& json, bool* value);
  static void read(const std::string& name, const Json& json, int64_t* value);
  static void read(const std::string& name, const Json& json, int* value);
  static void read(const std::string& name, const Json& json, uint64_t* value);
  static void read(const std::string& name, const Json& json, double* value);
  static void read(const std::string& name, const Json& json, std::string* value);
  static void read(const std::string& name, const Json& json, Shape* value);
  static void read(const std::string& name, const Json& json, Axes* value);
  static void read(const std::string& name, const Json& json, DType* value);
  static void read(const std::string& name, const Json& json, Padding* value);
  static void read(const std::string& name, const Json& json, DataFormat* value);
  template <typename T>
  static void read(const std::string& name, const Json& json, std::vector<T>* value) {
    if (!json.is_array()) wrong_kind(name, json, "a list");
    for (const Json& element : json) value->push_back(convert<T>(name, element));
  }
  template <typename T, size_t N>
  static void read(const std::string& name, const Json& json, std::array<T, N>* value) {
    if (!json.is_array() || json.size() != N) wrong_kind(name, json, "a list of that length");
    for (size_t i = 0; i < N; ++i) (*value)[i] = convert<T>(name, json[i]);
  }
  template <typename A, typename B>
  static void read(const std::string& name, const Json& json, std::pair<A, B>* value) {
    if (!json.is_array() || json.size() != 2) wrong_kind(name, json, "a pair");
    *value = {convert<A>(name, json[0]), convert<B>(name, json[1])};
  }

  const Inputs kind_;
  std::map<std::string, Json> args_;
  std::map<std::string, Value> values_;
  std::set<std::string> empty_lists_, callables_, read_;
  std::map<std::string, Shape> static_shapes_;
  std::map<std::string, Tensor> inputs_;
  Tensors placeholders_;
  std::vector<Feed> feeds_;
};

// Numbers, or nested lists of them, as a float64 array: weak where it is one number.
Array read_nested(const Json& value);

}  // namespace keel::golden

#endif  // KEEL_TESTING_GOLDEN_CALL_H_
