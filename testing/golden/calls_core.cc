// The core: configuration, variables, placeholders, functions and questions about tensors.
#include "core/config.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/session.h"
#include "core/sparse.h"
#include "core/structure.h"
#include "core/uid.h"
#include "core/variable.h"
#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

NewVariableOptions new_variable_options(Call& call) {
  return {.dtype = call.maybe<DType>("dtype"), .name = call.arg("name", std::string())};
}

Json shape_result(const Shape& shape) {
  Json list = Json::array();
  for (int64_t dim : shape) list.push_back(dim == None ? Json() : Json(dim));
  return list;
}

void call_set_learning_phase(const Json& value) {
  if (value.is_null()) {
    set_learning_phase(nullptr);
  } else if (value.is_string()) {
    set_learning_phase(value.get<std::string>().c_str());
  } else if (value.is_boolean()) {
    set_learning_phase(value.get<bool>());
  } else {
    set_learning_phase(value.get<double>());
  }
}

Answer call_constant(Call& call) {
  ConstantOptions options = {.dtype = call.maybe<DType>("dtype"),
                             .shape = call.maybe<Shape>("shape"),
                             .name = call.arg("name", std::string())};
  // What a list in the source would be: numbers of no dtype of their own.
  if (!options.dtype.has_value()) options.dtype = DType(floatx());
  return constant(call.array("value"), options);
}

Answer call_variable(Call& call) {
  return variable(call.array("value"),
                  {.dtype = call.maybe<DType>("dtype"), .name = call.arg("name", std::string())});
}

Answer call_placeholder(Call& call) {
  return placeholder({.shape = call.maybe<Shape>("shape"),
                      .ndim = call.maybe<int>("ndim"),
                      .dtype = call.maybe<DType>("dtype"),
                      .name = call.arg("name", std::string()),
                      .sparse = call.arg("sparse", false)});
}

Answer call_batch_set_value(Call& call) {
  const Tensors variables = call.tensors("tuples");
  const std::vector<Array> values = call.arrays("values");
  if (variables.size() != values.size()) throw CaseError("as many values as tuples are needed");
  std::vector<std::pair<Tensor, Array>> tuples;
  for (size_t i = 0; i < values.size(); ++i) tuples.emplace_back(variables[i], values[i]);
  batch_set_value(tuples);
  return {};
}

Answer call_function(Call& call) {
  const Tensors inputs = call.tensors("inputs"), outputs = call.tensors("outputs");
  const Tensors updates = call.has("updates") ? call.tensors("updates") : Tensors();
  call.json("name");  // A label.
  // Keras takes any further keyword and raises; here the compiler would have.
  for (const std::string& name : call.unread()) {
    if (name != base_name(name)) continue;
    fail("function: there is no argument ", name);
  }
  return function(inputs, outputs, updates);
}

Answer call_stop_gradient(Call& call) {
  if (call.is_list("variables")) return stop_gradient(call.tensors("variables"));
  return stop_gradient(call.tensor("variables"));
}

// None in Keras, where a setter gives nothing back.
template <typename... Unused>
Answer nothing(Unused&&...) {
  return {};
}

