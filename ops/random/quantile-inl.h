// The quantile function of the normal distribution.
//
// With x = 2p − 1 and w = −log(1 − x²), quantile(p)/x is a smooth function of w, and for large w of
// √w (M. Giles, Approximating the erfinv function, 2010). The polynomials were fitted by Chebyshev
// interpolation in 60 digits; their errors stand beside them.
#if defined(KEEL_OPS_RANDOM_QUANTILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_RANDOM_QUANTILE_INL_H_
#undef KEEL_OPS_RANDOM_QUANTILE_INL_H_
#else
#define KEEL_OPS_RANDOM_QUANTILE_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Coefficients from the highest power down; a multiplication and an addition each.
template <class D, class V = hn::Vec<D>, typename T = hn::TFromD<D>, size_t n>
HWY_INLINE V Horner(D d, V x, const T (&coefficients)[n]) {
  V sum = hn::Set(d, coefficients[0]);
  for (size_t i = 1; i < n; ++i) sum = hn::Add(hn::Mul(sum, x), hn::Set(d, coefficients[i]));
  return sum;
}

// −log(t) for normal t in (0, 1]: absolute error below 1e-7, relative to max(1, result).
template <class D>
  requires(sizeof(hn::TFromD<D>) == 4)
HWY_INLINE hn::Vec<D> MinusLog(D d, hn::Vec<D> t) {
  // log(1 + f) = f − f²/2 + f³·P(f) for 1 + f in [√½, √2]: 4.4e-7.
  static constexpr float kP[] = {-0.07902743772f, 0.1262231985f, -0.1299818376f, 0.1421449592f,
                                 -0.1664128146f,  0.2000104509f, -0.2500030642f, 0.3333333073f};
  const hn::RebindToSigned<D> di;
  const auto root_half = hn::Set(di, 0x3F3504F3);
  const auto bits = hn::Sub(hn::BitCast(di, t), root_half);
  const auto exponent = hn::ConvertTo(d, hn::ShiftRight<23>(bits));
  const auto fraction = hn::Add(hn::And(bits, hn::Set(di, 0x7FFFFF)), root_half);
  const auto f = hn::Sub(hn::BitCast(d, fraction), hn::Set(d, 1.0f));
  const auto ff = hn::Mul(f, f);
  const auto cubic = hn::Mul(hn::Mul(ff, f), Horner(d, f, kP));
  const auto log_fraction = hn::Add(hn::Sub(cubic, hn::Mul(hn::Set(d, 0.5f), ff)), f);
  return hn::Neg(hn::Add(hn::Mul(exponent, hn::Set(d, 0.693147181f)), log_fraction));
}

// The same in double precision: 4e-16.
template <class D>
  requires(sizeof(hn::TFromD<D>) == 8)
HWY_INLINE hn::Vec<D> MinusLog(D d, hn::Vec<D> t) {
  // log(m) = 2s + s³·R(s²) for s = (m − 1)/(m + 1), m in [√½, √2]: 4.6e-16.
  static constexpr double kR[] = {0.146165764216443859, 0.15331711346672996,  0.181828894337575164,
                                  0.222222111305607264, 0.285714286260014256, 0.399999999998994473,
                                  0.666666666666666969};
  const hn::RebindToSigned<D> di;
  const auto root_half = hn::Set(di, 0x3FE6A09E667F3BCD);
  const auto bits = hn::Sub(hn::BitCast(di, t), root_half);
  // The exponent, a small integer, as the last bits of 1.5·2^52.
  const auto shifted = hn::Add(hn::ShiftRight<52>(bits), hn::Set(di, 0x4338000000000000));
  const auto exponent = hn::Sub(hn::BitCast(d, shifted), hn::Set(d, 6755399441055744.0));
  const auto fraction = hn::BitCast(
      d, hn::Add(hn::And(bits, hn::Set(di, 0xFFFFFFFFFFFFF)), root_half));
  const auto one = hn::Set(d, 1.0);
  const auto s = hn::Div(hn::Sub(fraction, one), hn::Add(fraction, one));
  const auto ss = hn::Mul(s, s);
  const auto cubic = hn::Mul(hn::Mul(ss, s), Horner(d, ss, kR));
  const auto log_fraction = hn::Add(cubic, hn::Add(s, s));
  return hn::Neg(hn::Add(hn::Mul(exponent, hn::Set(d, 0.693147180559945309)), log_fraction));
}

// quantile(p) for x = 2p − 1 in [0, 1] and rest = 1 − x². kTail: x may be above 0.998.
template <bool kTail, class D, class V = hn::Vec<D>>
  requires(sizeof(hn::TFromD<D>) == 4)
