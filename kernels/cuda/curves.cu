#include "common.cuh"

// Activation functions: value(x, numbers) and slope(gy, x, numbers), gy times the derivative. Where the derivative is 0
// or 1 an infinite gy does no harm. NaN stays NaN: comparisons are written such that it takes the way of x itself.

template <typename V>
struct Numbers {
  V a, b, c;
};

template <typename V>
__device__ inline V logistic(V x) {
  return V(1) / (V(1) + exp(-x));
}

template <typename V>
__device__ inline V held(V x, V low, V high) {
  return x < low ? low : x > high ? high : x;
}

struct hardtanh {  // a ... b
  template <typename V>
  __device__ static V value(V x, Numbers<V> n) {
    return held(x, n.a, n.b);
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V> n) {
    return x <= n.a || x >= n.b ? V(0) : gy;
  }
};

struct leaky_relu {  // a: the slope below 0
  template <typename V>
  __device__ static V value(V x, Numbers<V> n) {
    return x > V(0) ? x : x * n.a;
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V> n) {
    return x > V(0) ? gy : gy * n.a;
  }
};

struct hardsigmoid {
  template <typename V>
  __device__ static V value(V x, Numbers<V>) {
    return held(x + V(3), V(0), V(6)) / V(6);
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V>) {
    return x > V(-3) && x < V(3) ? gy / V(6) : V(0);
  }
};

struct hardswish {
  template <typename V>
  __device__ static V value(V x, Numbers<V>) {
    return x * held(x + V(3), V(0), V(6)) / V(6);
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V>) {
    return x <= V(-3) ? V(0) : x < V(3) ? gy * (x / V(3) + V(0.5)) : gy;
  }
};

struct elu {  // a: alpha, b: scale, c: what x is multiplied by inside of exp
  template <typename V>
  __device__ static V value(V x, Numbers<V> n) {
    return x <= V(0) ? expm1(x * n.c) * (n.a * n.b) : x * n.b;
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V> n) {
    return x <= V(0) ? gy * (n.a * n.b * n.c) * exp(x * n.c) : gy * n.b;
  }
};

struct silu {
  template <typename V>
  __device__ static V value(V x, Numbers<V>) {
    return x / (V(1) + exp(-x));
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V>) {
    V s = logistic(x);
    return gy * (s * (V(1) + x * (V(1) - s)));
  }
};

struct softplus {  // a: beta, b: threshold
  template <typename V>
  __device__ static V value(V x, Numbers<V> n) {
    return x * n.a > n.b ? x : log1p(exp(x * n.a)) / n.a;
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V> n) {
    return x * n.a > n.b ? gy : gy * logistic(x * n.a);
  }
};

struct mish {
  template <typename V>
  __device__ static V value(V x, Numbers<V>) {
    return x * tanh(log1p(exp(x)));
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V>) {
    V t = tanh(log1p(exp(x)));
    return gy * (t + x * logistic(x) * (V(1) - t * t));
  }
};

struct logsigmoid {
  template <typename V>
  __device__ static V value(V x, Numbers<V>) {
    return (x < V(0) ? x : V(0)) - log1p(exp(x < V(0) ? x : -x));
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V>) {
    return gy * logistic(-x);
  }
};

struct gelu {
  template <typename V>
  __device__ static V half_and_half(V x) {  // the normal distribution's integral up to x
    return V(0.5) * (V(1) + erf(x * V(0.70710678118654752440)));
  }
  template <typename V>
  __device__ static V value(V x, Numbers<V>) {
    return x * half_and_half(x);
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V>) {
    V density = exp(V(-0.5) * x * x) * V(0.39894228040143267794);
    return gy * (half_and_half(x) + x * density);
  }
};

struct gelu_tanh {
  template <typename V>
  __device__ static V curved(V x) {
    return tanh(V(0.79788456080286535588) * (x + V(0.044715) * x * x * x));
  }
  template <typename V>
  __device__ static V value(V x, Numbers<V>) {
    return V(0.5) * x * (V(1) + curved(x));
  }
  template <typename V>
  __device__ static V slope(V gy, V x, Numbers<V>) {
    V t = curved(x), inner = V(0.79788456080286535588) * (V(1) + V(3 * 0.044715) * x * x);
    return gy * (V(0.5) * (V(1) + t) + V(0.5) * x * (V(1) - t * t) * inner);
  }
};

// One thread an element. The result may be written over an input.
template <typename Curve, typename T, typename I>
__global__ void value(const T* x, T* y, I n, double a, double b, double c) {
  typedef typename Computed<T>::type V;
  Numbers<V> numbers = {static_cast<V>(a), static_cast<V>(b), static_cast<V>(c)};
  for (I i = first<I>(); i < n; i += step<I>()) y[i] = Rounded<T>::of(Curve::value(wide(x[i]), numbers));
}

template <typename Curve, typename T, typename I>
__global__ void slope(const T* gy, const T* x, T* gx, I n, double a, double b, double c) {
  typedef typename Computed<T>::type V;
  Numbers<V> numbers = {static_cast<V>(a), static_cast<V>(b), static_cast<V>(c)};
  for (I i = first<I>(); i < n; i += step<I>()) gx[i] = Rounded<T>::of(Curve::slope(wide(gy[i]), wide(x[i]), numbers));
}
