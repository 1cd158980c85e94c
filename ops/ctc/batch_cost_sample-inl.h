// The CTC cost of one sample and its derivatives: the recursions over time.
#if defined(KEEL_OPS_CTC_BATCH_COST_SAMPLE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CTC_BATCH_COST_SAMPLE_INL_H_
#undef KEEL_OPS_CTC_BATCH_COST_SAMPLE_INL_H_
#else
#define KEEL_OPS_CTC_BATCH_COST_SAMPLE_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/scratch_slots.h"
#include "ops/ctc/batch_cost_kernel.h"
#include "ops/ctc/wide_float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

template <typename T>
constexpr int64_t kLanes = hn::MaxLanes(hn::ScalableTag<T>());

// A row of wide numbers. Zeros lie a vector before its begin and behind its end.
template <typename T>
struct WideRow {
  using Int = typename Wide<T>::Int;
  T* m = nullptr;
  Int* e = nullptr;

  HWY_INLINE Wide<T> operator[](int64_t i) const { return Wide<T>::load(m + i, e + i); }
  HWY_INLINE void set(int64_t i, const Wide<T>& x) const { x.store(m + i, e + i); }
  void set_one(int64_t i) const {
    m[i] = 1;
    e[i] = 0;
  }
};

// What one step knows of the states: of each label, and of the blank before each label and after the
// last; with the derivatives along v where those are wanted.
template <typename T, bool kTangent>
struct States {
  WideRow<T> label, blank, label_dot, blank_dot;
};

// The memory of one sample. Rows have room for `vectors` whole vectors.
template <typename T>
class Memory {
 public:
  using Int = typename Wide<T>::Int;

  Memory(void* data, int64_t labels) : next_(static_cast<char*>(data)), elements_(row_elements(labels)) {}

  // The labels and the blank behind them, in whole vectors, between two vectors of padding.
  static int64_t row_elements(int64_t labels) {
    return (labels + 1 + kLanes<T> - 1) / kLanes<T> * kLanes<T> + 2 * kLanes<T>;
  }
  static size_t row_bytes(int64_t labels) {
    return round_up_bytes(static_cast<size_t>(row_elements(labels)) * sizeof(T));
  }
  static size_t states_bytes(int64_t labels, bool tangent) { return row_bytes(labels) * (tangent ? 8 : 4); }

  // All zeros.
  template <typename U>
  U* row() {
    static_assert(sizeof(U) == sizeof(T));
    U* const begin = reinterpret_cast<U*>(next_);
    next_ += round_up_bytes(static_cast<size_t>(elements_) * sizeof(T));
    std::fill_n(begin, elements_, U(0));
    return begin + kLanes<T>;
  }
  WideRow<T> wide_row() {
    WideRow<T> r{row<T>(), row<Int>()};
    clear(r);
    return r;
  }
  void clear(const WideRow<T>& r) const {
    std::fill_n(r.m - kLanes<T>, elements_, T(0));
    std::fill_n(r.e - kLanes<T>, elements_, Wide<T>::kZeroExponent);
  }
  template <bool kTangent>
  States<T, kTangent> states() {
    States<T, kTangent> s;
    s.label = wide_row();
    s.blank = wide_row();
    if constexpr (kTangent) {
      s.label_dot = wide_row();
      s.blank_dot = wide_row();
    }
    return s;
  }
  // Number `t` of many with undefined contents that begin at `base`.
  template <bool kTangent>
  States<T, kTangent> states_at(char* base, int64_t t) const {
    const size_t bytes = round_up_bytes(static_cast<size_t>(elements_) * sizeof(T));
    char* next = base + static_cast<size_t>(t) * bytes * (kTangent ? 8 : 4);
    const auto wide = [&] {
      T* const m = reinterpret_cast<T*>(next) + kLanes<T>;
      Int* const e = reinterpret_cast<Int*>(next + bytes) + kLanes<T>;
      next += 2 * bytes;
      return WideRow<T>{m, e};
    };
    States<T, kTangent> s;
    s.label = wide();
    s.blank = wide();
    if constexpr (kTangent) {
      s.label_dot = wide();
      s.blank_dot = wide();
    }
    return s;
  }
  char* take(size_t bytes) {
    char* const begin = next_;
    next_ += round_up_bytes(bytes);
    return begin;
  }

 private:
  char* next_;
  const int64_t elements_;
};

// A number m · 2^e outside vectors.
struct Scalar {
  double m = 1;
  int64_t e = 0;

