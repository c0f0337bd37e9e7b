/* Products of rows with a quantised matrix: integers of 8 or 4 bits, one float scale for every 32 inputs.

   Each row of inputs is rounded to 16-bit integers of its own largest value first, a hundred times finer than the
   weights. Then a group is an exact integer sum, whatever its order, and groups are added up in ascending order: as in
   linear.h, no bit of a row depends on the rows beside it. Why not float inputs: on AVX2 one instruction multiplies 16
   pairs of 16-bit integers but only 8 of floats, and converting weights to float costs as much again.

   Rows of weights are padded with zeros to whole groups, so what the padding of the inputs holds does not matter. 4 bits: byte i of a group's 16 holds value i in its
   low half and value i + 16 in its high half, both in two's complement. */

#define GROUP 32
#define PARTS (GROUP / (2 * LANES)) /* vectors of 16-bit integers in a group */

typedef int16_t shorts __attribute__((vector_size(LANES * 4)));
typedef int16_t short_half __attribute__((vector_size(LANES * 2)));
typedef int8_t bytes __attribute__((vector_size(LANES * 2)));

/* Products of 16-bit integers, added up in neighbouring pairs. */
INLINE vec_int pair_products(shorts a, shorts b) {
#if defined(__AVX512BW__)
    return (vec_int)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif LANES == 8 && defined(__AVX2__)
    return (vec_int)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
    vec_int low_a = ((vec_int)a << 16) >> 16, low_b = ((vec_int)b << 16) >> 16;
    return low_a * low_b + ((vec_int)a >> 16) * ((vec_int)b >> 16);
#endif
}

INLINE shorts load_shorts(const int16_t *p) {
    shorts v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE shorts load_bytes(const uint8_t *p) {
#if defined(__AVX512BW__)
    return (shorts)_mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p));
#elif LANES == 8 && defined(__AVX2__)
    return (shorts)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p)); /* gcc widens in two halves by itself */
#else
    bytes v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, shorts);
#endif
}

/* The weights of one group, in the order of its inputs. */
INLINE void load_group(const int bits, const uint8_t *p, shorts *part) {
    if (bits == 8) {
        _Pragma("GCC unroll 4") for (int k = 0; k < PARTS; k++) part[k] = load_bytes(p + 2 * LANES * k);
        return;
    }
#if PARTS > 1
    _Pragma("GCC unroll 2") for (int k = 0; k < PARTS / 2; k++) {
        shorts both = load_bytes(p + 2 * LANES * k);
        part[k] = (both << 12) >> 12;
        part[k + PARTS / 2] = both >> 4;
    }
#else
    typedef int8_t half_bytes __attribute__((vector_size(LANES)));
    half_bytes v;
    memcpy(&v, p, sizeof v);
    short_half both = __builtin_convertvector(v, short_half), low = (both << 12) >> 12, high = both >> 4;
    memcpy(part, &low, sizeof low);
    memcpy((char *)part + sizeof low, &high, sizeof high);
#endif
}

/* out[r][first + o] = x[r] . w[o] (+ out), for R rows and O consecutive outputs. */
INLINE void quantized_tile(const int bits, const int R, const int O, const int16_t *x, const float *x_scale,
                           const uint8_t *w, const float *scale, int groups, float *const *out, int first,
                           const int add) {
    vec sum[4][8];
    _Pragma("GCC unroll 4") for (int r = 0; r < R; r++)
        _Pragma("GCC unroll 8") for (int o = 0; o < O; o++) sum[r][o] = (vec){0};
    for (int g = 0; g < groups; g++)
        _Pragma("GCC unroll 8") for (int o = 0; o < O; o++) {
            shorts part[PARTS];
            long at = (long)o * groups + g;
            load_group(bits, w + at * (GROUP / 8 * bits), part);
            vec factor = splat(scale[at]);
            _Pragma("GCC unroll 4") for (int r = 0; r < R; r++) {
                const int16_t *value = x + ((long)r * groups + g) * GROUP;
                vec_int total = pair_products(load_shorts(value), part[0]);
                _Pragma("GCC unroll 4") for (int k = 1; k < PARTS; k++)
                    total += pair_products(load_shorts(value + 2 * LANES * k), part[k]);
                sum[r][o] = fused(__builtin_convertvector(total, vec), factor, sum[r][o]);
            }
        }
    float totals[32];
    sum_tile(R, O, sum, totals);
    for (int r = 0; r < R; r++)
        for (int o = 0; o < O; o++) {
            float total = totals[r * O + o] * x_scale[r];
            out[r][first + o] = add ? out[r][first + o] + total : total;
        }
}

