/* SPDX-License-Identifier: Apache-2.0 */
/* The pool: team slots, workers that spin and park, and the hand-over between them.
 *
 * A team takes one of the pool's slots. To run a job, its caller fills the slot and opens the
 * slot's gate; workers enter through the gate, take tiles from either end of `left`, and leave. The
 * gate is one word of 64 bits: bit 0 says that it is open, bit p that participant p is inside, so
 * that entering, numbering and leaving are one atomic operation each. When the caller has no more
 * tiles it closes the gate and waits until nobody is inside; only then does the job end, so a
 * worker never touches a job that is over. Slots live as long as the pool, so a late look at a gate
 * is harmless.
 *
 * Nothing here depends on a worker ever coming: the caller takes tiles until there are none.
 *
 * A worker that finds no work spins, then parks: it adds itself to `parked`, looks once more, and
 * sleeps on `epoch`. A caller opens its gate, then looks at `parked`. Both pairs are sequentially
 * consistent, so one of the two sees the other. */
#define _GNU_SOURCE /* syscall, sched_setaffinity */
#include "par/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tenon/env.h>

#include "base/os.h"

#define SLOTS            64u
#define CPU_SETS         16 /* of 1024 CPUs each */
#define PARTICIPANTS_MAX 64u
#define LINE_BYTES       64

#define SPIN_IN_TEAM_NS UINT64_C(50000)
#define SPIN_ALONE_NS   UINT64_C(5000)
/* A futex wake costs the waker 6-9 us and reaches its worker after 12. A job with this many tiles
 * (20 us or more each) is worth it at once, a shorter one when its first tile took as long as this.
 */
#define WAKE_AT_ONCE_TILES 4u
#define WAKE_AFTER_NS      UINT64_C(20000)
#define STACK_BYTES        ((size_t)1 << 20)

#define GATE_OPEN UINT64_C(1)
#define NO_TILE   UINT64_MAX

/* One job as its participants share it. */
typedef struct shared_job {
    _Atomic uint64_t left; /* tiles to hand out: the first in the low half, the end in the high */
    _Atomic uint64_t stopped; /* with `stop_status`: what was left then */
    _Atomic int stop_status;
    _Atomic int error; /* of a tile; the first one */
    tenon__tile_fn run;
    tenon__stop_fn stop;
    void *ctx;
} shared_job;

typedef struct slot {
    _Alignas(LINE_BYTES) _Atomic uint64_t gate;
    shared_job job;
    _Alignas(LINE_BYTES) _Atomic uint64_t seats; /* participants that the team admits, as bits */
    _Atomic int priority;
    _Atomic uint32_t waiting; /* the caller sleeps on `left` */
    _Atomic uint32_t left;
} slot;

struct tenon__pool {
    /* Written when a team opens or closes. */
    _Alignas(LINE_BYTES) _Atomic uint64_t teams; /* slots in use, as bits */
    /* Written when a worker parks or is woken. */
    _Alignas(LINE_BYTES) _Atomic uint32_t epoch;
    _Atomic uint32_t parked;
    _Atomic int caller_cpu; /* where the last call for workers came from */
    _Atomic bool stopping;
    /* Hardly ever written. */
    _Alignas(LINE_BYTES) _Atomic int starter; /* 0: no worker was started; 1: they are, or somebody
                                                 is at it */
    _Atomic uint32_t workers;                 /* that exist */
    _Atomic int process; /* whose workers they are; -pid while that process tidies up */
    uint64_t spin_ns;    /* in a team; 0 where threads outnumber CPUs */
    unsigned threads;
    const tenon_allocator *allocator;
    const struct tenon_executor *executor;
    pthread_t *ids; /* threads - 1 */
    cpu_set_t cpus[CPU_SETS];
    slot slots[SLOTS];
};

typedef struct worker {
    tenon__pool *pool;
    unsigned index; /* from 1 */
} worker;

/* ---- small things ---- */

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* linux/futex.h is not everywhere. */
enum { FUTEX_WAIT_PRIVATE_ = 128, FUTEX_WAKE_PRIVATE_ = 129 };

static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE_, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, unsigned count)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE_, count, NULL, NULL, 0);
}

