/* Routed experts in bfloat16 on the processor's matrix units, with gradients: the CPU kernel behind prompts and training.

   Rows come sorted by expert. An expert is one thread's work: its matrices are brought into the units' layout once, then
   blocks of its rows pass through them while they are in the second-level cache. Sums are float; activations and what
   meets a matrix are rounded to bfloat16. No sum crosses experts, so the number of threads changes no bit.
   See experts.py for the caller and joyflash/model/experts.py for the same in single products.

   Letters: D hidden, I width of an expert, J = 2 * I. */

#include <stdlib.h>

#include "vectors.h"
#include "matrix.h"

typedef struct {
    int expert, first, end;
} span;

typedef struct {
    int spans, experts, hidden, inner, rows;
    const span *span;                            /* rows [first, end) of an expert */
    const uint16_t *x, *weight;                  /* [rows][D], [rows] */
    const uint16_t *gate_up, *down;              /* [experts][J][D], gates first; [experts][D][I] */
    uint16_t *out, *projected;                   /* [rows][D], [rows][J] */
    const uint16_t *grad_out;                    /* backward only, as the rest */
    uint16_t *grad_x, *grad_gate_up, *grad_down; /* [rows][D], [experts][J][D], [experts][D][I] */
    float *grad_weight;                          /* [rows] */
} call;

#ifdef HAS_MATRIX_UNITS
#define BLOCK 128 /* rows */

int joyflash_matrix_units(void) { return matrix_units; }

/* Room for arrays in turn, in one piece of memory; on a first pass, without memory, only its size is found. */
typedef struct {
    char *start;
    size_t used;
} arena;

static void *take(arena *a, long numbers, size_t bytes) {
    size_t at = a->used;
    a->used += ((size_t)numbers * bytes + 63) / 64 * 64;
    return a->start ? a->start + at : NULL;
}

static uint16_t *halves(arena *a, long numbers) { return take(a, numbers, sizeof(uint16_t)); }
static float *floats(arena *a, long numbers) { return take(a, numbers, sizeof(float)); }

/* Rows [first, first + whole) as a left factor: where they lie, or a copy where the array ends before. */
static const uint16_t *left_rows(const call *c, const uint16_t *from, int first, int count, int whole, int width, uint16_t *copy) {
    if (first + whole <= c->rows) return from + (long)first * width;
    memcpy(copy, from + (long)first * width, sizeof(uint16_t) * (size_t)((long)count * width));
    memset(copy + (long)count * width, 0, sizeof(uint16_t) * (size_t)((long)(whole - count) * width));
    return copy;
}

/* What an expert's forward pass needs beside its rows. */
typedef struct {
    uint16_t *gate_up, *down, *active, *copy; /* panels [J][D] and [D][I]; [BLOCK][I]; [BLOCK][D] */
    float *projected, *out;                   /* [BLOCK][J], [BLOCK][D] */
} forth;

static forth forth_of(const call *c, arena *a) {
    long D = c->hidden, I = c->inner;
    return (forth){halves(a, 2 * I * D), halves(a, D * I), halves(a, BLOCK * I), halves(a, BLOCK * D), floats(a, BLOCK * 2 * I), floats(a, BLOCK * D)};
}

static void forward(const call *c, const span *s, forth *f) {
    int D = c->hidden, I = c->inner, J = 2 * I;
    panels_of_columns(c->gate_up + (long)s->expert * J * D, D, J, D, f->gate_up);
    panels_of_columns(c->down + (long)s->expert * D * I, I, D, I, f->down);
    for (int first = s->first; first < s->end; first += BLOCK) {
        int count = fewer(s->end - first, BLOCK), whole = rounded_up(count, EDGE);
        const uint16_t *x = left_rows(c, c->x, first, count, whole, D, f->copy);
        multiply(whole, J, D, x, D, f->gate_up, PANEL(D), f->projected, J, 0);
        for (int r = 0; r < count; r++) {
            const float *gates = f->projected + r * J, *ups = gates + I;
            float weight = get_half(c->weight[first + r]);
            for (int i = 0; i < I; i += LANES) {
                vec gate = load_float(gates + i);
                store_half(f->active + r * I + i, rounded(gate * sigmoid(gate) * load_float(ups + i) * weight));
            }
        }
        to_halves(f->projected, (long)count * J, c->projected + (long)first * J);
        multiply(whole, D, I, f->active, I, f->down, PANEL(I), f->out, D, 0);
        to_halves(f->out, (long)count * D, c->out + (long)first * D);
    }
}

/* What an expert's backward pass needs beside its rows. */
typedef struct {
    uint16_t *down, *gate_up;                          /* panels with the outputs as depth: [I][D], [D][J] */
    uint16_t *weighted, *slope, *weighted_T, *slope_T; /* [BLOCK][I], [BLOCK][J], and turned */
    uint16_t *paired_x, *paired_grad, *copy;           /* panels with rows as depth: [D][BLOCK]; [BLOCK][D] */
    float *grad_active, *grad_x;                       /* [BLOCK][I], [BLOCK][D] */
    float *grad_down_T, *grad_gate_up;                 /* [I][D], [J][D] */
} back;

static back back_of(const call *c, arena *a) {
    long D = c->hidden, I = c->inner, J = 2 * I;
    return (back){halves(a, D * I),     halves(a, J * D),     halves(a, BLOCK * I), halves(a, BLOCK * J), halves(a, BLOCK * I),
                  halves(a, BLOCK * J), halves(a, BLOCK * D), halves(a, BLOCK * D), halves(a, BLOCK * D), floats(a, BLOCK * I),
                  floats(a, BLOCK * D), floats(a, I * D),     floats(a, J * D)};
}

