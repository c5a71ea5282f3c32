// Many arrays in one launch. Their addresses and sizes lie in the kernel's parameters: nothing is copied to the device
// first. tensors.py fills the table, in these sizes; all of it stays below the 4 KiB that a kernel's parameters may be.
constexpr int ROOM = 64;    // groups of a launch; a group: a parameter, its gradient, its states
constexpr int PART = 2048;  // elements that a block does

template <int ARRAYS>
struct Table {
  void* address[ARRAYS][ROOM];  // of array k of each group; null where the group has none
  long long size[ROOM];         // how many elements each array of the group has
  int end[ROOM];                // the number of the first block after the group's
};

// The elements first .. end - 1 of a group, which are a block's.
template <typename I>
struct Part {
  int group;
  I first, end;
};

template <typename I, int ARRAYS>
__device__ inline Part<I> part_of_block(const Table<ARRAYS>& table) {
  int group = 0, block = static_cast<int>(blockIdx.x);
  while (block >= table.end[group]) ++group;
  I first = static_cast<I>(group ? block - table.end[group - 1] : block) * PART;
  return {group, first, smaller(first + PART, static_cast<I>(table.size[group]))};
}

// The numbers that elements of T are computed in, as the kernel's settings are.
template <typename T>
using Number = typename Computed<T>::type;

// Arrays 0, 1, 2 ... of each group are parameter, gradient and states. formula(parameter, gradient, states) gives the
// new parameter and changes the states, all of one element; a state that the group hasn't is 0 there.
template <typename T, typename I, int ARRAYS, typename Formula>
__device__ inline void update(const Table<ARRAYS>& table, Formula formula) {
  Part<I> part = part_of_block<I>(table);
  T* arrays[ARRAYS];
  for (int k = 0; k < ARRAYS; ++k) arrays[k] = static_cast<T*>(table.address[k][part.group]);
  for (I i = part.first + static_cast<I>(threadIdx.x); i < part.end; i += static_cast<I>(blockDim.x)) {
    Number<T> states[ARRAYS - 2];
    for (int k = 2; k < ARRAYS; ++k) states[k - 2] = arrays[k] ? wide(arrays[k][i]) : Number<T>(0);
    arrays[0][i] = Rounded<T>::of(formula(wide(arrays[0][i]), wide(arrays[1][i]), states));
    for (int k = 2; k < ARRAYS; ++k) {
      if (arrays[k]) arrays[k][i] = Rounded<T>::of(states[k - 2]);
    }
  }
}
