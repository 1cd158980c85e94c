#include "docs/function_table.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/config.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/op.h"
#include "core/session.h"
#include "core/sparse.h"
#include "core/structure.h"
#include "core/variable.h"
#include "testing/golden/calls.h"
#include "testing/golden/corpus.h"

namespace keel::docs {
namespace {

using golden::Answer;
using golden::Call;
using golden::Entry;
using golden::Json;

constexpr int kMostCases = 6;  // Of the corpus that a function is tried with, per dtype.

// What one call told.
struct Probe {
  std::optional<bool> gradient, cuda;
};

bool is_floating(const Json& tensor) { return DType(tensor.at("dtype").get<std::string>()).is_floating(); }

Json element_as(DType dtype, const Json& element) {
  if (dtype.is_floating()) return element.is_boolean() ? Json(element.get<bool>() ? 1 : 0) : element;
  double value = 0;
  if (element.is_boolean()) value = element.get<bool>() ? 1 : 0;
  if (element.is_number()) value = element.get<double>();
  if (dtype.is_bool()) return value != 0;
  return static_cast<int64_t>(dtype.is_signed() ? std::round(value) : std::abs(std::round(value)));
}

Json tensor_as(DType dtype, Json tensor) {
  tensor["dtype"] = std::string(dtype.name());
  for (const char* key : {"data", "values"}) {
    if (!tensor.contains(key)) continue;
    for (Json& element : tensor[key]) element = element_as(dtype, element);
  }
  if (tensor.contains("fill")) tensor["fill"] = element_as(dtype, tensor["fill"]);
  return tensor;
}

// `test` with the tensors that the function computes with as `dtype`: those of floating dtypes, or all
// where there are none (the others are indices, lengths and labels); the argument where it takes no tensor.
std::optional<Json> with_dtype(Json test, DType dtype, const Entry& entry) {
  Json& inputs = test["inputs"];
  const bool any_floating = std::any_of(inputs.begin(), inputs.end(), is_floating);
  for (Json& input : inputs) {
    if (is_floating(input) || !any_floating) input = tensor_as(dtype, input);
  }
  if (!inputs.empty()) return test;
  if ((" " + std::string(entry.parameters) + " ").find(" dtype ") == std::string::npos) return std::nullopt;
  test["args"]["dtype"] = std::string(dtype.name());
  return test;
}

// Nothing where shapes are not known, and so neither is the kernel.
std::optional<bool> has_cuda(const Node& node) {
  const Op& op = node.op();
  Signatures in;
  for (const Tensor& input : node.inputs()) in.push_back(input.signature());
  const auto is_static = [](const Signature& s) { return s.shape.is_static(); };
  if (!std::all_of(in.begin(), in.end(), is_static)) return std::nullopt;
  if (op.is_view() || op.forwards(in, node.outputs()) >= 0) return true;
  if (op.shapes_at_run_time()) return false;
  return !op.compile(in, node.outputs())->cuda_library().empty();
}

// Whether every op that `outputs` are made of has a kernel for CUDA; nothing where there is no op, or none whose
// shapes are known.
std::optional<bool> has_cuda(const Tensors& outputs) {
  std::optional<bool> all;
  std::set<const Node*> seen;
  std::vector<const Node*> work;
  for (const Tensor& t : outputs) work.push_back(&t.node());
  while (!work.empty()) {
    const Node* node = work.back();
    work.pop_back();
    if (!seen.insert(node).second || node->inputs().empty()) continue;
    if (const auto one = has_cuda(*node)) all = all.value_or(true) && *one;
    for (size_t i = 0; i < node->inputs().size(); ++i) {
      if (!node->op().reads_only_shape(static_cast<int>(i))) work.push_back(&node->inputs()[i].node());
    }
  }
  return all;
}

std::optional<bool> has_gradient(const Tensors& outputs, const Tensors& inputs) {
  Tensors results, seeds, variables;
  for (const Tensor& t : outputs) {
    if (!t.defined() || !t.dtype().is_floating()) continue;
    results.push_back(t);
    seeds.push_back(full_like(t, 1, t.dtype()));
  }
  for (const Tensor& t : inputs) {
    if (t.dtype().is_floating()) variables.push_back(is_sparse(t) ? sparse_values(t) : t);
  }
  if (results.empty() || variables.empty()) return std::nullopt;
  const Tensors slopes = gradients(results, seeds, variables);
  return std::any_of(slopes.begin(), slopes.end(), [](const Tensor& t) { return t.defined(); });
}

// Calls the function as `test` says, and computes what it gives. Nothing where that is an error.
std::optional<Probe> probe(const Entry& entry, const Json& test) {
  const ConfigScope config;
  clear_session();
  try {
    const Json options = test.value("options", Json::object());
    if (options.contains("image_data_format")) set_image_data_format(options["image_data_format"].get<std::string>());
    if (options.contains("learning_phase")) set_learning_phase(options["learning_phase"].get<int>());
    Json inputs = Json::array();
    std::vector<std::pair<std::string, Variable>> variables;
    const Json state = test.value("variables", Json::array());
    for (const Json& input : test.value("inputs", Json::array())) {
      const auto name = input.at("name").get<std::string>();
      if (std::find(state.begin(), state.end(), name) == state.end()) {
        inputs.push_back(input);
      } else {
        const Array value = golden::read_tensor(input);
        variables.emplace_back(name, variable(value, {.dtype = value.dtype()}));
      }
    }
    Call call(test.value("args", Json::object()), inputs, options, Call::kPlaceholders);
    for (const auto& [name, variable] : variables) call.bind(name, Tensor(variable));
    const Answer answer = golden::make_call(entry, call);
    const auto* tensors = std::get_if<Tensors>(&answer.content());
    if (tensors == nullptr) return Probe{};
    Tensors defined;
    for (const Tensor& t : *tensors) {
      if (t.defined()) defined.push_back(t);
      if (t.defined() && is_placeholder(t)) return Probe{};  // It would have to be fed.
    }
    function(call.placeholders(), defined)(call.feeds());
    return Probe{has_gradient(defined, call.placeholders()), has_cuda(defined)};
  } catch (const std::invalid_argument&) {  // ValueError.
    return std::nullopt;
  } catch (const golden::CaseError&) {
    return std::nullopt;
  }
}

std::string word(std::optional<bool> value) { return !value.has_value() ? "" : *value ? "yes" : "no"; }

// "floating, int32"; kinds of which all are there go by their name.
std::string dtype_names(std::set<DType::Kind> accepted) {
  const auto kinds = [](auto keep) {
    std::vector<DType::Kind> found;
    for (int k = 0; k < DType::kKinds; ++k) {
      if (keep(DType(static_cast<DType::Kind>(k)))) found.push_back(static_cast<DType::Kind>(k));
    }
    return found;
  };
  std::vector<std::string> names;
  const auto take = [&](const char* name, const std::vector<DType::Kind>& group) {
    if (!std::all_of(group.begin(), group.end(), [&](DType::Kind k) { return accepted.count(k) > 0; })) return;
    for (DType::Kind k : group) accepted.erase(k);
    names.push_back(name);
  };
  take("all", kinds([](DType) { return true; }));
  take("numbers", kinds([](DType t) { return !t.is_bool(); }));
  take("floating", kinds([](DType t) { return t.is_floating(); }));
  take("integer", kinds([](DType t) { return t.is_integer(); }));
  for (DType::Kind k : accepted) names.emplace_back(DType(k).name());
  return absl::StrJoin(names, ", ");
}

// While it lives, what functions print is dropped.
class Quiet {
 public:
  Quiet() : before_(std::cout.rdbuf(nullptr)) {}
  ~Quiet() { std::cout.rdbuf(before_); std::cout.clear(); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  std::streambuf* const before_;
};

// Functions that the corpus calls in scripts alone, by one call each: on tensors of these names, of
// which `variables` are variables.
Json calls_outside_the_corpus() {
  const auto on = [](const std::vector<const char*>& names, const std::vector<std::string>& variables = {},
                     const Json& args = Json::object()) {
    Json inputs = Json::array();
    for (const char* name : names) {
      inputs.push_back({{"name", name}, {"dtype", "float32"}, {"shape", Json::array({2})}, {"data", Json::array({1, 2})}});
    }
    return Json{{"args", args}, {"inputs", inputs}, {"variables", variables}};
  };
  return {{"cast_to_floatx", on({"x"})},
          {"update", on({"x", "new_x"}, {"x"})},
          {"update_add", on({"x", "increment"}, {"x"})},
          {"update_sub", on({"x", "decrement"}, {"x"})},
          {"moving_average_update", on({"x", "value"}, {"x"}, {{"momentum", 0.9}})},
          {"get_value", on({"x"}, {"x"})},
          {"set_value", on({"x", "value"}, {"x"})},
          {"batch_get_value", on({"ops[0]"}, {"ops[0]"})},
          {"batch_set_value", on({"tuples[0]", "values[0]"}, {"tuples[0]"})},
          {"variable", on({"value"})},     {"identity", on({"x"})},   {"shape", on({"x"})}, {"int_shape", on({"x"})},
          {"ndim", on({"x"})},             {"dtype", on({"x"})},      {"eval", on({"x"})},  {"count_params", on({"x"})},
          {"stop_gradient", on({"variables"})}, {"zeros_like", on({"x"})}, {"ones_like", on({"x"})},
          {"placeholder", {{"args", {{"shape", Json::array({2})}}}, {"inputs", Json::array()}}}};
}

}  // namespace

std::vector<std::string> read_headings(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::vector<std::string> headings;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) headings.push_back(line);
  }
  return headings;
}

