#include "layers_support/layers/pooling.h"

#include <string>
#include <vector>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

enum class Mode { kMax, kAverage };

template <Mode M, size_t N>
constexpr const char* kPoolName = M == Mode::kMax ? (N == 1 ? "MaxPooling1D" : N == 2 ? "MaxPooling2D" : "MaxPooling3D")
                                : N == 1          ? "AveragePooling1D"
                                : N == 2          ? "AveragePooling2D"
                                                  : "AveragePooling3D";
template <Mode M, size_t N>
constexpr const char* kGlobalPoolName =
    M == Mode::kMax ? (N == 1 ? "GlobalMaxPooling1D" : N == 2 ? "GlobalMaxPooling2D" : "GlobalMaxPooling3D")
    : N == 1        ? "GlobalAveragePooling1D"
    : N == 2        ? "GlobalAveragePooling2D"
                    : "GlobalAveragePooling3D";

template <Mode M, size_t N>
class Pool final : public BuiltIn {
 public:
  Pool(const Sizes<N>& pool_size, const PoolOptions<N>& options)
      : BuiltIn(kPoolName<M, N>, options.name, options.input_shape),
        pool_size_(pool_size), strides_(options.strides.most() == 0 ? pool_size : options.strides), options_(options) {
    if (pool_size.least() < 1) fail(class_name(), ": pool_size holds ", pool_size.least(), "; it must be at least 1");
    if (strides_.least() < 1) fail(class_name(), ": strides holds ", strides_.least(), "; it must be at least 1");
    if (options.padding.kind() == Padding::kCausal) {
      fail(class_name(), ": padding is causal; accepted are valid and same");
    }
  }
  Tensor call(const Tensor& x) override {
    check_rank(x, N + 2);
    const char* mode = M == Mode::kMax ? "max" : "avg";
    const DataFormat& format = options_.data_format;
    if constexpr (N == 1) {
      // Images one pixel wide.
      const int64_t axis = format.channels_first() ? 3 : 2;
      return squeeze(pool2d(expand_dims(x, axis), {pool_size_[0], 1}, {{strides_[0], 1}, options_.padding, format, mode}),
                     axis);
    } else if constexpr (N == 2) {
      return pool2d(x, pool_size_.values(), {strides_.values(), options_.padding, format, mode});
    } else {
      return pool3d(x, pool_size_.values(), {strides_.values(), options_.padding, format, mode});
    }
  }
  Json get_config() const override {
    return config_with({{"pool_size", pool_size_.list()},
                        {"strides", strides_.list()},
                        {"padding", padding_name(options_.padding)},
                        {"data_format", data_format_name(options_.data_format)}});
  }
  template <typename T>
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return T(c.integers("pool_size", std::vector<int64_t>{2}), {.strides = c.integers("strides", std::vector<int64_t>{0}),
                                                                .padding = c.text("padding", "valid"),
                                                                .data_format = c.text("data_format", "channels_last"),
                                                                .name = name_at(c)});
  }

 private:
  const Sizes<N> pool_size_, strides_;
  const PoolOptions<N> options_;
};

template <Mode M, size_t N>
class GlobalPool final : public BuiltIn {
 public:
  explicit GlobalPool(const GlobalPoolOptions<N>& options)
      : BuiltIn(kGlobalPoolName<M, N>, options.name, options.input_shape), data_format_(options.data_format) {}
  Tensor call(const Tensor& x) override {
    check_rank(x, N + 2);
    const int first = data_format_.first_spatial_axis();
    std::vector<int64_t> axes;
    for (int i = 0; i < static_cast<int>(N); ++i) axes.push_back(first + i);
    if (M == Mode::kMax) return max(x, axes);
    if (N > 1 || !masks()[0].defined()) return mean(x, axes);
    const Tensor weight = expand_dims(cast(masks()[0], x.dtype()), data_format_.channels_first() ? 1 : 2);
    return sum(x * weight, first) / sum(weight, first);
  }
  Json get_config() const override { return config_with({{"data_format", data_format_name(data_format_)}}); }
  template <typename T>
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    if (c.flag("keepdims", false)) fail(c.where(), ": 'keepdims' is true; accepted is false");
    return T({.data_format = c.text("data_format", "channels_last"), .name = name_at(c)});
  }

 private:
  const DataFormat data_format_;
};

}  // namespace

