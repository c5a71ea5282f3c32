// The product of walk.cuh on tensor cores: float32 rounded to TF32's ten bits of fraction, sums in float32.
//
// A block of 256 threads makes a tile of ROWS x PLACES sums, 16 terms at a time. A piece of both matrices is copied into
// one half of shared memory by the hardware while the other half is multiplied; a thread neither waits for it nor
// spends registers on it.
//
// Eight warps lie 2 x 4 over the tile. A warp multiplies fragments of 16 rows x 8 terms by 8 terms x 8 places, of which
// lane l holds, with g = l / 4 and t = l % 4:
//
//     left   rows g, g + 8, g, g + 8, terms t, t, t + 4, t + 4
//     image  terms t, t + 4, place g
//     sums   rows g, g, g + 8, g + 8, places 2 t, 2 t + 1, 2 t, 2 t + 1
//
// The strides of shared memory put the 32 numbers that a warp reads at a time into different banks.
#include "walk.cuh"

template <int ROWS, int PLACES, bool ALONG_TERMS, typename I>
__device__ void tile_product_tf32(const Product<float, I>& product, const Result<float, float, I>& result,
                                  Tile<I> tile) {
  const int THREADS = 256, TERMS = 16;
  const int DOWN = ROWS / 2 / 16, ACROSS = PLACES / 4 / 8;  // fragments of a warp
  const int LEFT_LOADS = ROWS * TERMS / THREADS, IMAGE_LOADS = PLACES * TERMS / THREADS;
  const int NARROW = TERMS + 4, WIDE = PLACES + 8;  // strides: 4 lanes along, 8 across, or the other way round
  const int IMAGE_TERM = ALONG_TERMS ? 1 : WIDE, IMAGE_PLACE = ALONG_TERMS ? NARROW : 1;

  __shared__ float left[2][ROWS * NARROW];
  __shared__ float image[2][ALONG_TERMS ? PLACES * NARROW : TERMS * WIDE];
  __shared__ Spot<I> terms[2][TERMS];
  __shared__ Spot<I> places[PLACES];
  __shared__ Digits<I> digits[TERMS];
  __shared__ Kept<float, float, I> kept;

  const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
  const I pieces = (product.end_term - product.first_term + TERMS - 1) / TERMS;
  auto write_terms = [&](const Product<float, I>& from, int half, I piece) {
    if (thread >= TERMS) return;
    const I term = from.first_term + piece * TERMS + thread;
    digits[thread] = piece > 0 ? from.terms.further(digits[thread], kept.piece_step) : from.terms.digits(term);
    terms[half][thread] = term < from.end_term ? from.terms.spot(digits[thread], from.W) : nowhere<I>();
  };
  if (thread < PLACES) {
    I place = tile.place + thread;
    places[thread] =
        place < product.places.count ? product.places.spot(product.places.digits(place), product.W) : nowhere<I>();
  }
  if (thread == 0) kept = {product, product.terms.digits(TERMS), result, tile};
  write_terms(product, 0, I(0));
  __syncthreads();

  const int left_term = thread % TERMS, left_row = thread / TERMS;
  const int image_term = ALONG_TERMS ? thread % TERMS : thread / PLACES;
  const int image_place = ALONG_TERMS ? thread / TERMS : thread % PLACES;
  auto load = [&](const Product<float, I>& from, I first_row, int half) {
    const I own = terms[half][left_term].own;
#pragma unroll
    for (int i = 0; i < LEFT_LOADS; ++i) {
      const int row = left_row + i * (THREADS / TERMS);
      const bool valid = own >= 0 && first_row + row < from.rows;
      copy_async(&left[half][row * NARROW + left_term],
                 from.left + (valid ? (first_row + row) * from.left_row + own : I(0)), valid);
    }
#pragma unroll
    for (int i = 0; i < IMAGE_LOADS; ++i) {
      const int term = ALONG_TERMS ? image_term : image_term + i * (THREADS / PLACES);
      const int place = ALONG_TERMS ? image_place + i * (THREADS / TERMS) : image_place;
      const Spot<I> at = terms[half][term], here = places[place];
      const bool valid = from.inside(at, here);
      copy_async(&image[half][term * IMAGE_TERM + place * IMAGE_PLACE],
                 from.image + (valid ? at.image + here.image : I(0)), valid);
    }
  };

  const int g = lane / 4, t = lane % 4, my_row = warp / 4 * (ROWS / 2), my_place = warp % 4 * (PLACES / 4);
  float sum[DOWN][ACROSS][4] = {};
  if (pieces > 0) load(kept.product, kept.tile.row, 0);
  write_terms(kept.product, 1, I(1));
  for (I piece = 0; piece < pieces; ++piece) {
    const int half = static_cast<int>(piece % 2);
    wait_for_copies();
    __syncthreads();
    if (piece + 1 < pieces) {
      load(kept.product, kept.tile.row, 1 - half);
      write_terms(kept.product, half, piece + 2);
    }
#pragma unroll
    for (int first = 0; first < TERMS; first += 8) {
      unsigned a[DOWN][4], b[ACROSS][2];
#pragma unroll
      for (int i = 0; i < DOWN; ++i) {
        const float* from = &left[half][(my_row + i * 16 + g) * NARROW + first + t];
#pragma unroll
        for (int f = 0; f < 4; ++f) a[i][f] = to_tf32(from[f % 2 * 8 * NARROW + f / 2 * 4]);
      }
#pragma unroll
      for (int j = 0; j < ACROSS; ++j) {
        const float* from = &image[half][(first + t) * IMAGE_TERM + (my_place + j * 8 + g) * IMAGE_PLACE];
#pragma unroll
        for (int f = 0; f < 2; ++f) b[j][f] = to_tf32(from[f * 4 * IMAGE_TERM]);
      }
#pragma unroll
      for (int i = 0; i < DOWN; ++i) {
#pragma unroll
        for (int j = 0; j < ACROSS; ++j) multiply_tf32(sum[i][j], a[i], b[j]);
      }
    }
  }

#pragma unroll
  for (int j = 0; j < ACROSS; ++j) {
#pragma unroll
    for (int f = 0; f < 4; ++f) {
      const int place = my_place + j * 8 + t * 2 + f % 2;
      if (kept.tile.place + place >= kept.product.places.count) continue;
#pragma unroll
      for (int i = 0; i < DOWN; ++i) {
        const I row = kept.tile.row + my_row + i * 16 + f / 2 * 8 + g;
        if (row < kept.product.rows) kept.result.put(row, places[place].own, sum[i][j][f]);
      }
    }
  }
}
