/* Attention in bfloat16 on the matrix units; included by attention.c, which has the same for every processor.

   Weights are rounded to bfloat16 before they meet values, as on a GPU, and so are gradients of scores before they meet
   queries and keys; all else is float. Hidden keys take part with a weight of 0 up to the end of their tile: a value that is
   no number also reaches queries a little before it. */

#define SIDE 64 /* queries of a block, backwards */

/* Rows of a head as they come, but for zeros behind `width` and behind the last row. */
static void copy_rows(const array *from, int first, int count, int rows, int head, int width, int padded, uint16_t *to) {
    memset(to, 0, sizeof(uint16_t) * (size_t)((long)rows * padded));
    for (int r = 0; r < count; r++)
        memcpy(to + (long)r * padded, (const uint16_t *)from->start + (first + r) * from->row + head * from->head, sizeof(uint16_t) * (size_t)width);
}

/* Queries [first, end) of a head. */
static int forward_matrix(const call *c, int head, int first, int end) {
    int H = rounded_up(c->width, DEPTH), V = rounded_up(c->value_width, EDGE), count = c->behind + end, keys = rounded_up(count, KEYS);
    int HV = H > V ? H : V;
    uint16_t *memory = aligned_alloc(64, sizeof(uint16_t) * ((size_t)keys * (H + V) + KEYS * HV + QUERIES * (H + KEYS)));
    float *floats = room(QUERIES * (KEYS + V));
    if (!memory || !floats) return free(memory), free(floats), -1;
    uint16_t *k = memory, *v = k + (long)keys * H, *rows = v + (long)keys * V, *query = rows + KEYS * HV, *weight = query + QUERIES * H;
    float *product = floats, *out = product + QUERIES * KEYS, best[QUERIES], sum[QUERIES];
    enter_matrix_units();
    for (int at = 0; at < count; at += KEYS) {
        copy_rows(&c->k, at, fewer(count - at, KEYS), KEYS, head, c->width, H, rows);
        panels_of_columns(rows, H, KEYS, H, k + (long)at * H);
        copy_rows(&c->v, at, fewer(count - at, KEYS), KEYS, head, c->value_width, V, rows);
        panels_of_depth(rows, V, KEYS, KEYS, V, v + (long)at * V, PANEL(KEYS));
    }
    for (int start = first; start < end; start += QUERIES) {
        int here = fewer(end - start, QUERIES), tall = rounded_up(here, EDGE), seen = c->behind + start + here;
        copy_rows(&c->q, start, here, tall, head, c->width, H, query);
        memset(out, 0, sizeof(float) * (size_t)(tall * V));
        memset(weight, 0, sizeof(uint16_t) * QUERIES * KEYS);
        for (int r = 0; r < here; r++) best[r] = -INFINITY, sum[r] = 0;
        for (int at = 0; at < seen; at += KEYS) {
            int columns = rounded_up(fewer(seen - at, KEYS), DEPTH);
            multiply(tall, columns, H, query, H, k + (long)at * H, PANEL(H), product, KEYS, 0);
            for (int r = 0; r < here; r++) {
                int visible = c->behind + start + r + 1 - at;
                if (visible <= 0) memset(weight + r * KEYS, 0, sizeof(uint16_t) * (size_t)columns);
                else weigh(product + r * KEYS, visible, columns, best + r, sum + r, out + r * V, V, 1, c->scale, weight + r * KEYS);
            }
            multiply(tall, V, columns, weight, KEYS, v + (long)at * V, PANEL(KEYS), out, V, 1);
        }
        for (int r = 0; r < here; r++) {
            float share = 1.0f / sum[r];
            for (int i = 0; i < c->value_width; i++) out[r * V + i] *= share;
            write_row(c, &c->out, start + r, head, c->value_width, out + r * V);
            ((float *)c->lse.start)[(start + r) * c->lse.row + head * c->lse.head] = best[r] + logf(sum[r]);
        }
    }
    leave_matrix_units();
    free(memory), free(floats);
    return 0;
}

/* What a block of queries brings to every block of keys: itself, and the gradient of its outputs. */
typedef struct {
    uint16_t *turned, *turned_grad; /* panels with a query a column, for scores and for gradients of weights */
    uint16_t *paired, *paired_grad; /* panels with queries as the depth, for gradients of keys and of values */
    float *lse, *delta, *grad;      /* grad: of these queries, [H][SIDE] */
} side;

/* The weights and the gradients of the scores of keys (rows) and SIDE queries (columns). `weight` and `slope` receive them
   by rows, `slopes` the latter also in panels of queries with keys as the depth. */
static void slopes_of(const call *c, int rows, int key, int first, const side *s, const float *score, const float *grad,
                      uint16_t *weight, uint16_t *slope, uint16_t *slopes) {
    for (int j = 0; j < SIDE; j += LANES) {
        vec shift = load_float(s->lse + j), mean = load_float(s->delta + j);
        for (int r = 0; r < rows; r += 2) {
            __m256i both[2];
            for (int i = 0; i < 2; i++) {
                long at = (long)(r + i) * SIDE + j;
                vec p = exp_vec(fused(load_float(score + at), splat(c->scale), -shift));
                int hidden = key + r + i - first - j; /* queries before this key */
                if (hidden > 0) p = (vec)((vec_int)p & ~before(hidden));
                store_half(weight + at, rounded(p));
                both[i] = (__m256i)rounded(p * (load_float(grad + at) - mean) * c->scale);
                _mm256_storeu_si256((void *)(slope + at), both[i]);
            }
            store_pairs(slopes + j / EDGE * PANEL(KEYS) + PANEL(r), both[0], both[1]);
        }
    }
}