static inline unsigned lowest_bit(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

static inline tenon__tile_range unpack(uint64_t left)
{
    return (tenon__tile_range){(uint32_t)left, (uint32_t)(left >> 32)};
}

static inline uint64_t pack(uint32_t first, uint32_t end)
{
    return (uint64_t)end << 32 | first;
}

/* Tiles not handed out yet. */
static inline uint32_t tiles_left(shared_job *job)
{
    tenon__tile_range left = unpack(atomic_load_explicit(&job->left, memory_order_relaxed));
    return left.end - left.first;
}

/* ---- running tiles ---- */

static void job_fail(shared_job *job, tenon_status status)
{
    int none = TENON_OK;
    (void)atomic_compare_exchange_strong_explicit(&job->error, &none, status, memory_order_relaxed,
                                                  memory_order_relaxed);
    (void)atomic_exchange_explicit(&job->left, 0, memory_order_relaxed);
}

/* The exchange and the handing out are on one atomic: what went out before it is finished, nothing
 * goes out behind it. */
static void job_stop(shared_job *job, tenon_status status)
{
    uint64_t left = atomic_exchange_explicit(&job->left, 0, memory_order_relaxed);
    if (unpack(left).first == unpack(left).end) return; /* too late, or somebody else did */
    atomic_store_explicit(&job->stopped, left, memory_order_relaxed);
    atomic_store_explicit(&job->stop_status, status, memory_order_relaxed);
}

/* A tile to run, or NO_TILE. */
static uint64_t take_tile(shared_job *job, uint32_t participant)
{
    if (tiles_left(job) == 0) return NO_TILE;
    if (job->stop) {
        tenon_status status = job->stop(job->ctx);
        if (status != TENON_OK) {
            job_stop(job, status);
            return NO_TILE;
        }
    }
    const bool downwards = participant & 1;
    uint64_t left = atomic_load_explicit(&job->left, memory_order_relaxed);
    for (;;) {
        const tenon__tile_range r = unpack(left);
        if (r.first == r.end) return NO_TILE;
        if (atomic_compare_exchange_weak_explicit(
                &job->left, &left, downwards ? pack(r.first, r.end - 1) : pack(r.first + 1, r.end),
                memory_order_relaxed, memory_order_relaxed))
            return downwards ? r.end - 1 : r.first;
    }
}

/* false: the job is over. */
static bool run_tile(shared_job *job, uint64_t tile, uint32_t participant)
{
    tenon_status status = job->run(job->ctx, (uint32_t)tile, participant);
    if (status != TENON_OK) job_fail(job, status);
    return status == TENON_OK;
}

static tenon_status job_result(shared_job *job, tenon__tile_range *left)
{
    int error = atomic_load_explicit(&job->error, memory_order_relaxed);
    int stop = atomic_load_explicit(&job->stop_status, memory_order_relaxed);
    *left = unpack(atomic_load_explicit(&job->stopped, memory_order_relaxed));
    return (tenon_status)(error ? error : stop);
}

/* `from`: the first tile that is still to be handed out. */
static void job_fill(shared_job *shared, const tenon__job *job, uint32_t from)
{
    shared->run = job->run, shared->stop = job->stop, shared->ctx = job->ctx;
    atomic_store_explicit(&shared->stopped, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->stop_status, TENON_OK, memory_order_relaxed);
    atomic_store_explicit(&shared->error, TENON_OK, memory_order_relaxed);
    atomic_store_explicit(&shared->left, pack(from, job->tiles), memory_order_relaxed);
}

/* ---- workers ---- */

/* The seat that a worker would take: its own number where that is free, so that it finds its
 * scratch again. 0: none. */
static uint64_t free_seat(uint64_t gate, uint64_t seats, unsigned index)
{
    uint64_t seats_free = seats & ~gate & ~GATE_OPEN;
    uint64_t own = index < PARTICIPANTS_MAX ? UINT64_C(1) << index : 0;
    return seats_free & own ? own : seats_free & (~seats_free + 1);
}

static bool admits(slot *s, unsigned index)
{
    uint64_t gate = atomic_load(&s->gate);
    if (!(gate & GATE_OPEN) || tiles_left(&s->job) == 0) return false;
    return free_seat(gate, atomic_load_explicit(&s->seats, memory_order_relaxed), index) != 0;
}

/* The most urgent slot above `floor` that admits the worker; NULL if none. Among equals each worker
 * begins elsewhere. */
static slot *find_work(tenon__pool *pool, unsigned index, int64_t floor)
{
    slot *best = NULL;
    uint64_t teams = atomic_load_explicit(&pool->teams, memory_order_relaxed);
    unsigned turn = index % SLOTS;
    uint64_t turned = turn ? teams >> turn | teams << (SLOTS - turn) : teams;
    for (; turned; turned &= turned - 1) {
        slot *s = &pool->slots[(lowest_bit(turned) + turn) % SLOTS];
        int priority = atomic_load_explicit(&s->priority, memory_order_relaxed);
        if (priority <= floor || !admits(s, index)) continue;
        best = s;
        floor = priority;
    }
    return best;
}

static void leave(slot *s, uint64_t seat)
{
    uint64_t before = atomic_fetch_and(&s->gate, ~seat);
    if (before == seat && atomic_load(&s->waiting)) {
        (void)atomic_fetch_add(&s->left, 1);
        futex_wake(&s->left, 1);
    }
}

/* Through the gate; 0 where it was too late. */
static uint64_t enter(slot *s, unsigned index)
{
    uint64_t gate = atomic_load_explicit(&s->gate, memory_order_relaxed);
    while (gate & GATE_OPEN) {
        uint64_t seat =
            free_seat(gate, atomic_load_explicit(&s->seats, memory_order_relaxed), index);
        if (!seat) return 0;
        if (!atomic_compare_exchange_weak_explicit(&s->gate, &gate, gate | seat,
                                                   memory_order_acq_rel, memory_order_relaxed))
            continue;
        /* The slot may have gone to a smaller team since `seats` was read; from here on it stays.
         */
        if (atomic_load_explicit(&s->seats, memory_order_relaxed) & seat) return seat;
        leave(s, seat);
        return 0;
    }
    return 0;
}

static void wake(tenon__pool *pool, unsigned count)
{
    (void)atomic_fetch_add(&pool->epoch, 1);
    futex_wake(&pool->epoch, count);
}

/* Runs tiles until there are none, or a more urgent team has some. */
static void work(tenon__pool *pool, slot *s, uint64_t seat, unsigned index)
{
    uint32_t participant = lowest_bit(seat);
    uint64_t alone = UINT64_C(1) << (s - pool->slots);
    int64_t priority = atomic_load_explicit(&s->priority, memory_order_relaxed);
    for (uint64_t tile; (tile = take_tile(&s->job, participant)) != NO_TILE;) {
        if (!run_tile(&s->job, tile, participant)) break;
        if (atomic_load_explicit(&pool->teams, memory_order_relaxed) != alone &&
            find_work(pool, index, priority))
            break;
    }
    leave(s, seat);
}

/* Spins until there is work (its slot), then until it is time to park (NULL). */
static slot *spin(tenon__pool *pool, unsigned index, uint64_t since)
{
    for (unsigned i = 1;; i++) {
        slot *s = find_work(pool, index, INT64_MIN);
        if (s) return s;
        relax();
        if (i % 32) continue;
        if (atomic_load_explicit(&pool->stopping, memory_order_relaxed)) return NULL;
        bool team = atomic_load_explicit(&pool->teams, memory_order_relaxed) != 0;
        uint64_t limit = team || pool->spin_ns < SPIN_ALONE_NS ? pool->spin_ns : SPIN_ALONE_NS;
        if (tenon__clock_ns() - since > limit) return NULL;
    }
}

static void park(tenon__pool *pool, unsigned index)
{
    (void)atomic_fetch_add(&pool->parked, 1);
    uint32_t epoch = atomic_load(&pool->epoch);
    if (!atomic_load(&pool->stopping) && !find_work(pool, index, INT64_MIN))
        futex_wait(&pool->epoch, epoch);
    (void)atomic_fetch_sub(&pool->parked, 1);
}

/* The kernel likes to wake a thread where it last slept, though the caller works there by now and
 * another CPU idles. The two would take turns on one CPU, the worker spinning in the caller's time:
 * it goes elsewhere. */
static void leave_callers_cpu(tenon__pool *pool)
{
    int cpu = sched_getcpu();
    if (cpu < 0 || cpu != atomic_load_explicit(&pool->caller_cpu, memory_order_relaxed)) return;
    cpu_set_t others[CPU_SETS];
    memcpy(others, pool->cpus, sizeof others);
    CPU_CLR_S((size_t)cpu, sizeof others, others);
    if (CPU_COUNT_S(sizeof others, others) == 0) return;
    if (sched_setaffinity(0, sizeof others, others) == 0)
        (void)sched_setaffinity(0, sizeof others, pool->cpus);
}

/* A worker that was woken for a job with more tiles than it can take wakes two more. */
static void wake_others(tenon__pool *pool, slot *s)
{
    if (tiles_left(&s->job) > 1 && atomic_load(&pool->parked)) wake(pool, 2);
}

static void *worker_main(void *arg)
{
    worker self = *(worker *)arg;
    tenon__pool *pool = self.pool;
    tenon__free(pool->allocator, arg);
    (void)sched_setaffinity(0, sizeof pool->cpus, pool->cpus);
    char name[16];
    (void)snprintf(name, sizeof name, "tenon-%u", self.index);
    (void)pthread_setname_np(pthread_self(), name);

    bool woken = true;
    while (!atomic_load_explicit(&pool->stopping, memory_order_relaxed)) {
        slot *s = spin(pool, self.index, tenon__clock_ns());
        uint64_t seat = s ? enter(s, self.index) : 0;
        if (seat) {
            if (woken) wake_others(pool, s);
            woken = false;
            work(pool, s, seat, self.index);
        } else if (!s) {
            park(pool, self.index);
            leave_callers_cpu(pool);
            woken = true;
        }
    }
    return NULL;
}

/* At first need. A thread that cannot be had is done without. */
static void start_workers(tenon__pool *pool)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(&pool->starter, &none, 1)) return;
    pthread_attr_t attr;
    sigset_t all, before;
    if (pthread_attr_init(&attr) != 0) return;
    (void)pthread_attr_setstacksize(&attr, STACK_BYTES);
    (void)sigfillset(&all); /* signals are the host's business */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i + 1 < pool->threads; i++) {
        worker *w = tenon__alloc(pool->allocator, sizeof *w);
        if (!w) break;
        *w = (worker){pool, i + 1};
        if (pthread_create(&pool->ids[i], &attr, worker_main, w) != 0) {
            tenon__free(pool->allocator, w);
            break;
        }
        (void)atomic_fetch_add(&pool->workers, 1);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
}

