/* One step of a JoyAI-LLM-Flash-shaped model on a CPU: rows of tokens in, hidden states out, the paged cache extended.

   A row is one token of one sequence. A step may mix decoding, verifying drafts and chunks of prompts: every row writes
   its latent to the cache first and then attends, in the absorbed form, to all positions up to its own.
   See step.py for the caller and joyflash/model for the reference.

   Letters: D hidden, N heads, H key width without rotation, R rotated width, V value width, C latent, W = C + R. */

#include "linear.h"
#include "quantized.h"
#include "threads.h"
#include "draw.h"

#define HEADS_PER_UNIT 4
#define ROWS_PER_UNIT 4
#define QUERIES (HEADS_PER_UNIT * ROWS_PER_UNIT)
#define NOT_FINITE -2 /* in place of a drawn token */

/* Weights of a product, [outputs][inputs]: plain numbers, or quantised ones (see quantized.h) with their scales. */
typedef struct {
    const void *values;
    const float *scales; /* [outputs][groups] */
    long bits;           /* 32: float, 16: bfloat16; 8 or 4: quantised */
} matrix;

typedef struct {
    const float *input_norm, *post_norm, *q_norm, *kv_norm;
    const float *router, *router_bias;                /* NULL in a dense block */
    matrix q_a, q_b, kv_a, key_up, value_up, o;       /* key_up [N][C][H], value_up [N][V][C] */
    matrix gate, up, down, expert_gate_up, expert_down; /* dense block or shared expert; [E][2I][D], [E][D][I] */
} layer;

typedef struct {
    int hidden, heads, q_rank, latent, nope, rope, value, experts, chosen, expert_width, layers, vocabulary;
    int dense_width, shared_width, normalise, block_tokens, blocks, max_rows, max_positions;
    float eps, routed_scale, attention_scale;
    const stored *embedding;
    const float *final_norm, *mtp_enorm, *mtp_hnorm, *mtp_norm;
    const float *cos, *sin; /* [max_positions][R / 2] */
    const layer *layer;     /* the trunk's, then the MTP block */
    stored *cache;          /* [layers + 1][blocks][block_tokens][W] */
    matrix head, draft_head, mtp_join;
} model;

typedef struct {
    int rows;
    const int32_t *tokens, *positions, *sequences; /* of each row; a row's sequence names its line of `tables` */
    const int32_t *const *tables;                  /* of each sequence: its blocks of the cache, in order */
    const float *hidden_in;                        /* MTP only: the hidden states before `tokens`, */
    const int32_t *hidden_lines;                   /* and for each row its line among them */
    const int32_t *kept;                           /* MTP only: rows whose output is wanted, ascending */
    int kept_count;
    float *hidden_out; /* [rows or kept_count][D] */
} step;

typedef struct {
    model m;
    team team;
    step s;
    int rows; /* rows at work: all, or the kept ones once the MTP block has written their latents */
    int32_t *positions, *sequences;
    char *memory;
    float *x, *normed, *joined, *q_a, *kv, *q, *query, *attended, *values, *inner, *expert_inner, *expert_out, *weights;
    float *steered, *scores, *chunks;
    winner *winners;
    int *chosen, *expert_start, *expert_row, *active, active_count;
    int *group_start, groups; /* rows that stand behind one another in a sequence, up to ROWS_PER_UNIT, attend together */
    const float **pointers; /* [threads][3][max_rows * (K + 1)] */
    int16_t *packed;        /* [threads][max_rows][widest] inputs of quantised products */
    float *packed_scales;   /* [threads][max_rows] */
    int widest;
} engine;

typedef struct {
    engine *e;
    team *t;
    int thread, stage;
    const float **in;
    float **out;
    const float **packed_in; /* which rows `packed` holds, as they are in packed_stage */
    int packed_count, packed_stage;
    int16_t *packed;
    float *packed_scales;
} worker;

/* Deal out 0..total in chunks of `size`: a, b are the ends of this thread's next chunk. */
#define DEAL(w, total, size)                                                                                           \
    for (int a = next_chunk((w)->t, (w)->stage, size), b;                                                              \
         a < (total) && ((b = a + (size) < (total) ? a + (size) : (total)), 1);                                        \
         a = next_chunk((w)->t, (w)->stage, size))

static void next_stage(worker *w) {
    barrier(w->t);
    w->stage++;
}

