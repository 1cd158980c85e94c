#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/loops/stages.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"
#include "core/loops/stages.h"
#include "hwy/cache_control.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// -- Elements and vectors -----------------------------------------------------------------------

// Each function converts a vector; the templates at the end cover what has no faster way.
#if HWY_TARGET != HWY_SCALAR

template <class D>  // Rounds to nearest even, and leaves the 16 bits in the upper half.
HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> RoundToBfloat16(D d, hn::Vec<D> v) {
  const hn::RebindToUnsigned<D> du;
  const auto bits = hn::BitCast(du, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  const auto rounded = hn::Add(hn::Add(bits, odd), hn::Set(du, 0x7FFF));
  const auto quiet = hn::Or(bits, hn::Set(du, 0x400000));
  const auto result = hn::IfThenElse(hn::RebindMask(du, hn::IsNaN(v)), quiet, rounded);
  (void)d;
  return hn::And(result, hn::Set(du, 0xFFFF0000u));
}

#endif

// Lanes from storage.
template <typename S, class D>
HWY_INLINE hn::Vec<D> LoadLanes(D d, const S* from) {
  using T = hn::TFromD<D>;
  if constexpr (std::is_same_v<S, T>) {
    return hn::LoadU(d, from);
  } else {
#if HWY_TARGET == HWY_SCALAR
    return hn::Set(d, convert_element<T>(*from));
#else
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<S, D>(), from));
#endif
  }
}

// Storage from lanes, whose values it can hold; with kStream past the caches, to a place that is aligned.
template <typename S, bool kStream = false, class D>
HWY_INLINE void StoreLanes(D d, hn::Vec<D> v, S* to) {
  using T = hn::TFromD<D>;
  const auto store = [](auto lanes, auto tag, auto* place) HWY_ATTR {
    if constexpr (kStream) hn::Stream(lanes, tag, place);
    else hn::StoreU(lanes, tag, place);
  };
  if constexpr (std::is_same_v<S, T>) {
    store(v, d, to);
  } else {
#if HWY_TARGET == HWY_SCALAR
    *to = convert_element<S>(hn::GetLane(v));
#else
    if constexpr (std::is_same_v<S, bfloat16>) {
      const hn::RebindToSigned<D> di;
      const hn::Rebind<uint16_t, D> du16;
      const auto upper = hn::ShiftRight<16>(RoundToBfloat16(d, v));
      store(hn::DemoteTo(du16, hn::BitCast(di, upper)), du16, reinterpret_cast<uint16_t*>(to));
    } else if constexpr (std::is_same_v<S, float16>) {
      const hn::Rebind<uint16_t, D> du16;
      store(hn::BitCast(du16, hn::DemoteTo(hn::Rebind<S, D>(), v)), du16, reinterpret_cast<uint16_t*>(to));
    } else {
      const hn::Rebind<S, D> ds;
      store(hn::DemoteTo(ds, v), ds, to);
    }
#endif
  }
}

// The vector of To that the elements at `from` make.
template <typename To, typename From>
struct Converter {
  template <class D>
  static HWY_INLINE hn::Vec<D> Convert(D d, const From* HWY_RESTRICT from) {
    HWY_ALIGN To to[hn::MaxLanes(D())];
    for (size_t j = 0; j < hn::MaxLanes(D()); ++j) to[j] = convert_element<To>(from[j]);
    return hn::Load(d, to);
  }
};

#if HWY_TARGET != HWY_SCALAR

// Highway's conversions to integers saturate, but know no NaN.
template <class D>
HWY_INLINE hn::Vec<D> NaNToZero(D, hn::Vec<D> v) {
  return hn::IfThenZeroElse(hn::IsNaN(v), v);
}
template <class D>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> AsUnsigned(D, hn::Vec<D> v) {
  return hn::BitCast(hn::RebindToUnsigned<D>(), v);
}

// From lanes of the same size or half of it: v is a vector of `from`, of tag df.
#define KEEL_CONVERTER(TO, FROM, ...)                                          \
  template <>                                                                  \
  struct Converter<TO, FROM> {                                                 \
    template <class D>                                                         \
    static HWY_INLINE hn::Vec<D> Convert(D d, const FROM* HWY_RESTRICT from) { \
      const hn::Rebind<FROM, D> df;                                            \
      const auto v = hn::LoadU(df, from);                                      \
      return __VA_ARGS__;                                                      \
    }                                                                          \
  };
