#include "core/simd_targets.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/random/distributions_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "core/dtype.h"
#include "core/narrow_float-inl.h"
#include "ops/random/distributions_kernel.h"
#include "ops/random/philox-inl.h"
#include "ops/random/quantile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

// Words that are made at a time, in L1.
constexpr int64_t kChunk = 2048;
// Elements of a piece of parallel work: some 30 µs.
constexpr int64_t kGrain = 32 * kChunk;

// Calls convert(words, i, count) for every stretch of elements from i on, `words_each` (1 or 2) words
// per element. Memory behind the words is readable to the end of a vector.
template <class Convert>
void Fill(const RandomStream& stream, int64_t n, int64_t words_each, const ThreadPool& pool,
          const Convert& convert) {
  pool.parallel_for(n, kGrain, [&](int64_t begin, int64_t end) HWY_ATTR {
    HWY_ALIGN uint32_t words[kChunk + 4 * kBlockStep];
    const int64_t step = kChunk / words_each;
    for (int64_t i = begin; i < end; i += step) {
      const int64_t count = std::min(step, end - i);
      const size_t blocks = static_cast<size_t>((count * words_each + 3) / 4);
      PhiloxWords(stream, static_cast<uint64_t>(i * words_each / 4),
                  (blocks + kBlockStep - 1) / kBlockStep * kBlockStep, words);
      convert(words, i, count);
    }
  });
}

// to[0, count) = f(vectors of words), for T float or double.
template <typename T, class F>
HWY_INLINE void Convert(const uint32_t* words, int64_t count, T* to, const F& f) {
  const hn::ScalableTag<T> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  using U = hn::TFromD<decltype(du)>;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  const U* from = reinterpret_cast<const U*>(words);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(f(hn::Load(du, from + i)), d, to + i);
  if (i < count) {
    const auto last = f(hn::Load(du, from + i));
    hn::BlendedStore(last, hn::FirstN(d, static_cast<size_t>(count - i)), d, to + i);
  }
}

// Fills `out`, of storage type S, with f(vectors of words).
template <typename S, class F>
void FillFloats(const RandomStream& stream, S* out, int64_t n, const ThreadPool& pool, const F& f) {
  using T = ComputeType<S>;
  Fill(stream, n, sizeof(T) / 4, pool, [&](const uint32_t* words, int64_t i, int64_t count) HWY_ATTR {
    if constexpr (kIsNarrow<S>) {
      HWY_ALIGN float wide[kChunk];
      Convert(words, count, wide, f);
      NarrowRow(wide, count, out + i);
    } else {
      Convert(words, count, out + i, f);
    }
  });
}

// [0, 1) from random bits, float32 and float64.
template <class DU>
  requires(sizeof(hn::TFromD<DU>) == 4)
HWY_INLINE hn::Vec<hn::RebindToFloat<DU>> Unit(DU, hn::Vec<DU> words) {
  const hn::RebindToFloat<DU> d;
  const hn::RebindToSigned<DU> di;
  return hn::Mul(hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<8>(words))), hn::Set(d, 0x1p-24f));
}
template <class DU>
  requires(sizeof(hn::TFromD<DU>) == 8)
HWY_INLINE hn::Vec<hn::RebindToFloat<DU>> Unit(DU du, hn::Vec<DU> words) {
  const hn::RebindToFloat<DU> d;
  // The bits become the mantissa of a number in [1, 2).
  const auto one = hn::Set(du, 0x3FF0000000000000);
  return hn::Sub(hn::BitCast(d, hn::Or(hn::ShiftRight<12>(words), one)), hn::Set(d, 1.0));
}

template <typename S>
void Uniform(const RandomStream& stream, double low, double range, double top, S* out, int64_t n,
             const ThreadPool& pool) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const auto from = hn::Set(d, static_cast<T>(low)), by = hn::Set(d, static_cast<T>(range));
  const auto most = hn::Set(d, static_cast<T>(top));
  FillFloats(stream, out, n, pool, [&](auto words) HWY_ATTR {
    return hn::Min(hn::Add(hn::Mul(Unit(du, words), by), from), most);
  });
}

// |x| = |2p − 1| and 1 − x² for p as fill_normal() has it; the upper bit is the sign of x.
template <class DU, class D = hn::RebindToFloat<DU>>
  requires(sizeof(hn::TFromD<DU>) == 4)
HWY_INLINE void Symmetric(DU, hn::Vec<DU> bits, hn::Vec<D>& x, hn::Vec<D>& rest) {
  const D d;
  const hn::RebindToSigned<DU> di;
  const auto word = hn::BitCast(di, bits);
  const auto steps = hn::Xor(word, hn::ShiftRight<31>(word));  // From the middle, 31 bits.
  const auto half = hn::Set(d, 0.5f), unit = hn::Set(d, 0x1p-31f);
  x = hn::Mul(hn::Add(hn::ConvertTo(d, steps), half), unit);
  // 1 − x by itself: near 1, x has no digits left for it.
  const auto left = hn::ConvertTo(d, hn::Xor(steps, hn::Set(di, 0x7FFFFFFF)));
  const auto one_less = hn::Mul(hn::Add(left, half), unit);
  rest = hn::Mul(one_less, hn::Sub(hn::Set(d, 2.0f), one_less));
}
template <class DU, class D = hn::RebindToFloat<DU>>
  requires(sizeof(hn::TFromD<DU>) == 8)
