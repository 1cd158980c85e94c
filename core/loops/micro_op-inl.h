// Defines micro-ops, for every target and lane type. In an op's .cc:
//
//   #include "core/simd_targets.h"                       // First.
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "ops/math/exponential.cc"
//   #include "hwy/foreach_target.h"
//   #include "core/loops/micro_op-inl.h"
//   HWY_BEFORE_NAMESPACE();
//   namespace keel::HWY_NAMESPACE {
//   KEEL_MICRO_OP_1(Exp, kFloatLanes, hn::Exp(d, a))
//   }
//   HWY_AFTER_NAMESPACE();
//   #if HWY_ONCE
//   namespace keel {
//   KEEL_EXPORT_MICRO_OP(Exp, "exp", 1, "exp(a)", 10)    // const MicroOp kExp
//   }
//   #endif
//
// In the expression, `d` is the Highway tag, `T` the lane type, and `a`, `b`, `c` the operands.
#if defined(KEEL_CORE_LOOPS_MICRO_OP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_CORE_LOOPS_MICRO_OP_INL_H_
#undef KEEL_CORE_LOOPS_MICRO_OP_INL_H_
#else
#define KEEL_CORE_LOOPS_MICRO_OP_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/loops/instr.h"
#include "core/loops/program.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Elements of a block.
constexpr size_t kBlock = 4 * hn::MaxLanes(hn::ScalableTag<float>());
// Vectors of a block, and the sequence 0, 1 … below that.
template <typename T>
constexpr size_t kVectors = kBlock / hn::MaxLanes(hn::ScalableTag<T>());
template <typename T>
using VectorIndices = std::make_index_sequence<kVectors<T>>;

// V, whatever k: for parameter packs of equal types.
template <class V, size_t k>
struct Same {
  using type = V;
};

template <typename T>
HWY_INLINE T* At(std::byte* base, int32_t step, size_t i) {
  return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(base) + i * static_cast<ptrdiff_t>(step));
}

// The next stage, with accumulator a.
template <class... V>
HWY_INLINE void Next(const Instr* ip, size_t i, V... a) {
  reinterpret_cast<void (*)(const Instr*, size_t, V...)>(ip[1].run)(ip + 1, i, a...);
}

template <typename F>
MicroOp::Code Erase(F* stage) {
  return reinterpret_cast<MicroOp::Code>(stage);
}

// The stages of a micro-op for lanes of type T.
template <class Op, typename T, class Indices = VectorIndices<T>>
struct MicroStage;

template <class Op, typename T, size_t... k>
struct MicroStage<Op, T, std::index_sequence<k...>> {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  using DI = hn::RebindToSigned<D>;
  using VI = hn::Vec<DI>;
  static constexpr size_t N = hn::MaxLanes(D());
  template <size_t j>
  using Vj = typename Same<V, j>::type;

  static void Unary(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    Next(ip, i, Op::Call(D(), a)...);
  }

  static void Binary(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    const T* b = At<T>(ip->base, ip->step, i);
    Next(ip, i, Op::Call(D(), a, hn::LoadU(D(), b + k * N))...);
  }

  static void BinarySwapped(const Instr* ip, size_t i, typename Same<V, k>::type... b) {
    const T* a = At<T>(ip->base, ip->step, i);
    Next(ip, i, Op::Call(D(), hn::LoadU(D(), a + k * N), b)...);
  }

  // With one element for all lanes: four loads less, where loads are what limits.
  static void BinaryScalar(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    const V b = hn::Set(D(), *reinterpret_cast<const T*>(ip->base));
    Next(ip, i, Op::Call(D(), a, b)...);
  }

  static void BinaryScalarSwapped(const Instr* ip, size_t i, typename Same<V, k>::type... b) {
    const V a = hn::Set(D(), *reinterpret_cast<const T*>(ip->base));
    Next(ip, i, Op::Call(D(), a, b)...);
  }

  static void Ternary(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    const T* b = At<T>(ip->base, ip->step, i);
    const T* c = At<T>(ip->base2, ip->step2, i);
    Next(ip, i, Op::Call(D(), a, hn::LoadU(D(), b + k * N), hn::LoadU(D(), c + k * N))...);
  }

