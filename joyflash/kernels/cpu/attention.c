/* Causal attention of one stretch of a sequence, with gradients: the CPU kernel behind prompts and training.

   Blocks of queries meet blocks of keys; scores live in the first-level cache only, and what is hidden is not computed,
   but for the rest of a vector. Inputs and outputs are float or bfloat16 in any stride of rows and heads; sums are
   float. A head is one thread's work and no sum crosses heads, so for finite numbers the number
   of threads changes no bit (0 times an infinity of a hidden key shows in which block a query stood).
   See attention.py for the caller and joyflash/model/segment_attention.py for the twin in PyTorch.

   Letters: T queries, K = behind + T keys, N heads, H width of queries and keys, V width of values. */

#include <stdlib.h>

#include "vectors.h"
#include "matrix.h"

#if LANES == 8
#define TILE_VECTORS 2 /* 16 registers */
#else
#define TILE_VECTORS 4
#endif
#define TILE_ROWS 4
#define KEYS 128   /* of a block */
#define QUERIES 32 /* of a block */
#define TOGETHER 4 /* blocks of queries that meet a block of keys while it is in the second-level cache */

typedef struct {
    void *start;
    long row, head; /* strides in numbers; a row's numbers stand side by side */
} array;

typedef struct {
    int queries, behind, heads, width, value_width;
    int half;   /* arrays are bfloat16, else float */
    int matrix; /* products of bfloat16 by the processor's matrix units, where it has them */
    float scale;
    array q, k, v, out;               /* [T][N][H], [K][N][H], [K][N][V], [T][N][V] */
    array lse;                        /* float [T][N]: log of the sum of the exponentials of a query's scores */
    array grad_out, grad_q, grad_k, grad_v; /* backward only; there, nothing lies behind */
} call;

static void read_row(const call *c, const array *from, int row, int head, int width, float *to) {
    long at = row * from->row + head * from->head;
    if (!c->half) memcpy(to, (const float *)from->start + at, sizeof(float) * (size_t)width);
    else
        for (int i = 0; i < width; i += LANES) store_some(to, i, width - i, 0, load_some(from->start, at + i, width - i, 1));
}

static void write_row(const call *c, const array *to, int row, int head, int width, const float *from) {
    long at = row * to->row + head * to->head;
    if (!c->half) memcpy((float *)to->start + at, from, sizeof(float) * (size_t)width);
    else
        for (int i = 0; i < width; i += LANES) store_some(to->start, at + i, width - i, 1, load_some(from, i, width - i, 0));
}

/* Rows of a head side by side, each filled up with zeros to `padded`. */
static void pack_rows(const call *c, const array *from, int first, int rows, int head, int width, int padded, float *to) {
    for (int r = 0; r < rows; r++, to += padded) {
        read_row(c, from, first + r, head, width, to);
        memset(to + width, 0, sizeof(float) * (size_t)(padded - width));
    }
}

/* Rows of a head in blocks of KEYS, each transposed: [blocks][width][KEYS]; zeros behind the last row.
   `rows` has room for KEYS rows. */
static void pack_turned(const call *c, const array *from, int count, int head, int width, float *rows, float *to) {
    for (int first = 0; first < count; first += KEYS, to += (long)width * KEYS) {
        int here = fewer(count - first, KEYS), padded = rounded_up(width, LANES);
        pack_rows(c, from, first, here, head, width, padded, rows);
        for (int i = 0; i < width; i++) {
            for (int j = 0; j < here; j++) to[i * KEYS + j] = rows[j * padded + i];
            for (int j = here; j < KEYS; j++) to[i * KEYS + j] = 0;
        }
    }
}

/* R rows and W vectors of a product; element (r, k) of `a` is a[r * a_row + k * a_depth]. */
INLINE void tile(const int R, const int W, int depth, const float *a, long a_row, long a_depth, const float *b, long b_row,
                 float *out, long out_row, const int add) {
    vec sum[TILE_ROWS][TILE_VECTORS];
    _Pragma("GCC unroll 4") for (int r = 0; r < R; r++)
        _Pragma("GCC unroll 4") for (int w = 0; w < W; w++)
            sum[r][w] = add ? load_float(out + r * out_row + w * LANES) : (vec){0};
    for (int k = 0; k < depth; k++) {
        vec column[TILE_VECTORS];
        _Pragma("GCC unroll 4") for (int w = 0; w < W; w++) column[w] = load_float(b + k * b_row + w * LANES);
        _Pragma("GCC unroll 4") for (int r = 0; r < R; r++) {
            vec value = splat(a[r * a_row + k * a_depth]);
            _Pragma("GCC unroll 4") for (int w = 0; w < W; w++) sum[r][w] = fused(value, column[w], sum[r][w]);
        }
    }
    _Pragma("GCC unroll 4") for (int r = 0; r < R; r++)
        _Pragma("GCC unroll 4") for (int w = 0; w < W; w++) store_float(out + r * out_row + w * LANES, sum[r][w]);
}

