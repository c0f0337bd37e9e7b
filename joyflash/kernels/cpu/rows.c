/* What training and prompts do row by row, each in one pass over memory: norms, gated activations, what the heads of
   attention are made of, and the loss with its gradient. Arrays are float or bfloat16 (`half`), sums are float; no sum depends on the number of threads.
   See rows.py for the caller, and joyflash/model/rowwise.py for the twins in PyTorch. */

#include <stdlib.h>

#include "vectors.h"

#define FEW 32768 /* numbers that one thread is done with before another one is awake */
#define CHUNK 256 /* rows that add up a gradient of a norm's weights together */

/* out = x / rms(x) * weight; `scale` [rows] keeps 1 / rms(x). */
typedef struct {
    int rows, width, half;
    float eps;
    long row; /* stride of x */
    const void *x, *weight;
    void *out;
    float *scale;
    const void *grad_out; /* backward only, as the rest */
    void *grad_x;
    float *grad_weight; /* [width] */
} norm;

INLINE void norm_row(const norm *c, int r, const int half) {
    long at = r * c->row, to = (long)r * c->width;
    vec sum = {0};
    for (int i = 0; i < c->width; i += LANES) {
        vec x = load_some(c->x, at + i, c->width - i, half);
        sum = fused(x, x, sum);
    }
    float scale = 1.0f / sqrtf(sum_lanes(sum) / (float)c->width + c->eps);
    for (int i = 0; i < c->width; i += LANES) {
        int left = c->width - i;
        store_some(c->out, to + i, left, half, load_some(c->x, at + i, left, half) * scale * load_some(c->weight, i, left, half));
    }
    c->scale[r] = scale;
}

INLINE void norm_row_backward(const norm *c, int r, float *grad_weight, const int half) {
    long at = r * c->row, to = (long)r * c->width;
    float scale = c->scale[r];
    vec sum = {0};
    for (int i = 0; i < c->width; i += LANES) {
        int left = c->width - i;
        vec given = load_some(c->grad_out, to + i, left, half), x = load_some(c->x, at + i, left, half) * scale;
        vec added = given * x;
        store_some(grad_weight, i, left, 0, load_some(grad_weight, i, left, 0) + added);
        sum = fused(added, load_some(c->weight, i, left, half), sum);
    }
    float mean = sum_lanes(sum) / (float)c->width;
    for (int i = 0; i < c->width; i += LANES) {
        int left = c->width - i;
        vec given = load_some(c->grad_out, to + i, left, half) * load_some(c->weight, i, left, half);
        vec x = load_some(c->x, at + i, left, half) * scale;
        store_some(c->grad_x, to + i, left, half, (given - x * mean) * scale);
    }
}

void joyflash_norm(const norm *c, int threads) {
    (void)threads;
#pragma omp parallel for num_threads(threads) if ((long)c->rows * c->width > FEW)
    for (int r = 0; r < c->rows; r++) {
        if (c->half) norm_row(c, r, 1);
        else norm_row(c, r, 0);
    }
}

/* 0, or -1 without memory. */
int joyflash_norm_backward(const norm *c, int threads) {
    int chunks = (c->rows + CHUNK - 1) / CHUNK;
    float *sums = calloc((size_t)chunks * (size_t)c->width + 1, sizeof *sums);
    if (!sums) return -1;
    (void)threads;
#pragma omp parallel for num_threads(threads) if ((long)c->rows * c->width > FEW)
    for (int chunk = 0; chunk < chunks; chunk++) {
        float *own = sums + (long)chunk * c->width;
        int end = fewer(c->rows, (chunk + 1) * CHUNK);
        for (int r = chunk * CHUNK; r < end; r++) {
            if (c->half) norm_row_backward(c, r, own, 1);
            else norm_row_backward(c, r, own, 0);
        }
    }
    memset(c->grad_weight, 0, sizeof(float) * (size_t)c->width);
    for (int chunk = 0; chunk < chunks; chunk++)
        for (int i = 0; i < c->width; i++) c->grad_weight[i] += sums[(long)chunk * c->width + i];
    free(sums);
    return 0;
}

/* out = silu(gate) * up, times a row's weight if there are weights. */
typedef struct {
    int rows, width, half;
    long row; /* stride of gate, up and their gradients */
    const void *gate, *up, *weight;
    void *out;
    const void *grad_out; /* backward only, as the rest */
    void *grad_gate, *grad_up;
    float *grad_weight; /* [rows]; with weights, `out` is made again beside the gradients */
} gated;

INLINE float weight_of(const gated *c, int r, const int half) {
    if (!c->weight) return 1.0f;
    return half ? get_half(((const uint16_t *)c->weight)[r]) : ((const float *)c->weight)[r];
}

