/* Products of rows with a matrix, made so that no bit of a result depends on how many rows are computed together.

   Every (row, output) pair is one chain of vector multiply-adds over the inputs in ascending order, then one fixed
   reduction of the lanes. Tiles only decide how many such chains run side by side. So alone or in a batch, decoding or
   verifying drafts, a row gets the same numbers: what the engine's promise of equal texts rests on.

   STORAGE is how embeddings and cache are stored: 32 (float) or 16 (bfloat16). Sums are always float. */

#include "vectors.h"

#if STORAGE == 32
typedef float stored;
INLINE vec load_stored(const stored *p) { return load_float(p); }
INLINE float get_stored(stored value) { return value; }
INLINE stored to_stored(float value) { return value; }
#else
typedef uint16_t stored;
INLINE vec load_stored(const stored *p) { return load_half(p); }
INLINE float get_stored(stored value) { return get_half(value); }
INLINE stored to_stored(float value) { /* round to nearest even; no NaN reaches the cache */
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (stored)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}
#endif

/* total[r * O + o] = lanes of sum[r][o]. */
INLINE void sum_tile(const int R, const int O, vec sum[4][8], float *total) {
    int q = 0;
    _Pragma("GCC unroll 8") for (; q + 4 <= R * O; q += 4)
        sum_four(sum[q / O][q % O], sum[(q + 1) / O][(q + 1) % O], sum[(q + 2) / O][(q + 2) % O],
                 sum[(q + 3) / O][(q + 3) % O], total + q);
    _Pragma("GCC unroll 4") for (; q < R * O; q++) total[q] = sum_lanes(sum[q / O][q % O]);
}

/* One tile under a kind of weights: out[r][o] = x[r] . w[o] (+ out), for R rows and O consecutive outputs. */
#define TILE(NAME, TYPE, LOAD, GET)                                                                                    \
    INLINE void NAME(const int R, const int O, const float *const *x, const TYPE *w, long stride, int in,             \
                     float *const *out, int first, const int add) {                                                   \
        vec sum[4][8];                                                                                                 \
        _Pragma("GCC unroll 4") for (int r = 0; r < R; r++)                                                            \
            _Pragma("GCC unroll 8") for (int o = 0; o < O; o++) sum[r][o] = (vec){0};                                  \
        int i = 0;                                                                                                     \
        for (; i + LANES <= in; i += LANES) {                                                                          \
            vec weight[8];                                                                                             \
            _Pragma("GCC unroll 8") for (int o = 0; o < O; o++) weight[o] = LOAD(w + o * stride + i);                  \
            _Pragma("GCC unroll 4") for (int r = 0; r < R; r++) {                                                      \
                vec value = load_float(x[r] + i);                                                                      \
                _Pragma("GCC unroll 8") for (int o = 0; o < O; o++) sum[r][o] = fused(value, weight[o], sum[r][o]);    \
            }                                                                                                          \
        }                                                                                                              \
        float total[32];                                                                                               \
        sum_tile(R, O, sum, total);                                                                                    \
        for (int r = 0; r < R; r++)                                                                                    \
            for (int o = 0; o < O; o++) {                                                                              \
                float *one = total + r * O + o;                                                                        \
                for (int j = i; j < in; j++) *one = fmaf(x[r][j], GET(w[o * stride + j]), *one);                       \
                out[r][first + o] = add ? out[r][first + o] + *one : *one;                                             \
            }                                                                                                          \
    }                                                                                                                  \
    static __attribute__((noinline)) void NAME##_outputs(const int R, const int wide, const float *const *x,          \
                                                         const TYPE *w, long stride, int in, float *const *out,       \
                                                         int first, int end, const int add) {                         \
        int o = first;                                                                                                 \
        for (; o + wide <= end; o += wide) {                                                                           \
            const TYPE *at = w + (o - first) * stride;                                                                 \
            if (R == 1) NAME(1, 8, x, at, stride, in, out, o, add);                                                    \
            else if (R == 2) NAME(2, 4, x, at, stride, in, out, o, add);                                               \
            else if (R == 3) NAME(3, 4, x, at, stride, in, out, o, add);                                               \
            else NAME(4, 3, x, at, stride, in, out, o, add);                                                           \
        }                                                                                                              \
        for (; o < end; o++) {                                                                                         \
            const TYPE *at = w + (o - first) * stride;                                                                 \
            if (R == 1) NAME(1, 1, x, at, stride, in, out, o, add);                                                    \
            else if (R == 2) NAME(2, 1, x, at, stride, in, out, o, add);                                               \
            else if (R == 3) NAME(3, 1, x, at, stride, in, out, o, add);                                               \
            else NAME(4, 1, x, at, stride, in, out, o, add);                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    /* out[r][first..end) for n rows; w points at the row of the matrix that makes output `first`. */                 \
    static void NAME##_rows(const float *const *x, int n, const TYPE *w, long stride, int in, float *const *out,       \
                            int first, int end, int add) {                                                             \
        static const int wide[5] = {0, 8, 4, 4, 3};                                                                    \
        /* Sixteen rows of inputs stay in the first-level cache while the weights pass by. */                          \
        for (int block = 0; block < n; block += 16)                                                                    \
            for (int o = first; o < end; o += 24) {                                                                    \
                int stop = o + 24 < end ? o + 24 : end, last = block + 16 < n ? block + 16 : n;                        \
                for (int r = block; r < last;) {                                                                       \
                    int count = last - r < 4 ? last - r : 4;                                                           \
                    NAME##_outputs(count, wide[count], x + r, w + (o - first) * stride, stride, in, out + r, o, stop,  \
                                   add);                                                                               \
                    r += count;                                                                                        \
                }                                                                                                      \
            }                                                                                                          \
    }

#define SAME(value) (value)
TILE(product_float, float, load_float, SAME)
TILE(product_half, uint16_t, load_half, get_half)
#if STORAGE == 32
#define product_stored_rows product_float_rows
#else
#define product_stored_rows product_half_rows
#endif
