/* What training and prompts do row by row, each in one pass over memory: norms, gated activations, and the loss with its
   gradient. Arrays are float or bfloat16 (`half`), sums are float; no sum depends on the number of threads.
   See rows.py for the caller, and joyflash/model/rowwise.py for the twins in PyTorch. */

#include <stdlib.h>

#include "vectors.h"

#define FEW 32768 /* numbers that one thread is done with before another one is awake */
#define CHUNK 256 /* rows that add up a gradient of a norm's weights together */

INLINE vec sigmoid(vec x) { return 1.0f / (1.0f + exp_vec(-x)); }

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
        vec given = load_some(c->grad_out, to + i, left, half), share = sigmoid(gate), silu = gate * share;
        vec active = silu * up, slope = share + silu * (1.0f - share);
        if (c->weight) {
            sum = fused(given, active, sum);
            given *= weight;
            store_some(c->out, to + i, left, half, active * weight);
        }
        store_some(c->grad_gate, at + i, left, half, given * up * slope);
        store_some(c->grad_up, at + i, left, half, given * silu);
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

/* Cross entropies of logits, which become their gradients: weight * (softmax - one at the target). */
typedef struct {
    int rows, width, half;
    void *logits; /* [rows][width] */
    const int64_t *target;
    const float *weight;
    float *loss; /* not weighted */
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
    float total = sum_lanes(sum), share = weight / total;
    c->loss[r] = logf(total) - (target - best);
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
