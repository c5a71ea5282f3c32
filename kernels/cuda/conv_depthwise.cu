#include "common.cuh"

// Convolution with a group for each channel: M kernels w (K, 1, KH, KW) a channel, K = C * M, channel k of y from
// channel k / M of x. There is nothing to multiply matrices for: a pixel is read from memory about once, then cached.

// y (N, K, OH, OW) of n elements: one thread an element.
template <typename T, typename I>
__global__ void forward(const T* x, const T* w, const T* bias, T* y, I n, I C, I H, I W, I K, I OH, I OW, I KH, I KW,
                        I sh, I sw, I ph, I pw, I dh, I dw, I epilogue) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    I ow = i % OW, rest = i / OW;
    I oh = rest % OH;
    rest /= OH;
    I k = rest % K, sample = rest / K;
    const T* plane = x + (sample * C + k / (K / C)) * H * W;
    const T* taps = w + k * KH * KW;
    V total = 0;
    for (I r = 0; r < KH; ++r) {
      I h = oh * sh - ph + r * dh;
      if (h < 0 || h >= H) continue;
      for (I s = 0; s < KW; ++s) {
        I v = ow * sw - pw + s * dw;
        if (0 <= v && v < W) total += wide(plane[h * W + v]) * wide(taps[r * KW + s]);
      }
    }
    if (epilogue > 0) total += wide(bias[k]);
    if (epilogue > 1 && total < V(0)) total = V(0);  // NaN stays
    y[i] = Rounded<T>::of(total);
  }
}

// gx (N, C, H, W) of n elements: one thread a pixel gathers from the windows that saw it.
template <typename T, typename I>
__global__ void grad_input(const T* gy, const T* w, T* gx, I n, I C, I H, I W, I K, I OH, I OW, I KH, I KW, I sh, I sw,
                           I ph, I pw, I dh, I dw) {
  typedef typename Computed<T>::type V;
  const I M = K / C;
  for (I i = first<I>(); i < n; i += step<I>()) {
    I column = i % W, rest = i / W;
    I row = rest % H, plane = rest / H;
    I c = plane % C;
    const T* upstream = gy + plane * M * OH * OW;  // the M planes of gy that this plane went to lie together
    V total = 0;
    for (I r = 0; r < KH; ++r) {
      I down = row + ph - r * dh;
      if (down < 0 || down % sh != 0 || down / sh >= OH) continue;
      for (I s = 0; s < KW; ++s) {
        I right = column + pw - s * dw;
        if (right < 0 || right % sw != 0 || right / sw >= OW) continue;
        const T* from = upstream + down / sh * OW + right / sw;
        const T* tap = w + (c * M * KH + r) * KW + s;
        for (I m = 0; m < M; ++m) total += wide(from[m * OH * OW]) * wide(tap[m * KH * KW]);
      }
    }
    gx[i] = Rounded<T>::of(total);
  }
}

// parts (P, K, KH, KW), of n elements: the sum over the windows part * chunk ... of all N * OH * OW. One warp an element:
// the warps of a kernel's taps are neighbours, so that gy and x come from memory once and then from the cache.
template <typename T, typename I>
__global__ void grad_weight(const T* gy, const T* x, typename Computed<T>::type* parts, I n, I N, I C, I H, I W, I K,
                            I OH, I OW, I KH, I KW, I sh, I sw, I ph, I pw, I dh, I dw, I chunk) {
  typedef typename Computed<T>::type V;
  const int WARP = 32;
  const unsigned ALL = 0xffffffff;
  const int lane = threadIdx.x % WARP;
  for (I i = first<I>() / WARP; i < n; i += step<I>() / WARP) {
    I s = i % KW, rest = i / KW;
    I r = rest % KH;
    rest /= KH;
    I k = rest % K, start = rest / K * chunk;
    I end = smaller(start + chunk, N * OH * OW);
    V total = 0;
    for (I j = start + lane; j < end; j += WARP) {
      I ow = j % OW, window = j / OW;
      I oh = window % OH, sample = window / OH;
      I h = oh * sh - ph + r * dh, v = ow * sw - pw + s * dw;
      if (h < 0 || h >= H || v < 0 || v >= W) continue;
      V pixel = wide(x[((sample * C + k / (K / C)) * H + h) * W + v]);
      total += pixel * wide(gy[((sample * K + k) * OH + oh) * OW + ow]);
    }
    for (int half = WARP / 2; half > 0; half /= 2) total += __shfl_down_sync(ALL, total, half);
    if (lane == 0) parts[i] = total;
  }
}