INLINE void gated_row(const gated *c, int r, const int half) {
    long at = r * c->row, to = (long)r * c->width;
    float weight = weight_of(c, r, half);
    for (int i = 0; i < c->width; i += LANES) {
        int left = c->width - i;
        vec gate = load_some(c->gate, at + i, left, half);
        store_some(c->out, to + i, left, half, gate * sigmoid(gate) * load_some(c->up, at + i, left, half) * weight);
    }
}

INLINE void gated_row_backward(const gated *c, int r, const int half) {
    long at = r * c->row, to = (long)r * c->width;
    float weight = weight_of(c, r, half);
    vec sum = {0};
    for (int i = 0; i < c->width; i += LANES) {
        int left = c->width - i;
        vec gate = load_some(c->gate, at + i, left, half), up = load_some(c->up, at + i, left, half);
        vec given = load_some(c->grad_out, to + i, left, half);
        gate_slope g = slope_of_gate(gate);
        vec active = g.silu * up;
        if (c->weight) {
            sum = fused(given, active, sum);
            given *= weight;
            store_some(c->out, to + i, left, half, active * weight);
        }
        store_some(c->grad_gate, at + i, left, half, given * up * g.slope);
        store_some(c->grad_up, at + i, left, half, given * g.silu);
    }
    if (c->weight) c->grad_weight[r] = sum_lanes(sum);
}

void joyflash_gated(const gated *c, int threads) {
    (void)threads;
#pragma omp parallel for num_threads(threads) if ((long)c->rows * c->width > FEW)
    for (int r = 0; r < c->rows; r++) {
        if (c->half) gated_row(c, r, 1);
        else gated_row(c, r, 0);
    }
}

void joyflash_gated_backward(const gated *c, int threads) {
    (void)threads;
#pragma omp parallel for num_threads(threads) if ((long)c->rows * c->width > FEW)
    for (int r = 0; r < c->rows; r++) {
        if (c->half) gated_row_backward(c, r, 1);
        else gated_row_backward(c, r, 0);
    }
}

/* What heads attend with: queries and keys end in a part that is rotated by the token's angles, in pairs of neighbours; that
   of the keys is one for all heads. Backward, the gradients of the results are given as out_q, out_k, out_v, and those of
   the rest are made. */
typedef struct {
    int rows, count, plain, rotated, value, half; /* count: of heads; then widths of their parts */
    void *q, *kv, *k_rope;                        /* [rows][heads][plain + rotated], [..][plain + value], [rows][rotated] */
    long k_rope_row;                              /* stride */
    const float *cos, *sin;                       /* [rows][rotated / 2] */
    void *out_q, *out_k, *out_v;                  /* [rows][heads][plain + rotated], twice, and [..][value] */
} heads;

#define ROTATED 512 /* most numbers of a rotated part */

INLINE void copy_some(const void *from, long from_at, void *to, long to_at, int count, const int half) {
    size_t bytes = half ? sizeof(uint16_t) : sizeof(float);
    memcpy((char *)to + (size_t)to_at * bytes, (const char *)from + (size_t)from_at * bytes, (size_t)count * bytes);
}

/* Factors of a number and of its neighbour. */
INLINE void angles(const heads *c, int r, float *own, float *other, float direction) {
    for (int i = 0; i < c->rotated / 2; i++) {
        float sine = c->sin[(long)r * (c->rotated / 2) + i] * direction;
        own[2 * i] = own[2 * i + 1] = c->cos[(long)r * (c->rotated / 2) + i];
        other[2 * i] = -sine, other[2 * i + 1] = sine;
    }
}

INLINE void rotate(const void *from, long from_at, void *to, long to_at, int count, const float *own, const float *other, const int half) {
    for (int i = 0; i < count; i += LANES) {
        vec x = load_some(from, from_at + i, count - i, half);
        store_some(to, to_at + i, count - i, half, x * load_float(own + i) + swapped(x) * load_float(other + i));
    }
}

INLINE void heads_row(const heads *c, int r, const int half) {
    int plain = c->plain, rotated = c->rotated, width = plain + rotated, value = c->value;
    float own[ROTATED + LANES], other[ROTATED + LANES];
    angles(c, r, own, other, 1.0f);
    for (int h = 0; h < c->count; h++) {
        long head = (long)r * c->count + h, q = head * width, kv = head * (plain + value);
        copy_some(c->q, q, c->out_q, q, plain, half);
        rotate(c->q, q + plain, c->out_q, q + plain, rotated, own, other, half);
        copy_some(c->kv, kv, c->out_k, q, plain, half);
        copy_some(c->kv, kv + plain, c->out_v, head * value, value, half);
        if (h) copy_some(c->out_k, (long)r * c->count * width + plain, c->out_k, q + plain, rotated, half);
        else rotate(c->k_rope, r * c->k_rope_row, c->out_k, q + plain, rotated, own, other, half);
    }
}

