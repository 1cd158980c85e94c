#include "testing/golden/script.h"

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/error.h"
#include "core/function.h"
#include "ops/math/arithmetic.h"
#include "testing/golden/call.h"
#include "testing/golden/calls.h"
#include "testing/golden/verdict.h"

namespace keel::golden {
namespace {

// What scripts call beside the backend's functions.
constexpr Entry kScriptCalls[] = {
    {"run", "f inputs",
     [](Call& call) -> Answer { return call.function("f")(call.arrays("inputs")); }},
    {"scale", "x by", [](Call& call) -> Answer { return call.tensor("x") * call.arg<double>("by"); }},
    {"add", "x y", [](Call& call) -> Answer { return call.tensor("x") + call.tensor("y"); }},
    {"multiply", "x y", [](Call& call) -> Answer { return call.tensor("x") * call.tensor("y"); }},
    {"numpy_array", "value", [](Call& call) -> Answer { return call.array("value"); }},
};

const Entry* find_script_entry(std::string_view name) {
  for (const Entry& entry : kScriptCalls) {
    if (entry.name == name) return &entry;
  }
  return find_entry(name);
}

// Steps that need layers, which the backend does not have; a script that says so ends there.
bool is_layer_call(std::string_view name) { return name == "input_layer" || name == "dense_layer"; }

bool is_update(std::string_view name) {
  return name == "update" || name == "update_add" || name == "update_sub" || name == "moving_average_update";
}

void check_step(const Json& step) {
  static const std::set<std::string> kKnown = {"call",    "args",  "inputs", "refs", "bind",     "result",
                                               "outputs", "error", "alt",    "note", "alt_error"};
  for (const auto& [key, value] : step.items()) {
    if (kKnown.count(key) == 0) throw CaseError("a step has an unknown " + key);
  }
}

class Script {
 public:
  explicit Script(const Json& test)
      : steps_(test.at("script")), tolerance_{test.value("rtol", 0.0), test.value("atol", 0.0)},
        needs_layers_(has_tag(test, "needs_layers")) {}

  std::optional<Mismatch> run() {
    for (size_t i = 0; i < steps_.size(); ++i) {
      const std::string name = steps_[i].at("call").get<std::string>();
      if (needs_layers_ && is_layer_call(name)) return std::nullopt;
      std::optional<Mismatch> mismatch;
      try {
        mismatch = judge(run_step(name, steps_[i]), steps_[i], tolerance_);
      } catch (const std::exception& e) {
        mismatch = Mismatch{e.what(), std::nullopt};
      }
      if (mismatch.has_value()) {
        mismatch->where = "step " + std::to_string(i) + " (" + name + "): " + mismatch->where;
        return mismatch;
      }
    }
    return std::nullopt;
  }

 private:
  Value bound(const Json& name) const {
    const auto found = bound_.find(name.get<std::string>());
    if (found == bound_.end()) throw CaseError("nothing is bound to " + name.dump());
    return found->second;
  }

  void bind(const Json& names, const Answer& answer) {
    std::vector<Value> values;
    if (const auto* tensors = std::get_if<Tensors>(&answer.content())) values.assign(tensors->begin(), tensors->end());
    if (const auto* arrays = std::get_if<std::vector<Array>>(&answer.content())) {
      values.assign(arrays->begin(), arrays->end());
    }
    if (const auto* function = std::get_if<Function>(&answer.content())) values = {*function};
    const Json list = names.is_array() ? names : Json::array({names});
    if (list.size() != values.size()) {
      throw CaseError("got " + std::to_string(values.size()) + " values for " + names.dump());
    }
    for (size_t i = 0; i < values.size(); ++i) bound_[list[i].get<std::string>()] = values[i];
  }

  Outcome run_step(const std::string& name, const Json& step) {
    check_step(step);
    const Entry* entry = find_script_entry(name);
    if (entry == nullptr) throw CaseError("unknown function");
    Call call(step.value("args", Json::object()), step.value("inputs", Json::array()), Json::object(), Call::kConstants);
    const Json refs = step.value("refs", Json::object());
    for (const auto& [parameter, names] : refs.items()) {
      if (names.is_array()) {
        std::vector<Value> values;
        for (const Json& each : names) values.push_back(bound(each));
        call.bind_list(parameter, values);
      } else {
        call.bind(parameter, bound(names));
      }
    }
    try {
      const Answer answer = make_call(*entry, call);
      if (step.contains("bind")) bind(step["bind"], answer);
      if (const auto* arrays = std::get_if<std::vector<Array>>(&answer.content())) return {*arrays, {}, {}};
      if (const auto* json = std::get_if<Json>(&answer.content())) return {{}, *json, {}};
      Outcome outcome;
      if (const auto* tensors = std::get_if<Tensors>(&answer.content())) {
        if (step.contains("result")) outcome.result = plain_result(*tensors);
        if (step.contains("outputs") || (is_update(name) && !step.contains("bind"))) {
          for (const Tensor& tensor : *tensors) outcome.values.push_back(eval(tensor));
        }
      }
      return outcome;
    } catch (const ValueError& e) {
      return {{}, {}, e.what()};
    }
  }

  const Json steps_;
  const Tolerance tolerance_;
  const bool needs_layers_;
  std::map<std::string, Value> bound_;
};

}  // namespace

std::optional<Mismatch> run_script(const Json& test) { return Script(test).run(); }

bool is_script_call(std::string_view name) {
  for (const Entry& entry : kScriptCalls) {
    if (entry.name == name) return true;
  }
  return is_layer_call(name);
}

}  // namespace keel::golden
