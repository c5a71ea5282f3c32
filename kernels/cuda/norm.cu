#include "teams.cuh"

// x (N, C, S), P the dtype of weight and bias. A channel has count = N * S numbers. It belongs to a team, which adds
// them up and then goes over them again; or it is cut into gridDim.y chunks of a block each: then one launch adds up
// every chunk, and the blocks of the next one add the chunks' sums, each block all of them in the same order.
// Neighbouring threads take neighbouring numbers of a plane. All in float64.

// The numbers i, i + size, ... of channel c, each at x[place]: divides once, at the start.
template <typename I>
struct Walk {
  I i, place, size, column, columns, next_place, next_column, next_plane;

  __device__ Walk(I c, I C, I S, I start, I size_) : i(start), size(size_), column(start % S), columns(S) {
    place = (start / S * C + c) * S + column;
    next_column = size % S;
    next_place = size / S * C * S + next_column;
    next_plane = (C - 1) * S;
  }

  __device__ void go_on() {
    i += size;
    column += next_column;
    place += next_place;
    if (column < columns) return;
    column -= columns;
    place += next_plane;
  }
};

// Sums of x - shift and of its square. `shift` is one of the channel's own numbers, so that however far from 0 they
// lie, the variance loses no more than log2(count) bits where the square of the mean is taken off the mean square.
template <typename T>
struct Deviations {
  const T* x;
  double shift;

  template <typename I>
  __device__ Deviations(const T* x_, I c, I S) : x(x_), shift(wide(x_[c * S])) {
    if (shift - shift != 0) shift = 0;  // infinite or NaN
  }

  template <typename I>
  __device__ void add(I place, double* total, double* product) const {
    double d = static_cast<double>(wide(x[place])) - shift;
    *total += d;
    *product += d * d;
  }
};

// Sums of gy and of gy (x - mean).
template <typename T>
struct Slopes {
  const T *gy, *x;
  double mean;

  template <typename I>
  __device__ void add(I place, double* total, double* product) const {
    double g = wide(gy[place]);
    *total += g;
    *product += g * (static_cast<double>(wide(x[place])) - mean);
  }
};

// Both sums over the channel's numbers start ... end - 1, for every thread of the team.
template <typename Terms, typename I>
__device__ inline void add_up(const Terms& terms, I c, I C, I S, I start, I end, const Team<I>& team, double* total,
                              double* product) {
  double a = 0, b = 0;
  for (Walk<I> walk(c, C, S, start + team.member, team.size); walk.i < end; walk.go_on()) terms.add(walk.place, &a, &b);
  *total = joined<Sum>(a, team.size);
  *product = joined<Sum>(b, team.size);
}

// Both sums over the whole channel: from its numbers, or from what add_chunk found.
template <typename Terms, typename I>
__device__ inline void add_channel(const Terms& terms, const double* sums, I c, I C, I S, I count, const Team<I>& team,
                                   double* total, double* product) {
  I chunks = gridDim.y;
  if (chunks == 1) return add_up(terms, c, C, S, I(0), count, team, total, product);
  bool found = team.member < chunks;  // there are no more chunks than threads
  const double* mine = sums + 2 * (c * chunks + team.member);
  *total = joined<Sum>(found ? mine[0] : 0.0, team.size);
  *product = joined<Sum>(found ? mine[1] : 0.0, team.size);
}

// sums (C, chunks, 2): block (c, chunk) adds up its numbers.
template <typename Terms, typename I>
__device__ inline void add_chunk(const Terms& terms, double* sums, I c, I C, I S, I count, I chunk) {
  Team<I> team(BLOCK);
  double total, product;
  I start = static_cast<I>(blockIdx.y) * chunk;
  add_up(terms, c, C, S, start, smaller(start + chunk, count), team, &total, &product);
  if (team.member != 0) return;
  double* mine = sums + 2 * (c * static_cast<I>(gridDim.y) + static_cast<I>(blockIdx.y));
  mine[0] = total;
  mine[1] = product;
}

template <typename T, typename P, typename I>
__global__ void batch_norm_sums(const T* x, double* sums, I count, I C, I S, I chunk) {
  I c = blockIdx.x;
  add_chunk(Deviations<T>(x, c, S), sums, c, C, S, count, chunk);
}

template <typename T, typename P, typename I>
__global__ void batch_norm_grad_sums(const T* gy, const T* x, const typename Computed<T>::type* mean, double* sums,
                                     I count, I C, I S, I chunk) {
  I c = blockIdx.x;
  Slopes<T> slopes = {gy, x, mean[c]};
  add_chunk(slopes, sums, c, C, S, count, chunk);
}