  void multiply(double factor) {
    int shift, carry;
    m = std::frexp(m * std::frexp(factor, &shift), &carry);
    e += shift + carry;
  }
};

template <typename T>
Scalar add_scalars(T m1, int64_t e1, T m2, int64_t e2) {
  const int64_t e = std::max(e1, e2);
  const auto part = [e](double m, int64_t from) {
    return std::ldexp(m, static_cast<int>(std::max<int64_t>(from - e, -4000)));
  };
  return {part(m1, e1) + part(m2, e2), e};
}

// a / b as a plain number.
double ratio(const Scalar& a, const Scalar& b) {
  return std::ldexp(a.m / b.m, static_cast<int>(std::clamp<int64_t>(a.e - b.e, -4000, 4000)));
}

// Σ x[k] + shift, and whether one of those terms is negative. Sums 32 terms per lane in T, those in double.
template <typename T>
double RowSum(const T* x, int64_t n, T shift, bool* negative) {
  constexpr hn::ScalableTag<T> d;
  constexpr int64_t N = kLanes<T>, kBlock = 32 * N;
  const auto plus = hn::Set(d, shift);
  auto least = hn::Zero(d);
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = std::min(n, begin + kBlock);
    auto sum = hn::Zero(d);
    int64_t i = begin;
    for (; i + N <= end; i += N) {
      const auto p = hn::Add(hn::LoadU(d, x + i), plus);
      least = hn::Min(least, p);
      sum = hn::Add(sum, p);
    }
    if (i < end) {
      const auto mask = hn::FirstN(d, static_cast<size_t>(end - i));
      const auto p = hn::IfThenElseZero(mask, hn::Add(hn::MaskedLoad(mask, d, x + i), plus));
      least = hn::Min(least, p);
      sum = hn::Add(sum, p);
    }
    total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum)));
  }
  if (negative != nullptr) *negative = hn::GetLane(hn::MinOfLanes(d, least)) < 0;
  return total;
}

// One sample: its recurrences.
template <typename T, bool kTangent>
class Sample {
 public:
  using W = Wide<T>;
  using D = typename W::D;
  using DI = typename W::DI;
  using Int = typename W::Int;
  using S = States<T, kTangent>;

  // `v`: null unless kTangent.
  Sample(const CtcBatch& batch, int64_t n, const T* y, const T* v, void* scratch)
      : classes_(batch.classes), steps_(batch.input_lengths[n]), labels_(batch.label_lengths[n]),
        vectors_end_((labels_ + kLanes<T>) / kLanes<T> * kLanes<T>),
        epsilon_(static_cast<T>(batch.epsilon)),
        y_(y + n * batch.steps * batch.classes),
        v_(v == nullptr ? nullptr : v + n * batch.steps * batch.classes),
        memory_(scratch, labels_) {
    index_ = memory_.template row<Int>();
    exists_ = memory_.template row<T>();
    skips_ = memory_.template row<T>();
    const int64_t* labels = batch.labels + n * batch.width;
    for (int64_t i = 0; i < labels_; ++i) {
      index_[i] = static_cast<Int>(labels[i]);
      exists_[i] = 1;
      // A path may go from a label to the next with no blank between unless they are the same.
      skips_[i] = i > 0 && labels[i] != labels[i - 1] ? T(1) : T(0);
    }
  }

  // Bytes for a sample with that many labels and, where they are kept, steps.
  static size_t scratch_bytes(int64_t labels, int64_t kept_steps) {
    const size_t states = Memory<T>::states_bytes(labels, kTangent);
    return 5 * Memory<T>::row_bytes(labels) + 4 * states + static_cast<size_t>(kept_steps) * states +
           2 * round_up_bytes(static_cast<size_t>(kept_steps) * sizeof(double));
  }

