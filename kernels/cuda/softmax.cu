#include "rows.cuh"

template <typename T, typename I>
__global__ void softmax(const T* x, T* y, I rows, I length, I inner, I size) {
  typedef typename Computed<T>::type V;
  Team<I> team(size);
  for (I r = team.first; r < rows; r += team.count) {
    Row<T, I> row(r, length, inner);
    V largest;
    V scale = static_cast<V>(1 / sum_of_exp(x, row, length, team, &largest));
    for (I i = team.member; i < length; i += size) {
      y[row.at(i)] = Rounded<T>::of(exp(wide(x[row.at(i)]) - largest) * scale);
    }
  }
}

template <typename T, typename I>
__global__ void log_softmax(const T* x, T* y, I rows, I length, I inner, I size) {
  typedef typename Computed<T>::type V;
  Team<I> team(size);
  for (I r = team.first; r < rows; r += team.count) {
    Row<T, I> row(r, length, inner);
    V largest;
    // In float64: where the logits are large, their float32 sum with the logarithm would show.
    double shift = log(sum_of_exp(x, row, length, team, &largest)) + static_cast<double>(largest);
    for (I i = team.member; i < length; i += size) {
      y[row.at(i)] = Rounded<T>::of(static_cast<V>(static_cast<double>(wide(x[row.at(i)])) - shift));
    }
  }
}

template <typename T, typename I>
__global__ void softmax_grad(const T* gy, const T* y, T* gx, I rows, I length, I inner, I size) {
  typedef typename Computed<T>::type V;
  Team<I> team(size);
  for (I r = team.first; r < rows; r += team.count) {
    Row<T, I> row(r, length, inner);
    double total = 0;
    for (I i = team.member; i < length; i += size) {
      total += static_cast<double>(wide(gy[row.at(i)])) * static_cast<double>(wide(y[row.at(i)]));
    }
    V mean = static_cast<V>(joined<Sum>(total, size));
    for (I i = team.member; i < length; i += size) {
      gx[row.at(i)] = Rounded<T>::of(wide(y[row.at(i)]) * (wide(gy[row.at(i)]) - mean));
    }
  }
}

template <typename T, typename I>
__global__ void log_softmax_grad(const T* gy, const T* y, T* gx, I rows, I length, I inner, I size) {
  typedef typename Computed<T>::type V;
  Team<I> team(size);
  for (I r = team.first; r < rows; r += team.count) {
    Row<T, I> row(r, length, inner);
    double total = 0;
    for (I i = team.member; i < length; i += size) total += wide(gy[row.at(i)]);
    V summed = static_cast<V>(joined<Sum>(total, size));
    for (I i = team.member; i < length; i += size) {
      gx[row.at(i)] = Rounded<T>::of(wide(gy[row.at(i)]) - exp(wide(y[row.at(i)])) * summed);
    }
  }
}
