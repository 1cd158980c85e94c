#include "layers_support/layer/layer.h"

#include <cxxabi.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <map>
#include <typeinfo>

#include "core/leaves.h"
#include "layers_support/layer/history.h"
#include "layers_support/layer/invocation.h"
#include "nlohmann/json.hpp"

namespace keel {
namespace {

// Counts what makes compiled calls out of date: whether a layer is trainable decides what it computes.
std::atomic<uint64_t> settings_changed{0};

// "MaxPooling2D" as "max_pooling2d", "LSTM" as "lstm": how Keras makes names of classes.
std::string snake_case(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto at = [&](size_t k) { return k < name.size() ? static_cast<unsigned char>(name[k]) : 0; };
    const bool word = std::isupper(at(i)) && (std::islower(at(i + 1)) || std::isdigit(at(i + 1)));
    if (i > 0 && (word || (std::isupper(at(i)) && std::islower(at(i - 1))))) out.push_back('_');
    out.push_back(static_cast<char>(std::tolower(at(i))));
  }
  return out;
}

// The first of each variable.
std::vector<Variable> unique(const std::vector<Variable>& variables) {
  std::vector<Variable> out;
  for (const Variable& v : variables) {
    const bool known = std::any_of(out.begin(), out.end(),
                                   [&](const Variable& other) { return other.state() == v.state(); });
    if (!known) out.push_back(v);
  }
  return out;
}

void append(std::vector<Variable>& to, const std::vector<Variable>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

const LayerInvocation& running_call(std::string_view function) {
  if (LayerInvocation::current() == nullptr) fail(function, ": only a layer's call() may ask for it");
  return *LayerInvocation::current();
}

bool is_symbolic(const Tensor& x) { return is_placeholder(x) || call_that_made(x) != nullptr; }

}  // namespace

// -- The handle. -----------------------------------------------------------------------------------

Layer::Layer(std::shared_ptr<LayerImpl> impl) : impl_(std::move(impl)) {
  if (impl_ != nullptr) impl_->name();  // Numbers follow the order in which layers are made.
}

LayerImpl& Layer::impl() const {
  if (impl_ == nullptr) fail("Layer: the handle is empty");
  return *impl_;
}

Tensors Layer::call_all(const Tensors& given, const CallOptions& given_options) const {
  Tensors outputs, inputs = given;
  CallOptions options = given_options;
  inputs.insert(inputs.end(), options.initial_state.begin(), options.initial_state.end());
  options.initial_state.clear();
  CallRecord record{*this, inputs, options, {}, {}, {}};
  bool outermost;
  {
    LayerInvocation call(*this, inputs, options);
    outputs = call.run();
    outermost = call.is_outermost();
    record.losses = call.losses();
    record.updates = call.updates();
  }
  // What a layer calls is its own business; it is the outermost calls that models are made of.
  if (!outermost || !std::all_of(inputs.begin(), inputs.end(), is_symbolic)) return outputs;
  record.output_shapes = output_shapes();
  const auto made = std::make_shared<const CallRecord>(std::move(record));
  const internal::Identity<const Tensors> updates{std::make_shared<const Tensors>(made->updates)};
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor mask = mask_of(outputs[i]);
    Tensors from{mask.defined() ? outputs[i].input(0) : outputs[i]};
    if (!made->updates.empty()) from[0] = make<WithUpdates>({from[0]}, updates);
    if (mask.defined()) from.push_back(mask);
    outputs[i] = make<LayerOutput>(std::move(from), LayerOutput::Made{made, static_cast<int>(i)});
  }
  return outputs;
}

Tensor Layer::operator()(const Tensors& inputs, const CallOptions& options) const {
  Tensors outputs = call_all(inputs, options);
  if (outputs.size() != 1) fail(name(), ": it has ", outputs.size(), " outputs; call_all() gives them");
  return outputs[0];
}
Tensor Layer::operator()(const Tensors& inputs, const Training& training) const {
  return (*this)(inputs, CallOptions{.training = training});
}
Tensor Layer::operator()(const Tensor& x, const CallOptions& options) const {
  return (*this)(Tensors{x}, options);
}
Tensor Layer::operator()(const Tensor& x, const Training& training) const {
  return (*this)(Tensors{x}, CallOptions{.training = training});
}

LayerCall Layer::apply(const Tensors& given, const CallOptions& options) const {
  Tensors inputs = given;
  inputs.insert(inputs.end(), options.initial_state.begin(), options.initial_state.end());
  LayerInvocation call(*this, inputs, options);
  LayerCall out;
  for (const Tensor& y : call.run()) {
    out.masks.push_back(mask_of(y));
    out.outputs.push_back(out.masks.back().defined() ? y.input(0) : y);
  }
  out.losses = call.losses();
  out.updates = call.updates();
  return out;
}

