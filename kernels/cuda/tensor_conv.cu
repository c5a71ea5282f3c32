#include "convolution.cuh"
#include "product_tf32.cuh"

template <int ROWS_, int PLACES_>
struct Tensor {
  static const int ROWS = ROWS_, PLACES = PLACES_;

  template <bool ALONG_TERMS, typename... A>
  __device__ static void run(const A&... given) {
    tile_product_tf32<ROWS, PLACES, ALONG_TERMS>(given...);
  }
};

typedef Tensor<128, 128> Large;
typedef Tensor<64, 64> Small;
KERNELS(large, Large)
KERNELS(small, Small)