HWY_INLINE void Symmetric(DU du, hn::Vec<DU> bits, hn::Vec<D>& x, hn::Vec<D>& rest) {
  const D d;
  const hn::RebindToSigned<DU> di;
  const auto sign = hn::BitCast(du, hn::BroadcastSignBit(hn::BitCast(di, bits)));
  const auto steps = hn::ShiftRight<11>(hn::Xor(bits, sign));  // From the middle, 52 bits.
  const auto two52 = hn::Set(d, 0x1p52);
  const auto count = hn::Sub(hn::BitCast(d, hn::Or(steps, hn::BitCast(du, two52))), two52);
  x = hn::Mul(hn::Add(count, hn::Set(d, 0.5)), hn::Set(d, 0x1p-52));
  const auto one_less = hn::Sub(hn::Set(d, 1.0), x);  // Exact.
  rest = hn::Mul(one_less, hn::Sub(hn::Set(d, 2.0), one_less));
}

template <bool kTruncated, typename S>
void Normal(const RandomStream& stream, double mean, double stddev, S* out, int64_t n,
            const ThreadPool& pool) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const auto centre = hn::Set(d, static_cast<T>(mean)), width = hn::Set(d, static_cast<T>(stddev));
  const auto sign_bit = hn::SignBit(d);
  FillFloats(stream, out, n, pool, [&](auto bits) HWY_ATTR {
    hn::Vec<decltype(d)> x, rest, z;
    Symmetric(du, bits, x, rest);
    if constexpr (kTruncated) {
      x = hn::Mul(x, hn::Set(d, T(0.954499736103641586)));  // erf(√2): what lies within ±2.
      const auto one = hn::Set(d, T(1));
      rest = hn::Mul(hn::Sub(one, x), hn::Add(one, x));
      z = hn::Min(QuantileOf<false>(d, x, rest), hn::Set(d, T(2)));
    } else {
      z = QuantileOf<true>(d, x, rest);
    }
    z = hn::Or(z, hn::And(hn::BitCast(d, bits), sign_bit));
    return hn::Add(hn::Mul(z, width), centre);
  });
}

// Vectors where it is worth it: bool and float32.
template <typename S>
void Bernoulli(const RandomStream& stream, double p, S* out, int64_t n, const ThreadPool& pool) {
  const double threshold = std::nearbyint(p * 0x1p32);
  const bool never = threshold < 1;
  const uint32_t last = never ? 0 : static_cast<uint32_t>(static_cast<uint64_t>(threshold) - 1);
  Fill(stream, n, 1, pool, [&](const uint32_t* words, int64_t i, int64_t count) HWY_ATTR {
    S* to = out + i;
    if constexpr (std::is_same_v<S, float>) {
      const hn::ScalableTag<float> d;
      const hn::RebindToUnsigned<decltype(d)> du;
      const auto most = hn::Set(du, last);
      const auto one = hn::Set(d, never ? 0.0f : 1.0f);
      Convert(words, count, to, [&](auto bits) HWY_ATTR {
        return hn::IfThenZeroElse(hn::RebindMask(d, hn::Gt(bits, most)), one);
      });
    } else {
      const S one = convert_element<S>(never ? 0 : 1), zero = convert_element<S>(0);
      int64_t k = 0;
#if HWY_TARGET != HWY_SCALAR
      if constexpr (std::is_same_v<S, bool>) {
        const hn::ScalableTag<uint32_t> du;
        const hn::RebindToSigned<decltype(du)> di;
        const hn::Rebind<uint8_t, decltype(du)> d8;
        constexpr int64_t kLanes = hn::MaxLanes(du);
        const auto most = hn::Set(du, last);
        const auto truth = hn::Set(di, one ? 1 : 0);
        for (; k + kLanes <= count; k += kLanes) {
          const auto drop = hn::RebindMask(di, hn::Gt(hn::Load(du, words + k), most));
          hn::StoreU(hn::DemoteTo(d8, hn::IfThenZeroElse(drop, truth)), d8,
                     reinterpret_cast<uint8_t*>(to + k));
        }
      }
#endif
      for (; k < count; ++k) to[k] = words[k] <= last ? one : zero;
    }
  });
}

