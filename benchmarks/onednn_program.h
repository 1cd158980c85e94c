// What the oneDNN peers are written with: layouts, and a list of primitives with what they work on.
#ifndef KEEL_BENCHMARKS_ONEDNN_PROGRAM_H_
#define KEEL_BENCHMARKS_ONEDNN_PROGRAM_H_

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "benchmarks/harness.h"
#include "dnnl.hpp"

// Of the OpenMP runtime that oneDNN is linked with. The header that declares it is the compiler's
// own, and there may be another runtime behind it.
extern "C" void omp_set_num_threads(int threads);

namespace keel::bench::onednn {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using Desc = memory::desc;
using Dims = memory::dims;

inline constexpr auto kFloat = memory::data_type::f32;

inline const dnnl::engine& engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

// Row-major as written, or with the second axis (channels) last.
inline Desc rows(const Dims& dims) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i]) strides[i] = stride;
  return {dims, kFloat, strides};
}
inline Desc channels_last(const Dims& dims) {
  Dims strides(dims.size());
  int64_t stride = dims[1];
  for (size_t i = dims.size(); i-- > 2; stride *= dims[i]) strides[i] = stride;
  strides[0] = stride;
  strides[1] = 1;
  return {dims, kFloat, strides};
}
// Weights [out, in, kernel...] in Keras's order: kernel..., in, out.
inline Desc keras_kernel(const Dims& dims) {
  Dims strides(dims.size());
  strides[0] = 1;
  strides[1] = dims[0];
  int64_t stride = dims[0] * dims[1];
  for (size_t i = dims.size(); i-- > 2; stride *= dims[i]) strides[i] = stride;
  return {dims, kFloat, strides};
}
inline Desc any_layout(const Dims& dims) { return {dims, kFloat, memory::format_tag::any}; }

inline Dims concat(std::initializer_list<int64_t> head, int rank, int64_t extent) {
  Dims dims(head);
  dims.insert(dims.end(), rank, extent);
  return dims;
}

// Primitives, one after another, and what they work on.
class Program {
 public:
  memory input(const Desc& desc, int seed) {
    floats_.push_back(std::make_unique<Floats>(elements(desc), seed));
    return {desc, engine(), floats_.back()->data()};
  }
  memory output(const Desc& desc) {
    floats_.push_back(std::make_unique<Floats>(elements(desc)));
    return {desc, engine(), floats_.back()->data()};
  }
  // Of a layout that only oneDNN knows.
  memory opaque(const Desc& desc) { return {desc, engine()}; }
  // `from` in another layout, now.
  memory arranged(memory from, const Desc& desc) {
    memory to = opaque(desc);
    dnnl::reorder(from, to).execute(stream_, from, to);
    stream_.wait();
    return to;
  }
  void rearrange(const memory& from, const memory& to) {
    add(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }
  void add(const dnnl::primitive& primitive, std::unordered_map<int, memory> operands) {
    calls_.emplace_back(primitive, std::move(operands));
  }
  void run() {
    for (auto& [primitive, operands] : calls_) primitive.execute(stream_, operands);
    stream_.wait();
  }

 private:
  static int64_t elements(const Desc& desc) { return static_cast<int64_t>(desc.get_size() / 4); }

  dnnl::stream stream_{engine()};
  std::vector<std::unique_ptr<Floats>> floats_;
  std::vector<std::pair<dnnl::primitive, std::unordered_map<int, memory>>> calls_;
};

// A step that runs what build(program) adds to the program; build returns the result.
template <typename Build>
MakeStep make(Build build) {
  return [build](const Setting& setting) -> Step {
    omp_set_num_threads(setting.threads);
    auto program = std::make_shared<Program>();
    const memory result = build(*program);
    return {[program] { program->run(); }, [result] {
              return absl::MakeConstSpan(static_cast<const float*>(result.get_data_handle()),
                                         result.get_desc().get_size() / 4);
            }};
  };
}

}  // namespace keel::bench::onednn

#endif  // KEEL_BENCHMARKS_ONEDNN_PROGRAM_H_