struct LayerImpl::Compiled {
  // Shape but for the samples, dtype, and what decides the phase.
  using Key = std::tuple<std::string, int, int, int>;
  uint64_t settings = 0;
  std::map<Key, Function> functions;
};

Array Layer::operator()(const Array& x, const CallOptions& options) const {
  LayerImpl& layer = impl();
  const DType dtype = x.is_weak() ? layer.dtype() : x.dtype();
  Shape shape = x.shape();
  if (shape.rank() > 0) shape[0] = None;
  const auto given = options.training.fixed(name());
  if (!options.training.absent() && !given) {
    fail(name(), ": called on numbers, training must be a number or absent, not a tensor");
  }
  if (options.mask.defined() || !options.initial_state.empty()) {
    fail(name(), ": called on numbers, it takes no mask and no initial state");
  }
  if (layer.compiled_ == nullptr) layer.compiled_ = std::make_unique<LayerImpl::Compiled>();
  LayerImpl::Compiled& compiled = *layer.compiled_;
  if (const uint64_t now = settings_changed; compiled.settings != now) {
    compiled.settings = now;
    compiled.functions.clear();
  }
  const LayerImpl::Compiled::Key key(shape.to_string(), dtype.kind(), given ? *given : -1,
                                     fixed_learning_phase().value_or(-1));
  auto found = compiled.functions.find(key);
  if (found == compiled.functions.end()) {
    if (compiled.functions.size() >= 32) compiled.functions.clear();
    const Tensor in = placeholder({.shape = shape, .dtype = dtype});
    const LayerCall call = apply({in}, options);
    if (call.outputs.size() != 1) fail(name(), ": it has ", call.outputs.size(), " outputs; one is accepted");
    found = compiled.functions.emplace(key, function({in}, call.outputs, call.updates)).first;
  }
  return found->second({x})[0];
}
Array Layer::operator()(const Array& x, const Training& training) const {
  return (*this)(x, CallOptions{.training = training});
}

const std::string& Layer::name() const { return impl().name(); }
std::string Layer::class_name() const { return impl().class_name(); }
DType Layer::dtype() const { return impl().dtype(); }
bool Layer::built() const { return impl().built(); }
void Layer::reset_states() const { impl().reset_states(); }
bool Layer::trainable() const { return impl().trainable(); }
void Layer::set_trainable(bool value) const { impl().set_trainable(value); }
std::vector<Variable> Layer::trainable_weights() const { return unique(impl().trainable_weights()); }
std::vector<Variable> Layer::non_trainable_weights() const { return unique(impl().non_trainable_weights()); }
Json Layer::get_config() const { return impl().get_config(); }
std::vector<Layer> Layer::sublayers() const { return impl().sublayers(); }

void Layer::build(const std::vector<Shape>& input_shapes) const {
  if (impl().built_) return;
  impl().build(input_shapes);
  impl().built_ = true;
}

std::vector<Variable> Layer::weights() const {
  std::vector<Variable> out = impl().trainable_weights();
  append(out, impl().non_trainable_weights());
  return unique(out);
}

int64_t Layer::count_params() const {
  int64_t count = 0;
  for (const Variable& weight : weights()) count += weight.shape().elements();
  return count;
}

std::vector<Array> Layer::get_weights() const {
  std::vector<Array> out;
  for (const Variable& weight : unique(impl().weights_in_file_order())) out.push_back(weight.value());
  return out;
}

void Layer::set_weights(const std::vector<Array>& values) const {
  const std::vector<Variable> weights = unique(impl().weights_in_file_order());
  if (values.size() != weights.size()) {
    fail("set_weights: ", name(), " has ", weights.size(), " weights but got ", values.size(), " arrays",
         built() ? "" : "; it has no weights before its first call");
  }
  std::vector<std::pair<Tensor, Array>> pairs;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (values[i].shape() != weights[i].shape()) {
      fail("set_weights: ", weights[i].name(), " has shape ", weights[i].shape(), " but array ", i,
           " has ", values[i].shape());
    }
    pairs.emplace_back(weights[i], values[i]);
  }
  batch_set_value(pairs);
}