constexpr Entry kEntries[] = {
    {"backend", "", [](Call&) -> Answer { return Json(backend()); }},
    {"epsilon", "", [](Call&) -> Answer { return Json(epsilon()); }},
    {"set_epsilon", "e", [](Call& c) -> Answer { return set_epsilon(c.arg<double>("e")), nothing(); }},
    {"floatx", "", [](Call&) -> Answer { return Json(floatx()); }},
    {"set_floatx", "floatx", [](Call& c) -> Answer { return set_floatx(c.arg<std::string>("floatx")), nothing(); }},
    {"image_data_format", "", [](Call&) -> Answer { return Json(image_data_format()); }},
    {"set_image_data_format", "data_format",
     [](Call& c) -> Answer { return set_image_data_format(c.arg<std::string>("data_format")), nothing(); }},
    {"cast_to_floatx", "x", [](Call& c) -> Answer { return cast_to_floatx(c.array("x")); }},
    {"get_uid", "prefix", [](Call& c) -> Answer { return Json(get_uid(c.arg("prefix", std::string()))); }},
    {"reset_uids", "", [](Call&) -> Answer { return reset_uids(), nothing(); }},
    {"clear_session", "", [](Call&) -> Answer { return clear_session(), nothing(); }},
    {"manual_variable_initialization", "value",
     [](Call& c) -> Answer { return manual_variable_initialization(c.arg<bool>("value")), nothing(); }},
    {"learning_phase", "", [](Call&) -> Answer { return learning_phase(); }},
    {"set_learning_phase", "value",
     [](Call& c) -> Answer { return call_set_learning_phase(c.json("value")), nothing(); }},
    {"variable", "value dtype name constraint", call_variable},
    {"constant", "value dtype shape name", call_constant},
    {"placeholder", "shape ndim dtype sparse name", call_placeholder},
    {"is_placeholder", "x", [](Call& c) -> Answer { return Json(is_placeholder(c.tensor("x"))); }},
    {"is_sparse", "tensor", [](Call& c) -> Answer { return Json(is_sparse(c.tensor("tensor"))); }},
    {"to_dense", "tensor", [](Call& c) -> Answer { return to_dense(c.tensor("tensor")); }},
    {"is_keras_tensor", "x",
     [](Call& c) -> Answer { return Json(c.is_array("x") ? is_keras_tensor(c.array("x")) : is_keras_tensor(c.tensor("x"))); }},
    {"shape", "x", [](Call& c) -> Answer { return shape(c.tensor("x")); }},
    {"int_shape", "x", [](Call& c) -> Answer { return shape_result(int_shape(c.tensor("x"))); }},
    {"ndim", "x", [](Call& c) -> Answer { return Json(ndim(c.tensor("x"))); }},
    {"dtype", "x", [](Call& c) -> Answer { return Json(dtype(c.tensor("x"))); }},
    {"count_params", "x", [](Call& c) -> Answer { return Json(count_params(c.tensor("x"))); }},
    {"eval", "x",
     // Nothing can be fed to it: an input is a variable's value.
     [](Call& c) -> Answer { return eval(c.is_array("x") ? variable(c.array("x"), {.dtype = c.array("x").dtype()})
                                                         : c.tensor("x")); }},
    {"get_value", "x", [](Call& c) -> Answer { return get_value(c.tensor("x")); }},
    {"batch_get_value", "ops", [](Call& c) -> Answer { return batch_get_value(c.tensors("ops")); }},
    {"set_value", "x value",
     [](Call& c) -> Answer { return set_value(c.tensor("x"), c.array("value")), nothing(); }},
    {"batch_set_value", "tuples values", call_batch_set_value},
    // Names are labels; those that Keel does not take are read and dropped.
    {"identity", "x name", [](Call& c) -> Answer { return nothing(c.json("name")), identity(c.tensor("x")); }},
    {"zeros", "shape dtype name",
     [](Call& c) -> Answer { return zeros(c.arg<Shape>("shape"), new_variable_options(c)); }},
    {"ones", "shape dtype name",
     [](Call& c) -> Answer { return ones(c.arg<Shape>("shape"), new_variable_options(c)); }},
    {"eye", "size dtype name",
     [](Call& c) -> Answer {
       if (c.is_number("size")) return eye(c.arg<int64_t>("size"), new_variable_options(c));
       return eye(c.arg<Shape>("size"), new_variable_options(c));
     }},
    {"zeros_like", "x dtype name",
     [](Call& c) -> Answer { return zeros_like(c.tensor("x"), new_variable_options(c)); }},
    {"ones_like", "x dtype name",
     [](Call& c) -> Answer { return ones_like(c.tensor("x"), new_variable_options(c)); }},
    {"function", "inputs outputs updates **", call_function},
    {"gradients", "loss variables",
     [](Call& c) -> Answer { return gradients(c.tensor("loss"), c.tensors("variables")); }},
    {"stop_gradient", "variables", call_stop_gradient},
};

}  // namespace

Entries core_calls() { return kEntries; }

}  // namespace keel::golden