// From lanes of twice the size: v becomes half a vector, of tag d.
#define KEEL_NARROWER(TO, FROM, ...)                                             \
  template <>                                                                    \
  struct Converter<TO, FROM> {                                                   \
    template <class D>                                                           \
    static HWY_INLINE hn::Vec<D> ConvertHalf(D d, const FROM* HWY_RESTRICT from) { \
      const hn::Rebind<FROM, D> df;                                              \
      const auto v = hn::LoadU(df, from);                                        \
      return __VA_ARGS__;                                                        \
    }                                                                            \
    template <class D>                                                           \
    static HWY_INLINE hn::Vec<D> Convert(D d, const FROM* HWY_RESTRICT from) {   \
      const hn::Half<D> dh;                                                      \
      return hn::Combine(d, ConvertHalf(dh, from + hn::MaxLanes(dh)), ConvertHalf(dh, from)); \
    }                                                                            \
  };

KEEL_CONVERTER(float, int32_t, hn::ConvertTo(d, v))
KEEL_CONVERTER(double, int64_t, hn::ConvertTo(d, v))
KEEL_CONVERTER(int32_t, float, hn::ConvertTo(d, NaNToZero(df, v)))
KEEL_CONVERTER(int64_t, double, hn::ConvertTo(d, NaNToZero(df, v)))
KEEL_CONVERTER(int32_t, uint32_t, hn::BitCast(d, v))
KEEL_CONVERTER(uint32_t, int32_t, hn::BitCast(d, v))
KEEL_CONVERTER(int64_t, uint64_t, hn::BitCast(d, v))
KEEL_CONVERTER(uint64_t, int64_t, hn::BitCast(d, v))

KEEL_CONVERTER(double, float, hn::PromoteTo(d, v))
KEEL_CONVERTER(double, int32_t, hn::PromoteTo(d, v))
KEEL_CONVERTER(int64_t, int32_t, hn::PromoteTo(d, v))
KEEL_CONVERTER(uint64_t, int32_t, hn::BitCast(d, hn::PromoteTo(hn::RebindToSigned<D>(), v)))
KEEL_CONVERTER(uint64_t, uint32_t, hn::PromoteTo(d, v))
KEEL_CONVERTER(int64_t, uint32_t, hn::BitCast(d, hn::PromoteTo(hn::RebindToUnsigned<D>(), v)))

KEEL_NARROWER(float, double, hn::DemoteTo(d, v))
KEEL_NARROWER(int32_t, double, hn::DemoteTo(d, NaNToZero(df, v)))
KEEL_NARROWER(uint32_t, uint64_t, hn::TruncateTo(d, v))
KEEL_NARROWER(uint32_t, int64_t, hn::TruncateTo(d, AsUnsigned(df, v)))
KEEL_NARROWER(int32_t, uint64_t, hn::BitCast(d, hn::TruncateTo(hn::RebindToUnsigned<D>(), v)))
KEEL_NARROWER(int32_t, int64_t,
              hn::BitCast(d, hn::TruncateTo(hn::RebindToUnsigned<D>(), AsUnsigned(df, v))))
#undef KEEL_CONVERTER
#undef KEEL_NARROWER

#endif  // HWY_TARGET != HWY_SCALAR

// -- Stages -------------------------------------------------------------------------------------

template <typename S, typename T, class Indices = VectorIndices<T>>
struct Memory;

template <typename S, typename T, size_t... k>
struct Memory<S, T, std::index_sequence<k...>> {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  static constexpr size_t N = hn::MaxLanes(D());

  static void Load(const Instr* ip, size_t i) {
    const S* from = At<S>(ip->base, ip->step, i);
    Next(ip, i, LoadLanes<S>(D(), from + k * N)...);
  }
  static void Store(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    S* to = At<S>(ip->base, ip->step, i);
    (StoreLanes<S>(D(), a, to + k * N), ...);
    Next(ip, i, a...);
  }
  static void FinalStore(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    S* to = At<S>(ip->base, ip->step, i);
    (StoreLanes<S>(D(), a, to + k * N), ...);
    Next(ip, i);
  }
  static void Stream(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    S* to = At<S>(ip->base, ip->step, i);
    (StoreLanes<S, true>(D(), a, to + k * N), ...);
    Next(ip, i, a...);
  }
  static void FinalStream(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    S* to = At<S>(ip->base, ip->step, i);
    (StoreLanes<S, true>(D(), a, to + k * N), ...);
    Next(ip, i);
  }
  // Not into the first level, as hwy::Prefetch() would: what comes before it needs the room there.
  static void Fetch(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    const T *one = At<T>(ip->base, ip->step, i), *other = At<T>(ip->base2, ip->step2, i);
    constexpr int kSecondLevel = 2;
    const auto fetch = [](const T* from, size_t vector) HWY_ATTR {
      if (vector * N * sizeof(T) % 64 == 0) __builtin_prefetch(from + vector * N, 0, kSecondLevel);
    };
    (fetch(one, k), ...);
    (fetch(other, k), ...);
    Next(ip, i, a...);
  }
};