HWY_INLINE V QuantileOf(D d, V x, V rest) {
  // For w in [0, 6.25]: 1.1e-7.
  static constexpr float kCentre[] = {-6.524335947e-9f, -1.206033839e-8f, 6.021288682e-7f,
                                      -2.159689636e-6f, -1.964003777e-5f, 0.000264848967f,
                                      -0.001047504997f, -0.008533818605f, 0.3396349575f,
                                      2.338620889f};
  // For √w in [2.5, 4.65]: 2.1e-7.
  static constexpr float kFar[] = {-0.0002603267607f, 0.0007798826344f, -0.001046067184f,
                                   0.001443047273f,   -0.002881958022f, 0.004656398089f,
                                   1.424630826f,      4.717088339f};
  const V w = MinusLog(d, rest);
  V ratio = Horner(d, hn::Sub(w, hn::Set(d, 3.125f)), kCentre);
  if constexpr (kTail) {
    const auto far = hn::Gt(w, hn::Set(d, 6.25f));
    if (HWY_UNLIKELY(!hn::AllFalse(d, far))) {
      const V s = hn::Sub(hn::Sqrt(w), hn::Set(d, 3.5f));
      ratio = hn::IfThenElse(far, Horner(d, s, kFar), ratio);
    }
  }
  return hn::Mul(x, ratio);
}

template <bool kTail, class D, class V = hn::Vec<D>>
  requires(sizeof(hn::TFromD<D>) == 8)
HWY_INLINE V QuantileOf(D d, V x, V rest) {
  // For w in [0, 6.25]: 2.7e-16.
  static constexpr double kCentre[] = {
      -3.3408952670514295e-22, -2.37408706321372008e-19, 1.55956241474520775e-18,
      1.57342498408939449e-17, -1.82532877488069582e-16, 3.06459319007984693e-17,
      9.30829046057868355e-15, -5.73522144404199845e-14, -1.14644558249538683e-13,
      3.72443393633084743e-12, -1.83529638624569583e-11, -7.65859120511103156e-11,
      1.48664992612317706e-9,  -5.81614151316224913e-9,  -4.11117350782726224e-8,
      5.98889429425631812e-7,  -1.93106503287651464e-6,  -0.0000196328528174790847,
      0.000264082049542640241, -0.00104751156950300752,  -0.0085328991772675704,
      0.339634958701140852,    2.33862071002659329};
  // For √w in [2.5, 4.3]: 6.3e-17.
  static constexpr double kFar[] = {
      4.16714017257354957e-9,   -1.48273683116515099e-8,  -1.30996002827414311e-8,
      1.67575375954000235e-7,   -3.63597460945298221e-7,  -1.77813501080111572e-8,
      2.10359569279021045e-6,   -5.65009214751261532e-6,  4.14518405197477524e-6,
      0.0000176333086397369174, -0.000066921381980299567, 0.0000965713883338038678,
      0.0000339857297318116712, -0.000502099129072784283, 0.00134815470596752922,
      -0.00238758217154541649,  0.00352343120555407686,   -0.00530500994719050153,
      0.00759562020396543768,   1.4216508658102612,       4.3612728551653305};
  // For √w in [4.3, 6.7]: 3.9e-16.
  static constexpr double kFarther[] = {
      2.68436569370867649e-11, -1.96710414215684898e-10, 6.28517546927905885e-10,
      -1.26159978220482807e-9, 2.19843807665221585e-9,   -4.37113343250513587e-9,
      1.11049167456002613e-8,  -3.99420797224529124e-8,  1.85145050227179852e-7,
      -9.15437192309541629e-7, 4.41064332472158553e-6,   -0.0000198317154710729916,
      0.0000779920781840616539, -0.000212197089943979111, -0.000387950865362235549,
      1.42863172035250925,      7.21598194539064672};
  const V w = MinusLog(d, rest);
  V ratio = Horner(d, hn::Sub(w, hn::Set(d, 3.125)), kCentre);
  if constexpr (kTail) {
    const auto far = hn::Gt(w, hn::Set(d, 6.25));
    if (HWY_UNLIKELY(!hn::AllFalse(d, far))) {
      const V root = hn::Sqrt(w);
      ratio = hn::IfThenElse(far, Horner(d, hn::Sub(root, hn::Set(d, 3.25)), kFar), ratio);
      const auto farther = hn::Gt(root, hn::Set(d, 4.3));
      if (!hn::AllFalse(d, farther)) {
        ratio = hn::IfThenElse(farther, Horner(d, hn::Sub(root, hn::Set(d, 5.25)), kFarther), ratio);
      }
    }
  }
  return hn::Mul(x, ratio);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_RANDOM_QUANTILE_INL_H_