INLINE void tiles(const int W, int rows, int depth, const float *a, long a_row, long a_depth, const float *b, long b_row,
                  float *out, long out_row, const int add) {
    int r = 0;
    for (; r + TILE_ROWS <= rows; r += TILE_ROWS)
        tile(TILE_ROWS, W, depth, a + r * a_row, a_row, a_depth, b, b_row, out + r * out_row, out_row, add);
    for (; r < rows; r++) tile(1, W, depth, a + r * a_row, a_row, a_depth, b, b_row, out + r * out_row, out_row, add);
}

/* out[rows][columns] (+)= a times b[depth][columns]; columns come in whole vectors. */
INLINE void product(int rows, int columns, int depth, const float *a, long a_row, long a_depth, const float *b, long b_row,
                    float *out, long out_row, const int add) {
    int at = 0;
    for (; at + TILE_VECTORS * LANES <= columns; at += TILE_VECTORS * LANES)
        tiles(TILE_VECTORS, rows, depth, a, a_row, a_depth, b + at, b_row, out + at, out_row, add);
    for (; at < columns; at += LANES) tiles(1, rows, depth, a, a_row, a_depth, b + at, b_row, out + at, out_row, add);
}

__attribute__((noinline)) static void product_set(int rows, int columns, int depth, const float *a, long a_row,
                                                  const float *b, long b_row, float *out, long out_row) {
    product(rows, columns, depth, a, a_row, 1, b, b_row, out, out_row, 0);
}

__attribute__((noinline)) static void product_add(int rows, int columns, int depth, const float *a, long a_row,
                                                  const float *b, long b_row, float *out, long out_row) {
    product(rows, columns, depth, a, a_row, 1, b, b_row, out, out_row, 1);
}

/* The same with `a` transposed: element (r, k) is a[k * a_row + r]. */
__attribute__((noinline)) static void transposed_add(int rows, int columns, int depth, const float *a, long a_row,
                                                     const float *b, long b_row, float *out, long out_row) {
    product(rows, columns, depth, a, 1, a_row, b, b_row, out, out_row, 1);
}

/* Lanes of a vector that lie before `count`, all bits set. */
INLINE vec_int before(int count) {
    vec_int lane;
    for (int i = 0; i < LANES; i++) lane[i] = i;
    return lane < count;
}

/* A query's scores against a block of keys become exponentials above `*best`, which grows with them; hidden ones become 0.
   `out` and `*sum` are scaled to the new best. With `half`, scores are scaled first, and the exponentials go to `weight`. */
INLINE void weigh(float *score, int visible, int columns, float *best, float *sum, float *out, int width, const int half,
                  float scale, uint16_t *weight) {
    vec top = splat(-INFINITY);
    for (int j = 0; j < columns; j += LANES) {
        vec s = load_float(score + j);
        if (half) store_float(score + j, s *= scale);
        if (j + LANES > visible) {
            vec_int seen = before(visible - j);
            s = (vec)(((vec_int)s & seen) | ((vec_int)splat(-INFINITY) & ~seen));
        }
        top = larger(top, s);
    }
    float most = largest(top);
    if (most <= *best) most = *best;
    else {
        float share = *best == -INFINITY ? 0.0f : exp_one(*best - most);
        *sum *= share;
        for (int i = 0; i < width; i += LANES) store_float(out + i, load_float(out + i) * share);
        *best = most;
    }
    vec total = {0};
    for (int j = 0; j < columns; j += LANES) {
        vec p = exp_vec(load_float(score + j) - most);
        if (j + LANES > visible) p = (vec)((vec_int)p & before(visible - j));
        if (half) store_half(weight + j, rounded(p));
        else store_float(score + j, p);
        total += p;
    }
    *sum += sum_lanes(total);
}

static float *room(long numbers) { return aligned_alloc(64, (size_t)((numbers * 4 + 63) / 64 * 64)); }

/* What is known of a block of queries before the next block of keys. */
typedef struct {
    int first, count;
    float *query, *out, *best, *sum;
} block;