/* Gradients of a row's projections; its activations once more, with their weight; the gradient of the weight. */
static void slopes_of_row(const call *c, int row, const float *grad_active, uint16_t *weighted, uint16_t *slope) {
    int I = c->inner;
    const uint16_t *gates = c->projected + (long)row * 2 * I, *ups = gates + I;
    float weight = get_half(c->weight[row]);
    vec sum = {0};
    for (int i = 0; i < I; i += LANES) {
        vec given = load_float(grad_active + i), up = load_half(ups + i);
        gate_slope g = slope_of_gate(load_half(gates + i));
        vec active = g.silu * up;
        sum = fused(given, active, sum);
        given *= weight;
        store_half(weighted + i, rounded(active * weight));
        store_half(slope + i, rounded(given * up * g.slope));
        store_half(slope + I + i, rounded(given * g.silu));
    }
    c->grad_weight[row] = sum_lanes(sum);
}

static void backward(const call *c, const span *s, back *b) {
    int D = c->hidden, I = c->inner, J = 2 * I, expert = s->expert;
    uint16_t *grad_gate_up = c->grad_gate_up + (long)expert * J * D, *grad_down = c->grad_down + (long)expert * D * I;
    panels_of_depth(c->down + (long)expert * D * I, I, D, D, I, b->down, PANEL(D));
    panels_of_depth(c->gate_up + (long)expert * J * D, D, J, J, D, b->gate_up, PANEL(J));
    for (int first = s->first; first < s->end; first += BLOCK) {
        int count = fewer(s->end - first, BLOCK), whole = rounded_up(count, DEPTH), add = first > s->first;
        const uint16_t *grad = left_rows(c, c->grad_out, first, count, whole, D, b->copy);
        multiply(whole, I, D, grad, D, b->down, PANEL(D), b->grad_active, I, 0);
        for (int r = 0; r < count; r++) slopes_of_row(c, first + r, b->grad_active + r * I, b->weighted + r * I, b->slope + r * J);
        memset(b->weighted + count * I, 0, sizeof(uint16_t) * (size_t)((whole - count) * I));
        memset(b->slope + count * J, 0, sizeof(uint16_t) * (size_t)((whole - count) * J));
        turn_rows(b->weighted, I, whole, I, b->weighted_T, BLOCK);
        turn_rows(b->slope, J, whole, J, b->slope_T, BLOCK);
        panels_of_depth(c->x + (long)first * D, D, count, whole, D, b->paired_x, PANEL(BLOCK));
        panels_of_depth(c->grad_out + (long)first * D, D, count, whole, D, b->paired_grad, PANEL(BLOCK));
        if (add) {
            multiply(I, D, whole, b->weighted_T, BLOCK, b->paired_grad, PANEL(BLOCK), b->grad_down_T, D, 1);
            multiply(J, D, whole, b->slope_T, BLOCK, b->paired_x, PANEL(BLOCK), b->grad_gate_up, D, 1);
        } else {
            multiply(I, D, whole, b->weighted_T, BLOCK, b->paired_grad, PANEL(BLOCK), b->grad_down_T, D, 0);
            multiply(J, D, whole, b->slope_T, BLOCK, b->paired_x, PANEL(BLOCK), b->grad_gate_up, D, 0);
        }
        multiply(whole, D, J, b->slope, J, b->gate_up, PANEL(J), b->grad_x, D, 0);
        to_halves(b->grad_x, (long)count * D, c->grad_x + (long)first * D);
    }
    to_halves(b->grad_gate_up, (long)J * D, grad_gate_up);
    uint16_t *turned = b->gate_up; /* done with */
    to_halves(b->grad_down_T, (long)I * D, turned);
    turn_rows(turned, D, I, D, grad_down, I);
}

/* 0, or -1 without memory. An expert may have several spans. */
int joyflash_experts(const call *c, int threads) {
    int failed = 0;
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) reduction(| : failed)
    for (int i = 0; i < c->spans; i++) {
        arena a = {0};
        forth_of(c, &a);
        a = (arena){aligned_alloc(64, a.used), 0};
        if (a.start) {
            forth f = forth_of(c, &a);
            enter_matrix_units();
            forward(c, c->span + i, &f);
            leave_matrix_units();
        } else failed |= -1;
        free(a.start);
    }
    return failed;
}

/* The same; here an expert has one span at most, and gradients of zero where it has none. */
int joyflash_experts_backward(const call *c, int threads) {
    int failed = 0;
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) reduction(| : failed)
    for (int expert = 0; expert < c->experts; expert++) {
        const span *own = NULL;
        for (int i = 0; i < c->spans; i++)
            if (c->span[i].expert == expert) own = c->span + i;
        if (!own) {
            long numbers = (long)c->hidden * c->inner;
            memset(c->grad_gate_up + expert * 2 * numbers, 0, sizeof(uint16_t) * 2 * (size_t)numbers);
            memset(c->grad_down + expert * numbers, 0, sizeof(uint16_t) * (size_t)numbers);
            continue;
        }
        arena a = {0};
        back_of(c, &a);
        a = (arena){aligned_alloc(64, a.used), 0};
        if (a.start) {
            back b = back_of(c, &a);
            enter_matrix_units();
            backward(c, own, &b);
            leave_matrix_units();
        } else failed |= -1;
        free(a.start);
    }
    return failed;
}
#else
int joyflash_matrix_units(void) { return 0; }
int joyflash_experts(const call *c, int threads) { return (void)c, (void)threads, -1; }
int joyflash_experts_backward(const call *c, int threads) { return (void)c, (void)threads, -1; }
#endif
