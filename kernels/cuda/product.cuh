// The product of walk.cuh on the ordinary arithmetic units.
//
// A block of 256 threads makes a tile of ROWS x PLACES sums, BLOCK_TERMS terms at a time: all threads load a piece of
// both matrices into shared memory, then each multiplies ROWS / 16 rows by PLACES / 16 places, in registers. While a
// piece is multiplied the next one is on its way from global memory into registers and then into the other half of
// shared memory, so that one barrier a piece is enough.
//
// Eight warps lie 4 x 2 over the tile, a warp's lanes 4 x 8 over its part. For a 64 x 128 tile:
//
//     warp w: rows 16 (w / 2) ..., places 64 (w % 2) ...
//     lane l: of these the rows 4 (l / 8) ... and the places 4 (l % 8) ... and 32 + 4 (l % 8) ...
//
// so that a warp's read of shared memory takes 64 or 128 bytes that lie together.
#include "walk.cuh"

template <typename V, bool LARGE>
struct Accuracy {
  static const int SPAN = 0;  // a float64 sum is added up in one go
};

template <bool LARGE>
struct Accuracy<float, LARGE> {
  // So many terms, then their sum is added to the total: an error of long sums grows less. A large tile has no registers
  // left to do it as often.
  static const int SPAN = LARGE ? 64 : 32;
};

// ALONG_TERMS: what lies together in the image are the terms (for the gradient of the weight), not the places.
template <int ROWS, int PLACES, bool ALONG_TERMS, typename T, typename R, typename I>
__device__ void tile_product(const Product<T, I>& product, const Result<R, T, I>& result, Tile<I> tile) {
  typedef typename Computed<T>::type V;
  const int THREADS = 256, TERMS = sizeof(V) == 8 ? 8 : 16, PAD = 4;
  const int MY_ROWS = ROWS / 16, MY_PLACES = PLACES / 16, RUN = 4;  // RUN places of a thread lie together
  const int SPAN = Accuracy<V, ROWS * PLACES >= 64 * 128>::SPAN / TERMS;
  const int LEFT_LOADS = ROWS * TERMS / THREADS, IMAGE_LOADS = PLACES * TERMS / THREADS;

  alignas(16) __shared__ V left[2][TERMS][ROWS + PAD];
  alignas(16) __shared__ V image[2][TERMS][PLACES + PAD];
  __shared__ Spot<I> terms[2][TERMS];
  __shared__ Spot<I> places[PLACES];
  __shared__ Digits<I> digits[TERMS];
  __shared__ Kept<R, T, I> kept;

  const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
  const I pieces = (product.end_term - product.first_term + TERMS - 1) / TERMS;

  // The first threads keep the places' spots and, a piece ahead, the terms'; the digits too, for registers are scarce.
  auto write_terms = [&](const Product<T, I>& from, int half, I piece) {
    if (thread >= TERMS) return;
    const I term = from.first_term + piece * TERMS + thread;
    digits[thread] = piece > 0 ? from.terms.further(digits[thread], kept.piece_step) : from.terms.digits(term);
    terms[half][thread] = term < from.end_term ? from.terms.spot(digits[thread], from.W) : nowhere<I>();
  };
  if (thread < PLACES) {
    I place = tile.place + thread;
    places[thread] = place < product.places.count
                         ? product.places.spot(product.places.digits(place), product.W)
                         : nowhere<I>();
  }
  if (thread == 0) kept = {product, product.terms.digits(TERMS), result, tile};
  write_terms(product, 0, I(0));
  __syncthreads();

  // Loading: neighbouring threads take neighbours in memory.
  V left_next[LEFT_LOADS], image_next[IMAGE_LOADS];
  const int left_term = thread % TERMS, left_row = thread / TERMS;
  const int image_term = ALONG_TERMS ? thread % TERMS : thread / PLACES;
  const int image_place = ALONG_TERMS ? thread / TERMS : thread % PLACES;
  const Spot<I> my_place = places[image_place];
  auto load = [&](int half) {
    const I own = terms[half][left_term].own;
#pragma unroll
    for (int i = 0; i < LEFT_LOADS; ++i) {
      I row = tile.row + left_row + i * (THREADS / TERMS);
      left_next[i] = own >= 0 && row < product.rows ? V(wide(product.left[row * product.left_row + own])) : V(0);
    }
#pragma unroll
    for (int i = 0; i < IMAGE_LOADS; ++i) {
      const Spot<I> at = terms[half][ALONG_TERMS ? image_term : image_term + i * (THREADS / PLACES)];
      const Spot<I> place = ALONG_TERMS ? places[image_place + i * (THREADS / TERMS)] : my_place;
      image_next[i] = product.inside(at, place) ? V(wide(product.image[at.image + place.image])) : V(0);
    }
  };
  auto store = [&](int half) {
#pragma unroll
    for (int i = 0; i < LEFT_LOADS; ++i) left[half][left_term][left_row + i * (THREADS / TERMS)] = left_next[i];
#pragma unroll
    for (int i = 0; i < IMAGE_LOADS; ++i) {
      if (ALONG_TERMS) image[half][image_term][image_place + i * (THREADS / TERMS)] = image_next[i];
      else image[half][image_term + i * (THREADS / PLACES)][image_place] = image_next[i];
    }
  };

  const int my_row = (warp / 2 * 4 + lane / 8) * MY_ROWS, my_column = warp % 2 * (PLACES / 2) + lane % 8 * RUN;
  V sum[MY_ROWS][MY_PLACES] = {}, total[MY_ROWS][MY_PLACES] = {};
  if (pieces > 0) load(0);
  if (pieces > 0) store(0);
  write_terms(kept.product, 1, I(1));
  __syncthreads();
  for (I piece = 0; piece < pieces; ++piece) {
    const int half = static_cast<int>(piece % 2);
    const bool more = piece + 1 < pieces;
    if (more) load(1 - half);
#pragma unroll
    for (int t = 0; t < TERMS; ++t) {
      V a[MY_ROWS], b[MY_PLACES];
#pragma unroll
      for (int i = 0; i < MY_ROWS; ++i) a[i] = left[half][t][my_row + i];
#pragma unroll
      for (int j = 0; j < MY_PLACES; ++j) b[j] = image[half][t][my_column + j / RUN * (8 * RUN) + j % RUN];
#pragma unroll
      for (int i = 0; i < MY_ROWS; ++i) {
#pragma unroll
        for (int j = 0; j < MY_PLACES; ++j) sum[i][j] = fma(a[i], b[j], sum[i][j]);
      }
    }
    if (SPAN > 0 && piece % larger(SPAN, 1) == SPAN - 1) {
#pragma unroll
      for (int i = 0; i < MY_ROWS; ++i) {
#pragma unroll
        for (int j = 0; j < MY_PLACES; ++j) {
          total[i][j] += sum[i][j];
          sum[i][j] = 0;
        }
      }
    }
    if (!more) break;
    store(1 - half);
    write_terms(kept.product, half, piece + 2);
    __syncthreads();
  }

#pragma unroll
  for (int j = 0; j < MY_PLACES; ++j) {
    I place = my_column + j / RUN * (8 * RUN) + j % RUN;
    if (kept.tile.place + place >= kept.product.places.count) continue;
    I own = places[place].own;
#pragma unroll
    for (int i = 0; i < MY_ROWS; ++i) {
      I row = kept.tile.row + my_row + i;
      if (row < kept.product.rows) kept.result.put(row, own, total[i][j] + sum[i][j]);
    }
  }
}