MaxPooling1D::MaxPooling1D(const Sizes<1>& pool_size, const PoolOptions<1>& options)
    : Layer(std::make_shared<Pool<Mode::kMax, 1>>(pool_size, options)) {}
MaxPooling2D::MaxPooling2D(const Sizes<2>& pool_size, const PoolOptions<2>& options)
    : Layer(std::make_shared<Pool<Mode::kMax, 2>>(pool_size, options)) {}
MaxPooling3D::MaxPooling3D(const Sizes<3>& pool_size, const PoolOptions<3>& options)
    : Layer(std::make_shared<Pool<Mode::kMax, 3>>(pool_size, options)) {}
AveragePooling1D::AveragePooling1D(const Sizes<1>& pool_size, const PoolOptions<1>& options)
    : Layer(std::make_shared<Pool<Mode::kAverage, 1>>(pool_size, options)) {}
AveragePooling2D::AveragePooling2D(const Sizes<2>& pool_size, const PoolOptions<2>& options)
    : Layer(std::make_shared<Pool<Mode::kAverage, 2>>(pool_size, options)) {}
AveragePooling3D::AveragePooling3D(const Sizes<3>& pool_size, const PoolOptions<3>& options)
    : Layer(std::make_shared<Pool<Mode::kAverage, 3>>(pool_size, options)) {}
GlobalMaxPooling1D::GlobalMaxPooling1D(const GlobalPoolOptions<1>& options)
    : Layer(std::make_shared<GlobalPool<Mode::kMax, 1>>(options)) {}
GlobalMaxPooling2D::GlobalMaxPooling2D(const GlobalPoolOptions<2>& options)
    : Layer(std::make_shared<GlobalPool<Mode::kMax, 2>>(options)) {}
GlobalMaxPooling3D::GlobalMaxPooling3D(const GlobalPoolOptions<3>& options)
    : Layer(std::make_shared<GlobalPool<Mode::kMax, 3>>(options)) {}
GlobalAveragePooling1D::GlobalAveragePooling1D(const GlobalPoolOptions<1>& options)
    : Layer(std::make_shared<GlobalPool<Mode::kAverage, 1>>(options)) {}
GlobalAveragePooling2D::GlobalAveragePooling2D(const GlobalPoolOptions<2>& options)
    : Layer(std::make_shared<GlobalPool<Mode::kAverage, 2>>(options)) {}
GlobalAveragePooling3D::GlobalAveragePooling3D(const GlobalPoolOptions<3>& options)
    : Layer(std::make_shared<GlobalPool<Mode::kAverage, 3>>(options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_pooling(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"MaxPooling1D", Pool<Mode::kMax, 1>::load<MaxPooling1D>},
             {"MaxPooling2D", Pool<Mode::kMax, 2>::load<MaxPooling2D>},
             {"MaxPooling3D", Pool<Mode::kMax, 3>::load<MaxPooling3D>},
             {"AveragePooling1D", Pool<Mode::kAverage, 1>::load<AveragePooling1D>},
             {"AveragePooling2D", Pool<Mode::kAverage, 2>::load<AveragePooling2D>},
             {"AveragePooling3D", Pool<Mode::kAverage, 3>::load<AveragePooling3D>},
             {"GlobalMaxPooling1D", GlobalPool<Mode::kMax, 1>::load<GlobalMaxPooling1D>},
             {"GlobalMaxPooling2D", GlobalPool<Mode::kMax, 2>::load<GlobalMaxPooling2D>},
             {"GlobalMaxPooling3D", GlobalPool<Mode::kMax, 3>::load<GlobalMaxPooling3D>},
             {"GlobalAveragePooling1D", GlobalPool<Mode::kAverage, 1>::load<GlobalAveragePooling1D>},
             {"GlobalAveragePooling2D", GlobalPool<Mode::kAverage, 2>::load<GlobalAveragePooling2D>},
             {"GlobalAveragePooling3D", GlobalPool<Mode::kAverage, 3>::load<GlobalAveragePooling3D>}});
}

}  // namespace keel::internal