  // The accumulator is 0 or another integer per lane.
  static void Select(const Instr* ip, size_t i, typename Same<VI, k>::type... a) {
    const T* b = At<T>(ip->base, ip->step, i);
    const T* c = At<T>(ip->base2, ip->step2, i);
    Next(ip, i,
         hn::IfThenElse(hn::RebindMask(D(), hn::Ne(a, hn::Zero(DI()))), hn::LoadU(D(), b + k * N),
                        hn::LoadU(D(), c + k * N))...);
  }

  // Op's result is a mask; the accumulator becomes 0 or 1 per lane.
  static HWY_INLINE VI ZeroOrOne(hn::Mask<D> mask) {
    return hn::IfThenElseZero(hn::RebindMask(DI(), mask), hn::Set(DI(), 1));
  }

  static void Test(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    Next(ip, i, ZeroOrOne(Op::Call(D(), a))...);
  }

  static void Compare(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    const T* b = At<T>(ip->base, ip->step, i);
    Next(ip, i, ZeroOrOne(Op::Call(D(), a, hn::LoadU(D(), b + k * N)))...);
  }

  static void CompareSwapped(const Instr* ip, size_t i, typename Same<V, k>::type... b) {
    const T* a = At<T>(ip->base, ip->step, i);
    Next(ip, i, ZeroOrOne(Op::Call(D(), hn::LoadU(D(), a + k * N), b))...);
  }

  static void CompareScalar(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    const V b = hn::Set(D(), *reinterpret_cast<const T*>(ip->base));
    Next(ip, i, ZeroOrOne(Op::Call(D(), a, b))...);
  }

  static void CompareScalarSwapped(const Instr* ip, size_t i, typename Same<V, k>::type... b) {
    const V a = hn::Set(D(), *reinterpret_cast<const T*>(ip->base));
    Next(ip, i, ZeroOrOne(Op::Call(D(), a, b))...);
  }

  // Lanes whose mask in memory is not set keep the operand in memory as it is.
  static void BinaryMasked(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    const T* b = At<T>(ip->base, ip->step, i);
    const T* mask = reinterpret_cast<const T*>(ip->base2);
    Next(ip, i,
         hn::IfThenElse(hn::MaskFromVec(hn::LoadU(D(), mask + k * N)),
                        Op::Call(D(), a, hn::LoadU(D(), b + k * N)), hn::LoadU(D(), b + k * N))...);
  }

  // Combines the block of accumulators at the next instruction's base with every block of the
  // operand up to the next instruction's end; the accumulators stay in registers meanwhile. Is a
  // whole program.
  static void Reduce(const Instr* ip, size_t i) {
    T* accumulators = reinterpret_cast<T*>(ip[1].base);
    V a[] = {hn::LoadU(D(), accumulators + k * N)...};
    for (const size_t end = ip[1].end; i < end; i += kBlock) {
      const T* b = At<T>(ip->base, ip->step, i);
      ((a[k] = Op::Call(D(), a[k], hn::LoadU(D(), b + k * N))), ...);
    }
    (hn::StoreU(a[k], D(), accumulators + k * N), ...);
  }

  // All lanes become one, which is stored. Halving keeps the depth, and so the error, logarithmic.
  static void Fold(const Instr* ip, size_t i, typename Same<V, k>::type... a) {
    V v[] = {a...};
    for (size_t half = sizeof...(k) / 2; half != 0; half /= 2) {
      for (size_t j = 0; j < half; ++j) v[j] = Op::Call(D(), v[j], v[j + half]);
    }
    V all = v[0];
    if constexpr (N > 8) all = Op::Call(D(), all, hn::Reverse(D(), all));
    if constexpr (N > 4) all = Op::Call(D(), all, hn::Reverse8(D(), all));
    if constexpr (N > 2) all = Op::Call(D(), all, hn::Reverse4(D(), all));
    if constexpr (N > 1) all = Op::Call(D(), all, hn::Reverse2(D(), all));
    *At<T>(ip->base, ip->step, i) = hn::GetLane(all);
    Next(ip, i);
  }
};

