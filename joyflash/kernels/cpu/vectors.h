/* Vectors of floats as wide as the processor's, on any compiler with GCC's vector types. */

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
typedef uint64_t vec_pairs __attribute__((vector_size(LANES * 4)));
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

/* Numbers 0 and 1, 2 and 3, ... change places. */
INLINE vec swapped(vec v) { return (vec)((vec_pairs)v << 32 | (vec_pairs)v >> 32); }

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

/* Rounded to the nearest, halves to even; numbers below the smallest normal one may become 0. */
INLINE vec_half rounded(vec v) {
#if defined(__AVX512BF16__)
    return (vec_half)_mm512_cvtneps_pbh((__m512)v);
#else
    vec_bits bits = (vec_bits)v, nan = (vec_bits)((bits & 0x7FFFFFFF) > 0x7F800000); /* could carry into an infinity */
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    return __builtin_convertvector((bits & ~nan) | (0x7FC0 & nan), vec_half);
#endif
}

INLINE void store_half(uint16_t *p, vec_half v) { memcpy(p, &v, sizeof v); }

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

/* No less than `low` and no more than `high`; what is no number stays. */
INLINE vec clamped(vec x, vec low, vec high) {
#if defined(__AVX512F__)
    return (vec)_mm512_min_ps((__m512)high, _mm512_max_ps((__m512)low, (__m512)x)); /* of two, the second one if either is NaN */
#else
    vec_int under = (vec_int)(x < low), over = (vec_int)(x > high);
    return (vec)(((vec_int)x & ~(under | over)) | ((vec_int)low & under) | ((vec_int)high & over));
#endif
}

/* exp to about one unit in the last place for finite x <= 0 and beyond (Cephes' expf), the same in every lane. */
INLINE vec exp_vec(vec x) {
    x = clamped(x, splat(-87.0f), splat(88.0f));
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

INLINE vec sigmoid(vec x) { return 1.0f / (1.0f + exp_vec(-x)); }

/* silu(x) = x * sigmoid(x), and its derivative. */
typedef struct {
    vec silu, slope;
} gate_slope;

INLINE gate_slope slope_of_gate(vec gate) {
    vec share = sigmoid(gate), silu = gate * share;
    return (gate_slope){silu, share + silu * (1.0f - share)};
}

INLINE float exp_one(float x) { return exp_vec(splat(x))[0]; }

#if defined(__AVX512F__)
INLINE vec larger(vec a, vec b) { return (vec)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE float largest(vec v) { return _mm512_reduce_max_ps((__m512)v); }
#else
INLINE vec larger(vec a, vec b) {
    vec_int first = (vec_int)(a > b);
    return (vec)(((vec_int)a & first) | ((vec_int)b & ~first));
}

INLINE float largest(vec v) {
    float most = v[0];
    for (int i = 1; i < LANES; i++) most = v[i] > most ? v[i] : most;
    return most;
}
#endif

INLINE int fewer(int a, int b) { return a < b ? a : b; }
INLINE int rounded_up(int count, int step) { return (count + step - 1) / step * step; }

/* Numbers at, at + 1, ... of an array of floats or bfloat16; only `count` where a row ends, zeros behind them. */
INLINE vec load_some(const void *from, long at, int count, const int half) {
    if (count >= LANES) return half ? load_half((const uint16_t *)from + at) : load_float((const float *)from + at);
    float some[LANES] = {0};
    for (int i = 0; i < count; i++) some[i] = half ? get_half(((const uint16_t *)from)[at + i]) : ((const float *)from)[at + i];
    return load_float(some);
}

INLINE void store_some(void *to, long at, int count, const int half, vec v) {
    vec_half halves = rounded(v);
    size_t bytes = half ? sizeof(uint16_t) : sizeof(float);
    char *place = (char *)to + (size_t)at * bytes;
    const void *from = half ? (const void *)&halves : (const void *)&v;
    if (count >= LANES) memcpy(place, from, LANES * bytes); /* a size that the compiler knows is one instruction */
    else memcpy(place, from, (size_t)count * bytes);
}