/* One to four rows, outputs first..end. */
INLINE void quantized_outputs(const int bits, const int R, const int wide, const int16_t *x, const float *x_scale,
                              const uint8_t *w, const float *scale, int groups, float *const *out, int first, int end,
                              const int add) {
    long row = (long)groups * (GROUP / 8 * bits);
    int o = first;
    for (; o + wide <= end; o += wide, w += wide * row, scale += (long)wide * groups)
        quantized_tile(bits, R, wide, x, x_scale, w, scale, groups, out, o, add);
    for (; o < end; o++, w += row, scale += groups)
        quantized_tile(bits, R, 1, x, x_scale, w, scale, groups, out, o, add);
}

/* out[r][first..end) for n packed rows; w and scale point at the row of the matrix that makes output `first`. */
INLINE void quantized_rows(const int bits, const int16_t *x, const float *x_scale, int n, const uint8_t *w,
                           const float *scale, int groups, float *const *out, int first, int end, int add) {
    for (int block = 0; block < n; block += 16) /* as in linear.h */
        for (int o = first; o < end; o += 24) {
            int stop = o + 24 < end ? o + 24 : end, last = block + 16 < n ? block + 16 : n;
            const uint8_t *w_at = w + (long)(o - first) * groups * (GROUP / 8 * bits);
            const float *scale_at = scale + (long)(o - first) * groups;
            for (int r = block; r < last; r += 4) {
                const int16_t *rows = x + (long)r * groups * GROUP;
#define OUTPUTS(R, wide) \
    quantized_outputs(bits, R, wide, rows, x_scale + r, w_at, scale_at, groups, out + r, o, stop, add)
                if (last - r == 1) OUTPUTS(1, 8);
                else if (last - r == 2) OUTPUTS(2, 4);
                else if (last - r == 3) OUTPUTS(3, 2);
                else OUTPUTS(4, 2);
#undef OUTPUTS
            }
        }
}

static __attribute__((noinline)) void product_int8_rows(const int16_t *x, const float *x_scale, int n, const uint8_t *w,
                                                        const float *scale, int groups, float *const *out, int first,
                                                        int end, int add) {
    quantized_rows(8, x, x_scale, n, w, scale, groups, out, first, end, add);
}

static __attribute__((noinline)) void product_int4_rows(const int16_t *x, const float *x_scale, int n, const uint8_t *w,
                                                        const float *scale, int groups, float *const *out, int first,
                                                        int end, int add) {
    quantized_rows(4, x, x_scale, n, w, scale, groups, out, first, end, add);
}

/* One row of inputs as integers; returns what one of them is worth. */
static float pack_row(const float *x, int in, int16_t *packed) {
    vec_int most = {0};
    int i = 0;
    for (; i + LANES <= in; i += LANES) { /* bits of non-negative floats are ordered as they are, NaN above all */
        vec_int size = (vec_int)load_float(x + i) & 0x7FFFFFFF, more = size > most;
        most = (size & more) | (most & ~more);
    }
    int32_t best = 0;
    for (int lane = 0; lane < LANES; lane++) best = most[lane] > best ? most[lane] : best;
    for (; i < in; i++) {
        int32_t size;
        memcpy(&size, x + i, sizeof size);
        best = (size & 0x7FFFFFFF) > best ? size & 0x7FFFFFFF : best;
    }
    float largest;
    memcpy(&largest, &best, sizeof largest);
    float steps = largest > 1e-30f ? 32767.0f / largest : 0.0f; /* smaller rows count as zero */
    const float magic = 12582912.0f;                            /* rounds to an integer */
    for (i = 0; i + LANES <= in; i += LANES) {
        vec_int rounded = (vec_int)(load_float(x + i) * steps + magic) - 0x4B400000;
        short_half narrow = __builtin_convertvector(rounded, short_half);
        memcpy(packed + i, &narrow, sizeof narrow);
    }
    for (; i < in; i++) packed[i] = (int16_t)lrintf(x[i] * steps);
    return largest / 32767.0f;
}