static void rows_of(worker *w, float *in, long in_width, float *out, long out_width, int count) {
    for (int r = 0; r < count; r++) {
        w->in[r] = in + r * in_width;
        w->out[r] = out + r * out_width;
    }
}

/* Rows [first, end) of a matrix times w->in, from w->out[...][at] on. Rows that many chunks of a stage read are packed
   once: within a stage no input changes. */
static void multiply(worker *w, int count, const matrix *weights, int in, long first, long end, int at, int add) {
    int stop = at + (int)(end - first), groups = (in + GROUP - 1) / GROUP;
    if (weights->bits == 32) {
        product_float_rows(w->in, count, (const float *)weights->values + first * in, in, in, w->out, at, stop, add);
        return;
    }
    if (weights->bits == 16) {
        product_half_rows(w->in, count, (const uint16_t *)weights->values + first * in, in, in, w->out, at, stop, add);
        return;
    }
    size_t pointers = sizeof(float *) * (size_t)count;
    if (w->packed_stage != w->stage || w->packed_count != count || memcmp(w->packed_in, w->in, pointers)) {
        for (int r = 0; r < count; r++)
            w->packed_scales[r] = pack_row(w->in[r], in, w->packed + (long)r * groups * GROUP);
        memcpy(w->packed_in, w->in, pointers);
        w->packed_stage = w->stage, w->packed_count = count;
    }
    const uint8_t *values = (const uint8_t *)weights->values + first * groups * (GROUP / 8) * weights->bits;
    (weights->bits == 8 ? product_int8_rows : product_int4_rows)(w->packed, w->packed_scales, count, values,
                                                                 weights->scales + first * groups, groups, w->out, at,
                                                                 stop, add);
}

static void rms_norm(const float *x, const float *weight, int width, float eps, float *out) {
    vec sum = {0};
    float square = 0;
    int i = 0;
    for (; i + LANES <= width; i += LANES) sum = fused(load_float(x + i), load_float(x + i), sum);
    square = sum_lanes(sum);
    for (; i < width; i++) square = fmaf(x[i], x[i], square);
    float scale = 1.0f / sqrtf(square / (float)width + eps);
    for (i = 0; i < width; i++) out[i] = x[i] * scale * weight[i];
}

static void silu_times(float *gate, const float *up, int count) {
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
        vec g = load_float(gate + i);
        store_float(gate + i, g / (1.0f + exp_vec(-g)) * load_float(up + i));
    }
    for (; i < count; i++) gate[i] = gate[i] / (1.0f + exp_one(-gate[i])) * up[i];
}

static void rotate(const model *m, float *pairs, int position) {
    const float *cos = m->cos + (long)position * m->rope / 2, *sin = m->sin + (long)position * m->rope / 2;
    for (int i = 0; i < m->rope / 2; i++) {
        float even = pairs[2 * i], odd = pairs[2 * i + 1];
        pairs[2 * i] = even * cos[i] - odd * sin[i];
        pairs[2 * i + 1] = even * sin[i] + odd * cos[i];
    }
}

static stored *cache_block(const engine *e, int layer, int sequence, int number) {
    const model *m = &e->m;
    long block = e->s.tables[sequence][number];
    return m->cache + ((long)layer * m->blocks + block) * m->block_tokens * (m->latent + m->rope);
}

/* Stage: norm of every row, after adding what the experts of the block before made of it. */
static void add_and_norm(worker *w, const layer *before, const float *weight, float *out) {
    engine *e = w->e;
    const model *m = &e->m;
    int hidden = m->hidden;
    DEAL(w, e->rows, 1) {
        float *x = e->x + (long)a * hidden;
        if (before && before->router)
            for (int k = 0; k < m->chosen; k++) {
                const float *made = e->expert_out + ((long)a * m->chosen + k) * hidden;
                float share = e->weights[a * m->chosen + k];
                for (int i = 0; i < hidden; i++) x[i] = fmaf(share, made[i], x[i]);
            }
        rms_norm(x, weight, hidden, m->eps, out + (long)a * hidden);
        (void)b;
    }
    next_stage(w);
}