template <typename To, typename From, class Indices = VectorIndices<To>,
          class FromIndices = VectorIndices<From>>
struct Cast;

template <typename To, typename From, size_t... k, size_t... f>
struct Cast<To, From, std::index_sequence<k...>, std::index_sequence<f...>> {
  using D = hn::ScalableTag<To>;
  using DFrom = hn::ScalableTag<From>;
  static constexpr size_t N = hn::MaxLanes(D()), NFrom = hn::MaxLanes(DFrom());

  static void Run(const Instr* ip, size_t i, typename Same<hn::Vec<DFrom>, f>::type... a) {
    HWY_ALIGN From from[kBlock];
    (hn::Store(a, DFrom(), from + f * NFrom), ...);
    Next(ip, i, Converter<To, From>::Convert(D(), from + k * N)...);
  }
};

// What one vector does to itself, as a micro-op.
template <typename S>
struct WrapOp {
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Call(D d, V a) {
    if constexpr (std::is_same_v<S, uint8_t>) return hn::And(a, hn::Set(d, 0xFF));
    if constexpr (std::is_same_v<S, uint16_t>) return hn::And(a, hn::Set(d, 0xFFFF));
    constexpr int kUnused = 32 - 8 * static_cast<int>(sizeof(S));
    return hn::ShiftRight<kUnused>(hn::ShiftLeft<kUnused>(a));
  }
};
template <typename S>
struct ClampOp {
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Call(D d, V a) {
    using L = std::numeric_limits<S>;
    return hn::Min(hn::Max(a, hn::Set(d, L::min())), hn::Set(d, L::max()));
  }
};
template <typename S>
struct RoundOp {
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Call(D d, V a) {
#if HWY_TARGET == HWY_SCALAR
    return hn::Set(d, to_float(convert_element<S>(hn::GetLane(a))));
#else
    if constexpr (std::is_same_v<S, bfloat16>) return hn::BitCast(d, RoundToBfloat16(d, a));
    else return hn::PromoteTo(d, hn::DemoteTo(hn::Rebind<S, D>(), a));
#endif
  }
};
struct NotZeroOp {
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE hn::Mask<D> Call(D d, V a) {
    return hn::Not(hn::Eq(a, hn::Zero(d)));  // Ne is false for NaN.
  }
};

template <typename T, class Indices = VectorIndices<T>>
struct Scale;
template <typename T, size_t... k>
struct Scale<T, std::index_sequence<k...>> {
  using D = hn::ScalableTag<T>;
  static void Run(const Instr* ip, size_t i, typename Same<hn::Vec<D>, k>::type... a) {
    const auto factor = hn::Set(D(), static_cast<T>(ip->scale));
    Next(ip, i, hn::Mul(a, factor)...);
  }
};

void Finish(const Instr*, size_t) {}

template <typename T>
void TransposeColumns(const T* from, size_t rows, size_t stride, size_t n, T* to) {
  for (size_t j = 0; j < n; ++j) {
    for (size_t r = 0; r < rows; ++r) to[j * kBlock + r] = from[r * stride + j];
  }
}

void Transpose(const std::byte* from, size_t rows, size_t stride, size_t n, size_t element_size,
               std::byte* to) {
  if (element_size == 8) {
    return TransposeColumns(reinterpret_cast<const uint64_t*>(from), rows, stride, n,
                            reinterpret_cast<uint64_t*>(to));
  }
  const uint32_t* in = reinterpret_cast<const uint32_t*>(from);
  uint32_t* out = reinterpret_cast<uint32_t*>(to);
#if HWY_TARGET == HWY_SCALAR
  TransposeColumns(in, rows, stride, n, out);
#else
  const hn::FixedTag<uint32_t, 4> d;
  const hn::FixedTag<uint64_t, 2> d2;
  // Whole squares of 4 by 4: what they have beyond the last row or column does no harm.
  for (size_t j = 0; j < n; j += 4) {
    for (size_t r = 0; r < rows; r += 4) {
      const uint32_t* corner = in + r * stride + j;
      const auto a = hn::LoadU(d, corner), b = hn::LoadU(d, corner + stride);
      const auto c = hn::LoadU(d, corner + 2 * stride), e = hn::LoadU(d, corner + 3 * stride);
      const auto ab = hn::BitCast(d2, hn::InterleaveLower(d, a, b));
      const auto ce = hn::BitCast(d2, hn::InterleaveLower(d, c, e));
      const auto ab_high = hn::BitCast(d2, hn::InterleaveUpper(d, a, b));
      const auto ce_high = hn::BitCast(d2, hn::InterleaveUpper(d, c, e));
      uint32_t* column = out + j * kBlock + r;
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d2, ab, ce)), d, column);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d2, ab, ce)), d, column + kBlock);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d2, ab_high, ce_high)), d, column + 2 * kBlock);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d2, ab_high, ce_high)), d, column + 3 * kBlock);
    }
  }