/* A block of queries meets the keys from `at` on. */
static void meet(const call *c, block *b, int at, const float *turned, const float *values, float *score) {
    int H = rounded_up(c->width, LANES), V = rounded_up(c->value_width, LANES), seen = c->behind + b->first + b->count;
    int skipped = at - c->behind - b->first > 0 ? at - c->behind - b->first : 0; /* queries before these keys */
    if (at >= seen) return;
    int depth = fewer(seen - at, KEYS), columns = rounded_up(depth, LANES);
    float *from = score + skipped * KEYS;
    product_set(b->count - skipped, columns, c->width, b->query + skipped * H, H, turned, KEYS, from, KEYS);
    for (int r = skipped; r < b->count; r++) {
        int visible = c->behind + b->first + r + 1 - at;
        weigh(score + r * KEYS, visible, columns, b->best + r, b->sum + r, b->out + r * V, V, 0, 1.0f, NULL);
    }
    product_add(b->count - skipped, V, depth, from, KEYS, values, V, b->out + skipped * V, V);
}

/* Queries [first, end) of a head. */
static int forward(const call *c, int head, int first, int end) {
    int H = rounded_up(c->width, LANES), V = rounded_up(c->value_width, LANES), keys = rounded_up(c->behind + end, KEYS), held = TOGETHER * QUERIES;
    float *memory = room((long)keys * (H + V) + held * (H + V + 2) + QUERIES * KEYS + KEYS * H);
    if (!memory) return -1;
    float *turned = memory, *values = turned + (long)keys * H, *score = values + (long)keys * V;
    float *query = score + QUERIES * KEYS, *out = query + held * H, *best = out + held * V, *sum = best + held;
    pack_turned(c, &c->k, c->behind + end, head, c->width, sum + held, turned);
    pack_rows(c, &c->v, 0, c->behind + end, head, c->value_width, V, values);
    for (int start = first; start < end; start += held) {
        int count = fewer(end - start, held), blocks = (count + QUERIES - 1) / QUERIES;
        block all[TOGETHER];
        for (int b = 0; b < blocks; b++) {
            int at = b * QUERIES;
            all[b] = (block){start + at, fewer(count - at, QUERIES), query + at * H, out + at * V, best + at, sum + at};
        }
        pack_rows(c, &c->q, start, count, head, c->width, H, query);
        for (int i = 0; i < count * H; i++) query[i] *= c->scale;
        memset(out, 0, sizeof(float) * (size_t)(count * V));
        for (int r = 0; r < count; r++) best[r] = -INFINITY, sum[r] = 0;
        for (int at = 0; at < c->behind + start + count; at += KEYS)
            for (int b = 0; b < blocks; b++)
                meet(c, all + b, at, turned + (long)at * c->width, values + (long)at * V, score);
        for (int r = 0; r < count; r++) {
            float share = 1.0f / sum[r];
            for (int i = 0; i < c->value_width; i++) out[r * V + i] *= share;
            write_row(c, &c->out, start + r, head, c->value_width, out + r * V);
            ((float *)c->lse.start)[(start + r) * c->lse.row + head * c->lse.head] = best[r] + logf(sum[r]);
        }
    }
    free(memory);
    return 0;
}

