// Random numbers: number i is a function of seed, offset and i, whatever the grid. A thread makes the numbers of one
// counter together.
#include "common.cuh"
#include "philox.cuh"

// make(words, i) for the numbers i of each counter, up to n of them.
template <int COUNT, typename I, typename Make>
__device__ inline void fill(Word64 seed, Word64 offset, I n, Make make) {
  I counters = n / COUNT + (n % COUNT != 0);
  for (I counter = first<I>(); counter < counters; counter += step<I>()) {
    Words words = philox(seed, offset, static_cast<Word64>(counter));
    for (int i = 0; i < COUNT && counter * COUNT + i < n; ++i) make(words, i, counter * COUNT + i);
  }
}

// The words themselves, in pairs, from the counter `start` on.
template <typename I>
__global__ void pairs(Word64* out, Word64 seed, Word64 offset, Word64 start, I n) {
  for (I i = first<I>(); i < n; i += step<I>()) {
    out[i] = philox(seed, offset, start + static_cast<Word64>(i) / 2).pair(static_cast<int>(i % 2));
  }
}

// low ... low + span - 1; a span of 0 stands for 2 ** 64.
template <typename I>
__global__ void integers(long long* out, long long low, Word64 span, Word64 seed, Word64 offset, I n) {
  fill<2>(seed, offset, n, [=](const Words& words, int i, I place) {
    Word64 value = span ? words.pair(i) % span : words.pair(i);
    out[place] = static_cast<long long>(static_cast<Word64>(low) + value);
  });
}

// In [low, high): what is rounded up to high becomes low.
template <typename T, typename I>
__global__ void uniform(T* out, double low, double high, Word64 seed, Word64 offset, I n) {
  typedef typename Computed<T>::type V;
  fill<Uniform<V>::COUNT>(seed, offset, n, [=](const Words& words, int i, I place) {
    T value = Rounded<T>::of(static_cast<V>(Uniform<V>::of(words, i) * static_cast<V>(high - low) + static_cast<V>(low)));
    out[place] = wide(value) < static_cast<V>(high) ? value : Rounded<T>::of(static_cast<V>(low));
  });
}

// Box and Muller: two uniform numbers, a radius and an angle, make two normal ones.
template <typename T, typename I>
__global__ void normal(T* out, double mean, double deviation, Word64 seed, Word64 offset, I n) {
  typedef typename Computed<T>::type V;
  fill<Uniform<V>::COUNT>(seed, offset, n, [=](const Words& words, int i, I place) {
    V radius = sqrt(V(-2) * log(Uniform<V>::above_zero(words, i / 2 * 2)));
    V angle = V(6.283185307179586) * Uniform<V>::of(words, i / 2 * 2 + 1);
    V value = radius * (i % 2 ? sin(angle) : cos(angle));
    out[place] = Rounded<T>::of(static_cast<V>(value * static_cast<V>(deviation) + static_cast<V>(mean)));
  });
}

template <typename T, typename I>
__global__ void exponential(T* out, double rate, Word64 seed, Word64 offset, I n) {
  fill<2>(seed, offset, n, [=](const Words& words, int i, I place) {
    double half = 1.1102230246251565e-16;  // keeps the logarithm from 0, so that one can divide by the number
    double value = -log(static_cast<double>(words.pair(i) >> 12) * (2 * half) + half) / rate;
    out[place] = Rounded<T>::of(static_cast<typename Computed<T>::type>(value));
  });
}

// Whether a uniform number is below the chance at its place.
template <typename T, typename I>
__global__ void bernoulli(bool* out, const T* chances, Word64 seed, Word64 offset, I n) {
  typedef typename Computed<T>::type V;
  fill<Uniform<V>::COUNT>(seed, offset, n, [=](const Words& words, int i, I place) {
    out[place] = Uniform<V>::of(words, i) < wide(chances[place]);
  });
}

// True with the chance threshold / 2 ** 32.
template <typename I>
__global__ void keep(bool* out, Word64 threshold, Word64 seed, Word64 offset, I n) {
  fill<4>(seed, offset, n, [=](const Words& words, int i, I place) { out[place] = words.word[i] < threshold; });
}

// For each of `samples` numbers of a row: the first of its `columns` weights at which their sum is above a random part
// of the whole. `sums` are the weights added up along the row.
template <typename I>
__global__ void choose(long long* out, const double* sums, Word64 seed, Word64 offset, I columns, I samples, I n) {
  fill<2>(seed, offset, n, [=](const Words& words, int i, I place) {
    const double* row = sums + place / samples * columns;
    double part = Uniform<double>::of(words, i) * row[columns - 1];
    I low = 0, high = columns - 1;
    while (low < high) {
      I middle = low + (high - low) / 2;
      if (row[middle] > part) high = middle;
      else low = middle + 1;
    }
    out[place] = low;
  });
}
