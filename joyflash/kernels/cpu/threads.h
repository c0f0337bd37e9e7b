/* A team of threads that all run the same function, and meet at barriers inside it.

   A decode step has about seventy barriers in a millisecond, so threads spin a little before they yield. Between steps
   they spin, then yield for a while, and only then sleep: a thread that was asleep may be woken on the very core that
   the waking one keeps busy, and then a step of two milliseconds takes six. Work is dealt out in chunks from a counter: a core that a neighbour slows down
   takes fewer. Which thread computes what changes no result. */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#define pause_cpu() __builtin_ia32_pause()
#else
#define pause_cpu() ((void)0)
#endif

#define SPINS_AT_BARRIER 4000
#define SPINS_BETWEEN_STEPS 4000
#define AWAKE_BETWEEN_STEPS 0.02 /* seconds */
#define MAX_STAGES 4096

typedef struct {
    _Atomic int next;
    char padding[60]; /* a cache line each */
} counter;

typedef struct team {
    int threads;
    _Atomic int arrived, phase, generation, sleeping, stop;
    pthread_t *handles;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    void (*body)(void *argument, struct team *team, int thread);
    void *argument;
    counter *counters;
    int stages_used;
} team;

typedef struct {
    team *owner;
    int thread;
} member;

static void barrier(team *t) {
    if (t->threads == 1) return;
    int phase = atomic_load_explicit(&t->phase, memory_order_relaxed);
    if (atomic_fetch_add(&t->arrived, 1) == t->threads - 1) {
        atomic_store(&t->arrived, 0);
        atomic_store(&t->phase, phase + 1);
        return;
    }
    for (int spins = 0; atomic_load(&t->phase) == phase; spins++) {
        if (spins < SPINS_AT_BARRIER) pause_cpu();
        else sched_yield();
    }
}

/* The first index of the next chunk of a stage; beyond the stage's size when nothing is left. */
static int next_chunk(team *t, int stage, int size) {
    return atomic_fetch_add_explicit(&t->counters[stage].next, size, memory_order_relaxed);
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void *member_main(void *given) {
    member self = *(member *)given;
    team *t = self.owner;
    free(given);
    int seen = 0;
    for (;;) {
        int spins = 0;
        double ended = 0;
        while (atomic_load(&t->generation) == seen && !atomic_load(&t->stop)) {
            if (spins++ < SPINS_BETWEEN_STEPS) {
                pause_cpu();
                continue;
            }
            if (!ended) ended = seconds_now();
            if (seconds_now() - ended < AWAKE_BETWEEN_STEPS) {
                sched_yield();
                continue;
            }
            pthread_mutex_lock(&t->mutex);
            atomic_fetch_add(&t->sleeping, 1);
            while (atomic_load(&t->generation) == seen && !atomic_load(&t->stop)) pthread_cond_wait(&t->wake, &t->mutex);
            atomic_fetch_sub(&t->sleeping, 1);
            pthread_mutex_unlock(&t->mutex);
        }
        if (atomic_load(&t->stop)) return NULL;
        seen++;
        t->body(t->argument, t, self.thread);
        barrier(t);
    }
}

static void team_stop(team *t) {
    pthread_mutex_lock(&t->mutex);
    atomic_store(&t->stop, 1);
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->mutex);
    for (int i = 1; i < t->threads; i++) pthread_join(t->handles[i], NULL);
    pthread_mutex_destroy(&t->mutex);
    pthread_cond_destroy(&t->wake);
    free(t->handles);
    free(t->counters);
}

/* 0, or -1 without memory or threads (nothing is left running then). */
static int team_start(team *t, int threads) {
    memset(t, 0, sizeof *t);
    t->threads = 1;
    t->handles = calloc((size_t)threads, sizeof *t->handles);
    t->counters = calloc(MAX_STAGES, sizeof *t->counters);
    if (!t->handles || !t->counters) return -1;
    pthread_mutex_init(&t->mutex, NULL);
    pthread_cond_init(&t->wake, NULL);
    for (int i = 1; i < threads; i++) {
        member *m = malloc(sizeof *m);
        if (!m) break;
        *m = (member){t, i};
        if (pthread_create(&t->handles[i], NULL, member_main, m)) {
            free(m);
            break;
        }
        t->threads = i + 1; /* fewer threads than asked for still work */
    }
    return 0;
}

/* Run body(argument, team, thread) on every thread, the caller included, and wait for all of them. */
static void team_run(team *t, void (*body)(void *, team *, int), void *argument) {
    t->body = body;
    t->argument = argument;
    atomic_fetch_add(&t->generation, 1);
    if (atomic_load(&t->sleeping)) {
        pthread_mutex_lock(&t->mutex);
        pthread_cond_broadcast(&t->wake);
        pthread_mutex_unlock(&t->mutex);
    }
    body(argument, t, 0);
    barrier(t);
    for (int i = 0; i < t->stages_used; i++) atomic_store_explicit(&t->counters[i].next, 0, memory_order_relaxed);
}