/* ---- the caller ---- */

/* Sees to it that workers come, where parked ones are needed for `tiles` tiles. */
static void call_workers(tenon__pool *pool, unsigned limit, uint32_t tiles)
{
    if (!atomic_load_explicit(&pool->starter, memory_order_acquire)) {
        start_workers(pool);
        return;
    }
    uint32_t parked = atomic_load(&pool->parked);
    if (!parked) return;
    atomic_store_explicit(&pool->caller_cpu, sched_getcpu(), memory_order_relaxed);
    uint32_t workers = atomic_load_explicit(&pool->workers, memory_order_relaxed);
    uint32_t awake = workers > parked ? workers - parked : 0;
    uint32_t wanted = tiles < limit - 1 ? tiles : limit - 1;
    if (wanted > awake) wake(pool, wanted - awake < 2 ? 1 : 2); /* these wake the rest */
}

/* Closes the gate and waits for those inside: mostly for the end of a tile. On a busy machine the
 * one inside may be waiting for this very CPU, so the caller soon begins to offer it, and sleeps in
 * the end. */
static void close_gate(tenon__pool *pool, slot *s)
{
    if (atomic_fetch_and(&s->gate, ~GATE_OPEN) == GATE_OPEN) return;
    uint64_t since = tenon__clock_ns(), waited = 0;
    for (unsigned i = 1; atomic_load_explicit(&s->gate, memory_order_acquire); i++) {
        if (waited < SPIN_ALONE_NS && waited <= pool->spin_ns) {
            relax();
            if (i % 32) continue;
        } else if (waited < pool->spin_ns) {
            (void)sched_yield();
        } else {
            atomic_store(&s->waiting, 1);
            for (;;) {
                uint32_t left = atomic_load(&s->left);
                if (atomic_load(&s->gate) == 0) break;
                futex_wait(&s->left, left);
            }
            atomic_store(&s->waiting, 0);
            return;
        }
        waited = tenon__clock_ns() - since;
    }
}

