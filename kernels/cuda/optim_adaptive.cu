#include "common.cuh"
#include "tensors.cuh"

// Compiled without contraction: each operation is rounded by itself, in the order of the NumPy calls in
// kernels/cpu/optim_adaptive.py.

template <typename V>
__device__ inline V directed(V g, V p, V weight_decay, bool decays, bool maximize) {
  if (maximize) g = -g;
  return decays ? g + weight_decay * p : g;
}

// start + weight (end - start), from whichever end is nearer; rest = 1 - weight.
template <typename V>
__device__ inline V lerp(V start, V end, V weight, V rest) {
  return weight < V(0.5) ? start + weight * (end - start) : end - (end - start) * rest;
}

// The decaying mean of squares.
template <typename V>
__device__ inline V decayed(V average, V keep, V rest, V value) {
  return average * keep + rest * value * value;
}

template <typename T, typename I>
__global__ void adamax(Table<4> table, Number<T> weight_decay, Number<T> rest1, Number<T> again1, Number<T> beta2,
                       Number<T> eps, Number<T> rate, bool decays, bool maximize) {
  typedef Number<T> V;
  update<T, I>(table, [=](V p, V g, V* states) {
    V &average = states[0], &largest = states[1];
    g = directed(g, p, weight_decay, decays, maximize);
    average = lerp(average, g, rest1, again1);
    V before = largest * beta2, now = fabs(g) + eps;
    largest = before >= now || before != before ? before : now;
    return p + rate * average / largest;
  });
}

template <typename T, typename I>
__global__ void nadam(Table<4> table, Number<T> shrink, Number<T> weight_decay, Number<T> rest1, Number<T> again1,
                      Number<T> beta2, Number<T> rest2, Number<T> correction, Number<T> eps, Number<T> rate,
                      Number<T> rate_next, bool decays, bool maximize) {
  typedef Number<T> V;
  update<T, I>(table, [=](V p, V g, V* states) {
    V &average = states[0], &square = states[1];
    p = p * shrink;
    g = directed(g, p, weight_decay, decays, maximize);
    average = lerp(average, g, rest1, again1);
    square = decayed(square, beta2, rest2, g);
    V root = sqrt(square / correction) + eps;
    return p + rate * g / root + rate_next * average / root;
  });
}

template <typename T, typename I>
__global__ void radam(Table<4> table, Number<T> shrink, Number<T> weight_decay, Number<T> rest1, Number<T> again1,
                      Number<T> beta2, Number<T> rest2, Number<T> correction1, Number<T> lr, Number<T> correction2,
                      Number<T> eps, Number<T> rectification, bool decays, bool rectifies, bool maximize) {
  typedef Number<T> V;
  update<T, I>(table, [=](V p, V g, V* states) {
    V &average = states[0], &square = states[1];
    p = p * shrink;
    g = directed(g, p, weight_decay, decays, maximize);
    average = lerp(average, g, rest1, again1);
    square = decayed(square, beta2, rest2, g);
    V change = average / correction1 * lr;
    if (rectifies) change = change * (correction2 / (sqrt(square) + eps)) * rectification;
    return p - change;
  });
}

template <typename T, typename I>
__global__ void rmsprop(Table<5> table, Number<T> weight_decay, Number<T> alpha, Number<T> rest, Number<T> again,
                        Number<T> eps, Number<T> momentum, Number<T> rate, bool decays, bool centered, bool moves,
                        bool maximize) {
  typedef Number<T> V;
  update<T, I>(table, [=](V p, V g, V* states) {
    V &square = states[0], &average = states[1], &buffer = states[2];
    g = directed(g, p, weight_decay, decays, maximize);
    square = decayed(square, alpha, rest, g);
    V v = square;
    if (centered) {
      average = lerp(average, g, rest, again);
      v = v - average * average;
    }
    V root = sqrt(v) + eps;
    if (!moves) return p + rate * g / root;
    buffer = buffer * momentum + g / root;
    return p + rate * buffer;
  });
}

template <typename T, typename I>
__global__ void adagrad(Table<3> table, Number<T> weight_decay, Number<T> eps, Number<T> rate, bool decays,
                        bool maximize) {
  typedef Number<T> V;
  update<T, I>(table, [=](V p, V g, V* states) {
    V& total = states[0];
    g = directed(g, p, weight_decay, decays, maximize);
    total = total + g * g;
    return p + rate * g / (sqrt(total) + eps);
  });
}

template <typename T, typename I>
__global__ void adadelta(Table<4> table, Number<T> weight_decay, Number<T> rho, Number<T> rest, Number<T> eps,
                         Number<T> rate, bool decays, bool maximize) {
  typedef Number<T> V;
  update<T, I>(table, [=](V p, V g, V* states) {
    V &square = states[0], &deltas = states[1];
    g = directed(g, p, weight_decay, decays, maximize);
    square = decayed(square, rho, rest, g);
    V delta = sqrt(deltas + eps) / sqrt(square + eps) * g;
    deltas = decayed(deltas, rho, rest, delta);
    return p + rate * delta;
  });
}