// y = (x - mean) * scale + shift, in the team's chunk of the channel.
template <typename T, typename I>
__device__ inline void normalise(const T* x, T* y, I c, I C, I S, I count, I chunk, const Team<I>& team, double mean,
                                 double scale, double shift) {
  typedef typename Computed<T>::type V;
  I start = static_cast<I>(blockIdx.y) * chunk, end = smaller(start + chunk, count);
  for (Walk<I> walk(c, C, S, start + team.member, team.size); walk.i < end; walk.go_on()) {
    double v = (static_cast<double>(wide(x[walk.place])) - mean) * scale + shift;
    y[walk.place] = Rounded<T>::of(static_cast<V>(v));
  }
}

template <typename P, typename I>
__device__ inline double parameter(const P* values, I given, I c, double otherwise) {
  return given ? static_cast<double>(wide(values[c])) : otherwise;
}

template <typename T, typename P, typename I>
__global__ void batch_norm(const T* x, const double* sums, const P* weight, I has_weight, const P* bias, I has_bias,
                           double eps, T* y, typename Computed<T>::type* mean, typename Computed<T>::type* invstd,
                           I count, I C, I S, I chunk, I size) {
  typedef typename Computed<T>::type V;
  Team<I> team(size);
  for (I c = team.first; c < C; c += team.count) {
    Deviations<T> deviations(x, c, S);
    double total, square;
    add_channel(deviations, sums, c, C, S, count, team, &total, &square);
    double distance = total / static_cast<double>(count);
    double variance = larger(square / static_cast<double>(count) - distance * distance, 0.0);
    double middle = deviations.shift + distance, inverse = 1 / sqrt(variance + eps);
    normalise(x, y, c, C, S, count, chunk, team, middle, inverse * parameter(weight, has_weight, c, 1.0),
              parameter(bias, has_bias, c, 0.0));
    if (team.member != 0 || blockIdx.y != 0) continue;
    mean[c] = static_cast<V>(middle);
    invstd[c] = static_cast<V>(inverse);
  }
}

template <typename T, typename P, typename I>
__global__ void batch_norm_eval(const T* x, const P* mean, const P* var, const P* weight, I has_weight, const P* bias,
                                I has_bias, double eps, T* y, I count, I C, I S, I chunk, I size) {
  Team<I> team(size);
  for (I c = team.first; c < C; c += team.count) {
    double scale = parameter(weight, has_weight, c, 1.0) / sqrt(static_cast<double>(wide(var[c])) + eps);
    normalise(x, y, c, C, S, count, chunk, team, static_cast<double>(wide(mean[c])), scale,
              parameter(bias, has_bias, c, 0.0));
  }
}

// gx = weight invstd (gy - mean(gy) - xhat mean(gy xhat)), gweight = sum(gy xhat), gbias = sum(gy).
template <typename T, typename P, typename I>
__global__ void batch_norm_grad(const T* gy, const T* x, const double* sums, const P* weight, I has_weight,
                                const typename Computed<T>::type* mean, const typename Computed<T>::type* invstd,
                                T* gx, P* gweight, P* gbias, I count, I C, I S, I chunk, I size) {
  typedef typename Computed<T>::type V;
  Team<I> team(size);
  for (I c = team.first; c < C; c += team.count) {
    Slopes<T> slopes = {gy, x, mean[c]};
    double total, product, inverse = invstd[c];
    add_channel(slopes, sums, c, C, S, count, team, &total, &product);
    product *= inverse;
    double scale = inverse * parameter(weight, has_weight, c, 1.0);
    double by_x = scale * product * inverse / static_cast<double>(count), average = total / static_cast<double>(count);
    I start = static_cast<I>(blockIdx.y) * chunk, end = smaller(start + chunk, count);
    for (Walk<I> walk(c, C, S, start + team.member, size); walk.i < end; walk.go_on()) {
      double v = (static_cast<double>(wide(gy[walk.place])) - average) * scale -
                 (static_cast<double>(wide(x[walk.place])) - slopes.mean) * by_x;
      gx[walk.place] = Rounded<T>::of(static_cast<V>(v));
    }
    if (team.member != 0 || blockIdx.y != 0) continue;
    gweight[c] = Rounded<P>::of(static_cast<typename Computed<P>::type>(product));
    gbias[c] = Rounded<P>::of(static_cast<typename Computed<P>::type>(total));
  }
}
