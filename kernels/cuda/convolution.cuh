// Convolution as the product of walk.cuh: each function says what its rows, terms and places are, and where they lie.
// Method says how a tile is computed: its ROWS and PLACES, and `run`. KERNELS makes the kernels of one.
#include "walk.cuh"

// w (K, C / groups, KH, KW): (c, r, s) of one k. Tap (r, s) lies r * dh rows below the window's first.
template <typename I>
__device__ inline Walk<I> taps(I Cg, I H, I W, I KH, I KW, I dh, I dw) {
  return {Cg * KH * KW, KH, KW, {KH * KW, KW, I(1)}, H * W, I(0), dh, I(0), dw};
}

// y (N, K, OH, OW): (n, oh, ow) of one k. Window (oh, ow) begins at row oh * sh - ph of the image.
template <typename I>
__device__ inline Walk<I> windows(I N, I C, I H, I W, I K, I OH, I OW, I sh, I sw, I ph, I pw) {
  return {N * OH * OW, OH, OW, {K * OH * OW, OW, I(1)}, C * H * W, -ph, sh, -pw, sw};
}

template <typename Method, typename T, typename I>
__device__ inline void forward(const T* x, const T* w, const T* bias, T* y, I N, I C, I H, I W, I K, I OH, I OW, I KH,
                               I KW, I sh, I sw, I ph, I pw, I dh, I dw, I groups, I epilogue) {
  const I Cg = C / groups, Kg = K / groups, depth = Cg * KH * KW;
  const Walk<I> terms = taps(Cg, H, W, KH, KW, dh, dw), places = windows(N, C, H, W, K, OH, OW, sh, sw, ph, pw);
  const Tile<I> tile = tile_of_block<I>(Kg, places.count, Method::ROWS, Method::PLACES);
  const I g = tile.layer;
  const Product<T, I> product = {w + g * Kg * depth, x + g * Cg * H * W, Kg, depth, H, W, I(0), depth, terms, places};
  const Result<T, T, I> result = {y + g * Kg * OH * OW, bias + g * Kg, OH * OW, epilogue};
  Method::template run<false>(product, result, tile);
}

// The gradient of the input is a gather: pixel h was under tap r of the window at oh if h + ph = oh * sh + r * dh.
// Whether there is such an oh depends on h modulo sh alone, so the pixels are dealt with by that remainder, `phase`:
// every (sh / gcd(sh, dh))-th tap, beginning at `first`, then lies in windows, and oh goes down by dh / gcd(sh, dh)
// from one of these taps to the next, beginning at `start` for the phase's first pixel. No other tap does.
template <typename I>
struct Phase {
  I first, step, count, start, down;

  __device__ Phase(I phase, I taps, I stride, I padding, I dilation) {
    I a = stride, b = dilation;
    while (b != 0) {
      I rest = a % b;
      a = b;
      b = rest;
    }
    step = stride / a;
    down = dilation / a;
    for (first = 0; first < smaller(step, taps); ++first) {
      if ((phase + padding - first * dilation) % stride == 0) break;
    }
    count = first < smaller(step, taps) ? (taps - first + step - 1) / step : I(0);
    start = (phase + padding - first * dilation) / stride;
  }
};

template <typename Method, typename T, typename I>
__device__ inline void grad_input(const T* gy, const T* w, T* gx, I N, I C, I H, I W, I K, I OH, I OW, I KH, I KW, I sh,
                                  I sw, I ph, I pw, I dh, I dw, I groups) {
  const I Cg = C / groups, Kg = K / groups, depth = Cg * KH * KW;
  const I phases = smaller(sh, H), phases_across = smaller(sw, W);
  const I most = N * ((H + sh - 1) / sh) * ((W + sw - 1) / sw);  // pixels of a phase; later ones may have fewer
  const Tile<I> tile = tile_of_block<I>(Cg, most, Method::ROWS, Method::PLACES);
  const I g = tile.layer / (phases * phases_across), top = tile.layer / phases_across % phases;
  const I left = tile.layer % phases_across;
  const Phase<I> down(top, KH, sh, ph, dh), across(left, KW, sw, pw, dw);
  const I rows = (H - top + sh - 1) / sh, columns = (W - left + sw - 1) / sw;
  if (tile.place >= N * rows * columns) return;

  const I count = Kg * down.count * across.count;
  const Walk<I> terms = {count,   down.count, across.count, {depth, down.step * KW, across.step},
                         OH * OW, I(0),       -down.down,   I(0), -across.down};
  const Walk<I> places = {N * rows * columns, rows, columns, {C * H * W, sh * W, sw}, K * OH * OW,
                          down.start,         I(1), across.start, I(1)};
  const Product<T, I> product = {w + g * Kg * depth + down.first * KW + across.first,
                                 gy + g * Kg * OH * OW, Cg, KH * KW, OH, OW, I(0), count, terms, places};
  const Result<T, T, I> result = {gx + g * Cg * H * W + top * W + left, nullptr, H * W, I(0)};
  Method::template run<false>(product, result, tile);
}