Tensors Layer::regularization_losses() const {
  Tensors out;
  for (const LayerImpl::OwnedWeight& weight : impl().own_) {
    if (weight.regularizer) out.push_back(weight.regularizer(weight.variable));
  }
  for (const Layer& layer : sublayers()) {
    const Tensors more = layer.regularization_losses();
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

Tensors Layer::losses() const {
  Tensors out = regularization_losses();
  out.insert(out.end(), impl().last_losses_.begin(), impl().last_losses_.end());
  return out;
}
const std::vector<Shape>& Layer::output_shapes() const { return impl().output_shapes_; }
Tensors Layer::updates() const { return impl().last_updates_; }

// -- What layers derive from. ----------------------------------------------------------------------

LayerImpl::LayerImpl() : dtype_(floatx()) {}
LayerImpl::~LayerImpl() = default;

void LayerImpl::build(const Shape&) {}
void LayerImpl::build(const std::vector<Shape>& input_shapes) { build(input_shapes.at(0)); }

Tensor LayerImpl::call(const Tensor&) { fail(name(), ": the layer overrides no call()"); }
Tensor LayerImpl::call(const Tensor& x, const Training&) { return call(x); }
Tensors LayerImpl::call(const Tensors& inputs, const Training& training) {
  if (inputs.size() != 1) fail(name(), ": got ", inputs.size(), " inputs; accepted is one");
  return {call(inputs[0], training)};
}

Tensors LayerImpl::compute_mask(const Tensors&, const Tensors& masks) {
  return supports_masking() ? Tensors{masks[0]} : Tensors{};
}

std::string LayerImpl::class_name() const {
  int status = 0;
  char* const demangled = abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status);
  std::string name = status == 0 ? demangled : "Layer";
  std::free(demangled);
  name = name.substr(0, name.find('<'));
  const size_t colon = name.rfind("::");
  return colon == std::string::npos ? name : name.substr(colon + 2);
}

const std::string& LayerImpl::name() const {
  if (name_.empty()) {
    const std::string prefix = snake_case(class_name());
    name_ = prefix + "_" + std::to_string(get_uid(prefix));
  }
  return name_;
}

Json LayerImpl::get_config() const {
  Json config{{"name", name()}, {"trainable", trainable_}, {"dtype", std::string(dtype_.name())}};
  if (batch_input_shape_) {
    Json shape = Json::array();
    for (const int64_t size : *batch_input_shape_) shape.push_back(size == None ? Json(nullptr) : Json(size));
    config["batch_input_shape"] = std::move(shape);
  }
  return config;
}

void LayerImpl::set_input_shape(const std::optional<Shape>& shape) {
  if (!shape) return;
  Shape batch = *shape;
  batch.insert(0, None);
  set_batch_input_shape(std::move(batch));
}

std::vector<Variable> LayerImpl::trainable_weights() const {
  std::vector<Variable> out;
  if (!trainable_) return out;
  for (const OwnedWeight& weight : own_) {
    if (weight.trainable) out.push_back(weight.variable);
  }
  for (const Layer& layer : sublayers()) append(out, layer.trainable_weights());
  return out;
}

std::vector<Variable> LayerImpl::non_trainable_weights() const {
  std::vector<Variable> out;
  for (const bool trainable : {true, false}) {
    if (trainable && trainable_) continue;
    for (const OwnedWeight& weight : own_) {
      if (weight.trainable == trainable) out.push_back(weight.variable);
    }
  }
  for (const Layer& layer : sublayers()) {
    append(out, trainable_ ? layer.non_trainable_weights() : layer.weights());
  }
  return out;
}

std::vector<Variable> LayerImpl::weights_in_file_order() const {
  std::vector<Variable> out = trainable_weights();
  append(out, non_trainable_weights());
  return out;
}

void LayerImpl::set_trainable(bool value) {
  trainable_ = value;
  ++settings_changed;
  for (const Layer& layer : sublayers()) layer.set_trainable(value);
}

void LayerImpl::reset_states() {
  for (const Layer& layer : sublayers()) layer.reset_states();
}

Variable LayerImpl::add_weight(const std::string& name, const Shape& shape, const WeightOptions& options) {
  for (const int64_t size : shape) {
    if (size < 0) fail(this->name(), ": weight '", name, "' would have shape ", shape, "; the input's size must be known");
  }
  Array value = options.initializer(shape, options.dtype.value_or(dtype_));
  if (value.shape() != shape) {
    fail(this->name(), ": the initializer of '", name, "' gave shape ", value.shape(), " but ", shape, " was asked for");
  }
  Variable variable(value.cast(options.dtype.value_or(dtype_)), this->name() + "/" + name + ":0",
                    options.constraint.constraint());
  own_.push_back({variable, options.regularizer, options.trainable});
  return variable;
}

void LayerImpl::add_loss(const Tensor& loss) {
  running_call("add_loss");
  LayerInvocation::current()->losses().push_back(loss.rank() == 0 ? loss : sum(loss));
}

void LayerImpl::add_update(const Tensor& update) {
  running_call("add_update");
  LayerInvocation::current()->updates().push_back(update);
}

void LayerImpl::remember(Tensors losses, Tensors updates) {
  last_losses_ = std::move(losses);
  last_updates_ = std::move(updates);
}

const Tensors& LayerImpl::masks() const { return running_call("masks").masks(); }
const CallOptions& LayerImpl::call_options() const { return running_call("call_options").options(); }

}  // namespace keel
