#include "layers_support/layers/cropping.h"

#include <vector>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

constexpr const char* kNames[] = {"", "Cropping1D", "Cropping2D", "Cropping3D"};

class CroppingImpl final : public BuiltIn {
 public:
  CroppingImpl(std::vector<PadWidths> widths, const CroppingOptions& options)
      : BuiltIn(kNames[widths.size()], options.name, options.input_shape),
        widths_(std::move(widths)),
        data_format_(options.data_format) {
    for (const PadWidths& w : widths_) {
      if (w.before < 0 || w.after < 0) fail(class_name(), ": cropping holds ", w, "; widths must be at least 0");
    }
  }

  Tensor call(const Tensor& x) override {
    const int axes = static_cast<int>(widths_.size());
    check_rank(x, axes + 2);
    const int first = axes > 1 && data_format_.channels_first() ? 2 : 1;
    std::vector<SliceRange> ranges(static_cast<size_t>(first));
    for (int i = 0; i < axes; ++i) {
      const PadWidths& w = widths_[static_cast<size_t>(i)];
      const int64_t size = x.shape()[first + i];
      if (size != None && size - w.before - w.after < 1) {
        fail(name(), ": cropping ", w, " leaves nothing of axis ", first + i, " of the input's shape ", x.shape());
      }
      ranges.push_back({.begin = w.before, .end = w.after > 0 ? -w.after : SliceRange::kEnd});
    }
    return strided_slice(x, ranges);
  }

  Json get_config() const override {
    Json pairs = Json::array();
    for (const PadWidths& w : widths_) pairs.push_back({w.before, w.after});
    if (widths_.size() == 1) return config_with({{"cropping", pairs[0]}});
    return config_with({{"cropping", pairs}, {"data_format", data_format_name(data_format_)}});
  }

  // One number for all edges, one per axis, or a pair per axis.
  template <size_t N>
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    const Json json = c.has("cropping") ? c.at("cropping") : Json(1);
    std::vector<PadWidths> widths;
    const auto width = [&](const Json& number) {
      if (!number.is_number_integer()) fail(c.where(), ": 'cropping' is ", json.dump(), "; it must hold whole numbers");
      return number.get<int64_t>();
    };
    for (size_t i = 0; i < N; ++i) {
      const Json& one = json.is_array() && N > 1 && json.size() == N ? json[i] : json;
      const bool is_pair = one.is_array() && one.size() == 2;
      widths.push_back({width(is_pair ? one[0] : one), width(is_pair ? one[1] : one)});
    }
    const CroppingOptions options{.data_format = c.text("data_format", "channels_last"), .name = name_at(c)};
    return Layer(std::make_shared<CroppingImpl>(std::move(widths), options));
  }

 private:
  const std::vector<PadWidths> widths_;
  const DataFormat data_format_;
};

}  // namespace

Cropping1D::Cropping1D(const PadWidths& w, const PlainOptions& o)
    : Layer(std::make_shared<CroppingImpl>(std::vector<PadWidths>{w},
                                           CroppingOptions{.input_shape = o.input_shape, .name = o.name})) {}
Cropping2D::Cropping2D(const PadWidths2D& w, const CroppingOptions& options)
    : Layer(std::make_shared<CroppingImpl>(std::vector<PadWidths>{w.height, w.width}, options)) {}
Cropping3D::Cropping3D(const PadWidths3D& w, const CroppingOptions& options)
    : Layer(std::make_shared<CroppingImpl>(std::vector<PadWidths>{w.depth, w.height, w.width}, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_cropping(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"Cropping1D", CroppingImpl::load<1>},
             {"Cropping2D", CroppingImpl::load<2>},
             {"Cropping3D", CroppingImpl::load<3>}});
}

}  // namespace keel::internal