static tenon_status run_alone(const tenon__job *job, tenon__tile_range *left)
{
    for (uint32_t tile = job->first; tile < job->tiles; tile++) {
        *left = (tenon__tile_range){tile, job->tiles};
        tenon_status status = tile > job->first && job->stop ? job->stop(job->ctx) : TENON_OK;
        if (status == TENON_OK) status = job->run(job->ctx, tile, 0);
        if (status != TENON_OK) return status;
    }
    *left = (tenon__tile_range){0, 0};
    return TENON_OK;
}

static tenon_status run_in_slot(tenon__team *team, slot *s, const tenon__job *job,
                                tenon__tile_range *left)
{
    tenon__pool *pool = team->pool;
    uint32_t others = job->tiles - job->first - 1;
    /* The first tile is the caller's, unasked: every call makes some progress. */
    job_fill(&s->job, job, job->first + 1);
    atomic_store(&s->gate, GATE_OPEN);

    uint64_t start = 0;
    if (others + 1 >= WAKE_AT_ONCE_TILES)
        call_workers(pool, team->limit, others);
    else if (!atomic_load_explicit(&pool->starter, memory_order_relaxed) ||
             atomic_load(&pool->parked))
        start = tenon__clock_ns();

    bool going = run_tile(&s->job, job->first, 0);
    if (going && start && tiles_left(&s->job) && tenon__clock_ns() - start >= WAKE_AFTER_NS)
        call_workers(pool, team->limit, tiles_left(&s->job));
    for (uint64_t tile; going && (tile = take_tile(&s->job, 0)) != NO_TILE;)
        going = run_tile(&s->job, tile, 0);
    close_gate(pool, s);
    return job_result(&s->job, left);
}

