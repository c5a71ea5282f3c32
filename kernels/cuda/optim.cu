#include "common.cuh"
#include "tensors.cuh"

// Compiled without contraction: each operation is rounded by itself, but for the fma written.

template <typename T, typename I>
__global__ void sgd(Table<3> table, Number<T> lr, Number<T> momentum, Number<T> undamped, Number<T> weight_decay,
                    bool decays, bool buffered, bool nesterov, bool maximize, bool first) {
  typedef Number<T> V;
  update<T, I>(table, [=](V p, V g, V* states) {
    V& buffer = states[0];
    if (maximize) g = -g;
    if (decays) g = fma(p, weight_decay, g);
    if (buffered) {
      buffer = first ? g : fma(g, undamped, buffer * momentum);
      g = nesterov ? fma(buffer, momentum, g) : buffer;
    }
    return fma(g, -lr, p);
  });
}

template <typename T, typename I>
__global__ void adam(Table<5> table, Number<T> shrink, Number<T> weight_decay, Number<T> rest1, Number<T> beta2,
                     Number<T> rest2, Number<T> correction, Number<T> eps, Number<T> rate, bool decays, bool amsgrad,
                     bool maximize) {
  typedef Number<T> V;
  update<T, I>(table, [=](V p, V g, V* states) {
    V &average = states[0], &square = states[1], &largest = states[2];
    p = p * shrink;
    if (maximize) g = -g;
    if (decays) g = fma(p, weight_decay, g);
    // lerp: from whichever end is nearer
    average = rest1 < V(0.5) ? fma(rest1, g - average, average) : fma(rest1 - V(1), g - average, g);
    square = fma(rest2 * g, g, square * beta2);
    V v = square;
    if (amsgrad) v = largest = v >= largest || v != v ? v : largest;
    return p + rate * average / (sqrt(v) / correction + eps);
  });
}
