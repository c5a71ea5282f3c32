#include "common.cuh"

// An image x (N, C, H, W) and its columns, whose samples, channels and taps lie sample_step, channel_step and tap_step
// apart; the OH * OW windows of one of each lie together.

// One thread an element of the columns, of n.
template <typename T, typename I>
__global__ void im2col(const T* x, T* columns, I n, I C, I H, I W, I OH, I OW, I KH, I KW, I sh, I sw, I ph, I pw, I dh,
                       I dw, I sample_step, I channel_step, I tap_step) {
  for (I i = first<I>(); i < n; i += step<I>()) {
    I ow = i % OW, rest = i / OW;
    I oh = rest % OH;
    rest /= OH;
    I s = rest % KW;
    rest /= KW;
    I r = rest % KH, plane = rest / KH;
    I h = oh * sh - ph + r * dh, w = ow * sw - pw + s * dw;
    bool inside = 0 <= h && h < H && 0 <= w && w < W;
    I column = plane / C * sample_step + plane % C * channel_step + (r * KW + s) * tap_step;
    columns[column + oh * OW + ow] = inside ? x[(plane * H + h) * W + w] : T();
  }
}

// The adjoint: one thread a pixel of the image gathers what it gave to the windows, in the order of the taps. Nobody
// else writes there, so no atomics are needed and the sum's order is fixed.
template <typename T, typename I>
__global__ void col2im(const typename Computed<T>::type* columns, T* x, I n, I C, I H, I W, I OH, I OW, I KH, I KW,
                       I sh, I sw, I ph, I pw, I dh, I dw, I sample_step, I channel_step, I tap_step) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    I w = i % W, rest = i / W;
    I h = rest % H, plane = rest / H;
    I column = plane / C * sample_step + plane % C * channel_step;
    V total = 0;
    for (I r = 0; r < KH; ++r) {
      I down = h + ph - r * dh;
      if (down < 0 || down % sh != 0 || down / sh >= OH) continue;
      for (I s = 0; s < KW; ++s) {
        I right = w + pw - s * dw;
        if (right < 0 || right % sw != 0 || right / sw >= OW) continue;
        total += columns[column + (r * KW + s) * tap_step + down / sh * OW + right / sw];
      }
    }
    x[i] = Rounded<T>::of(total);
  }
}