template <typename S>
void Integers(const RandomStream& stream, int64_t low, uint64_t range, S* out, int64_t n,
              const ThreadPool& pool) {
  const uint64_t base = static_cast<uint64_t>(low);
  if (range != 0 && range <= (uint64_t{1} << 32)) {
    Fill(stream, n, 1, pool, [&](const uint32_t* words, int64_t i, int64_t count) HWY_ATTR {
      S* to = out + i;
      for (int64_t k = 0; k < count; ++k) to[k] = static_cast<S>(base + (words[k] * range >> 32));
    });
  } else {
    Fill(stream, n, 2, pool, [&](const uint32_t* words, int64_t i, int64_t count) HWY_ATTR {
      S* to = out + i;
      for (int64_t k = 0; k < count; ++k) {
        uint64_t bits = words[2 * k] | uint64_t{words[2 * k + 1]} << 32;
        if (range != 0) bits = static_cast<uint64_t>(static_cast<unsigned __int128>(bits) * range >> 64);
        to[k] = static_cast<S>(base + bits);
      }
    });
  }
}

void DoWords(const RandomStream& stream, const View& out, const ThreadPool& pool) {
  Fill(stream, out.shape->elements(), 1, pool,
       [&](const uint32_t* words, int64_t i, int64_t count) HWY_ATTR {
         std::memcpy(out.as<uint32_t>() + i, words, static_cast<size_t>(count) * 4);
       });
}

// Calls f with a pointer to the elements of `out`, of a floating dtype.
template <class F>
void VisitFloats(const View& out, const F& f) {
  switch (out.dtype.kind()) {
    case DType::kFloat16: return f(out.as<float16>());
    case DType::kBfloat16: return f(out.as<bfloat16>());
    case DType::kFloat32: return f(out.as<float>());
    default: return f(out.as<double>());
  }
}

void DoUniform(const RandomStream& stream, double low, double range, double top, const View& out,
               const ThreadPool& pool) {
  VisitFloats(out, [&](auto* to) HWY_ATTR {
    Uniform(stream, low, range, top, to, out.shape->elements(), pool);
  });
}

void DoNormal(const RandomStream& stream, double mean, double stddev, bool truncated,
              const View& out, const ThreadPool& pool) {
  VisitFloats(out, [&](auto* to) HWY_ATTR {
    if (truncated) {
      Normal<true>(stream, mean, stddev, to, out.shape->elements(), pool);
    } else {
      Normal<false>(stream, mean, stddev, to, out.shape->elements(), pool);
    }
  });
}

void DoBernoulli(const RandomStream& stream, double p, const View& out, const ThreadPool& pool) {
  visit_dtype(out.dtype, [&](auto zero) HWY_ATTR {
    Bernoulli(stream, p, out.as<decltype(zero)>(), out.shape->elements(), pool);
  });
}

void DoIntegers(const RandomStream& stream, int64_t low, uint64_t range, const View& out,
                const ThreadPool& pool) {
  visit_dtype(out.dtype, [&](auto zero) HWY_ATTR {
    using S = decltype(zero);
    if constexpr (std::is_integral_v<S> && !std::is_same_v<S, bool>) {
      Integers(stream, low, range, out.as<S>(), out.shape->elements(), pool);
    }
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(DoWords);
HWY_EXPORT(DoUniform);
HWY_EXPORT(DoNormal);
HWY_EXPORT(DoBernoulli);
HWY_EXPORT(DoIntegers);

// The greatest number of storage type S below `high` (itself rounded to S).
template <typename S>
double below(double high) {
  if constexpr (sizeof(S) == 2) {
    // 16-bit floats of one sign are ordered as their bits are.
    S s = convert_element<S>(high);
    uint16_t bits;
    std::memcpy(&bits, &s, 2);
    if ((bits & 0x7FFF) == 0) {
      bits = 0x8001;
    } else if (bits & 0x8000) {
      ++bits;
    } else {
      --bits;
    }
    std::memcpy(static_cast<void*>(&s), &bits, 2);
    return to_float(s);
  } else {
    return std::nextafter(static_cast<S>(high), -std::numeric_limits<S>::infinity());
  }
}

template <typename S>
double round_to(double x) {
  return convert_element<double>(convert_element<S>(x));
}

}  // namespace

void fill_words(const RandomStream& stream, const View& out, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoWords)(stream, out, pool);
}

void fill_uniform(const RandomStream& stream, double low, double high, const View& out,
                  const ThreadPool& pool) {
  const auto last = [&](auto zero) {
    using S = decltype(zero);
    return round_to<S>(low) < round_to<S>(high) ? std::max(below<S>(high), round_to<S>(low))
                                                : round_to<S>(low);
  };
  const double top = out.dtype == DType::kFloat16    ? last(float16())
                     : out.dtype == DType::kBfloat16 ? last(bfloat16())
                     : out.dtype == DType::kFloat32  ? last(float())
                                                     : last(double());
  HWY_DYNAMIC_DISPATCH(DoUniform)(stream, low, high - low, top, out, pool);
}

void fill_uniform_integers(const RandomStream& stream, int64_t low, uint64_t range, const View& out,
                           const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoIntegers)(stream, low, range, out, pool);
}

void fill_normal(const RandomStream& stream, double mean, double stddev, bool truncated,
                 const View& out, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoNormal)(stream, mean, stddev, truncated, out, pool);
}

void fill_bernoulli(const RandomStream& stream, double p, const View& out, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoBernoulli)(stream, p, out, pool);
}

}  // namespace keel
#endif  // HWY_ONCE
