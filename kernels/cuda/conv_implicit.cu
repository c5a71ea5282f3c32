#include "convolution.cuh"
#include "product.cuh"

template <int ROWS_, int PLACES_>
struct Ordinary {
  static const int ROWS = ROWS_, PLACES = PLACES_;

  template <bool ALONG_TERMS, typename... A>
  __device__ static void run(const A&... given) {
    tile_product<ROWS, PLACES, ALONG_TERMS>(given...);
  }
};

// The small tiles are for results that would give the GPU too few large ones.
typedef Ordinary<64, 128> Large;
typedef Ordinary<32, 64> Small;
KERNELS(large, Large)
KERNELS(small, Small)
