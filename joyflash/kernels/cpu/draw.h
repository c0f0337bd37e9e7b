/* Gumbel-max sampling: the largest score + temperature * noise(key, token id) wins; of equals, the first.

   The noise is that of joyflash/kernels/gumbel.py: SplitMix64 of key and token id. */

typedef struct {
    double score;
    int index; /* -1: nobody yet */
} winner;

/* Let scores[0..count) compete with the best so far; their indices go from `first` on, and name their tokens too where
   ids is NULL. The outcome does not depend on how the scores are cut into calls. */
static void compete(winner *best, const float *scores, int count, int first, const int32_t *ids, int64_t key,
                    double temperature) {
    winner w = *best;
    for (int i = 0; i < count; i++) {
        double score = scores[i];
        if (score == -INFINITY) continue;
        if (temperature > 0) {
            /* Noise is at most 36.8 (52 random bits); and with b leading ones it lies below (b + 1) log 2. So most
               are out before the hash, or before the logarithms. */
            if (score + temperature * 36.8 < w.score) continue;
            uint64_t id = (uint64_t)(ids ? ids[i] : first + i), bits = (uint64_t)key + (id + 1) * 0x9E3779B97F4A7C15u;
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
            bits ^= bits >> 31;
            int ones = ~bits ? __builtin_clzll(~bits) : 64;
            if (score + temperature * (ones + 1) * 0.6931471805599454 < w.score) continue;
            double uniform = ((double)(bits >> 12) + 0.5) * 0x1p-52;
            score += temperature * -log(-log(uniform));
        }
        if (score > w.score || (score == w.score && first + i < w.index)) w = (winner){score, first + i};
    }
    *best = w;
}

/* Index of the winner, or -1 if every score is -infinity. */
int joyflash_argmax(const float *scores, int count, const int32_t *ids, int64_t key, double temperature) {
    winner best = {-INFINITY, -1};
    compete(&best, scores, count, 0, ids, key, temperature);
    return best.index;
}

/* Whether all of `count` numbers are finite. */
int joyflash_finite(const float *values, int count) {
    float sum = 0;
    for (int i = 0; i < count; i++) sum += values[i] * 0.0f; /* infinity and NaN become NaN, anything else 0 */
    return sum == 0;
}
