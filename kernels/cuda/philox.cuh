// Random words as a function of their place: Philox 4x32 with ten rounds. Source: Salmon, Moraes, Dror and Shaw,
// Parallel random numbers: as easy as 1, 2, 3 (2011).
typedef unsigned long long Word64;

struct Words {
  unsigned word[4];

  __device__ Word64 pair(int half) const { return static_cast<Word64>(word[2 * half + 1]) << 32 | word[2 * half]; }
};

__device__ inline unsigned high_product(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<Word64>(a) * b >> 32);
}

// The four words of the counter (number, offset) under the key seed.
__device__ inline Words philox(Word64 seed, Word64 offset, Word64 number) {
  const unsigned first = 0xD2511F53u, second = 0xCD9E8D57u;
  unsigned a = static_cast<unsigned>(number), b = static_cast<unsigned>(number >> 32);
  unsigned c = static_cast<unsigned>(offset), d = static_cast<unsigned>(offset >> 32);
  unsigned low = static_cast<unsigned>(seed), high = static_cast<unsigned>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    unsigned a_next = high_product(second, c) ^ b ^ low, c_next = high_product(first, a) ^ d ^ high;
    b = second * c;
    d = first * a;
    a = a_next;
    c = c_next;
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
  return {{a, b, c, d}};
}

// How many numbers a counter's words give, and each as a uniform number: in [0, 1) with all the bits that V holds, or
// in (0, 1], whose logarithm is finite.
template <typename V>
struct Uniform;

template <>
struct Uniform<float> {
  static constexpr int COUNT = 4;

  __device__ static float of(const Words& words, int i) {
    return static_cast<float>(words.word[i] >> 8) * 5.9604644775390625e-8f;
  }

  __device__ static float above_zero(const Words& words, int i) {
    return static_cast<float>((words.word[i] >> 8) + 1) * 5.9604644775390625e-8f;
  }
};

template <>
struct Uniform<double> {
  static constexpr int COUNT = 2;

  __device__ static double of(const Words& words, int i) {
    return static_cast<double>(words.pair(i) >> 11) * 1.1102230246251565e-16;
  }

  __device__ static double above_zero(const Words& words, int i) {
    return static_cast<double>((words.pair(i) >> 11) + 1) * 1.1102230246251565e-16;
  }
};