/* Stages up to the new latents in the cache: queries' first product, latents, their norms and rotation. */
static void write_latents(worker *w, const layer *l, int number) {
    engine *e = w->e;
    const model *m = &e->m;
    int width = m->latent + m->rope, q_rows = m->q_rank ? m->q_rank : m->heads * (m->nope + m->rope);
    float *q = m->q_rank ? e->q_a : e->q;
    DEAL(w, q_rows + width, 24) {
        if (a < q_rows) {
            int end = b < q_rows ? b : q_rows;
            rows_of(w, e->normed, m->hidden, q, q_rows, e->rows);
            multiply(w, e->rows, &l->q_a, m->hidden, a, end, a, 0);
        }
        if (b > q_rows) {
            int first = a > q_rows ? a - q_rows : 0;
            rows_of(w, e->normed, m->hidden, e->kv, width, e->rows);
            multiply(w, e->rows, &l->kv_a, m->hidden, first, b - q_rows, first, 0);
        }
    }
    next_stage(w);
    DEAL(w, e->rows, 1) {
        float *kv = e->kv + (long)a * width;
        if (m->q_rank) rms_norm(e->q_a + (long)a * m->q_rank, l->q_norm, m->q_rank, m->eps, e->q_a + (long)a * m->q_rank);
        rms_norm(kv, l->kv_norm, m->latent, m->eps, kv);
        rotate(m, kv + m->latent, e->positions[a]);
        int position = e->positions[a];
        stored *at = cache_block(e, number, e->sequences[a], position / m->block_tokens) +
                     (long)(position % m->block_tokens) * width;
        for (int i = 0; i < width; i++) at[i] = to_stored(kv[i]);
        (void)b;
    }
    next_stage(w);
}

/* Softmax of a row's scores, in place. */
static void softmax(float *s, int keys, float scale) {
    float best = -INFINITY;
    for (int j = 0; j < keys; j++) best = s[j] > best ? s[j] : best;
    vec sum = {0};
    int j = 0;
    for (; j + LANES <= keys; j += LANES) {
        vec p = exp_vec((load_float(s + j) - best) * scale);
        store_float(s + j, p);
        sum += p;
    }
    float total = sum_lanes(sum);
    for (; j < keys; j++) total += s[j] = exp_one((s[j] - best) * scale);
    float share = 1.0f / total;
    for (j = 0; j < keys; j++) s[j] *= share;
}

/* Add `keys` latents, weighted by each head's scores, to its output; key by key, whatever the number of heads. */
static void add_latents(const stored *block, int keys, int width, int latent, const float *const *score, int at,
                        float *const *out, int count) {
    int i = 0;
    for (; i + 2 * LANES <= latent; i += 2 * LANES) {
        vec low[HEADS_PER_UNIT], high[HEADS_PER_UNIT];
        for (int h = 0; h < count; h++) low[h] = load_float(out[h] + i), high[h] = load_float(out[h] + i + LANES);
        if (count == HEADS_PER_UNIT)
            for (int j = 0; j < keys; j++) {
                const stored *key = block + (long)j * width + i;
                vec first = load_stored(key), second = load_stored(key + LANES);
                _Pragma("GCC unroll 4") for (int h = 0; h < HEADS_PER_UNIT; h++) {
                    low[h] = fused(first, splat(score[h][at + j]), low[h]);
                    high[h] = fused(second, splat(score[h][at + j]), high[h]);
                }
            }
        else
            for (int h = 0; h < count; h++)
                for (int j = 0; j < keys; j++) {
                    const stored *key = block + (long)j * width + i;
                    low[h] = fused(load_stored(key), splat(score[h][at + j]), low[h]);
                    high[h] = fused(load_stored(key + LANES), splat(score[h][at + j]), high[h]);
                }
        for (int h = 0; h < count; h++) store_float(out[h] + i, low[h]), store_float(out[h] + i + LANES, high[h]);
    }
    for (; i < latent; i++)
        for (int h = 0; h < count; h++)
            for (int j = 0; j < keys; j++)
                out[h][i] = fmaf(score[h][at + j], get_stored(block[(long)j * width + i]), out[h][i]);
}

/* Some rows of one sequence, each behind the one before, and some of their heads: scores against the whole cache up to
   their positions, softmax, sum of the latents. Together they read the cache once; a row's numbers stay its own. */