INLINE void heads_row_backward(const heads *c, int r, const int half) {
    int plain = c->plain, rotated = c->rotated, width = plain + rotated, value = c->value;
    float own[ROTATED + LANES], other[ROTATED + LANES], sum[ROTATED + LANES];
    angles(c, r, own, other, -1.0f);
    for (int i = 0; i < rotated; i += LANES) store_float(sum + i, (vec){0});
    for (int h = 0; h < c->count; h++) {
        long head = (long)r * c->count + h, q = head * width, kv = head * (plain + value);
        copy_some(c->out_q, q, c->q, q, plain, half);
        rotate(c->out_q, q + plain, c->q, q + plain, rotated, own, other, half);
        copy_some(c->out_k, q, c->kv, kv, plain, half);
        copy_some(c->out_v, head * value, c->kv, kv + plain, value, half);
        for (int i = 0; i < rotated; i += LANES)
            store_float(sum + i, load_float(sum + i) + load_some(c->out_k, q + plain + i, rotated - i, half));
    }
    for (int i = 0; i < rotated; i += LANES) {
        vec x = load_float(sum + i);
        x = x * load_float(own + i) + swapped(x) * load_float(other + i);
        store_some(c->k_rope, r * c->k_rope_row + i, rotated - i, half, x);
    }
}

void joyflash_heads(const heads *c, int threads) {
    (void)threads;
#pragma omp parallel for num_threads(threads) if ((long)c->rows * c->count * (c->plain + c->rotated) > FEW)
    for (int r = 0; r < c->rows; r++) {
        if (c->half) heads_row(c, r, 1);
        else heads_row(c, r, 0);
    }
}

void joyflash_heads_backward(const heads *c, int threads) {
    (void)threads;
#pragma omp parallel for num_threads(threads) if ((long)c->rows * c->count * (c->plain + c->rotated) > FEW)
    for (int r = 0; r < c->rows; r++) {
        if (c->half) heads_row_backward(c, r, 1);
        else heads_row_backward(c, r, 0);
    }
}

/* Cross entropies of logits, which become their gradients: weight * (softmax - one at the target), with powers times
 * the target's probability to that power. */
typedef struct {
    int rows, width, half;
    void *logits; /* [rows][width] */
    const int64_t *target;
    const float *weight, *power; /* power may be missing */
    float *loss;                  /* not weighted */
} entropy;

INLINE void entropy_row(const entropy *c, int r, const int half) {
    long at = (long)r * c->width, aim = at + c->target[r];
    if (c->target[r] < 0 || c->target[r] >= c->width) {
        for (int i = 0; i < c->width; i += LANES) store_some(c->logits, at + i, c->width - i, half, splat(NAN));
        c->loss[r] = NAN;
        return;
    }
    float target = half ? get_half(((uint16_t *)c->logits)[aim]) : ((float *)c->logits)[aim], weight = c->weight[r];
    vec top = splat(target);
    int whole = c->width / LANES * LANES;
    for (int i = 0; i < whole; i += LANES) top = larger(top, load_some(c->logits, at + i, LANES, half));
    float best = largest(top);
    for (int i = whole; i < c->width; i++) {
        float x = half ? get_half(((uint16_t *)c->logits)[at + i]) : ((float *)c->logits)[at + i];
        best = x > best ? x : best;
    }
    vec sum = {0};
    for (int i = 0; i < c->width; i += LANES) {
        int left = c->width - i;
        vec p = exp_vec(load_some(c->logits, at + i, left, half) - best);
        for (int j = left; j < LANES; j++) p[j] = 0;
        sum += p;
    }
    float total = sum_lanes(sum);
    c->loss[r] = logf(total) - (target - best);
    if (c->power) weight *= expf(-c->power[r] * c->loss[r]);
    float share = weight / total;
    for (int i = 0; i < c->width; i += LANES) {
        int left = c->width - i, here = (int)(c->target[r] - i);
        vec grad = exp_vec(load_some(c->logits, at + i, left, half) - best) * share;
        if (here >= 0 && here < LANES) grad[here] -= weight;
        store_some(c->logits, at + i, left, half, grad);
    }
}

void joyflash_entropy(const entropy *c, int threads) {
    (void)threads;
#pragma omp parallel for num_threads(threads) if ((long)c->rows * c->width > FEW)
    for (int r = 0; r < c->rows; r++) {
        if (c->half) entropy_row(c, r, 1);
        else entropy_row(c, r, 0);
    }
}
