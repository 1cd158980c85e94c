#include "testing/golden/run_case.h"

#include <exception>
#include <map>
#include <sstream>

#include "core/config.h"
#include "core/error.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/session.h"
#include "core/sparse.h"
#include "testing/golden/call.h"
#include "testing/golden/calls.h"
#include "testing/golden/script.h"
#include "testing/golden/verdict.h"

namespace keel::golden {
namespace {

// Keras's defaults for as long as it lives, then what was before; the session is a new one.
class FreshSession {
 public:
  FreshSession() {
    set_floatx("float32");
    set_epsilon(1e-7);
    set_image_data_format("channels_last");
    clear_session();
  }
  ~FreshSession() { clear_session(); }
  FreshSession(const FreshSession&) = delete;
  FreshSession& operator=(const FreshSession&) = delete;

 private:
  ConfigScope config_;
};

// What a case has under `key`, in one word; "?" where it has nothing, or is no case at all.
std::string label(const Json& test, const char* key) {
  if (!test.is_object() || !test.contains(key)) return "?";
  const Json& value = test[key];
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Checks names and sets what has to be set before the call.
void apply_options(const Json& options) {
  for (const auto& [name, value] : options.items()) {
    if (name == "image_data_format") {
      set_image_data_format(value.get<std::string>());
    } else if (name == "learning_phase") {
      set_learning_phase(value.get<int>());
    } else if (name != "callable" && name != "static") {
      throw CaseError("unknown option " + name);
    }
  }
}

// Makes the call and computes what it gives. `tensors` gets the tensors that it gave.
Outcome run_call(const Json& test, Call& call, Tensors* tensors) {
  const Entry* entry = find_entry(test.at("function").get<std::string>());
  if (entry == nullptr) throw CaseError("unknown function");
  try {
    const Answer answer = make_call(*entry, call);
    if (const auto* arrays = std::get_if<std::vector<Array>>(&answer.content())) return {*arrays, {}, {}};
    if (const auto* json = std::get_if<Json>(&answer.content())) return {{}, *json, {}};
    const auto* given = std::get_if<Tensors>(&answer.content());
    if (given == nullptr) throw CaseError("a function is no answer");
    *tensors = *given;
    for (Tensor& tensor : *tensors) {
      if (tensor.defined() && is_sparse(tensor)) tensor = to_dense(tensor);
    }
    if (test.contains("result")) return {{}, plain_result(*tensors), {}};
    const Function f = function(call.placeholders(), *tensors);
    return {f(call.feeds()), {}, {}};
  } catch (const ValueError& e) {
    return {{}, {}, e.what()};
  }
}

// What flows into output `i` according to `seed`, in the shape of its value; not defined for nothing.
Array cotangent(const Json& seed, size_t i, const Array& value) {
  if (seed == "ones") {
    return value.dtype().is_floating() ? Array::full(value.shape(), 1, value.dtype()) : Array();
  }
  if (!seed.is_array() || i >= seed.size()) throw CaseError("seed does not fit the outputs: " + seed.dump());
  return seed[i].is_null() ? Array() : read_elements(seed[i], value.shape(), value.dtype());
}

// The gradients for one seed. `entries`: what is expected of each.
std::optional<Mismatch> run_backward(const Json& seed, const std::vector<const Json*>& entries, const Call& call,
                                     const Tensors& tensors, const std::vector<Array>& values, Tolerance tolerance) {
  Tensors inputs = call.placeholders(), results, seeds, variables;
  std::vector<Feed> feeds = call.feeds();
  for (size_t i = 0; i < values.size(); ++i) {
    const Array dy = cotangent(seed, i, values[i]);
    if (!dy.defined()) continue;
    results.push_back(tensors[i]);
    seeds.push_back(placeholder({.shape = dy.shape(), .dtype = dy.dtype(), .name = "seed"}));
    inputs.push_back(seeds.back());
    feeds.push_back(dy);
  }
  for (const Json* entry : entries) variables.push_back(call.input(entry->at("wrt").get<std::string>()));
  const Tensors slopes = gradients(results, seeds, variables);

  Tensors connected;
  for (const Tensor& slope : slopes) {
    if (slope.defined()) connected.push_back(slope);
  }
  const std::vector<Array> computed = function(inputs, connected)(feeds);

  std::optional<Mismatch> worst;
  size_t next = 0;
  for (size_t i = 0; i < slopes.size(); ++i) {
    const Json& entry = *entries[i];
    const std::string what = "gradient for " + entry["wrt"].get<std::string>();
    const Array got = slopes[i].defined() ? computed[next++] : Array();
    const auto check = [&](const Json& data) -> std::optional<Mismatch> {
      if (data.is_null() != !got.defined()) {
        return Mismatch{what + (got.defined() ? ": connected, want None" : ": None, want values"), std::nullopt};
      }
      if (!got.defined()) return std::nullopt;
      // It has the shape and dtype of the input, whatever came.
      size_t at = 0;
      while (!call.placeholders()[at].same_as(variables[i])) ++at;
      const Array& input = call.feeds()[at].dense();
      return compare(what, got, read_elements(data, input.shape(), input.dtype()), tolerance);
    };
    std::optional<Mismatch> mismatch = check(entry.at("data"));
    if (mismatch.has_value() && entry.contains("alt")) {
      const Json& alt = entry["alt"];
      if (!check(alt.is_object() ? alt.at("data") : alt).has_value()) mismatch = std::nullopt;
    }
    worst = worse(worst, mismatch);
  }
  return worst;
}

std::optional<Mismatch> run_gradients(const Json& test, const Call& call, const Tensors& tensors,
                                      const std::vector<Array>& values, Tolerance tolerance) {
  std::map<std::string, std::vector<const Json*>> by_seed;
  for (const Json& entry : test["gradients"]) by_seed[entry.value("seed", Json("ones")).dump()].push_back(&entry);
  std::optional<Mismatch> worst;
  for (const auto& [seed, entries] : by_seed) {
    worst = worse(worst, run_backward(Json::parse(seed), entries, call, tensors, values, tolerance));
  }
  return worst;
}

// A value must be one that the static shape and dtype of its tensor promise.
std::optional<Mismatch> check_promises(const Tensors& tensors, const std::vector<Array>& values) {
  for (size_t i = 0; i < values.size() && i < tensors.size(); ++i) {
    if (!fits(values[i].shape(), tensors[i].shape()) || values[i].dtype() != tensors[i].dtype()) {
      std::ostringstream what;
      what << "output " << i << ": got shape " << values[i].shape() << " of " << values[i].dtype() << " from "
           << tensors[i];
      return Mismatch{what.str(), std::nullopt};
    }
  }
  return std::nullopt;
}

std::optional<Mismatch> run_function(const Json& test) {
  const Json options = test.value("options", Json::object());
  apply_options(options);
  const Tolerance tolerance = {test.value("rtol", 0.0), test.value("atol", 0.0)};
  Call call(test.value("args", Json::object()), test.value("inputs", Json::array()), options, Call::kPlaceholders);
  Tensors tensors;
  const Outcome outcome = run_call(test, call, &tensors);
  const bool has_input = !call.feeds().empty() && !call.feeds()[0].is_sparse();
  const Array input = has_input ? call.feeds()[0].dense() : Array();
  std::optional<Mismatch> mismatch = worse(judge(outcome, test, tolerance, input), check_promises(tensors, outcome.values));
  if (test.contains("gradients") && !outcome.error.has_value() && !outcome.values.empty()) {
    mismatch = worse(mismatch, run_gradients(test, call, tensors, outcome.values, tolerance));
  }
  return mismatch;
}

}  // namespace

std::optional<Mismatch> run_case(const Json& test) {
  try {
    if (!test.is_object()) throw CaseError("the case is no object: " + test.dump());
    for (const char* key : {"id", "function"}) {
      if (!test.contains(key)) throw CaseError(std::string("the case has no ") + key);
      if (!test[key].is_string()) throw CaseError(std::string("the case's ") + key + " is no string");
    }
    const int answers = test.contains("outputs") + test.contains("result") + test.contains("error") +
                        test.contains("expect") + test.contains("script");
    if (answers != 1) throw CaseError("the case has not exactly one of outputs, result, error, expect and script");
    const FreshSession session;
    return test["function"] == "script" ? run_script(test) : run_function(test);
  } catch (const std::exception& e) {
    return Mismatch{e.what(), std::nullopt};
  }
}

std::vector<std::string> missing_features(const Json& test) {
  std::vector<std::string> missing;
  const std::string name = test.value("function", "");
  if (name == "script") {
    for (const Json& step : test.value("script", Json::array())) {
      const std::string call = step.value("call", "");
      if (find_entry(call) == nullptr && !is_script_call(call)) missing.push_back(call);
    }
  } else if (find_entry(name) == nullptr) {
    missing.push_back(name);
  }
  return missing;
}

std::string failure_line(const Json& test, const Mismatch& mismatch) {
  std::ostringstream line;
  line.precision(4);
  line << label(test, "id") << ' ' << label(test, "function") << ' ';
  mismatch.error.has_value() ? line << *mismatch.error : line << '-';
  line << ' ' << mismatch.where;
  std::string text = line.str();
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

}  // namespace keel::golden