static void attend(worker *w, int number, int row, int rows, int head, int count) {
    engine *e = w->e;
    const model *m = &e->m;
    int width = m->latent + m->rope, first = e->positions[row] + 1, most = first + rows - 1, size = m->block_tokens;
    const float *query[QUERIES];
    float *score[QUERIES], *out[QUERIES];
    for (int r = 0; r < rows; r++)
        for (int h = 0; h < count; h++) {
            int q = r * count + h;
            long at = (long)(row + r) * m->heads + head + h;
            query[q] = e->query + at * width;
            score[q] = e->scores + ((long)w->thread * QUERIES + q) * (m->max_positions + LANES);
            out[q] = e->attended + at * m->latent;
            memset(out[q], 0, sizeof(float) * (size_t)m->latent);
        }
    for (int at = 0; at < most; at += size) {
        int end = at + size < most ? at + size : most;
        const stored *block = cache_block(e, number, e->sequences[row], at / size);
        product_stored_rows(query, rows * count, block, width, width, score, at, end, 0);
    }
    for (int q = 0; q < rows * count; q++) softmax(score[q], first + q / count, m->attention_scale);
    for (int at = 0; at < most; at += size) {
        const stored *block = cache_block(e, number, e->sequences[row], at / size);
        for (int r = 0; r < rows; r++) {
            int keys = first + r - at < size ? first + r - at : size;
            add_latents(block, keys, width, m->latent, (const float *const *)score + r * count, at, out + r * count, count);
        }
    }
}

/* Stages from the cached latents to the residual stream: queries, attention, values, output product. */
static void attention(worker *w, const layer *l, int number) {
    engine *e = w->e;
    const model *m = &e->m;
    int head_width = m->nope + m->rope, width = m->latent + m->rope, queries = m->heads * head_width;
    if (m->q_rank) {
        DEAL(w, queries, 24) {
            rows_of(w, e->q_a, m->q_rank, e->q, queries, e->rows);
            multiply(w, e->rows, &l->q_b, m->q_rank, a, b, a, 0);
        }
        next_stage(w);
    }
    int pieces = (m->latent + 63) / 64; /* of a head's latent width */
    DEAL(w, m->heads * pieces, 1) {
        int head = a / pieces, first = a % pieces * 64, end = first + 64 < m->latent ? first + 64 : m->latent;
        rows_of(w, e->q + (long)head * head_width, queries, e->query + (long)head * width, (long)m->heads * width, e->rows);
        long row = (long)head * m->latent;
        multiply(w, e->rows, &l->key_up, m->nope, row + first, row + end, first, 0);
        if (first == 0)
            for (int r = 0; r < e->rows; r++) {
                float *turned = w->out[r] + m->latent;
                memcpy(turned, w->in[r] + m->nope, sizeof(float) * (size_t)m->rope);
                rotate(m, turned, e->positions[r]);
            }
        (void)b;
    }
    next_stage(w);
    /* Few rows: fewer heads a unit, so that every thread has work. */
    int heads = HEADS_PER_UNIT;
    while (heads > 1 && e->groups * ((m->heads + heads - 1) / heads) < w->t->threads) heads /= 2;
    int units = (m->heads + heads - 1) / heads;
    DEAL(w, e->groups * units, 1) {
        int head = a % units * heads, row = e->group_start[a / units];
        attend(w, number, row, e->group_start[a / units + 1] - row, head, head + heads < m->heads ? heads : m->heads - head);
        (void)b;
    }
    next_stage(w);
    DEAL(w, m->heads * m->value, 32) {
        for (int first = a; first < b;) { /* a chunk may touch two heads */
            int head = first / m->value, end = (head + 1) * m->value < b ? (head + 1) * m->value : b;
            rows_of(w, e->attended + (long)head * m->latent, (long)m->heads * m->latent, e->values,
                    (long)m->heads * m->value, e->rows);
            multiply(w, e->rows, &l->value_up, m->latent, first, end, first, 0);
            first = end;
        }
    }
    next_stage(w);
    int joined = m->heads * m->value;
    DEAL(w, m->hidden, 24) {
        rows_of(w, e->values, joined, e->x, m->hidden, e->rows);
        multiply(w, e->rows, &l->o, joined, a, b, a, 1);
    }
    next_stage(w);
}