std::vector<FunctionRow> function_rows(const std::vector<std::string>& headings, const std::string& corpus) {
  const Quiet quiet;
  std::map<std::string, std::vector<Json>> cases;
  for (const std::string& file : golden::corpus_files({corpus})) {
    for (Json& test : golden::read_cases(file)) {
      if (test.contains("error") || test.contains("script")) continue;
      cases[test.at("function").get<std::string>()].push_back(std::move(test));
    }
  }
  const Json others = calls_outside_the_corpus();
  for (const auto& [name, test] : others.items()) {
    if (cases[name].empty()) cases[name].push_back(test);
  }
  std::vector<FunctionRow> rows;
  for (const std::string& name : headings) {
    FunctionRow row;
    row.name = name;
    const Entry* entry = golden::find_entry(name, &row.family);
    if (entry == nullptr) {
      rows.push_back(row);
      continue;
    }
    std::vector<Json>& known = cases[name];
    if (known.size() > kMostCases) known.resize(kMostCases);
    std::set<DType::Kind> accepted;
    std::optional<bool> gradient;
    std::map<bool, int> cuda;
    for (const Json& test : known) {
      const Json inputs = test.value("inputs", Json::array());
      const bool takes_floats = std::any_of(inputs.begin(), inputs.end(), is_floating);
      for (int k = 0; k < DType::kKinds; ++k) {
        const auto kind = static_cast<DType::Kind>(k);
        const auto converted = with_dtype(test, kind, *entry);
        const auto told = converted.has_value() ? probe(*entry, *converted) : std::nullopt;
        if (!told.has_value()) continue;
        accepted.insert(kind);
        if (told->gradient.has_value()) gradient = gradient.value_or(false) || *told->gradient;
        // The GPU is for floats; what takes none says how it fares with the dtypes that it has.
        if (told->cuda.has_value() && (kind == DType::kFloat32 || !takes_floats)) ++cuda[*told->cuda];
      }
    }
    row.dtypes = dtype_names(accepted);
    row.gradient = word(gradient);
    row.cuda = cuda.empty() ? "" : cuda[false] == 0 ? "yes" : cuda[true] == 0 ? "no" : "in part";
    rows.push_back(row);
  }
  clear_session();
  return rows;
}

std::string to_markdown(const std::vector<FunctionRow>& rows) {
  std::string out =
      "# The functions\n\n"
      "Every function of `keras.backend`, in the order of its documentation. `./bazelw run //docs:functions` writes\n"
      "this page from what the functions do when they are called. *dtypes*: of the tensors that a function computes\n"
      "with (indices, lengths and labels are integers besides), or makes where it takes none; *gradient*: whether one\n"
      "flows through it; *CUDA*: whether all ops that it is made of have kernels for CUDA (of float32, where it takes\n"
      "floats), in every kind of call that the corpus makes or in part of them; the other ops run on the CPU.\n\n"
      "| function | family | dtypes | gradient | CUDA |\n|---|---|---|---|---|\n";
  for (const FunctionRow& row : rows) {
    absl::StrAppend(&out, "| `", row.name, "` | ", row.family.empty() ? "**missing**" : row.family, " | ", row.dtypes, " | ",
                    row.gradient, " | ", row.cuda, " |\n");
  }
  return out;
}

}  // namespace keel::docs
