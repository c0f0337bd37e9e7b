/* Products of rows with a matrix, made so that no bit of a result depends on how many rows are computed together.

   Every (row, output) pair is one chain of vector multiply-adds over the inputs in ascending order, then one fixed
   reduction of the lanes. Tiles only decide how many such chains run side by side. So alone or in a batch, decoding or
   verifying drafts, a row gets the same numbers: what the engine's promise of equal texts rests on.

   STORAGE is how embeddings and cache are stored: 32 (float) or 16 (bfloat16). Sums are always float. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define LANES 16
#include <immintrin.h>
#elif defined(__AVX2__) && defined(__FMA__)
#define LANES 8
#include <immintrin.h>
#elif defined(__ARM_NEON)
#define LANES 4
#include <arm_neon.h>
#else
#define LANES 8
#endif

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef uint32_t vec_bits __attribute__((vector_size(LANES * 4)));
typedef int32_t vec_int __attribute__((vector_size(LANES * 4)));
typedef uint16_t vec_half __attribute__((vector_size(LANES * 2)));
#define INLINE static inline __attribute__((always_inline))

/* a * b + c. Written out, and contraction by the compiler switched off: it fuses in one loop and not in the next, and
   then the bits depend on the size of a tile (gcc does so for Zen processors). */
INLINE vec fused(vec a, vec b, vec c) {
#if defined(__AVX512F__)
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__) && defined(__FMA__)
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON)
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

INLINE vec load_float(const float *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store_float(float *p, vec v) { memcpy(p, &v, sizeof v); }

INLINE vec splat(float value) { return value - (vec){0}; }

/* bfloat16 is the upper half of a float. */
INLINE vec load_half(const uint16_t *p) {
    vec_half h;
    memcpy(&h, p, sizeof h);
    return (vec)(__builtin_convertvector(h, vec_bits) << 16);
}

INLINE float get_half(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

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

/* Lanes are added in halves: i and i + LANES / 2, and so on; the same order in every form below. */
#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__FMA__))
INLINE __m128 sum_to_four(vec v) {
#if LANES == 16
    __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd((__m512)v), 1));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256((__m512)v), high);
#else
    __m256 half = (__m256)v;
#endif
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

INLINE float sum_lanes(vec v) {
    __m128 four = sum_to_four(v), two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

/* Sums of four vectors at once: transposed, what is left of them is added without a shuffle for each. */
INLINE void sum_four(vec a, vec b, vec c, vec d, float *out) {
    __m128 first = sum_to_four(a), second = sum_to_four(b), third = sum_to_four(c), fourth = sum_to_four(d);
    _MM_TRANSPOSE4_PS(first, second, third, fourth);
    _mm_storeu_ps(out, _mm_add_ps(_mm_add_ps(first, third), _mm_add_ps(second, fourth)));
}
#else
INLINE float sum_lanes(vec v) {
    float part[LANES];
    memcpy(part, &v, sizeof part);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) part[i] += part[i + width];
    return part[0];
}

INLINE void sum_four(vec a, vec b, vec c, vec d, float *out) {
    out[0] = sum_lanes(a), out[1] = sum_lanes(b), out[2] = sum_lanes(c), out[3] = sum_lanes(d);
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

/* exp to about one unit in the last place for finite x <= 0 and beyond (Cephes' expf), the same in every lane. */
INLINE vec exp_vec(vec x) {
    const vec low = splat(-87.0f), high = splat(88.0f);
    vec_int under = (vec_int)(x < low), over = (vec_int)(x > high);
    x = (vec)(((vec_int)x & ~(under | over)) | ((vec_int)low & under) | ((vec_int)high & over));
    vec n = x * 1.44269504f + 12582912.0f; /* the magic number rounds to an integer */
    vec_int exponent = (vec_int)n - 0x4B400000;
    n -= 12582912.0f;
    x = fused(n, splat(-0.693359375f), x);
    x = fused(n, splat(2.12194440e-4f), x);
    vec p = splat(1.9875691500e-4f);
    p = fused(p, x, splat(1.3981999507e-3f));
    p = fused(p, x, splat(8.3334519073e-3f));
    p = fused(p, x, splat(4.1665795894e-2f));
    p = fused(p, x, splat(1.6666665459e-1f));
    p = fused(p, x, splat(5.0000001201e-1f));
    p = fused(p, x * x, x) + 1.0f;
    return p * (vec)((exponent + 127) << 23);
}

INLINE float exp_one(float x) { return exp_vec(splat(x))[0]; }

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