  // Sums over all paths. Keeps, if asked to, what arrives at each state before its emission. False
  // where y is such that the cost is NaN.
  bool forward(bool keep) {
    if (keep) {
      const auto steps = static_cast<size_t>(steps_);
      sums_ = reinterpret_cast<double*>(memory_.take(steps * sizeof(double)));
      sum_slopes_ = reinterpret_cast<double*>(memory_.take(steps * sizeof(double)));
      arriving_ = memory_.take(steps * Memory<T>::states_bytes(labels_, kTangent));
    }
    S from = memory_.template states<kTangent>(), to = memory_.template states<kTangent>();
    from.blank.set_one(0);
    for (int64_t t = 0; t < steps_; ++t) {
      bool negative;
      const double sum = RowSum(y_ + t * classes_, classes_, epsilon_, &negative);
      if (negative || !(sum > 0) || !(sum <= std::numeric_limits<T>::max())) return false;
      norm_.multiply(sum);
      double slope = 0;
      if constexpr (kTangent) {
        slope = RowSum(v_ + t * classes_, classes_, T(0), nullptr);
        norm_slope_ += slope / sum;
      }
      if (keep) {
        sums_[t] = sum;
        sum_slopes_[t] = slope;
        const S arriving = arriving_at(t);
        forward_step(t, from, to, &arriving);
      } else {
        forward_step(t, from, to, nullptr);
      }
      std::swap(from, to);
    }
    const int64_t last = labels_ - 1;  // −1 is padding, and so 0.
    total_ = add_scalars(from.blank.m[labels_], from.blank.e[labels_], from.label.m[last], from.label.e[last]);
    if constexpr (kTangent) {
      total_dot_ = add_scalars(from.blank_dot.m[labels_], from.blank_dot.e[labels_], from.label_dot.m[last],
                               from.label_dot.e[last]);
    }
    return true;
  }

  bool has_path() const { return total_.m > 0; }
  double cost() const {
    constexpr double kLog2 = 0.693147180559945309417;
    return std::log(norm_.m / total_.m) + static_cast<double>(norm_.e - total_.e) * kLog2;
  }
  double slope() const { return norm_slope_ - ratio(total_dot_, total_); }

  // scale · ∂cost/∂y, or where kTangent its derivative along v, into `out`, [steps, classes].
  void backward(T scale, T* out) {
    const S leaving = memory_.template states<kTangent>(), emitting = memory_.template states<kTangent>();
    T* const shares = memory_.template row<T>();
    leaving.blank.set_one(labels_);
    if (labels_ > 0) leaving.label.set_one(labels_ - 1);
    for (int64_t t = steps_ - 1; t >= 0; --t) {
      T* const row = out + t * classes_;
      const double sum = sums_[t];
      const double base = kTangent ? -sum_slopes_[t] / (sum * sum) : 1 / sum;
      std::fill_n(row, classes_, static_cast<T>(base) * scale);
      row[classes_ - 1] -= scale * backward_step(t, arriving_at(t), leaving, emitting, shares);
      for (int64_t i = 0; i < labels_; ++i) row[index_[i]] -= scale * shares[i];
      if (t > 0) step_back(emitting, leaving);
    }
  }

 private:
  S arriving_at(int64_t t) const { return memory_.template states_at<kTangent>(arriving_, t); }

  // p of the labels i … at step t, 0 beyond the last.
  HWY_INLINE W label_emission(int64_t t, int64_t i) const {
    constexpr D d;
    const auto y = hn::GatherIndex(d, y_ + t * classes_, hn::LoadU(DI(), index_ + i));
    return widen<T>(hn::Mul(hn::Add(y, hn::Set(d, epsilon_)), hn::LoadU(d, exists_ + i)));
  }
  HWY_INLINE W label_direction(int64_t t, int64_t i) const {
    constexpr D d;
    const auto v = hn::GatherIndex(d, v_ + t * classes_, hn::LoadU(DI(), index_ + i));
    return widen<T>(hn::Mul(v, hn::LoadU(d, exists_ + i)));
  }
  HWY_INLINE W blank_emission(int64_t t) const {
    return widen<T>(hn::Set(D(), y_[(t + 1) * classes_ - 1] + epsilon_));
  }
  HWY_INLINE W blank_direction(int64_t t) const { return widen<T>(hn::Set(D(), v_[(t + 1) * classes_ - 1])); }

  HWY_INLINE W skipped(const WideRow<T>& row, int64_t i, int64_t skip) const {
    constexpr D d;
    return if_then_else_zero<T>(hn::Gt(hn::LoadU(d, skips_ + skip), hn::Zero(d)), row[i]);
  }