typedef struct lent {
    shared_job job;
    uint32_t first;
} lent;

/* One of the host's calls: participant `index`. Number 0 has the first tile. */
static void lent_task(void *ctx, unsigned index)
{
    lent *l = ctx;
    uint64_t tile = index == 0 ? l->first : take_tile(&l->job, index);
    while (tile != NO_TILE && run_tile(&l->job, tile, index))
        tile = take_tile(&l->job, index);
}

static tenon_status run_lent(tenon__team *team, const tenon__job *job, tenon__tile_range *left)
{
    const struct tenon_executor *executor = team->pool->executor;
    uint32_t tiles = job->tiles - job->first;
    lent l = {.first = job->first};
    job_fill(&l.job, job, job->first + 1);
    executor->run(executor->user, lent_task, &l, tiles < team->limit ? tiles : team->limit);
    return job_result(&l.job, left);
}

tenon_status tenon__team_run(tenon__team *team, const tenon__job *job, tenon__tile_range *left)
{
    slot *s = team->state[0];
    *left = (tenon__tile_range){0, 0};
    if (job->first >= job->tiles) return TENON_OK;
    if (team->limit < 2 || job->tiles - job->first == 1) return run_alone(job, left);
    if (team->pool->executor) return run_lent(team, job, left);
    return s ? run_in_slot(team, s, job, left) : run_alone(job, left);
}

/* ---- pools and teams ---- */

/* In the child of a fork there are no workers, and teams of the parent's other threads stay open
 * for ever. The first to use the pool tidies up. */