// Sets of lane types.
constexpr unsigned LaneBit(Lane lane) { return 1u << static_cast<int>(lane); }
constexpr unsigned kFloatLanes = LaneBit(Lane::kFloat32) | LaneBit(Lane::kFloat64);
// Where bools are.
constexpr unsigned kBoolLanes = LaneBit(Lane::kInt32) | LaneBit(Lane::kInt64);
constexpr unsigned kIntLanes = kBoolLanes | LaneBit(Lane::kUint32) | LaneBit(Lane::kUint64);
constexpr unsigned kSignedLanes = kFloatLanes | kBoolLanes;
constexpr unsigned kAllLanes = kFloatLanes | kIntLanes;

// Which stages an op of each shape has.
template <class Op>
struct UnaryForms {
  template <typename T>
  static MicroOp::Code Code(int form) {
    return form == MicroOp::kPlain ? Erase(&MicroStage<Op, T>::Unary) : nullptr;
  }
};
template <class Op>
struct TestForms {
  template <typename T>
  static MicroOp::Code Code(int form) {
    return form == MicroOp::kPlain ? Erase(&MicroStage<Op, T>::Test) : nullptr;
  }
};
template <class Op>
struct BinaryForms {
  template <typename T>
  static MicroOp::Code Code(int form) {
    using Stage = MicroStage<Op, T>;
    switch (form) {
      case MicroOp::kPlain: return Erase(&Stage::Binary);
      case MicroOp::kSwapped: return Erase(&Stage::BinarySwapped);
      case MicroOp::kScalar: return Erase(&Stage::BinaryScalar);
      case MicroOp::kScalarSwapped: return Erase(&Stage::BinaryScalarSwapped);
      default: return nullptr;
    }
  }
};
template <class Op>
struct CombineForms {
  template <typename T>
  static MicroOp::Code Code(int form) {
    using Stage = MicroStage<Op, T>;
    switch (form) {
      case MicroOp::kMasked: return Erase(&Stage::BinaryMasked);
      case MicroOp::kFold: return Erase(&Stage::Fold);
      case MicroOp::kReduce: return Erase(&Stage::Reduce);
      case MicroOp::kScalar:
      case MicroOp::kScalarSwapped: return Erase(&Stage::BinaryScalar);
      default: return Erase(&Stage::Binary);
    }
  }
};
template <class Op>
struct CompareForms {
  template <typename T>
  static MicroOp::Code Code(int form) {
    using Stage = MicroStage<Op, T>;
    switch (form) {
      case MicroOp::kPlain: return Erase(&Stage::Compare);
      case MicroOp::kSwapped: return Erase(&Stage::CompareSwapped);
      case MicroOp::kScalar: return Erase(&Stage::CompareScalar);
      case MicroOp::kScalarSwapped: return Erase(&Stage::CompareScalarSwapped);
      default: return nullptr;
    }
  }
};
template <class Op>
struct TernaryForms {
  template <typename T>
  static MicroOp::Code Code(int form) {
    return form == MicroOp::kPlain ? Erase(&MicroStage<Op, T>::Ternary) : nullptr;
  }
};
template <class Op>
struct SelectForms {
  template <typename T>
  static MicroOp::Code Code(int form) {
    return form == MicroOp::kPlain ? Erase(&MicroStage<Op, T>::Select) : nullptr;
  }
};