/* Choose each row's experts and sort the (row, choice) pairs by expert. */
static void route(engine *e, const layer *l) {
    const model *m = &e->m;
    int E = m->experts, K = m->chosen;
    memset(e->expert_start, 0, sizeof(int) * (size_t)(E + 1));
    for (int r = 0; r < e->rows; r++) {
        float *score = e->steered + (long)r * E, total = 0;
        for (int i = 0; i < E; i++) score[i] = 1.0f / (1.0f + exp_one(-score[i]));
        for (int k = 0; k < K; k++) {
            int best = -1;
            for (int i = 0; i < E; i++) {
                int taken = 0;
                for (int j = 0; j < k; j++) taken |= e->chosen[r * K + j] == i;
                if (!taken && (best < 0 || score[i] + l->router_bias[i] > score[best] + l->router_bias[best])) best = i;
            }
            e->chosen[r * K + k] = best;
            e->weights[r * K + k] = score[best];
            total += score[best];
            e->expert_start[best + 1]++;
        }
        for (int k = 0; k < K; k++) {
            if (m->normalise) e->weights[r * K + k] /= total + 1e-20f;
            e->weights[r * K + k] *= m->routed_scale;
        }
    }
    e->active_count = 0;
    for (int i = 0; i < E; i++) {
        if (e->expert_start[i + 1]) e->active[e->active_count++] = i;
        e->expert_start[i + 1] += e->expert_start[i];
    }
    for (int p = 0; p < e->rows * K; p++) e->expert_row[e->expert_start[e->chosen[p]]++] = p;
    for (int i = E; i > 0; i--) e->expert_start[i] = e->expert_start[i - 1];
    e->expert_start[0] = 0;
}

/* Outputs a..b of `width`; `gate` and `up` begin at these rows of their matrices. */
static void gated(worker *w, int rows, const matrix *gate, long gate_row, const matrix *up, long up_row, int width, int a,
                  int b) {
    int hidden = w->e->m.hidden;
    multiply(w, rows, gate, hidden, gate_row + a, gate_row + b, a, 0);
    /* The second half of a row of `inner` takes the other product until the two are joined. */
    multiply(w, rows, up, hidden, up_row + a, up_row + b, width + a, 0);
    for (int r = 0; r < rows; r++) silu_times(w->out[r] + a, w->out[r] + width + a, b - a);
}

/* Stages of the feed-forward half: router, gated products, down products; the experts' sum is left to add_and_norm. */
static void feed_forward(worker *w, const layer *l) {
    engine *e = w->e;
    const model *m = &e->m;
    int dense = l->router ? m->shared_width : m->dense_width, E = l->router ? m->experts : 0, size = 16;
    int dense_chunks = (dense + size - 1) / size, K = m->chosen, I = m->expert_width;
    DEAL(w, dense_chunks + (E + 15) / 16, 1) {
        if (a < dense_chunks) {
            int first = a * size, end = first + size < dense ? first + size : dense;
            rows_of(w, e->normed, m->hidden, e->inner, 2L * dense, e->rows);
            gated(w, e->rows, &l->gate, 0, &l->up, 0, dense, first, end);
        } else {
            int first = (a - dense_chunks) * 16, end = first + 16 < E ? first + 16 : E;
            rows_of(w, e->normed, m->hidden, e->steered, E, e->rows);
            product_float_rows(w->in, e->rows, l->router + (long)first * m->hidden, m->hidden, m->hidden, w->out, first,
                               end, 0);
        }
        (void)b;
    }
    next_stage(w);
    if (E) {
        if (w->thread == 0) route(e, l);
        next_stage(w);
        int chunks = (I + size - 1) / size;
        DEAL(w, e->active_count * chunks, 1) {
            int expert = e->active[a / chunks], first = a % chunks * size, end = first + size < I ? first + size : I;
            int count = e->expert_start[expert + 1] - e->expert_start[expert];
            for (int r = 0; r < count; r++) {
                int pair = e->expert_row[e->expert_start[expert] + r];
                w->in[r] = e->normed + (long)(pair / K) * m->hidden;
                w->out[r] = e->expert_inner + (long)pair * 2 * I;
            }
            const matrix *both = &l->expert_gate_up;
            gated(w, count, both, expert * 2L * I, both, (expert * 2L + 1) * I, I, first, end);
            (void)b;
        }
        next_stage(w);
    }
    int chunks = (m->hidden + 23) / 24, active = E ? e->active_count : 0;
    DEAL(w, (active + 1) * chunks, 1) {
        int first = a % chunks * 24, end = first + 24 < m->hidden ? first + 24 : m->hidden;
        if (a / chunks < active) {
            int expert = e->active[a / chunks], count = e->expert_start[expert + 1] - e->expert_start[expert];
            for (int r = 0; r < count; r++) {
                int pair = e->expert_row[e->expert_start[expert] + r];
                w->in[r] = e->expert_inner + (long)pair * 2 * I;
                w->out[r] = e->expert_out + (long)pair * m->hidden;
            }
            long row = (long)expert * m->hidden;
            multiply(w, count, &l->expert_down, I, row + first, row + end, first, 0);
        } else {
            rows_of(w, e->inner, 2L * dense, e->x, m->hidden, e->rows);
            multiply(w, e->rows, &l->down, dense, first, end, first, 1);
        }
        (void)b;
    }
    next_stage(w);
}