  void forward_step(int64_t t, const S& from, const S& to, const S* arriving) const {
    const W blank = blank_emission(t);
    W blank_v = W::zero();
    if constexpr (kTangent) blank_v = blank_direction(t);
    for (int64_t i = 0; i < vectors_end_; i += kLanes<T>) {
      const W p = label_emission(t, i);
      const W at_label = add(from.label[i], from.blank[i], skipped(from.label, i - 1, i));
      const W at_blank = add(from.blank[i], from.label[i - 1]);
      to.label.set(i, normalize(mul(at_label, p)));
      to.blank.set(i, normalize(mul(at_blank, blank)));
      if (arriving != nullptr) {
        arriving->label.set(i, at_label);
        arriving->blank.set(i, at_blank);
      }
      if constexpr (kTangent) {
        const W label_dot = add(from.label_dot[i], from.blank_dot[i], skipped(from.label_dot, i - 1, i));
        const W blank_dot = add(from.blank_dot[i], from.label_dot[i - 1]);
        to.label_dot.set(i, normalize(add(mul(label_dot, p), mul(at_label, label_direction(t, i)))));
        to.blank_dot.set(i, normalize(add(mul(blank_dot, blank), mul(at_blank, blank_v))));
        if (arriving != nullptr) {
          arriving->label_dot.set(i, label_dot);
          arriving->blank_dot.set(i, blank_dot);
        }
      }
    }
  }

  // What a state has to do with the result: Σ over its paths / all paths / p, or where kTangent the
  // derivative of that.
  HWY_INLINE typename W::V share(const W& arriving, const W& leaving, const W& arriving_dot,
                                 const W& leaving_dot) const {
    constexpr D d;
    constexpr DI di;
    const W over_total{hn::Set(d, static_cast<T>(1 / total_.m)), hn::Set(di, static_cast<Int>(-total_.e))};
    const auto part = narrow<T>(mul(mul(arriving, leaving), over_total));
    if constexpr (!kTangent) return part;
    const auto change = add(mul(arriving_dot, leaving), mul(arriving, leaving_dot));
    return hn::Sub(narrow<T>(mul(change, over_total)),
                   hn::Mul(part, hn::Set(d, static_cast<T>(ratio(total_dot_, total_)))));
  }

  // From what leaves each state after step t: what step t itself emits to the rest, and the shares of
  // the labels; returns that of the blank.
  T backward_step(int64_t t, const S& arriving, const S& leaving, const S& emitting, T* shares) const {
    constexpr D d;
    const W blank = blank_emission(t);
    W blank_v = W::zero();
    if constexpr (kTangent) blank_v = blank_direction(t);
    auto blank_share = hn::Zero(d);
    for (int64_t i = 0; i < vectors_end_; i += kLanes<T>) {
      const W p = label_emission(t, i);
      const W label_out = leaving.label[i], blank_out = leaving.blank[i];
      const W label_in = arriving.label[i], blank_in = arriving.blank[i];
      emitting.label.set(i, normalize(mul(label_out, p)));
      emitting.blank.set(i, normalize(mul(blank_out, blank)));
      if constexpr (kTangent) {
        const W label_out_dot = leaving.label_dot[i], blank_out_dot = leaving.blank_dot[i];
        hn::StoreU(share(label_in, label_out, arriving.label_dot[i], label_out_dot), d, shares + i);
        blank_share = hn::Add(blank_share, share(blank_in, blank_out, arriving.blank_dot[i], blank_out_dot));
        emitting.label_dot.set(i, normalize(add(mul(label_out_dot, p), mul(label_out, label_direction(t, i)))));
        emitting.blank_dot.set(i, normalize(add(mul(blank_out_dot, blank), mul(blank_out, blank_v))));
      } else {
        const W none = W::zero();
        hn::StoreU(share(label_in, label_out, none, none), d, shares + i);
        blank_share = hn::Add(blank_share, share(blank_in, blank_out, none, none));
      }
    }
    return hn::GetLane(hn::SumOfLanes(d, blank_share));
  }

  void step_back(const S& emitting, const S& leaving) const {
    for (int64_t i = 0; i < vectors_end_; i += kLanes<T>) {
      leaving.label.set(i, add(emitting.label[i], emitting.blank[i + 1], skipped(emitting.label, i + 1, i + 1)));
      leaving.blank.set(i, add(emitting.blank[i], emitting.label[i]));
      if constexpr (kTangent) {
        leaving.label_dot.set(i, add(emitting.label_dot[i], emitting.blank_dot[i + 1],
                                     skipped(emitting.label_dot, i + 1, i + 1)));
        leaving.blank_dot.set(i, add(emitting.blank_dot[i], emitting.label_dot[i]));
      }
    }
  }

  const int64_t classes_, steps_, labels_, vectors_end_;
  const T epsilon_;
  const T *const y_, *const v_;
  Memory<T> memory_;
  Int* index_;
  T *exists_, *skips_;
  double *sums_ = nullptr, *sum_slopes_ = nullptr;
  char* arriving_ = nullptr;
  Scalar norm_, total_, total_dot_;
  double norm_slope_ = 0;
};

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CTC_BATCH_COST_SAMPLE_INL_H_
