// Where the numbers of a convolution lie. Its three functions are one matrix product,
//
//     result[row, place] = sum over the terms of own[row, term] * image[term, place]
//
// where `image` is the matrix that im2col would make. It is never made: a term and a place each have an offset into the
// image, and the element that they name together lies at the sum of the two.
//
//                row      term                      place                     own            image
//     forward    k        (c, r, s)                 (n, oh, ow)               w              x
//     input      c        (k, r, s)                 (n, h, w)                 w              gy
//     weight     k        (n, oh, ow)               (c, r, s)                 gy             x
#include "common.cuh"

// A position counted by three digits, of which the innermost runs fastest.
template <typename I>
struct Digits {
  I outer, middle, inner;
};

// What a position names. `own` is an offset into the array that it has to itself (a term: the left matrix; a place: the
// result); `image` one into the image, which lies in the padding unless row and column are inside.
template <typename I>
struct alignas(4 * sizeof(I)) Spot {
  I own, image, row, column;
};

// The spot of something beyond the end: with any other spot it lies outside of the image.
template <typename I>
__device__ inline Spot<I> nowhere() {
  return {I(-1), I(0), I(-(1 << 30)), I(0)};
}

// The way along one kind of positions.
template <typename I>
struct Walk {
  I count;           // of positions
  I middles, inners;  // how far the two inner digits run
  Digits<I> own;     // from one to the next along each digit in the own array
  I plane;           // from one to the next along the outer digit in the image
  I row_start, row_step, column_start, column_step;  // the image's row is row_start + middle * row_step

  __device__ Digits<I> digits(I position) const {
    I rest = position / larger(inners, I(1));
    return {rest / larger(middles, I(1)), rest % larger(middles, I(1)), position % larger(inners, I(1))};
  }

  // The digits of a position further on: `by` are those of the distance.
  __device__ Digits<I> further(Digits<I> at, Digits<I> by) const {
    at.inner += by.inner;
    if (at.inner >= inners) {
      at.inner -= inners;
      ++at.middle;
    }
    at.middle += by.middle;
    if (at.middle >= middles) {
      at.middle -= middles;
      ++at.outer;
    }
    at.outer += by.outer;
    return at;
  }

  __device__ I offset(Digits<I> at) const { return at.outer * own.outer + at.middle * own.middle + at.inner * own.inner; }

  __device__ Spot<I> spot(Digits<I> at, I width) const {
    I row = row_start + at.middle * row_step, column = column_start + at.inner * column_step;
    return {offset(at), at.outer * plane + row * width + column, row, column};
  }
};

// The rows of the left matrix and of the result, the image's size, the first term and the one after the last.
template <typename T, typename I>
struct Product {
  const T* left;  // own[row, term] at left[row * left_row + term's own]
  const T* image;
  I rows, left_row, H, W, first_term, end_term;
  Walk<I> terms, places;

  __device__ bool inside(const Spot<I>& term, const Spot<I>& place) const {
    I row = term.row + place.row, column = term.column + place.column;
    return I(0) <= row && row < H && I(0) <= column && column < W;
  }
};

// What becomes of a sum: result[row, place] at out[row * out_row + place's own], with the bias of the row, then ReLU.
template <typename R, typename T, typename I>
struct Result {
  R* out;
  const T* bias;
  I out_row, epilogue;  // 0: the sum, 1: bias added, 2: and ReLU

  template <typename V>
  __device__ void put(I row, I place, V sum) const {
    if (epilogue > 0) sum += wide(bias[row]);
    if (epilogue > 1 && sum < V(0)) sum = V(0);  // NaN stays
    out[row * out_row + place] = Rounded<R>::of(sum);
  }
};

// Which tile a block makes: the tiles of one run of places beside each other, so that they find the image in the cache.
template <typename I>
struct Tile {
  I row, place, layer;
};

template <typename I>
__device__ inline Tile<I> tile_of_block(I rows, I places, I height, I width) {
  I across = (rows + height - 1) / height, along = (places + width - 1) / width, block = blockIdx.x;
  return {block % across * height, block / across % along * width, block / across / along};
}

// What a block needs rarely lies in shared memory: registers are scarce.
template <typename R, typename T, typename I>
struct Kept {
  Product<T, I> product;
  Digits<I> piece_step;  // of the number of terms in a piece
  Result<R, T, I> result;
  Tile<I> tile;
};