// The gradient of the weight has few elements and long sums, so these are cut: part p of the result, parts (P, K, C /
// groups, KH, KW), has the terms p * chunk ... alone.
template <typename Method, typename T, typename V, typename I>
__device__ inline void grad_weight(const T* gy, const T* x, V* parts, I N, I C, I H, I W, I K, I OH, I OW, I KH, I KW,
                                   I sh, I sw, I ph, I pw, I dh, I dw, I groups, I chunk) {
  const I Cg = C / groups, Kg = K / groups, depth = Cg * KH * KW;
  const Walk<I> terms = windows(N, C, H, W, K, OH, OW, sh, sw, ph, pw), places = taps(Cg, H, W, KH, KW, dh, dw);
  const Tile<I> tile = tile_of_block<I>(Kg, places.count, Method::ROWS, Method::PLACES);
  const I g = tile.layer % groups, part = tile.layer / groups;
  const I start = part * chunk, end = smaller(start + chunk, terms.count);
  const Product<T, I> product = {gy + g * Kg * OH * OW, x + g * Cg * H * W, Kg, OH * OW, H, W, start, end,
                                 terms, places};
  const Result<V, T, I> result = {parts + (part * K + g * Kg) * depth, nullptr, depth, I(0)};
  Method::template run<true>(product, result, tile);
}

// Two blocks at a time on a multiprocessor leave 128 registers to a thread: enough for float32 and int.
#define LAUNCH_BOUNDS(T, I) __launch_bounds__(256, sizeof(T) != 4 || sizeof(I) != 4 ? 1 : 2)

#define KERNELS(NAME, METHOD)                                                                                          \
  template <typename T, typename I>                                                                                    \
  __global__ void LAUNCH_BOUNDS(T, I)                                                                                  \
      forward_##NAME(const T* x, const T* w, const T* bias, T* y, I N, I C, I H, I W, I K, I OH, I OW, I KH, I KW,     \
                     I sh, I sw, I ph, I pw, I dh, I dw, I groups, I epilogue) {                                       \
    forward<METHOD>(x, w, bias, y, N, C, H, W, K, OH, OW, KH, KW, sh, sw, ph, pw, dh, dw, groups, epilogue);           \
  }                                                                                                                    \
                                                                                                                       \
  template <typename T, typename I>                                                                                    \
  __global__ void LAUNCH_BOUNDS(T, I)                                                                                  \
      grad_input_##NAME(const T* gy, const T* w, T* gx, I N, I C, I H, I W, I K, I OH, I OW, I KH, I KW, I sh, I sw,   \
                        I ph, I pw, I dh, I dw, I groups) {                                                            \
    grad_input<METHOD>(gy, w, gx, N, C, H, W, K, OH, OW, KH, KW, sh, sw, ph, pw, dh, dw, groups);                      \
  }                                                                                                                    \
                                                                                                                       \
  template <typename T, typename I>                                                                                    \
  __global__ void LAUNCH_BOUNDS(T, I)                                                                                  \
      grad_weight_##NAME(const T* gy, const T* x, typename Computed<T>::type* parts, I N, I C, I H, I W, I K, I OH,    \
                         I OW, I KH, I KW, I sh, I sw, I ph, I pw, I dh, I dw, I groups, I chunk) {                    \
    grad_weight<METHOD>(gy, x, parts, N, C, H, W, K, OH, OW, KH, KW, sh, sw, ph, pw, dh, dw, groups, chunk);           \
  }
