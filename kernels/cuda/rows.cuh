#include "teams.cuh"

// x (outer, length, inner) holds outer * inner rows, whose numbers lie `inner` apart. Neighbouring threads read
// neighbouring numbers: a warp or a block shares a row where inner is 1, else each thread has its own.
// A row is read from memory once: the second and third time it lies in the cache.
template <typename T, typename I>
struct Row {
  I start, inner;

  __device__ Row(I row, I length, I inner_) : start(row / inner_ * length * inner_ + row % inner_), inner(inner_) {}

  __device__ I at(I i) const { return start + i * inner; }
};

// The largest number of the row and the sum of exp(x - largest), for every thread of the team. NaN, or nothing but
// -inf, makes the sum NaN.
template <typename T, typename I, typename V>
__device__ inline double sum_of_exp(const T* x, const Row<T, I>& row, I length, const Team<I>& team, V* largest) {
  V top = length > 0 ? wide(x[row.at(0)]) : V(0);
  for (I i = team.member; i < length; i += team.size) top = Largest::of(top, wide(x[row.at(i)]));
  top = joined<Largest>(top, team.size);
  double total = 0;
  for (I i = team.member; i < length; i += team.size) total += exp(wide(x[row.at(i)]) - top);
  *largest = top;
  return joined<Sum>(total, team.size);
}
