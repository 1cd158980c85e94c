// Random numbers by counter: each is a function of a seed, the number of the call and its own index.
//
// The stream. Philox 4x32-10 with key (seed mod 2^32, seed div 2^32) and counter (b mod 2^32,
// b div 2^32, call mod 2^32, call div 2^32) gives the four words of block b; word i of a stream is
// word i mod 4 of block i div 4. Element i takes word i or, where it is computed in 64 bits
// (float64; integers from a range above 2^32), the words 2i (lower half) and 2i+1.
//
// Every function below uses integer operations and single IEEE additions, multiplications, divisions
// and square roots in a fixed order, never a fused multiply-add: any target, number of threads or GPU
// gets the same bits. Thread-safe.
#ifndef KEEL_OPS_RANDOM_DISTRIBUTIONS_KERNEL_H_
#define KEEL_OPS_RANDOM_DISTRIBUTIONS_KERNEL_H_

#include <cstdint>

#include "core/threads.h"
#include "core/view.h"

namespace keel {

// Which stream: the key and the upper half of the counters.
struct RandomStream {
  uint64_t seed = 0, call = 0;
};

// The stream itself. `out`: uint32.
void fill_words(const RandomStream& stream, const View& out, const ThreadPool& pool);

// Uniform in [low, high). Floating dtypes: low + u·(high − low) for u = (word div 2^8)·2^-24, in
// float32 (float64: u = (words div 2^12)·2^-52), at most the last number below `high`. float16 and
// bfloat16 round that.
void fill_uniform(const RandomStream& stream, double low, double high, const View& out,
                  const ThreadPool& pool);

// Uniform among the integers low … low + range − 1; `range` 0 stands for 2^64. Integer dtypes:
// low + (word·range) div 2^32, with 64-bit words where range is above 2^32; no number is more likely
// than another by more than range/2^32 (2^64).
void fill_uniform_integers(const RandomStream& stream, int64_t low, uint64_t range, const View& out,
                           const ThreadPool& pool);

// mean + stddev·z for z = the normal distribution's quantile of (v + ½)/2^32, where v is the word with
// its upper bit flipped (float64: of the upper 53 bits, likewise); relative error of z below 5e-7
// (float64: 1e-14). `truncated`: z is drawn from the
// distribution within [−2, 2], which is what drawing again until a number falls there amounts to.
void fill_normal(const RandomStream& stream, double mean, double stddev, bool truncated,
                 const View& out, const ThreadPool& pool);

// 1 where word < p·2^32, else 0; any dtype. p = 1 gives ones.
void fill_bernoulli(const RandomStream& stream, double p, const View& out, const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_RANDOM_DISTRIBUTIONS_KERNEL_H_