#endif
}

void Fence() { hwy::FlushStream(); }

template <typename S, typename T>
void FillMemory(StageTable& t, DType::Kind kind) {
  using M = Memory<S, T>;
  t.load[kind] = Erase(&M::Load);
  t.store[kind] = Erase(&M::Store);
  t.final_store[kind] = Erase(&M::FinalStore);
  if constexpr (sizeof(S) >= 2) {
    t.stream[kind] = Erase(&M::Stream);
    t.final_stream[kind] = Erase(&M::FinalStream);
  }
  if constexpr (std::is_same_v<S, T>) {
    t.fetch[kind] = Erase(&M::Fetch);
  }
}

template <typename S>
void FillNarrow(StageTable& t, DType::Kind kind) {
  FillMemory<S, int32_t>(t, kind);
  t.wrap[kind] = Erase(&MicroStage<WrapOp<S>, int32_t>::Unary);
  t.clamp[kind] = Erase(&MicroStage<ClampOp<S>, int32_t>::Unary);
}

template <typename From, typename To>
void FillCast(StageTable& t, Lane from, Lane to) {
  if constexpr (!std::is_same_v<From, To>) {
    t.cast[static_cast<int>(from)][static_cast<int>(to)] = Erase(&Cast<To, From>::Run);
  }
}

template <typename T>
void FillLane(StageTable& t, Lane lane, DType::Kind kind) {
  FillMemory<T, T>(t, kind);
  FillCast<T, int32_t>(t, lane, Lane::kInt32);
  FillCast<T, uint32_t>(t, lane, Lane::kUint32);
  FillCast<T, float>(t, lane, Lane::kFloat32);
  FillCast<T, int64_t>(t, lane, Lane::kInt64);
  FillCast<T, uint64_t>(t, lane, Lane::kUint64);
  FillCast<T, double>(t, lane, Lane::kFloat64);
  t.to_bool[static_cast<int>(lane)] = Erase(&MicroStage<NotZeroOp, T>::Test);
  if constexpr (std::is_floating_point_v<T>) {
    t.scale[static_cast<int>(lane)] = Erase(&Scale<T>::Run);
  }
}

StageTable MakeTable() {
  StageTable t{};
  t.target = HWY_TARGET;
  t.block = kBlock;
  t.vector_bytes = hn::MaxLanes(hn::ScalableTag<uint8_t>());
  FillLane<int32_t>(t, Lane::kInt32, DType::kInt32);
  FillLane<uint32_t>(t, Lane::kUint32, DType::kUint32);
  FillLane<float>(t, Lane::kFloat32, DType::kFloat32);
  FillLane<int64_t>(t, Lane::kInt64, DType::kInt64);
  FillLane<uint64_t>(t, Lane::kUint64, DType::kUint64);
  FillLane<double>(t, Lane::kFloat64, DType::kFloat64);
  FillMemory<uint8_t, int32_t>(t, DType::kBool);
  FillNarrow<uint8_t>(t, DType::kUint8);
  FillNarrow<int8_t>(t, DType::kInt8);
  FillNarrow<uint16_t>(t, DType::kUint16);
  FillNarrow<int16_t>(t, DType::kInt16);
  FillMemory<float16, float>(t, DType::kFloat16);
  FillMemory<bfloat16, float>(t, DType::kBfloat16);
  t.round[DType::kFloat16] = Erase(&MicroStage<RoundOp<float16>, float>::Unary);
  t.round[DType::kBfloat16] = Erase(&MicroStage<RoundOp<bfloat16>, float>::Unary);
  t.fence = &Fence;
  t.transpose = &Transpose;
  t.finish = Erase(&Finish);
  return t;
}

const StageTable* Stages() {
  static const StageTable table = MakeTable();
  return &table;
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {

HWY_EXPORT(Stages);

const StageTable& stages() { return *HWY_DYNAMIC_DISPATCH(Stages)(); }

Lane lane_of(DType dtype) {
  switch (dtype.kind()) {
    case DType::kUint32: return Lane::kUint32;
    case DType::kUint64: return Lane::kUint64;
    case DType::kInt64: return Lane::kInt64;
    case DType::kFloat16:
    case DType::kBfloat16:
    case DType::kFloat32: return Lane::kFloat32;
    case DType::kFloat64: return Lane::kFloat64;
    default: return Lane::kInt32;
  }
}

DType lane_dtype(Lane lane) {
  constexpr DType::Kind kinds[] = {DType::kInt32, DType::kUint32, DType::kFloat32,
                                   DType::kInt64, DType::kUint64, DType::kFloat64};
  return kinds[static_cast<int>(lane)];
}

}  // namespace keel
#endif  // HWY_ONCE
