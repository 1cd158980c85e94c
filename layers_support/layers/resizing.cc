#include "layers_support/layers/resizing.h"

#include <vector>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

// [before, behind], or one width for both.
PadWidths widths_of(const ConfigReader& c, const Json& json) {
  const auto is_width = [](const Json& value) { return value.is_number_integer() && value.get<int64_t>() >= 0; };
  if (is_width(json)) return {json.get<int64_t>(), json.get<int64_t>()};
  if (!json.is_array() || json.size() != 2 || !is_width(json[0]) || !is_width(json[1])) {
    fail(c.where(), ": 'padding' holds ", json.dump(), "; it must be widths of at least 0");
  }
  return {json[0].get<int64_t>(), json[1].get<int64_t>()};
}

class ZeroPadding2DImpl final : public BuiltIn {
 public:
  ZeroPadding2DImpl(const PadWidths2D& padding, const ZeroPadding2DOptions& options)
      : BuiltIn("ZeroPadding2D", options.name, options.input_shape), padding_(padding), data_format_(options.data_format) {}
  Tensor call(const Tensor& x) override { return spatial_2d_padding(x, padding_, data_format_); }
  Json get_config() const override {
    const auto pair = [](const PadWidths& w) { return Json::array({w.before, w.after}); };
    return config_with({{"padding", Json::array({pair(padding_.height), pair(padding_.width)})},
                        {"data_format", data_format_name(data_format_)}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    const Json padding = c.has("padding") ? c.at("padding") : Json(1);
    const bool per_axis = padding.is_array() && padding.size() == 2;
    const PadWidths2D widths{widths_of(c, per_axis ? padding[0] : padding), widths_of(c, per_axis ? padding[1] : padding)};
    return ZeroPadding2D(widths, {.data_format = c.text("data_format", "channels_last"), .name = name_at(c)});
  }

 private:
  const PadWidths2D padding_;
  const DataFormat data_format_;
};

class ZeroPadding3DImpl final : public BuiltIn {
 public:
  ZeroPadding3DImpl(const PadWidths3D& padding, const ZeroPadding2DOptions& options)
      : BuiltIn("ZeroPadding3D", options.name, options.input_shape), padding_(padding), data_format_(options.data_format) {}
  Tensor call(const Tensor& x) override { return spatial_3d_padding(x, padding_, data_format_); }
  Json get_config() const override {
    Json pairs = Json::array();
    for (const PadWidths& w : {padding_.depth, padding_.height, padding_.width}) pairs.push_back({w.before, w.after});
    return config_with({{"padding", pairs}, {"data_format", data_format_name(data_format_)}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    const Json padding = c.has("padding") ? c.at("padding") : Json(1);
    const auto of_axis = [&](size_t i) {
      return widths_of(c, padding.is_array() && padding.size() == 3 ? padding[i] : padding);
    };
    return ZeroPadding3D({of_axis(0), of_axis(1), of_axis(2)},
                         {.data_format = c.text("data_format", "channels_last"), .name = name_at(c)});
  }

 private:
  const PadWidths3D padding_;
  const DataFormat data_format_;
};

class UpSampling3DImpl final : public BuiltIn {
 public:
  UpSampling3DImpl(const Sizes<3>& size, const ZeroPadding2DOptions& options)
      : BuiltIn("UpSampling3D", options.name, options.input_shape), size_(size), data_format_(options.data_format) {
    if (size.least() < 1) fail("UpSampling3D: size holds ", size.least(), "; it must be at least 1");
  }
  Tensor call(const Tensor& x) override { return resize_volumes(x, size_[0], size_[1], size_[2], data_format_); }
  Json get_config() const override {
    return config_with({{"size", size_.list()}, {"data_format", data_format_name(data_format_)}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return UpSampling3D(c.integers("size", std::vector<int64_t>{2}),
                        {.data_format = c.text("data_format", "channels_last"), .name = name_at(c)});
  }

 private:
  const Sizes<3> size_;
  const DataFormat data_format_;
};

class ZeroPadding1DImpl final : public BuiltIn {
 public:
  ZeroPadding1DImpl(const PadWidths& padding, const PlainOptions& options)
      : BuiltIn("ZeroPadding1D", options.name, options.input_shape), padding_(padding) {}
  Tensor call(const Tensor& x) override { return temporal_padding(x, padding_); }
  Json get_config() const override {
    return config_with({{"padding", Json::array({padding_.before, padding_.after})}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return ZeroPadding1D(widths_of(c, c.has("padding") ? c.at("padding") : Json(1)), {.name = name_at(c)});
  }

 private:
  const PadWidths padding_;
};

class UpSampling2DImpl final : public BuiltIn {
 public:
  UpSampling2DImpl(const Sizes<2>& size, const UpSampling2DOptions& options)
      : BuiltIn("UpSampling2D", options.name, options.input_shape), size_(size), options_(options) {
    if (size.least() < 1) fail("UpSampling2D: size holds ", size.least(), "; it must be at least 1");
  }
  Tensor call(const Tensor& x) override {
    return resize_images(x, size_[0], size_[1], options_.data_format, options_.interpolation);
  }
  Json get_config() const override {
    return config_with({{"size", size_.list()},
                        {"data_format", data_format_name(options_.data_format)},
                        {"interpolation", options_.interpolation}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return UpSampling2D(c.integers("size", std::vector<int64_t>{2}),
                        {.data_format = c.text("data_format", "channels_last"),
                         .interpolation = c.text("interpolation", "nearest"),
                         .name = name_at(c)});
  }

 private:
  const Sizes<2> size_;
  const UpSampling2DOptions options_;
};

class UpSampling1DImpl final : public BuiltIn {
 public:
  UpSampling1DImpl(int64_t size, const PlainOptions& options)
      : BuiltIn("UpSampling1D", options.name, options.input_shape), size_(size) {
    if (size < 1) fail("UpSampling1D: size is ", size, "; it must be at least 1");
  }
  Tensor call(const Tensor& x) override {
    check_rank(x, 3);
    return repeat_elements(x, size_, 1);
  }
  Json get_config() const override { return config_with({{"size", size_}}); }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return UpSampling1D(c.integer("size", 2), {.name = name_at(c)});
  }

 private:
  const int64_t size_;
};

}  // namespace

ZeroPadding2D::ZeroPadding2D(int64_t padding, const ZeroPadding2DOptions& options)
    : ZeroPadding2D(PadWidths2D{{padding, padding}, {padding, padding}}, options) {}
ZeroPadding2D::ZeroPadding2D(const PadWidths2D& padding, const ZeroPadding2DOptions& options)
    : Layer(std::make_shared<ZeroPadding2DImpl>(padding, options)) {}
ZeroPadding3D::ZeroPadding3D(const PadWidths3D& padding, const ZeroPadding2DOptions& options)
    : Layer(std::make_shared<ZeroPadding3DImpl>(padding, options)) {}
UpSampling3D::UpSampling3D(const Sizes<3>& size, const ZeroPadding2DOptions& options)
    : Layer(std::make_shared<UpSampling3DImpl>(size, options)) {}
ZeroPadding1D::ZeroPadding1D(const PadWidths& padding, const PlainOptions& options)
    : Layer(std::make_shared<ZeroPadding1DImpl>(padding, options)) {}
UpSampling2D::UpSampling2D(const Sizes<2>& size, const UpSampling2DOptions& options)
    : Layer(std::make_shared<UpSampling2DImpl>(size, options)) {}
UpSampling1D::UpSampling1D(int64_t size, const PlainOptions& options)
    : Layer(std::make_shared<UpSampling1DImpl>(size, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_resizing(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"ZeroPadding1D", ZeroPadding1DImpl::load},
             {"ZeroPadding2D", ZeroPadding2DImpl::load},
             {"ZeroPadding3D", ZeroPadding3DImpl::load},
             {"UpSampling1D", UpSampling1DImpl::load},
             {"UpSampling3D", UpSampling3DImpl::load},
             {"UpSampling2D", UpSampling2DImpl::load}});
}

}  // namespace keel::internal