// Those of Forms for `lane`, if it is in the set.
template <class Forms, unsigned kSet>
MicroOp::Code CodeFor(Lane lane, int form) {
  switch (lane) {
    case Lane::kInt32:
      if constexpr (kSet & LaneBit(Lane::kInt32)) return Forms::template Code<int32_t>(form);
      break;
    case Lane::kUint32:
      if constexpr (kSet & LaneBit(Lane::kUint32)) return Forms::template Code<uint32_t>(form);
      break;
    case Lane::kFloat32:
      if constexpr (kSet & LaneBit(Lane::kFloat32)) return Forms::template Code<float>(form);
      break;
    case Lane::kInt64:
      if constexpr (kSet & LaneBit(Lane::kInt64)) return Forms::template Code<int64_t>(form);
      break;
    case Lane::kUint64:
      if constexpr (kSet & LaneBit(Lane::kUint64)) return Forms::template Code<uint64_t>(form);
      break;
    case Lane::kFloat64:
      if constexpr (kSet & LaneBit(Lane::kFloat64)) return Forms::template Code<double>(form);
      break;
  }
  return nullptr;
}

#define KEEL_MICRO_OP_FORMS_(NAME, FORMS, LANES, PARAMETERS, ...)                    \
  struct NAME##Op {                                                                  \
    template <class D, class V = hn::Vec<D>, typename T = hn::TFromD<D>>             \
    static HWY_INLINE auto Call(D d, PARAMETERS) {                                   \
      (void)d;                                                                       \
      return __VA_ARGS__;                                                            \
    }                                                                                \
  };                                                                                 \
  MicroOp::Code NAME##Code(Lane lane, int form) {                                    \
    return CodeFor<FORMS<NAME##Op>, LANES>(lane, form);                              \
  }
#define KEEL_COMMA_ ,

// Of one operand.
#define KEEL_MICRO_OP_1(NAME, LANES, ...) \
  KEEL_MICRO_OP_FORMS_(NAME, UnaryForms, LANES, V a, __VA_ARGS__)
// Of two.
#define KEEL_MICRO_OP_2(NAME, LANES, ...) \
  KEEL_MICRO_OP_FORMS_(NAME, BinaryForms, LANES, V a KEEL_COMMA_ V b, __VA_ARGS__)
// Of two whose order does not matter: may reduce.
#define KEEL_COMBINE(NAME, LANES, ...) \
  KEEL_MICRO_OP_FORMS_(NAME, CombineForms, LANES, V a KEEL_COMMA_ V b, __VA_ARGS__)
// Of three of one type.
#define KEEL_MICRO_OP_3(NAME, LANES, ...) \
  KEEL_MICRO_OP_FORMS_(NAME, TernaryForms, LANES, V a KEEL_COMMA_ V b KEEL_COMMA_ V c, __VA_ARGS__)
// a ? b : c, where a is a bool.
#define KEEL_SELECT(NAME, LANES) \
  KEEL_MICRO_OP_FORMS_(NAME, SelectForms, LANES, V a, a)
// The expression is a mask: the result is a bool.
#define KEEL_TEST(NAME, LANES, ...) \
  KEEL_MICRO_OP_FORMS_(NAME, TestForms, LANES, V a, __VA_ARGS__)
#define KEEL_COMPARE(NAME, LANES, ...) \
  KEEL_MICRO_OP_FORMS_(NAME, CompareForms, LANES, V a KEEL_COMMA_ V b, __VA_ARGS__)

// After the last target, in namespace keel: defines `const MicroOp kNAME`, given its name, arity,
// CUDA expression and, if it is dear, its cost.
#define KEEL_EXPORT_MICRO_OP(NAME, ...)                                                     \
  HWY_EXPORT(NAME##Code);                                                                   \
  constinit const MicroOp k##NAME =                                                         \
      internal::describe([](Lane lane, int form) {                                          \
        return HWY_DYNAMIC_DISPATCH(NAME##Code)(lane, form);                                \
      }, __VA_ARGS__);

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#ifndef KEEL_CORE_LOOPS_MICRO_OP_ONCE_
#define KEEL_CORE_LOOPS_MICRO_OP_ONCE_
namespace keel::internal {
constexpr MicroOp describe(MicroOp::Code (*code)(Lane, int), std::string_view name, int arity,
                           std::string_view cuda, int cost = 1) {
  return {name, arity, code, cuda, cost};
}
}  // namespace keel::internal
#endif  // KEEL_CORE_LOOPS_MICRO_OP_ONCE_

#endif  // KEEL_CORE_LOOPS_MICRO_OP_INL_H_
