#include "common.cuh"

// Images are planes (N * C, H, W). Unless said otherwise one thread makes an element of the result, of n.

// The first maximum wins, of several NaN the last; `least` where the window has no pixel, with index -1.
template <typename T, typename I>
__global__ void max_pool2d(const T* x, T* y, long long* indices, T least, I n, I H, I W, I OH, I OW, I KH, I KW, I sh,
                           I sw, I ph, I pw, I dh, I dw) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    I ow = i % OW, rest = i / OW;
    I top = rest % OH * sh - ph, left = ow * sw - pw;
    const T* plane = x + rest / OH * H * W;
    V best = wide(least);
    I place = -1;
    for (I r = 0; r < KH; ++r) {
      I h = top + r * dh;
      if (h < 0 || h >= H) continue;
      for (I s = 0; s < KW; ++s) {
        I w = left + s * dw;
        if (w < 0 || w >= W) continue;
        V v = wide(plane[h * W + w]);
        if (place < 0 || v > best || v != v) {  // nothing is larger than NaN, so it stays until another NaN
          best = v;
          place = h * W + w;
        }
      }
    }
    y[i] = Rounded<T>::of(best);
    indices[i] = place;
  }
}

// One warp a plane: gx[plane, indices[i]] += gy[plane, i], i ascending, 32 at a time. Of the lanes that point to one
// place the lowest adds up all of them in order, so that nobody else writes there and the order of the sum is fixed.
template <typename T, typename I>
__global__ void scatter_planes(const T* gy, const long long* indices, T* gx, I planes, I count, I size) {
  const int WARP = 32;
  const unsigned ALL = 0xffffffff;
  int lane = threadIdx.x % WARP;
  I plane = first<I>() / WARP;
  if (plane >= planes) return;
  T* image = gx + plane * size;
  for (I i = lane; i < size; i += WARP) image[i] = T(0);
  __syncwarp();
  for (I start = 0; start < count; start += WARP) {
    I i = start + lane;
    long long place = i < count ? indices[plane * count + i] : -1;
    T value = i < count ? gy[plane * count + i] : T(0);
    bool inside = 0 <= place && place < size, lowest = true;
    T total = inside ? image[place] : T(0);
    for (int other = 0; other < WARP; ++other) {
      long long its_place = __shfl_sync(ALL, place, other);
      T its_value = __shfl_sync(ALL, value, other);
      if (its_place != place) continue;
      total += its_value;
      lowest = lowest && other >= lane;
    }
    if (inside && lowest) image[place] = total;
    __syncwarp();
  }
}

// x (planes, size), indices (planes, count) -> y as indices. Outside the plane lies 0.
template <typename T, typename I>
__global__ void gather_planes(const T* x, const long long* indices, T* y, I n, I count, I size) {
  for (I i = first<I>(); i < n; i += step<I>()) {
    long long place = indices[i];
    y[i] = 0 <= place && place < size ? x[i / count * size + static_cast<I>(place)] : T();
  }
}

// By how much avg_pool2d divides the sum of the window at (top, left).
template <typename I>
__device__ inline I window_divisor(I top, I left, I H, I W, I KH, I KW, I ph, I pw, I include_pad, I override_) {
  if (override_ != 0) return override_;
  I bottom = smaller(top + KH, H + ph), right = smaller(left + KW, W + pw);
  if (include_pad != 0) return (bottom - top) * (right - left);
  return (smaller(bottom, H) - larger(top, I(0))) * (smaller(right, W) - larger(left, I(0)));
}

template <typename T, typename I>
__global__ void avg_pool2d(const T* x, T* y, I n, I H, I W, I OH, I OW, I KH, I KW, I sh, I sw, I ph, I pw,
                           I include_pad, I override_) {
  for (I i = first<I>(); i < n; i += step<I>()) {
    I ow = i % OW, rest = i / OW;
    I top = rest % OH * sh - ph, left = ow * sw - pw;
    const T* plane = x + rest / OH * H * W;
    I h0 = larger(top, I(0)), h1 = smaller(top + KH, H), w0 = larger(left, I(0)), w1 = smaller(left + KW, W);
    double total = 0;
    for (I h = h0; h < h1; ++h) {
      for (I w = w0; w < w1; ++w) total += wide(plane[h * W + w]);
    }
    if (h0 < h1 && w0 < w1) {  // else the window lies wholly in the padding
      total /= static_cast<double>(window_divisor(top, left, H, W, KH, KW, ph, pw, include_pad, override_));
    }
    y[i] = Rounded<T>::of(total);
  }
}

// One thread a pixel of the image gathers its share of each window that covers it.
template <typename T, typename I>
__global__ void avg_pool2d_grad(const T* gy, T* gx, I n, I H, I W, I OH, I OW, I KH, I KW, I sh, I sw, I ph, I pw,
                                I include_pad, I override_) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    I w = i % W, rest = i / W;
    I h = rest % H, plane = rest / H;
    // The windows that cover row h start at rows h - KH + 1 to h.
    I oh0 = larger((h + ph - KH + sh) / sh, I(0)), oh1 = smaller((h + ph) / sh + 1, OH);
    I ow0 = larger((w + pw - KW + sw) / sw, I(0)), ow1 = smaller((w + pw) / sw + 1, OW);
    V total = 0;
    for (I oh = oh0; oh < oh1; ++oh) {
      for (I ow = ow0; ow < ow1; ++ow) {
        I divisor = window_divisor(oh * sh - ph, ow * sw - pw, H, W, KH, KW, ph, pw, include_pad, override_);
        total += wide(gy[(plane * OH + oh) * OW + ow]) / static_cast<V>(divisor);
      }
    }
    gx[i] = Rounded<T>::of(total);
  }
}

// Window i of n covers rows i H / n, rounded down, to (i + 1) H / n, rounded up.
template <typename T, typename I>
__global__ void adaptive_avg_pool2d(const T* x, T* y, I n, I H, I W, I OH, I OW) {
  for (I i = first<I>(); i < n; i += step<I>()) {
    I ow = i % OW, rest = i / OW;
    I oh = rest % OH;
    const T* plane = x + rest / OH * H * W;
    I top = oh * H / OH, bottom = ((oh + 1) * H + OH - 1) / OH;
    I left = ow * W / OW, right = ((ow + 1) * W + OW - 1) / OW;
    double total = 0;
    for (I h = top; h < bottom; ++h) {
      for (I w = left; w < right; ++w) total += wide(plane[h * W + w]);
    }
    y[i] = Rounded<T>::of(total / static_cast<double>((bottom - top) * (right - left)));
  }
}

// One thread a pixel of the image gathers its share of each window that covers it.
template <typename T, typename I>
__global__ void adaptive_avg_pool2d_grad(const T* gy, T* gx, I n, I H, I W, I OH, I OW) {
  typedef typename Computed<T>::type V;
  for (I i = first<I>(); i < n; i += step<I>()) {
    I w = i % W, rest = i / W;
    I h = rest % H, plane = rest / H;
    I oh1 = ((h + 1) * OH + H - 1) / H, ow1 = ((w + 1) * OW + W - 1) / W;
    V total = 0;
    for (I oh = h * OH / H; oh < oh1; ++oh) {
      I rows = ((oh + 1) * H + OH - 1) / OH - oh * H / OH;
      for (I ow = w * OW / W; ow < ow1; ++ow) {
        I columns = ((ow + 1) * W + OW - 1) / OW - ow * W / OW;
        total += wide(gy[(plane * OH + oh) * OW + ow]) / static_cast<V>(rows * columns);
      }
    }
    gx[i] = Rounded<T>::of(total);
  }
}