static void group_rows(engine *e) {
    e->groups = 0;
    for (int r = 0; r < e->rows; r++) {
        int start = e->groups ? e->group_start[e->groups - 1] : 0;
        int joins = r && r - start < ROWS_PER_UNIT && e->sequences[r] == e->sequences[r - 1] &&
                    e->positions[r] == e->positions[r - 1] + 1;
        if (!joins) e->group_start[e->groups++] = r;
    }
    e->group_start[e->groups] = e->rows;
}

static void take_rows(engine *e) {
    e->rows = e->s.rows;
    memcpy(e->positions, e->s.positions, sizeof(int32_t) * (size_t)e->rows);
    memcpy(e->sequences, e->s.sequences, sizeof(int32_t) * (size_t)e->rows);
    group_rows(e);
}

static worker worker_of(engine *e, team *t, int thread) {
    long count = (long)e->m.max_rows * (e->m.chosen + 1);
    const float **pointers = e->pointers + thread * 3 * count;
    return (worker){
        .e = e,
        .t = t,
        .thread = thread,
        .in = pointers,
        .out = (float **)(pointers + count),
        .packed_in = pointers + 2 * count,
        .packed = e->packed + (long)thread * e->m.max_rows * e->widest,
        .packed_scales = e->packed_scales + (long)thread * e->m.max_rows,
    };
}

static void trunk_body(void *given, team *t, int thread) {
    engine *e = given;
    const model *m = &e->m;
    worker self = worker_of(e, t, thread), *w = &self;
    if (thread == 0) take_rows(e);
    next_stage(w);
    DEAL(w, e->rows, 4)
        for (int r = a; r < b; r++)
            for (int i = 0; i < m->hidden; i++)
                e->x[(long)r * m->hidden + i] = get_stored(m->embedding[(long)e->s.tokens[r] * m->hidden + i]);
    next_stage(w);
    const layer *before = NULL;
    for (int number = 0; number < m->layers; number++) {
        const layer *l = &m->layer[number];
        add_and_norm(w, before, l->input_norm, e->normed);
        write_latents(w, l, number);
        attention(w, l, number);
        add_and_norm(w, NULL, l->post_norm, e->normed);
        feed_forward(w, l);
        before = l;
    }
    add_and_norm(w, before, m->final_norm, e->s.hidden_out);
    if (thread == 0) t->stages_used = w->stage;
}

static void mtp_body(void *given, team *t, int thread) {
    engine *e = given;
    const model *m = &e->m;
    const layer *l = &m->layer[m->layers];
    int hidden = m->hidden;
    worker self = worker_of(e, t, thread), *w = &self;
    if (thread == 0) take_rows(e);
    next_stage(w);
    DEAL(w, e->rows, 1) {
        float *left = e->joined + (long)a * 2 * hidden;
        for (int i = 0; i < hidden; i++) /* at position 0 the embedding counts as zero */
            left[i] = e->positions[a] ? get_stored(m->embedding[(long)e->s.tokens[a] * hidden + i]) : 0.0f;
        rms_norm(left, m->mtp_enorm, hidden, m->eps, left);
        rms_norm(e->s.hidden_in + (long)e->s.hidden_lines[a] * hidden, m->mtp_hnorm, hidden, m->eps, left + hidden);
        (void)b;
    }
    next_stage(w);
    DEAL(w, hidden, 24) {
        rows_of(w, e->joined, 2L * hidden, e->x, hidden, e->rows);
        multiply(w, e->rows, &m->mtp_join, 2 * hidden, a, b, a, 0);
    }
    next_stage(w);
    add_and_norm(w, NULL, l->input_norm, e->normed);
    write_latents(w, l, m->layers);
    if (thread == 0) { /* from here on only the rows whose output is wanted */
        int width = m->q_rank ? m->q_rank : m->heads * (m->nope + m->rope);
        float *q = m->q_rank ? e->q_a : e->q;
        for (int i = 0; i < e->s.kept_count; i++) {
            int from = e->s.kept[i];
            memmove(e->x + (long)i * hidden, e->x + (long)from * hidden, sizeof(float) * (size_t)hidden);
            memmove(q + (long)i * width, q + (long)from * width, sizeof(float) * (size_t)width);
            e->positions[i] = e->positions[from];
            e->sequences[i] = e->sequences[from];
        }
        e->rows = e->s.kept_count;
        group_rows(e);
    }
    next_stage(w);
    if (e->rows) {
        attention(w, l, m->layers);
        add_and_norm(w, NULL, l->post_norm, e->normed);
        feed_forward(w, l);
        add_and_norm(w, NULL, m->mtp_norm, e->s.hidden_out);
    }
    if (thread == 0) t->stages_used = w->stage;
}