static void after_fork(tenon__pool *pool)
{
    int self = (int)getpid();
    int seen = atomic_load_explicit(&pool->process, memory_order_acquire);
    if (seen == self) return;
    while (seen != -self && seen != self) {
        if (!atomic_compare_exchange_weak(&pool->process, &seen, -self)) continue;
        atomic_store(&pool->teams, 0);
        atomic_store(&pool->parked, 0);
        atomic_store(&pool->workers, 0);
        atomic_store(&pool->starter, 0);
        for (unsigned i = 0; i < SLOTS; i++) {
            atomic_store(&pool->slots[i].gate, 0);
            atomic_store(&pool->slots[i].waiting, 0);
        }
        atomic_store(&pool->process, self);
        return;
    }
    while (atomic_load(&pool->process) != self)
        (void)sched_yield();
}

tenon_status tenon__pool_create(const tenon_allocator *a, unsigned threads,
                                const struct tenon_executor *executor, tenon__pool **out,
                                tenon_error *err)
{
    *out = NULL;
    if (threads == 0 || threads > 4096)
        return tenon__fail(err, TENON_EINVAL, "%u threads; a pool has 1 to 4096", threads);
    if (executor && (!executor->run || executor->threads == 0))
        return tenon__fail(err, TENON_EINVAL, "the executor needs `run` and at least one thread");
    tenon__pool *pool = tenon__alloc_zeroed(a, sizeof *pool);
    pthread_t *ids = tenon__alloc_zeroed(a, threads * sizeof *ids);
    if (!pool || !ids) {
        tenon__free(a, pool);
        tenon__free(a, ids);
        return tenon__fail(err, TENON_ENOMEM, "no memory for a pool of %u threads", threads);
    }
    pool->allocator = a;
    pool->executor = executor;
    pool->threads = executor && executor->threads < threads ? executor->threads : threads;
    pool->ids = ids;
    pool->spin_ns = SPIN_IN_TEAM_NS;
    if (sched_getaffinity(0, sizeof pool->cpus, pool->cpus) == 0 &&
        (unsigned)CPU_COUNT_S(sizeof pool->cpus, pool->cpus) < pool->threads)
        pool->spin_ns = 0; /* a spinning thread would only keep another from working */
    atomic_store(&pool->caller_cpu, -1);
    atomic_store(&pool->process, (int)getpid());
    *out = pool;
    return TENON_OK;
}

void tenon__pool_destroy(tenon__pool *pool)
{
    if (!pool) return;
    after_fork(pool);
    atomic_store(&pool->stopping, true);
    uint32_t workers = atomic_load(&pool->workers);
    (void)atomic_fetch_add(&pool->epoch, 1);
    if (workers) futex_wake(&pool->epoch, workers);
    for (uint32_t i = 0; i < workers; i++)
        (void)pthread_join(pool->ids[i], NULL);
    const tenon_allocator *a = pool->allocator;
    tenon__free(a, pool->ids);
    tenon__free(a, pool);
}

unsigned tenon__pool_threads(const tenon__pool *pool)
{
    return pool->threads;
}

void tenon__team_open(tenon__pool *pool, tenon__team *team, unsigned limit, int priority)
{
    after_fork(pool);
    if (limit > pool->threads) limit = pool->threads;
    if (limit > PARTICIPANTS_MAX) limit = PARTICIPANTS_MAX;
    if (limit == 0) limit = 1;
    *team = (tenon__team){.pool = pool, .limit = limit, .priority = priority};
    if (limit < 2 || pool->executor) return;
    uint64_t teams = atomic_load_explicit(&pool->teams, memory_order_relaxed);
    uint64_t bit;
    do {
        if (teams == UINT64_MAX) return; /* no slot: the caller works alone */
        bit = ~teams & (teams + 1);
    } while (!atomic_compare_exchange_weak(&pool->teams, &teams, teams | bit));
    slot *s = &pool->slots[lowest_bit(bit)];
    uint64_t seats = limit == PARTICIPANTS_MAX ? UINT64_MAX : (UINT64_C(1) << limit) - 1;
    atomic_store_explicit(&s->seats, seats, memory_order_relaxed);
    atomic_store_explicit(&s->priority, priority, memory_order_relaxed);
    team->state[0] = s;
}

void tenon__team_close(tenon__team *team)
{
    slot *s = team->state[0];
    if (s) (void)atomic_fetch_and(&team->pool->teams, ~(UINT64_C(1) << (s - team->pool->slots)));
    *team = (tenon__team){0};
}