/* A head's gradients: for every block of keys, every block of queries that sees it; scores with keys as rows. */
static int backward_matrix(const call *c, int head) {
    int T = c->queries, H = rounded_up(c->width, DEPTH), V = rounded_up(c->value_width, DEPTH), blocks = (T + SIDE - 1) / SIDE, HV = H > V ? H : V;
    size_t of_block = (size_t)SIDE * 2 * (H + V);
    uint16_t *memory = aligned_alloc(64, sizeof(uint16_t) * (blocks * of_block + (size_t)KEYS * (2 * H + V) + KEYS * 3 * SIDE + SIDE * HV));
    float *floats = room((long)blocks * SIDE * (H + 2) + KEYS * (H + V) + 2 * KEYS * SIDE + HV + V);
    side *sides = malloc(sizeof(side) * (size_t)blocks);
    if (!memory || !floats || !sides) return free(memory), free(floats), free(sides), -1;
    uint16_t *k = memory + blocks * of_block, *turned_k = k + (long)KEYS * H, *v = turned_k + (long)KEYS * H;
    uint16_t *weight = v + (long)KEYS * V, *slope = weight + KEYS * SIDE, *slopes = slope + KEYS * SIDE, *rows = slopes + KEYS * SIDE;
    float *grad_k = floats + (long)blocks * SIDE * (H + 2), *grad_v = grad_k + KEYS * H;
    float *score = grad_v + KEYS * V, *grad = score + KEYS * SIDE, *line = grad + KEYS * SIDE, *out = line + HV;
    enter_matrix_units();
    for (int b = 0; b < blocks; b++) {
        int first = b * SIDE, here = fewer(T - first, SIDE);
        uint16_t *halves = memory + b * of_block;
        float *own = floats + (long)b * SIDE * (H + 2);
        side *s = sides + b;
        *s = (side){halves, halves + SIDE * H, halves + SIDE * (H + V), halves + SIDE * (2 * H + V), own, own + SIDE, own + 2 * SIDE};
        copy_rows(&c->q, first, here, SIDE, head, c->width, H, rows);
        panels_of_columns(rows, H, SIDE, H, s->turned);
        panels_of_depth(rows, H, SIDE, SIDE, H, s->paired, PANEL(SIDE));
        copy_rows(&c->grad_out, first, here, SIDE, head, c->value_width, V, rows);
        panels_of_columns(rows, V, SIDE, V, s->turned_grad);
        panels_of_depth(rows, V, SIDE, SIDE, V, s->paired_grad, PANEL(SIDE));
        memset(own, 0, sizeof(float) * (size_t)(SIDE * (H + 2)));
        for (int r = 0; r < here; r++) {
            s->lse[r] = ((const float *)c->lse.start)[(first + r) * c->lse.row + head * c->lse.head];
            read_row(c, &c->out, first + r, head, c->value_width, out);
            read_row(c, &c->grad_out, first + r, head, c->value_width, line);
            vec total = {0};
            for (int i = 0; i < c->value_width; i += LANES) {
                int some = c->value_width - i;
                total = fused(load_some(out, i, some, 0), load_some(line, i, some, 0), total);
            }
            s->delta[r] = sum_lanes(total);
        }
    }
    for (int at = 0; at < T; at += KEYS) {
        int here = fewer(T - at, KEYS), tall = rounded_up(here, DEPTH);
        copy_rows(&c->v, at, here, KEYS, head, c->value_width, V, v);
        copy_rows(&c->k, at, here, KEYS, head, c->width, H, k);
        turn_rows(k, H, KEYS, H, turned_k, KEYS);
        memset(grad_k, 0, sizeof(float) * (size_t)(KEYS * (H + V)));
        for (int b = at / SIDE; b < blocks; b++) {
            const side *s = sides + b;
            int first = b * SIDE, rows_seen = fewer(first + SIDE - at, tall);
            multiply(rows_seen, SIDE, H, k, H, s->turned, PANEL(H), score, SIDE, 0);
            multiply(rows_seen, SIDE, V, v, V, s->turned_grad, PANEL(V), grad, SIDE, 0);
            slopes_of(c, rows_seen, at, first, s, score, grad, weight, slope, slopes);
            multiply(rows_seen, V, SIDE, weight, SIDE, s->paired_grad, PANEL(SIDE), grad_v, V, 1);
            multiply(rows_seen, H, SIDE, slope, SIDE, s->paired, PANEL(SIDE), grad_k, H, 1);
            multiply(H, SIDE, rows_seen, turned_k, KEYS, slopes, PANEL(KEYS), s->grad, SIDE, 1);
        }
        for (int j = 0; j < here; j++) {
            write_row(c, &c->grad_k, at + j, head, c->width, grad_k + j * H);
            write_row(c, &c->grad_v, at + j, head, c->value_width, grad_v + j * V);
        }
    }
    for (int b = 0; b < blocks; b++)
        for (int r = 0; r < fewer(T - b * SIDE, SIDE); r++) {
            for (int i = 0; i < c->width; i++) line[i] = sides[b].grad[i * SIDE + r];
            write_row(c, &c->grad_q, b * SIDE + r, head, c->width, line);
        }
    leave_matrix_units();
    free(memory), free(floats), free(sides);
    return 0;
}
