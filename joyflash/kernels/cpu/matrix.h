/* Products of bfloat16 matrices on the matrix units of an x86-64 processor (AMX); sums are float.

   A tile is 16 rows of 64 bytes. The left factor comes as rows of whole tiles' depth (32 numbers); the right one in
   panels of 16 columns, two numbers of a column side by side: panel[depth / 2][16][2]. An element's sum runs over the
   depth in order and does not depend on its neighbours; numbers below the smallest normal one count as zero. */

#if (defined(__AMX_BF16__) || defined(__AMXBF16__)) && defined(__x86_64__) && defined(__AVX512F__) && defined(__AVX512BF16__) && defined(__linux__)
#define HAS_MATRIX_UNITS 1
#include <sys/syscall.h>
#include <unistd.h>

#define EDGE 16  /* rows and columns of a tile of floats */
#define DEPTH 32 /* numbers in a tile's row of bfloat16 */
#define PANEL(depth) ((long)(depth) * EDGE)

/* The kernel lets a process use the tiles only after it has asked (arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA). */
static int matrix_units;
__attribute__((constructor)) static void ask_for_matrix_units(void) { matrix_units = syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

/* Tiles of this thread from here to `leave_matrix_units`: all of 16 rows of 64 bytes. */
static void enter_matrix_units(void) {
    struct {
        uint8_t palette, start, zeros[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } __attribute__((aligned(64))) shape = {.palette = 1};
    for (int i = 0; i < 8; i++) shape.bytes[i] = 64, shape.rows[i] = EDGE;
    __asm__ volatile("" : : "r"(&shape) : "memory"); /* GCC before 14 believes that only 8 bytes of it are read */
    _tile_loadconfig(&shape);
}

static void leave_matrix_units(void) { _tile_release(); }

/* One or two tiles of rows times one or two panels; the sums are tiles 0 to 3. */
#define MULTIPLY(TALL, WIDE)                                                                                             \
    do {                                                                                                                 \
        __asm__ volatile("" : : "r"(a), "r"(b), "r"(c) : "memory"); /* GCC before 14 does not know what tiles read */    \
        if (add) {                                                                                                       \
            _tile_loadd(0, c, c_row * 4);                                                                                \
            if (WIDE) _tile_loadd(1, c + EDGE, c_row * 4);                                                               \
            if (TALL) _tile_loadd(2, c + EDGE * c_row, c_row * 4);                                                       \
            if (TALL && WIDE) _tile_loadd(3, c + EDGE * c_row + EDGE, c_row * 4);                                        \
        } else {                                                                                                         \
            _tile_zero(0);                                                                                               \
            if (WIDE) _tile_zero(1);                                                                                     \
            if (TALL) _tile_zero(2);                                                                                     \
            if (TALL && WIDE) _tile_zero(3);                                                                             \
        }                                                                                                                \
        for (int k = 0; k < depth; k += DEPTH) {                                                                         \
            _tile_loadd(4, a + k, a_row * 2);                                                                            \
            _tile_loadd(6, b + PANEL(k), 64);                                                                            \
            _tile_dpbf16ps(0, 4, 6);                                                                                     \
            if (WIDE) _tile_loadd(7, b + b_panel + PANEL(k), 64);                                                        \
            if (WIDE) _tile_dpbf16ps(1, 4, 7);                                                                           \
            if (TALL) _tile_loadd(5, a + EDGE * a_row + k, a_row * 2);                                                   \
            if (TALL) _tile_dpbf16ps(2, 5, 6);                                                                           \
            if (TALL && WIDE) _tile_dpbf16ps(3, 5, 7);                                                                   \
        }                                                                                                                \
        _tile_stored(0, c, c_row * 4);                                                                                   \
        if (WIDE) _tile_stored(1, c + EDGE, c_row * 4);                                                                  \
        if (TALL) _tile_stored(2, c + EDGE * c_row, c_row * 4);                                                          \
        if (TALL && WIDE) _tile_stored(3, c + EDGE * c_row + EDGE, c_row * 4);                                           \
    } while (0)

/* c[rows][columns] (+)= a[rows][depth] times panels of b; rows and columns in whole edges, depth in whole DEPTHs. */
INLINE void multiply(int rows, int columns, int depth, const uint16_t *a_first, long a_row, const uint16_t *b_first, long b_panel,
                     float *c_first, long c_row, const int add) {
    for (int j = 0; j < columns; j += 2 * EDGE)
        for (int r = 0; r < rows; r += 2 * EDGE) {
            const uint16_t *a = a_first + r * a_row, *b = b_first + j / EDGE * b_panel;
            float *c = c_first + r * c_row + j;
            int tall = r + EDGE < rows, wide = j + EDGE < columns;
            if (tall && wide) MULTIPLY(1, 1);
            else if (tall) MULTIPLY(1, 0);
            else if (wide) MULTIPLY(0, 1);
            else MULTIPLY(0, 0);
        }
}

/* The matrix of 16 rows of 16 words, turned. */
INLINE void turn_words(__m512i w[EDGE]) {
    __m512i t[EDGE];
    for (int i = 0; i < EDGE; i += 2) {
        t[i] = _mm512_unpacklo_epi32(w[i], w[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(w[i], w[i + 1]);
    }
    for (int i = 0; i < EDGE; i += 4)
        for (int j = 0; j < 2; j++) {
            w[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + j + 2]);
            w[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + j + 2]);
        }
    for (int i = 0; i < EDGE; i += 8)
        for (int j = 0; j < 4; j++) {
            t[i + j] = _mm512_shuffle_i32x4(w[i + j], w[i + j + 4], 0x88);
            t[i + j + 4] = _mm512_shuffle_i32x4(w[i + j], w[i + j + 4], 0xDD);
        }
    for (int j = 0; j < 8; j++) {
        w[j] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0x88);
        w[j + 8] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0xDD);
    }
}

