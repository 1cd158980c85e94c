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

// Blocks are made in multiples of this: four chains of the widest vectors.
constexpr size_t kBlockStep = 32;

#if HWY_TARGET == HWY_SCALAR

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
  // The keys of all rounds, as vectors in memory: an instruction that needs one reads it there.
  HWY_ALIGN uint64_t keys[kRounds][2][kLanes];
  for (int round = 0; round < kRounds; ++round) {
    const uint32_t step = static_cast<uint32_t>(round);
    hn::Store(hn::Set(d, static_cast<uint32_t>(stream.seed) + step * kWeyl0), d, keys[round][0]);
    hn::Store(hn::Set(d, static_cast<uint32_t>(stream.seed >> 32) + step * kWeyl1), d, keys[round][1]);
  }
  // Several chains hide each other's latency: as many as there are registers for, four words each.
  constexpr size_t kChains = kLanes == 8 ? 4 : 2;
  for (size_t i = 0; i < blocks; i += kChains * kLanes) {
    V c0[kChains], c1[kChains], c2[kChains], c3[kChains];
    HWY_UNROLL(4)
    for (size_t c = 0; c < kChains; ++c) {
      c0[c] = hn::Add(offset, hn::Set(d, first + i + c * kLanes));
      c1[c] = hn::ShiftRight<32>(c0[c]);
      c2[c] = call;
      c3[c] = call_high;
    }
    HWY_UNROLL(10)
    for (int round = 0; round < kRounds; ++round) {
      const V key0 = hn::Load(d, keys[round][0]), key1 = hn::Load(d, keys[round][1]);
      HWY_UNROLL(4)
      for (size_t c = 0; c < kChains; ++c) {
        const V p0 = product(c0[c], multiplier0), p1 = product(c2[c], multiplier1);
        c0[c] = hn::Xor3(hn::ShiftRight<32>(p1), c1[c], key0);
        c2[c] = hn::Xor3(hn::ShiftRight<32>(p0), c3[c], key1);
        c1[c] = p1;
        c3[c] = p0;
      }
    }
    HWY_UNROLL(4)
    for (size_t c = 0; c < kChains; ++c) {
      const V low = hn::Or(hn::And(c0[c], lower_half), hn::ShiftLeft<32>(c1[c]));
      const V high = hn::Or(hn::And(c2[c], lower_half), hn::ShiftLeft<32>(c3[c]));
      uint32_t* at = to + 4 * (i + c * kLanes);
      hn::Store(hn::BitCast(d32, hn::InterleaveLower(d, low, high)), d32, at);
      hn::Store(hn::BitCast(d32, hn::InterleaveUpper(d, low, high)), d32, at + 2 * kLanes);
    }
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_RANDOM_PHILOX_INL_H_
