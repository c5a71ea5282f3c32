#include "common.cuh"

// sums -> y (N, K, L) of n elements: rounded, with the bias of the channel where epilogue is 1, and ReLU where it is 2.
// The sums' samples lie sample_step apart, their channels channel_step. They may be y itself, in y's own order.
template <typename T, typename I>
__global__ void finish(const typename Computed<T>::type* sums, const T* bias, T* y, I n, I K, I L, I sample_step,
                       I channel_step, I epilogue) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    I l = i % L, k = i / L % K, sample = i / L / K;
    V v = sums[sample * sample_step + k * channel_step + l];
    if (epilogue > 0) v += wide(bias[k]);
    if (epilogue > 1 && v < V(0)) v = V(0);  // NaN stays
    y[i] = Rounded<T>::of(v);
  }
}