/* The matrix of 16 rows of 32 numbers as columns of a panel: words[k / 2][r] holds numbers k and k + 1 of row r. */
INLINE void turn_pairs(const uint16_t *rows, long row, __m512i words[EDGE]) {
    for (int r = 0; r < EDGE; r++) words[r] = _mm512_loadu_si512(rows + r * row);
    turn_words(words);
}

/* A right factor with rows[r][k] at depth k of column r; `columns` in whole edges, `depth` in whole DEPTHs. */
static void panels_of_columns(const uint16_t *rows, long row, int columns, int depth, uint16_t *panels) {
    for (int r = 0; r < columns; r += EDGE)
        for (int k = 0; k < depth; k += DEPTH, panels += PANEL(DEPTH)) {
            __m512i words[EDGE];
            turn_pairs(rows + r * row + k, row, words);
            for (int i = 0; i < EDGE; i++) _mm512_storeu_si512(panels + i * 2 * EDGE, words[i]);
        }
}

/* Two rows of 16 numbers become one row of a panel. */
INLINE void store_pairs(uint16_t *panel_row, __m256i even, __m256i odd) {
    __m512i pairs = _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
    _mm512_storeu_si512(panel_row, pairs);
}

/* A right factor with rows[k][c] at depth k of column c: `count` rows, zeros behind them up to `depth`. */
static void panels_of_depth(const uint16_t *rows, long row, int count, int depth, int columns, uint16_t *panels, long panel) {
    for (int j = 0; j < columns; j += EDGE, panels += panel)
        for (int k = 0; k < depth; k += 2) {
            __m256i zero = _mm256_setzero_si256();
            __m256i even = k < count ? _mm256_loadu_si256((const void *)(rows + k * row + j)) : zero;
            __m256i odd = k + 1 < count ? _mm256_loadu_si256((const void *)(rows + (k + 1) * row + j)) : zero;
            store_pairs(panels + PANEL(k), even, odd);
        }
}

/* to[k][r] = rows[r][k]: `count` rows in whole edges of `depth` numbers in whole DEPTHs. */
static void turn_rows(const uint16_t *rows, long row, int count, int depth, uint16_t *to, long to_row) {
    for (int r = 0; r < count; r += EDGE)
        for (int k = 0; k < depth; k += DEPTH) {
            __m512i words[EDGE];
            turn_pairs(rows + r * row + k, row, words);
            for (int i = 0; i < EDGE; i++) {
                uint16_t *at = to + (k + 2 * i) * to_row + r;
                _mm256_storeu_si256((void *)at, _mm512_cvtepi32_epi16(words[i]));
                _mm256_storeu_si256((void *)(at + to_row), _mm512_cvtepi32_epi16(_mm512_srli_epi32(words[i], 16)));
            }
        }
}
/* Numbers in whole vectors. */
INLINE void to_halves(const float *from, long numbers, uint16_t *to) {
    for (long i = 0; i < numbers; i += LANES) store_half(to + i, rounded(load_float(from + i)));
}
#endif
