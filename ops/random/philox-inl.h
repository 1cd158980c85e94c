// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, 2011):
// a counter goes in, four random words come out.
#if defined(KEEL_OPS_RANDOM_PHILOX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_RANDOM_PHILOX_INL_H_
#undef KEEL_OPS_RANDOM_PHILOX_INL_H_
#else
#define KEEL_OPS_RANDOM_PHILOX_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "ops/random/distributions_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

// Blocks are made in multiples of this: two chains of the widest vectors.
constexpr size_t kBlockStep = 16;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

// to[0, 4·blocks) = the words of blocks [first, first + blocks). Highway's emulated vectors would
// take five times as long as plain words.
inline void PhiloxWords(const RandomStream& stream, uint64_t first, size_t blocks, uint32_t* to) {
  for (size_t i = 0; i < blocks; ++i) {
    uint32_t c0 = static_cast<uint32_t>(first + i), c1 = static_cast<uint32_t>((first + i) >> 32);
    uint32_t c2 = static_cast<uint32_t>(stream.call), c3 = static_cast<uint32_t>(stream.call >> 32);
    uint32_t k0 = static_cast<uint32_t>(stream.seed), k1 = static_cast<uint32_t>(stream.seed >> 32);
    for (int round = 0; round < kRounds; ++round) {
      const uint64_t product0 = uint64_t{kMultiplier0} * c0, product1 = uint64_t{kMultiplier1} * c2;
      c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
      c1 = static_cast<uint32_t>(product1);
      c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
      c3 = static_cast<uint32_t>(product0);
      k0 += kWeyl0;
      k1 += kWeyl1;
    }
    to[4 * i] = c0;
    to[4 * i + 1] = c1;
    to[4 * i + 2] = c2;
    to[4 * i + 3] = c3;
  }
}

#else

// to[0, 4·blocks) = the words of blocks [first, first + blocks); `blocks` is a multiple of
// kBlockStep and `to` is aligned to vectors.
inline void PhiloxWords(const RandomStream& stream, uint64_t first, size_t blocks, uint32_t* to) {
  using D = hn::ScalableTag<uint64_t>;
  using D32 = hn::Repartition<uint32_t, D>;
  using V = hn::Vec<D>;
  constexpr D d;
  constexpr D32 d32;
  constexpr size_t kLanes = hn::MaxLanes(d);
  // One word per 64-bit lane. A multiplication reads its lower half alone, so what the upper half
  // holds does not matter before the end.
  const V multiplier0 = hn::Set(d, kMultiplier0), multiplier1 = hn::Set(d, kMultiplier1);
  const V call = hn::Set(d, stream.call), call_high = hn::Set(d, stream.call >> 32);
  const V lower_half = hn::Set(d, 0xFFFFFFFF);
  // Lane 2j holds block j and lane 2j+1 block j + kLanes/2, so that interleaving the words at the end
  // puts the blocks in order.
  const V lane = hn::Iota(d, 0);
  const V offset = hn::Add(hn::ShiftRight<1>(lane),
                           hn::IfThenElseZero(hn::Ne(hn::And(lane, hn::Set(d, 1)), hn::Zero(d)),
                                              hn::Set(d, kLanes / 2)));
  const auto product = [&](V a, V b) HWY_ATTR {
    return hn::MulEven(hn::BitCast(d32, a), hn::BitCast(d32, b));
  };
  for (size_t i = 0; i < blocks; i += 2 * kLanes) {
    // Two chains hide each other's latency.
    V a0 = hn::Add(offset, hn::Set(d, first + i)), b0 = hn::Add(a0, hn::Set(d, kLanes));
    V a1 = hn::ShiftRight<32>(a0), b1 = hn::ShiftRight<32>(b0);
    V a2 = call, b2 = call, a3 = call_high, b3 = call_high;
    uint32_t k0 = static_cast<uint32_t>(stream.seed), k1 = static_cast<uint32_t>(stream.seed >> 32);
    for (int round = 0; round < kRounds; ++round) {
      const V key0 = hn::Set(d, k0), key1 = hn::Set(d, k1);
      const V pa0 = product(a0, multiplier0), pa1 = product(a2, multiplier1);
      const V pb0 = product(b0, multiplier0), pb1 = product(b2, multiplier1);
      a0 = hn::Xor3(hn::ShiftRight<32>(pa1), a1, key0);
      b0 = hn::Xor3(hn::ShiftRight<32>(pb1), b1, key0);
      a2 = hn::Xor3(hn::ShiftRight<32>(pa0), a3, key1);
      b2 = hn::Xor3(hn::ShiftRight<32>(pb0), b3, key1);
      a1 = pa1, a3 = pa0, b1 = pb1, b3 = pb0;
      k0 += kWeyl0;
      k1 += kWeyl1;
    }
    const auto store = [&](V c0, V c1, V c2, V c3, uint32_t* at) HWY_ATTR {
      const V low = hn::Or(hn::And(c0, lower_half), hn::ShiftLeft<32>(c1));
      const V high = hn::Or(hn::And(c2, lower_half), hn::ShiftLeft<32>(c3));
      hn::Store(hn::BitCast(d32, hn::InterleaveLower(d, low, high)), d32, at);
      hn::Store(hn::BitCast(d32, hn::InterleaveUpper(d, low, high)), d32, at + 2 * kLanes);
    };
    store(a0, a1, a2, a3, to + 4 * i);
    store(b0, b1, b2, b3, to + 4 * (i + kLanes));
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_RANDOM_PHILOX_INL_H_