typedef struct {
    engine *e;
    const float *hidden;
    const int32_t *lines; /* of `hidden`, one for each row; NULL: 0, 1, 2, ... */
    const int32_t *ids;   /* of the outputs, with the draft head; NULL: 0, 1, 2, ... with the head itself */
    int rows, outputs;
    float *logits; /* [rows][outputs]; NULL: tokens are drawn instead */
    const int64_t *keys;
    const double *temperatures;
} head_job;

#define HEAD_CHUNK 96

/* Logits of outputs a..b of every row, at w->out[row][0..b - a). */
static void head_chunk(worker *w, const head_job *h, int a, int b) {
    const model *m = &w->e->m;
    if (!h->ids) {
        multiply(w, h->rows, &m->head, m->hidden, a, b, 0, 0);
        return;
    }
    for (int o = a, end; o < b; o = end) { /* neighbours in the vocabulary are computed together */
        for (end = o + 1; end < b && h->ids[end] == h->ids[end - 1] + 1;) end++;
        multiply(w, h->rows, &m->draft_head, m->hidden, h->ids[o], h->ids[o] + end - o, o - a, 0);
    }
}

static void head_body(void *given, team *t, int thread) {
    head_job *h = given;
    engine *e = h->e;
    worker self = worker_of(e, t, thread), *w = &self;
    winner *best = e->winners + (long)thread * e->m.max_rows;
    float *space = e->chunks + (long)thread * e->m.max_rows * HEAD_CHUNK;
    for (int r = 0; r < h->rows; r++) {
        w->in[r] = h->hidden + (long)(h->lines ? h->lines[r] : r) * e->m.hidden;
        best[r] = (winner){-INFINITY, -1};
    }
    DEAL(w, h->outputs, HEAD_CHUNK) {
        for (int r = 0; r < h->rows; r++)
            w->out[r] = h->logits ? h->logits + (long)r * h->outputs + a : space + (long)r * HEAD_CHUNK;
        head_chunk(w, h, a, b);
        for (int r = 0; !h->logits && r < h->rows; r++)
            if (best[r].index == NOT_FINITE || !joyflash_finite(w->out[r], b - a)) best[r].index = NOT_FINITE;
            else compete(&best[r], w->out[r], b - a, a, h->ids, h->keys[r], h->temperatures[r]);
    }
    next_stage(w);
    if (thread == 0) t->stages_used = w->stage;
}

/* Logits [rows][vocabulary]; rows <= max_rows. */
void joyflash_head(engine *e, const float *hidden, int rows, float *logits) {
    head_job h = {e, hidden, NULL, NULL, rows, e->m.vocabulary, logits, NULL, NULL};
    team_run(&e->team, head_body, &h);
}

/* Draw a token for each of `rows` lines of `hidden`, from `ids` or the first `outputs` tokens, without its logits ever
   being written out; NOT_FINITE where one of them is not finite. */
