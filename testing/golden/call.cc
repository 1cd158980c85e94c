#include "testing/golden/call.h"

#include <cmath>
#include <limits>

#include "core/config.h"
#include "core/error.h"
#include "core/graph.h"
#include "core/structure.h"

namespace keel::golden {
namespace {

// Appends the shape of a nested list, taken from its first elements.
void add_nested_shape(const Json& value, Shape* shape) {
  if (!value.is_array()) return;
  shape->push_back(static_cast<int64_t>(value.size()));
  if (!value.empty()) add_nested_shape(value[0], shape);
}

void add_nested_elements(const Json& value, const Shape& shape, int axis, Json* elements) {
  if (axis == shape.rank()) {
    elements->push_back(value.is_boolean() ? Json(value.get<bool>() ? 1 : 0) : value);
    return;
  }
  if (!value.is_array() || static_cast<int64_t>(value.size()) != shape[axis]) {
    throw CaseError("a ragged list: " + value.dump());
  }
  for (const Json& element : value) add_nested_elements(element, shape, axis + 1, elements);
}

}  // namespace

Array read_nested(const Json& value) {
  if (value.is_number_integer()) return Array(value.get<int64_t>());
  if (value.is_boolean()) return Array(value.get<bool>());
  if (!value.is_array()) return Array(read_number(value));
  Shape shape;
  add_nested_shape(value, &shape);
  Json elements = Json::array();
  add_nested_elements(value, shape, 0, &elements);
  return read_elements(elements, shape, DType::kFloat64);
}

Call::Call(const Json& args, const Json& inputs, const Json& options, Inputs kind) : kind_(kind) {
  for (const auto& [name, value] : args.items()) args_[name] = value;
  for (const Json& input : inputs) {
    const std::string name = input.at("name").get<std::string>();
    if (input.contains("sparse")) bind(name, read_sparse_tensor(input));
    else bind(name, read_tensor(input));
  }
  if (options.contains("callable")) {
    for (const Json& name : options["callable"]) callables_.insert(name.get<std::string>());
  }
  if (options.contains("static")) {
    for (const auto& [name, shape] : options["static"].items()) static_shapes_[name] = read_shape(shape);
  }
}

void Call::bind(const std::string& name, Value value) {
  if (args_.count(name) > 0 || !values_.emplace(name, std::move(value)).second) {
    throw CaseError("parameter " + name + " is given twice");
  }
}

void Call::bind_list(const std::string& name, const std::vector<Value>& values) {
  if (values.empty()) empty_lists_.insert(name);
  for (size_t i = 0; i < values.size(); ++i) bind(name + "[" + std::to_string(i) + "]", values[i]);
}

std::set<std::string> Call::given() const {
  std::set<std::string> names = empty_lists_;
  for (const auto& [name, value] : args_) names.insert(std::string(base_name(name)));
  for (const auto& [name, value] : values_) names.insert(std::string(base_name(name)));
  return names;
}

std::set<std::string> Call::unread() const {
  std::set<std::string> names = empty_lists_;
  for (const auto& [name, value] : args_) names.insert(name);
  for (const auto& [name, value] : values_) names.insert(name);
  for (const std::string& name : read_) names.erase(name);
  return names;
}

const Json* Call::find_arg(const std::string& name) {
  read_.insert(name);
  if (values_.count(name) > 0) throw CaseError("argument " + name + " is a tensor, not a plain value");
  const auto found = args_.find(name);
  return found == args_.end() || found->second.is_null() ? nullptr : &found->second;
}

Json Call::json(const std::string& name) {
  const Json* found = find_arg(name);
  return found == nullptr ? Json() : *found;
}

bool Call::has(const std::string& name) {
  const auto found = args_.find(name);
  if (found != args_.end()) {
    if (found->second.is_null()) read_.insert(name);  // None was understood.
    return !found->second.is_null();
  }
  return values_.count(name) > 0 || is_list(name);
}

bool Call::is_list(const std::string& name) const {
  return empty_lists_.count(name) > 0 || values_.count(name + "[0]") > 0;
}

Tensor Call::to_tensor(const std::string& name, Value& value) {
  if (const auto* tensor = std::get_if<Tensor>(&value)) return *tensor;
  const auto* array = std::get_if<Array>(&value);
  const auto* sparse = std::get_if<SparseArray>(&value);
  if (array == nullptr && sparse == nullptr) throw CaseError("argument " + name + " is a function, not a tensor");
  Tensor& input = inputs_[name];
  if (input.defined()) return input;
  if (sparse != nullptr) {
    if (kind_ == kConstants) return input = variable(*sparse);
    input = placeholder({.shape = sparse->shape(), .dtype = sparse->dtype(), .name = name, .sparse = true});
    placeholders_.push_back(input);
    feeds_.push_back(*sparse);
    return input;
  }
  if (kind_ == kConstants) return input = constant_tensor(*array);
  const auto shape = static_shapes_.find(name);
  input = placeholder({.shape = shape == static_shapes_.end() ? array->shape() : shape->second,
                       .dtype = array->dtype(),
                       .name = name});
  placeholders_.push_back(input);
  feeds_.push_back(*array);
  return input;
}

Tensor Call::tensor(const std::string& name) {
  read_.insert(name);
  const auto found = values_.find(name);
  if (found != values_.end()) return to_tensor(name, found->second);
  if (!has(name)) throw CaseError("no tensor " + name);
  return constant(read_nested(args_.at(name)), {.dtype = DType(floatx())});
}

Tensor Call::tensor_like(const std::string& name, const Tensor& like) {
  return is_number(name) ? constant(array(name), {.dtype = like.dtype()}) : tensor(name);
}

Tensor Call::optional_tensor(const std::string& name) { return has(name) ? tensor(name) : Tensor(); }

Tensors Call::tensors(const std::string& name) {
  if (!is_list(name)) return {tensor(name)};
  read_.insert(name);
  Tensors list;
  for (int i = 0;; ++i) {
    const std::string element = name + "[" + std::to_string(i) + "]";
    if (values_.count(element) == 0) return list;
    list.push_back(tensor(element));
  }
}

Array Call::array(const std::string& name) {
  read_.insert(name);
  const auto found = values_.find(name);
  if (found == values_.end()) {
    if (!has(name)) throw CaseError("no value " + name);
    return read_nested(args_.at(name));
  }
  const auto* array = std::get_if<Array>(&found->second);
  if (array == nullptr) throw CaseError("argument " + name + " is no array");
  return *array;
}

bool Call::is_number(const std::string& name) const {
  const auto found = args_.find(name);
  return found != args_.end() && found->second.is_number();
}

bool Call::is_array(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() && std::holds_alternative<Array>(found->second);
}

std::vector<Array> Call::arrays(const std::string& name) {
  std::vector<Array> list;
  for (int i = 0;; ++i) {
    const std::string element = name + "[" + std::to_string(i) + "]";
    if (values_.count(element) == 0) return list;
    list.push_back(array(element));
  }
}

Function Call::function(const std::string& name) {
  read_.insert(name);
  const auto found = values_.find(name);
  const auto* function = found == values_.end() ? nullptr : std::get_if<Function>(&found->second);
  if (function == nullptr) throw CaseError("argument " + name + " is no function");
  return *function;
}

Tensor Call::input(const std::string& name) const {
  const auto found = inputs_.find(name);
  if (found == inputs_.end()) throw CaseError("no tensor was made of input " + name);
  return found->second;
}

void Call::wrong_kind(const std::string& name, const Json& json, const char* wanted) {
  fail("argument ", name, " is ", json.dump(), ", not ", wanted);
}

void Call::read(const std::string& name, const Json& json, bool* value) {
  if (!json.is_boolean() && json != 0 && json != 1) wrong_kind(name, json, "a bool");
  *value = json == true || json == 1;
}

void Call::read(const std::string& name, const Json& json, int64_t* value) {
  if (!json.is_number()) wrong_kind(name, json, "an integer");
  if (!json.is_number_integer()) {
    const double number = json.get<double>();
    // 2^63 is the least that does not fit.
    if (std::trunc(number) != number || std::abs(number) >= 0x1p63) wrong_kind(name, json, "an integer of 64 bits");
  } else if (json.is_number_unsigned() && json.get<uint64_t>() > std::numeric_limits<int64_t>::max()) {
    wrong_kind(name, json, "an integer of 64 bits");
  }
  *value = json.get<int64_t>();
}

void Call::read(const std::string& name, const Json& json, int* value) {
  *value = static_cast<int>(convert<int64_t>(name, json));
}

void Call::read(const std::string& name, const Json& json, uint64_t* value) {
  *value = static_cast<uint64_t>(convert<int64_t>(name, json));
}

void Call::read(const std::string& name, const Json& json, double* value) {
  if (!json.is_number() && json != "nan" && json != "inf" && json != "-inf") wrong_kind(name, json, "a number");
  *value = read_number(json);
}

void Call::read(const std::string& name, const Json& json, std::string* value) {
  if (!json.is_string()) wrong_kind(name, json, "a string");
  *value = json.get<std::string>();
}

void Call::read(const std::string& name, const Json& json, Shape* value) {
  if (!json.is_array()) wrong_kind(name, json, "a shape");
  *value = read_shape(json);
}

void Call::read(const std::string& name, const Json& json, Axes* value) {
  if (json.is_array()) {
    *value = Axes(convert<std::vector<int64_t>>(name, json));
  } else {
    *value = Axes(convert<int64_t>(name, json));
  }
}

void Call::read(const std::string& name, const Json& json, DType* value) {
  *value = DType(convert<std::string>(name, json));
}

void Call::read(const std::string& name, const Json& json, Padding* value) {
  *value = Padding(convert<std::string>(name, json));
}

void Call::read(const std::string& name, const Json& json, DataFormat* value) {
  *value = DataFormat(convert<std::string>(name, json));
}

}  // namespace keel::golden
