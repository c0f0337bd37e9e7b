/* Gumbel-max sampling: the largest score + temperature * noise(key, token id) wins; of equals, the first.

   The noise is that of joyflash/kernels/gumbel.py: SplitMix64 of key and token id. */

typedef struct {
    double score;
    int index; /* -1: nobody yet */
} winner;

#define DRAW_BLOCK 96
#define DRAW_GROUP 16

/* Hashes of the noise, and what score and noise cannot exceed: with b leading ones, noise lies below (b + 1) log 2.
   Written so that a compiler makes vectors of it. */
static void bound_noise(const float *scores, const uint64_t *ids, int count, int64_t key, double temperature,
                        uint64_t *hashes, double *bounds) {
    double step = temperature * 0.6931471805599454;
    for (int i = 0; i < count; i++) {
        uint64_t bits = (uint64_t)key + (ids[i] + 1) * 0x9E3779B97F4A7C15u;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
        bits ^= bits >> 31;
        /* The exponent of a number is where its highest one lies; of 0 it is -1023, which is safe. */
        double zeros = (double)(int64_t)(~bits >> 11);
        uint64_t parts;
        memcpy(&parts, &zeros, sizeof parts);
        bounds[i] = scores[i] + step * (double)(53 + 1023 - (int64_t)(parts >> 52));
        hashes[i] = bits;
    }
}

/* Let scores[0..count) compete with the best so far; their indices go from `first` on, and name their tokens too where
   ids is NULL. The outcome does not depend on how the scores are cut into calls. */
static void compete(winner *best, const float *scores, int count, int first, const int32_t *ids, int64_t key,
                    double temperature) {
    winner w = *best;
    uint64_t hashes[DRAW_BLOCK], tokens[DRAW_BLOCK];
    double bounds[DRAW_BLOCK];
    for (int at = 0; at < count; at += DRAW_BLOCK) {
        int some = at + DRAW_BLOCK < count ? DRAW_BLOCK : count - at;
        if (temperature > 0) {
            for (int i = 0; i < some; i++) tokens[i] = (uint64_t)(ids ? ids[at + i] : first + at + i);
            bound_noise(scores + at, tokens, some, key, temperature, hashes, bounds);
        }
        for (int group = 0; group < some; group += DRAW_GROUP) { /* most groups are out before the logarithms */
            int end = group + DRAW_GROUP < some ? group + DRAW_GROUP : some, hopeful = 0;
            if (temperature > 0)
                for (int i = group; i < end; i++) hopeful |= bounds[i] >= w.score;
            else
                for (int i = group; i < end; i++) hopeful |= scores[at + i] >= w.score;
            for (int i = group; hopeful && i < end; i++) {
                double score = scores[at + i];
                if (score == -INFINITY || (temperature > 0 && bounds[i] < w.score)) continue;
                if (temperature > 0)
                    score += temperature * -log(-log(((double)(hashes[i] >> 12) + 0.5) * 0x1p-52));
                if (score > w.score || (score == w.score && first + at + i < w.index))
                    w = (winner){score, first + at + i};
            }
        }
    }
    *best = w;
}

/* Index of the winner, or -1 if every score is -infinity. */
int joyflash_argmax(const float *scores, int count, const int32_t *ids, int64_t key, double temperature) {
    winner best = {-INFINITY, -1};
    compete(&best, scores, count, 0, ids, key, temperature);
    return best.index;
}

/* Whether all of `count` numbers are finite: none has an exponent of ones only. */
int joyflash_finite(const float *values, int count) {
    uint32_t most = 0;
    for (int i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        bits &= 0x7F800000u;
        most = bits > most ? bits : most;
    }
    return most < 0x7F800000u;
}
