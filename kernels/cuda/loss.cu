#include "rows.cuh"

// logits (M, C, D), target (M, D): a row of C logits for each target, shared as rows.cuh says. A target that is
// ignore_index or no class at all is ignored.

template <typename V, typename I>
struct Weights {
  const V* weight;
  I given, classes;
  double smoothing;

  __device__ double of(I c) const { return given ? static_cast<double>(weight[c]) : 1.0; }

  // What smoothing asks of class c: its share of the weight.
  __device__ double spread(I c) const { return smoothing / static_cast<double>(classes) * of(c); }
};

// Losses as of reduction="none": -(1 - smoothing) w[t] p[t] - smoothing / C sum(w p), p being the log_softmax.
template <typename T, typename V, typename I>
__global__ void cross_entropy(const T* x, const long long* target, const V* weight, I has_weight,
                              long long ignore_index, double smoothing, T* losses, V* logsumexp, I rows, I C, I D,
                              I size) {
  Team<I> team(size);
  Weights<V, I> weights = {weight, has_weight, C, smoothing};
  for (I r = team.first; r < rows; r += team.count) {
    Row<T, I> row(r, C, D);
    V largest;
    double log_total = log(sum_of_exp(x, row, C, team, &largest)), spread = 0;
    long long t = target[r];
    bool kept = t != ignore_index && 0 <= t && t < C;
    if (kept && smoothing != 0) {
      for (I c = team.member; c < C; c += size) {
        spread += (log_total - static_cast<double>(wide(x[row.at(c)]) - largest)) * weights.spread(c);
      }
      spread = joined<Sum>(spread, size);
    }
    if (team.member != 0) continue;
    logsumexp[r] = static_cast<V>(log_total + static_cast<double>(largest));
    double loss = 0;
    if (kept) {
      I c = static_cast<I>(t);
      loss = (1 - smoothing) * ((log_total - static_cast<double>(wide(x[row.at(c)]) - largest)) * weights.of(c)) + spread;
    }
    losses[r] = Rounded<T>::of(static_cast<V>(loss));
  }
}

// gy (a softmax(x) - q): q is what the target asks of each class, a the sum of q. Softmax is found anew from the
// largest logit and the sum, not from logsumexp, which is rounded: large logits would show it.
template <typename T, typename V, typename I>
__global__ void cross_entropy_grad(const V* gy, const T* x, const long long* target, const V* weight, I has_weight,
                                   long long ignore_index, double smoothing, T* gx, I rows, I C, I D, I size) {
  Team<I> team(size);
  Weights<V, I> weights = {weight, has_weight, C, smoothing};
  for (I r = team.first; r < rows; r += team.count) {
    Row<T, I> row(r, C, D);
    long long t = target[r];
    if (t == ignore_index || t < 0 || t >= C) {
      for (I c = team.member; c < C; c += size) gx[row.at(c)] = Rounded<T>::of(V(0));
      continue;
    }
    V largest;
    double total = sum_of_exp(x, row, C, team, &largest), mass = 0;
    if (smoothing != 0) {
      for (I c = team.member; c < C; c += size) mass += weights.spread(c);
      mass = joined<Sum>(mass, size);
    }
    double asked = (1 - smoothing) * weights.of(static_cast<I>(t)), scale = (asked + mass) / total;
    double upstream = gy[r];
    for (I c = team.member; c < C; c += size) {
      double q = weights.spread(c) + (c == t ? asked : 0.0);
      gx[row.at(c)] = Rounded<T>::of(
          static_cast<V>(upstream * (static_cast<double>(exp(wide(x[row.at(c)]) - largest)) * scale - q)));
    }
  }
}