/* A head's gradients: for every block of keys, every block of queries that sees it. */
static int backward(const call *c, int head) {
    int T = c->queries, H = rounded_up(c->width, LANES), V = rounded_up(c->value_width, LANES), keys = rounded_up(T, KEYS);
    float *memory = room((long)keys * (4 * H + 2 * V) + T + (long)KEYS * (H + V) + 2 * QUERIES * KEYS + V + KEYS * (H > V ? H : V));
    if (!memory) return -1;
    float *q = memory, *k = q + (long)keys * H, *turned_k = k + (long)keys * H, *grad_q = turned_k + (long)keys * H;
    float *turned_v = grad_q + (long)keys * H, *grad_out = turned_v + (long)keys * V;
    float *grad_k = grad_out + (long)keys * V, *grad_v = grad_k + KEYS * H;
    float *score = grad_v + KEYS * V, *slope = score + QUERIES * KEYS, *out = slope + QUERIES * KEYS, *rows = out + V;
    float *delta = rows + KEYS * (H > V ? H : V);
    pack_rows(c, &c->q, 0, T, head, c->width, H, q);
    pack_rows(c, &c->k, 0, T, head, c->width, H, k);
    pack_turned(c, &c->k, T, head, c->width, rows, turned_k);
    pack_turned(c, &c->v, T, head, c->value_width, rows, turned_v);
    pack_rows(c, &c->grad_out, 0, T, head, c->value_width, V, grad_out);
    memset(grad_q, 0, sizeof(float) * (size_t)((long)T * H));
    for (int r = 0; r < T; r++) {
        pack_rows(c, &c->out, r, 1, head, c->value_width, V, out);
        vec total = {0};
        for (int i = 0; i < V; i += LANES) total = fused(load_float(out + i), load_float(grad_out + (long)r * V + i), total);
        delta[r] = sum_lanes(total);
    }
    const float *lse = (const float *)c->lse.start + head * c->lse.head;
    for (int at = 0; at < T; at += KEYS) {
        memset(grad_k, 0, sizeof(float) * (size_t)(KEYS * H));
        memset(grad_v, 0, sizeof(float) * (size_t)(KEYS * V));
        int here = T - at < KEYS ? T - at : KEYS;
        for (int first = at; first < T; first += QUERIES) {
            int count = T - first < QUERIES ? T - first : QUERIES;
            int depth = first + count - at < here ? first + count - at : here, columns = rounded_up(depth, LANES);
            const float *query = q + (long)first * H, *given = grad_out + (long)first * V;
            product_set(count, columns, c->width, query, H, turned_k + (long)at * c->width, KEYS, score, KEYS);
            product_set(count, columns, c->value_width, given, V, turned_v + (long)at * c->value_width, KEYS, slope, KEYS);
            for (int r = 0; r < count; r++) {
                int visible = first + r + 1 - at;
                float shift = lse[(first + r) * c->lse.row], mean = delta[first + r];
                float *s = score + r * KEYS, *d = slope + r * KEYS;
                for (int j = 0; j < columns; j += LANES) {
                    vec p = exp_vec(fused(load_float(s + j), splat(c->scale), splat(-shift)));
                    if (j + LANES > visible) p = (vec)((vec_int)p & before(visible - j));
                    store_float(s + j, p);
                    store_float(d + j, p * (load_float(d + j) - mean) * c->scale);
                }
            }
            transposed_add(depth, V, count, score, KEYS, given, V, grad_v, V);
            transposed_add(depth, H, count, slope, KEYS, query, H, grad_k, H);
            product_add(count, H, depth, slope, KEYS, k + (long)at * H, H, grad_q + (long)first * H, H);
        }
        for (int j = 0; j < here; j++) {
            write_row(c, &c->grad_k, at + j, head, c->width, grad_k + j * H);
            write_row(c, &c->grad_v, at + j, head, c->value_width, grad_v + j * V);
        }
    }
    for (int r = 0; r < T; r++) write_row(c, &c->grad_q, r, head, c->width, grad_q + (long)r * H);
    free(memory);
    return 0;
}

#ifdef HAS_MATRIX_UNITS
#include "attention_matrix.h"
#define BY_MATRIX(c) ((c)->half && (c)->matrix && matrix_units)
int joyflash_matrix_units(void) { return matrix_units; }
#else
int joyflash_matrix_units(void) { return 0; }
#define BY_MATRIX(c) 0
#define forward_matrix forward
#define backward_matrix backward
#endif

/* 0, or -1 without memory. Where there are more threads than heads, a head's queries are cut into parts of equal work. */
int joyflash_attention(const call *c, int threads) {
    int parts = (threads + c->heads - 1) / c->heads, failed = 0;
    if (parts > c->queries / QUERIES + 1) parts = c->queries / QUERIES + 1;
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) reduction(| : failed)
    for (int unit = 0; unit < c->heads * parts; unit++) {
        int head = unit / parts, part = unit % parts, ends[2];
        for (int i = 0; i < 2; i++) { /* the share (part + i) / parts of the scores */
            double share = (double)(part + i) / parts, before_all = c->behind, total = c->queries * (before_all + 0.5 * c->queries);
            double rows = sqrt(before_all * before_all + 2 * share * total) - before_all;
            ends[i] = part + i == parts ? c->queries : rounded_up((int)rows, TILE_ROWS) < c->queries ? rounded_up((int)rows, TILE_ROWS) : c->queries;
        }
        if (ends[0] < ends[1]) failed |= (BY_MATRIX(c) ? forward_matrix : forward)(c, head, ends[0], ends[1]);
    }
    return failed;
}

int joyflash_attention_backward(const call *c, int threads) {
    int failed = 0;
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) reduction(| : failed)
    for (int head = 0; head < c->heads; head++) failed |= (BY_MATRIX(c) ? backward_matrix : backward)(c, head);
    return failed;
}
