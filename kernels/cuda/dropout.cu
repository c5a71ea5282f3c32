// Dropout: what is kept is drawn and scaled in one pass, and kept for the gradient.
#include "common.cuh"
#include "philox.cuh"

// The factor of what is dropped is 0, not its result: NaN and the sign of 0 stay, as in a product with a mask.
template <typename T, typename I>
__global__ void dropout(T* y, bool* kept, const T* x, double scale, Word64 threshold, Word64 seed, Word64 offset, I n) {
  typedef typename Computed<T>::type V;
  I counters = n / 4 + (n % 4 != 0);
  for (I counter = first<I>(); counter < counters; counter += step<I>()) {
    Words words = philox(seed, offset, static_cast<Word64>(counter));
    for (int i = 0; i < 4 && counter * 4 + i < n; ++i) {
      I place = counter * 4 + i;
      bool keep = words.word[i] < threshold;
      kept[place] = keep;
      y[place] = Rounded<T>::of(static_cast<V>(wide(x[place]) * (keep ? static_cast<V>(scale) : V(0))));
    }
  }
}

template <typename T, typename I>
__global__ void scaled(T* y, const T* x, const bool* kept, double scale, I n) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    y[i] = Rounded<T>::of(static_cast<V>(wide(x[i]) * (kept[i] ? static_cast<V>(scale) : V(0))));
  }
}
