#include "common.cuh"

// One thread an element. The result may be written over an input.

template <typename T, typename I>
__global__ void relu(const T* x, T* y, I n) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    V v = wide(x[i]);
    y[i] = Rounded<T>::of(v < V(0) ? V(0) : v);  // NaN is not below 0
  }
}

template <typename T, typename I>
__global__ void relu_grad(const T* gy, const T* y, T* gx, I n) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) gx[i] = Rounded<T>::of(wide(y[i]) <= V(0) ? V(0) : wide(gy[i]));
}

template <typename T, typename I>
__global__ void sigmoid(const T* x, T* y, I n) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) y[i] = Rounded<T>::of(V(1) / (V(1) + exp(-wide(x[i]))));
}

template <typename T, typename I>
__global__ void sigmoid_grad(const T* gy, const T* y, T* gx, I n) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    V v = wide(y[i]);
    gx[i] = Rounded<T>::of(wide(gy[i]) * (V(1) - v) * v);
  }
}

// Not named tanh: inside it, that name would be the kernel's own.
template <typename T, typename I>
__global__ void tanh_forward(const T* x, T* y, I n) {
  for (I i = first<I>(); i < n; i += step<I>()) y[i] = Rounded<T>::of(tanh(wide(x[i])));
}

template <typename T, typename I>
__global__ void tanh_grad(const T* gy, const T* y, T* gx, I n) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    V v = wide(y[i]);
    gx[i] = Rounded<T>::of(wide(gy[i]) * (V(1) - v * v));
  }
}