void joyflash_draw(engine *e, const float *hidden, const int32_t *lines, int rows, const int32_t *ids, int outputs,
                   const int64_t *keys, const double *temperatures, int32_t *tokens) {
    head_job h = {e, hidden, lines, ids, rows, outputs, NULL, keys, temperatures};
    team_run(&e->team, head_body, &h);
    for (int r = 0; r < rows; r++) {
        winner best = e->winners[r];
        for (int thread = 1; thread < e->team.threads; thread++) {
            winner other = e->winners[(long)thread * e->m.max_rows + r];
            if (best.index == NOT_FINITE || other.index == -1) continue;
            if (other.index == NOT_FINITE || other.score > best.score ||
                (other.score == best.score && other.index < best.index))
                best = other;
        }
        tokens[r] = best.index >= 0 && ids ? ids[best.index] : best.index;
    }
}

void joyflash_trunk(engine *e, const step *s) {
    e->s = *s;
    team_run(&e->team, trunk_body, e);
}

void joyflash_mtp(engine *e, const step *s) {
    e->s = *s;
    team_run(&e->team, mtp_body, e);
}

int joyflash_layout(void) { return (int)(sizeof(model) * 10000 + sizeof(layer) * 100 + sizeof(step)); }

void joyflash_close(engine *e) {
    team_stop(&e->team);
    free(e->memory);
    free(e);
}

static void *take(char **at, size_t count, size_t size) {
    char *p = *at;
    *at += (count * size + 63) / 64 * 64;
    return p;
}

/* Inputs of the widest product, in whole groups. */
static int widest_input(const model *m) {
    const int widths[] = {2 * m->hidden, m->q_rank, m->latent, m->heads * m->value, m->dense_width, m->shared_width,
                          m->expert_width, m->nope};
    int widest = 0;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) widest = widths[i] > widest ? widths[i] : widest;
    return (widest + GROUP - 1) / GROUP * GROUP;
}

/* A model ready to step; NULL without memory. */
engine *joyflash_open(const model *given, int threads) {
    engine *e = calloc(1, sizeof *e);
    if (!e) return NULL;
    e->m = *given;
    const model *m = &e->m;
    size_t n = (size_t)m->max_rows, K = (size_t)m->chosen, D = (size_t)m->hidden, N = (size_t)m->heads;
    size_t W = (size_t)(m->latent + m->rope), inner = (size_t)(m->dense_width > m->shared_width ? m->dense_width : m->shared_width);
    e->widest = widest_input(m);
    /* Twice: once to count, once to deal out. */
    for (int pass = 0; pass < 2; pass++) {
        char *at = e->memory;
        e->positions = take(&at, n, 4), e->sequences = take(&at, n, 4);
        e->x = take(&at, n * D, 4), e->normed = take(&at, n * D, 4), e->joined = take(&at, 2 * n * D, 4);
        e->q_a = take(&at, n * (size_t)m->q_rank, 4), e->kv = take(&at, n * W, 4);
        e->q = take(&at, n * N * (size_t)(m->nope + m->rope), 4), e->query = take(&at, n * N * W, 4);
        e->attended = take(&at, n * N * (size_t)m->latent, 4), e->values = take(&at, n * N * (size_t)m->value, 4);
        e->inner = take(&at, 2 * n * inner, 4), e->expert_inner = take(&at, 2 * n * K * (size_t)m->expert_width, 4);
        e->expert_out = take(&at, n * K * D, 4), e->weights = take(&at, n * K, 4);
        e->steered = take(&at, n * (size_t)m->experts, 4), e->chosen = take(&at, n * K, 4);
        e->expert_start = take(&at, (size_t)m->experts + 1, 4), e->expert_row = take(&at, n * K, 4);
        e->active = take(&at, (size_t)m->experts, 4), e->group_start = take(&at, n + 1, 4);
        e->winners = take(&at, (size_t)threads * n, sizeof(winner));
        e->chunks = take(&at, (size_t)threads * n * HEAD_CHUNK, 4);
        e->pointers = take(&at, (size_t)threads * 3 * n * (K + 1), sizeof(float *));
        e->packed = take(&at, (size_t)threads * n * (size_t)e->widest, sizeof(int16_t));
        e->packed_scales = take(&at, (size_t)threads * n, 4);
        e->scores = take(&at, (size_t)threads * QUERIES * (size_t)(m->max_positions + LANES), 4);
        if (pass == 0 && posix_memalign((void **)&e->memory, 64, (size_t)(at - (char *)0))) {
            free(e);
            return NULL;
        }
    }
    if (team_start(&e->team, threads)) {
        free(e->memory);
        free(e);
        return NULL;
    }
    return e;
}
