#include "common.cuh"

// (N, C, H, W) -> (N, C, KH, KW, OH, OW) of n elements: one thread an element of the result.
template <typename T, typename I>
__global__ void im2col(const T* x, T* columns, I n, I H, I W, I OH, I OW, I KH, I KW, I sh, I sw, I ph, I pw, I dh,
                       I dw) {
  for (I i = first<I>(); i < n; i += step<I>()) {
    I ow = i % OW, rest = i / OW;
    I oh = rest % OH;
    rest /= OH;
    I s = rest % KW;
    rest /= KW;
    I r = rest % KH, plane = rest / KH;
    I h = oh * sh - ph + r * dh, w = ow * sw - pw + s * dw;
    bool inside = 0 <= h && h < H && 0 <= w && w < W;
    columns[i] = inside ? x[(plane * H + h) * W + w] : T();
  }
}

// The adjoint: one thread a pixel of the image gathers what it gave to the windows, in the order of the taps. Nobody
// else writes there, so no atomics are needed and the sum's order is fixed.
template <typename T, typename I>
__global__ void col2im(const T* columns, T* x, I n, I H, I W, I OH, I OW, I KH, I KW, I sh, I sw, I ph, I pw, I dh,
                       I dw) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    I w = i % W, rest = i / W;
    I h = rest % H, plane = rest / H;
    V total = 0;
    for (I r = 0; r < KH; ++r) {
      I down = h + ph - r * dh;
      if (down < 0 || down % sh != 0 || down / sh >= OH) continue;
      for (I s = 0; s < KW; ++s) {
        I right = w + pw - s * dw;
        if (right < 0 || right % sw != 0 || right / sw >= OW) continue;
        total += wide(columns[(((plane * KH + r) * KW + s) * OH + down / sh) * OW + right / sw]);
      }
    }
    x[i] = Rounded<T>::of(total);
  }
}
