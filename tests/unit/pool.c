/* SPDX-License-Identifier: Apache-2.0 */
/* The thread pool: every tile once, exact prefixes, several teams, fork, a host's executor. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tenon/env.h>

#include "base/os.h"
#include "par/pool.h"

#define TILES_MAX   512
#define SEATS_MAX   64
#define PATIENCE_NS UINT64_C(20000000000)

/* What a job's tiles do to it. */
typedef struct record {
    _Atomic uint32_t ran[TILES_MAX];
    _Atomic bool busy[SEATS_MAX];
    _Atomic uint32_t seats_seen; /* bit p: participant p ran a tile */
    _Atomic uint32_t breaches;   /* a participant number in two threads at once, or too large */
    _Atomic uint32_t asked;      /* times `stop` was called */
    unsigned limit;
    uint32_t spin;         /* work in a tile */
    uint32_t stop_after;   /* times asked; 0 never */
    uint32_t fail_at;      /* tile; UINT32_MAX none */
    bool wait_for_company; /* a tile ends when a second participant was seen, or patience is over */
} record;

static tenon__pool *new_pool(unsigned threads, const struct tenon_executor *executor)
{
    tenon__pool *pool = NULL;
    tenon_error err;
    assert_int_equal(tenon__pool_create(tenon__allocator_default(), threads, executor, &pool, &err),
                     TENON_OK);
    assert_non_null(pool);
    return pool;
}

static record *new_record(unsigned limit)
{
    record *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->limit = limit;
    r->fail_at = UINT32_MAX;
    return r;
}

static tenon_status tile(void *ctx, uint32_t index, uint32_t participant)
{
    record *r = ctx;
    if (participant >= r->limit || atomic_exchange(&r->busy[participant], true)) {
        atomic_fetch_add(&r->breaches, 1);
        return TENON_EINTERNAL;
    }
    atomic_fetch_or(&r->seats_seen, 1u << (participant & 31));
    atomic_fetch_add(&r->ran[index], 1);
    for (volatile uint32_t i = 0; i < r->spin; i++)
        ;
    uint64_t start = tenon__clock_ns();
    while (r->wait_for_company && (atomic_load(&r->seats_seen) & ~1u) == 0 &&
           tenon__clock_ns() - start < PATIENCE_NS)
        ;
    atomic_store(&r->busy[participant], false);
    return index == r->fail_at ? TENON_ESHAPE : TENON_OK;
}

static tenon_status stop(void *ctx)
{
    record *r = ctx;
    return r->stop_after && atomic_fetch_add(&r->asked, 1) + 1 >= r->stop_after ? TENON_EAGAIN
                                                                                : TENON_OK;
}

/* Tiles [first, end) ran `times` times, no other. */
static void check_ran(record *r, uint32_t first, uint32_t end)
{
    assert_int_equal(r->breaches, 0);
    for (uint32_t i = 0; i < TILES_MAX; i++)
        if (r->ran[i] != (i >= first && i < end))
            fail_msg("tile %u of [%u, %u) ran %u times", i, first, end, r->ran[i]);
}

/* All but the rest ran once; the first did in any case. */
static void check_rest(record *r, uint32_t first, uint32_t end, tenon__tile_range left)
{
    assert_int_equal(r->breaches, 0);
    assert_true(left.first > first && left.first < left.end && left.end <= end);
    for (uint32_t i = 0; i < TILES_MAX; i++)
        if (r->ran[i] != (i >= first && i < end && !(i >= left.first && i < left.end)))
            fail_msg("tile %u of [%u, %u) without [%u, %u) ran %u times", i, first, end, left.first,
                     left.end, r->ran[i]);
}

static void runs_each_tile_once(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        tenon__pool *pool = new_pool(threads, NULL);
        assert_int_equal(tenon__pool_threads(pool), threads);
        for (unsigned limit = 1; limit <= 5; limit++) {
            tenon__team team;
            tenon__team_open(pool, &team, limit, 0);
            assert_int_equal(team.limit, limit < threads ? limit : threads);
            for (int round = 0; round < 100; round++) {
                record *r = new_record(team.limit);
                uint32_t first = (uint32_t)test_random_in(0, 40);
                tenon__tile_range left;
                uint32_t end = first + (uint32_t)test_random_in(0, round % 10 ? 30 : 400);
                r->spin = (uint32_t)test_random_in(0, 2000);
                tenon__job job = {tile, round % 2 ? stop : NULL, r, first, end};
                assert_int_equal(tenon__team_run(&team, &job, &left), TENON_OK);
                assert_true(left.first == left.end);
                check_ran(r, first, end);
                free(r);
            }
            tenon__team_close(&team);
        }
        tenon__pool_destroy(pool);
    }
}

static void stops_with_an_exact_rest(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        tenon__pool *pool = new_pool(threads, NULL);
        tenon__team team;
        tenon__team_open(pool, &team, threads, 0);
        for (int round = 0; round < 300; round++) {
            record *r = new_record(team.limit);
            uint32_t first = (uint32_t)test_random_in(0, 10),
                     end = first + (uint32_t)test_random_in(1, 200);
            tenon__tile_range left;
            r->spin = (uint32_t)test_random_in(0, 3000);
            r->stop_after = (uint32_t)test_random_in(1, 250);
            tenon__job job = {tile, stop, r, first, end};
            tenon_status status = tenon__team_run(&team, &job, &left);
            assert_int_equal(status, left.first < left.end ? TENON_EAGAIN : TENON_OK);
            if (status == TENON_OK)
                check_ran(r, first, end);
            else
                check_rest(r, first, end, left);
            free(r);
        }
        tenon__team_close(&team);
        tenon__pool_destroy(pool);
    }
}

static void goes_on_where_it_stopped(void **state)
{
    (void)state;
    tenon__pool *pool = new_pool(3, NULL);
    record *r = new_record(3);
    r->stop_after = 1; /* always */
    tenon__job job = {tile, stop, r, 0, 100};
    int calls = 0;
    for (tenon_status status = TENON_EAGAIN; status != TENON_OK; calls++) {
        tenon__team team;
        tenon__tile_range left;
        tenon__team_open(pool, &team, 3, 0);
        status = tenon__team_run(&team, &job, &left);
        tenon__team_close(&team);
        assert_true(status == TENON_OK || status == TENON_EAGAIN);
        assert_true(status == TENON_OK || left.end - left.first < job.tiles - job.first);
        job.first = left.first;
        job.tiles = left.end;
    }
    assert_true(calls <= 100);
    check_ran(r, 0, 100);
    free(r);
    tenon__pool_destroy(pool);
}

static void an_error_ends_the_job_and_beats_a_stop(void **state)
{
    (void)state;
    tenon__pool *pool = new_pool(4, NULL);
    for (int round = 0; round < 400; round++) {
        tenon__team team;
        tenon__team_open(pool, &team, round % 4 ? 4 : 1, 0);
        record *r = new_record(team.limit);
        tenon__tile_range left;
        r->spin = (uint32_t)test_random_in(0, 1000);
        /* Where stopping is asked for, the first tile fails: it goes out in any case. */
        r->fail_at = round % 2 ? 0 : (uint32_t)test_random_in(0, 19);
        r->stop_after = round % 2 ? (uint32_t)test_random_in(1, 40) : 0;
        tenon__job job = {tile, stop, r, 0, 400};
        assert_int_equal(tenon__team_run(&team, &job, &left), TENON_ESHAPE);
        assert_int_equal(r->breaches, 0);
        assert_int_equal(r->ran[r->fail_at], 1);
        if (team.limit == 1)
            for (uint32_t i = 0; i < TILES_MAX; i++)
                assert_int_equal(r->ran[i], i <= r->fail_at);
        free(r);
        tenon__team_close(&team);
    }
    tenon__pool_destroy(pool);
}

static void a_single_tile_stays_with_the_caller(void **state)
{
    (void)state;
    tenon__pool *pool = new_pool(4, NULL);
    tenon__team team;
    tenon__team_open(pool, &team, 4, 0);
    record *r = new_record(4);
    tenon__tile_range left;
    for (uint32_t i = 0; i < 100; i++) {
        tenon__job job = {tile, NULL, r, i, i + 1};
        assert_int_equal(tenon__team_run(&team, &job, &left), TENON_OK);
    }
    check_ran(r, 0, 100);
    assert_int_equal(r->seats_seen, 1);
    tenon__job nothing = {tile, NULL, r, 7, 7};
    assert_int_equal(tenon__team_run(&team, &nothing, &left), TENON_OK);
    assert_true(left.first == left.end);
    check_ran(r, 0, 100);
    free(r);
    tenon__team_close(&team);
    tenon__pool_destroy(pool);
}

/* The tiles hold until somebody else has run one: passes at once if a worker comes, fails after
 * PATIENCE_NS. */
static void needs_company(tenon__pool *pool)
{
    tenon__team team;
    tenon__team_open(pool, &team, 2, 0);
    record *r = new_record(2);
    r->wait_for_company = true;
    tenon__tile_range left;
    tenon__job job = {tile, NULL, r, 0, 8};
    assert_int_equal(tenon__team_run(&team, &job, &left), TENON_OK);
    check_ran(r, 0, 8);
    assert_int_equal(r->seats_seen, 3);
    free(r);
    tenon__team_close(&team);
}

static void parked_workers_come_back(void **state)
{
    (void)state;
    tenon__pool *pool = new_pool(2, NULL);
    const int64_t gaps_ns[] = {0, 2000, 6000, 60000, 1000000, 20000000};
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < TEST_COUNT(gaps_ns); i++) {
            needs_company(pool);
            struct timespec gap = {0, gaps_ns[i]};
            (void)nanosleep(&gap, NULL);
        }
    tenon__pool_destroy(pool);
}

/* A job of two or three tiles calls for workers when its first tile turns out to be long. */
static void a_short_list_of_long_tiles_gets_help(void **state)
{
    (void)state;
    tenon__pool *pool = new_pool(2, NULL);
    tenon__team team;
    tenon__tile_range left;
    tenon__team_open(pool, &team, 2, 0);
    uint64_t start = tenon__clock_ns();
    record *r;
    bool helped = false;
    while (!helped && tenon__clock_ns() - start < PATIENCE_NS) {
        r = new_record(2);
        r->spin = 1000000;
        tenon__job job = {tile, NULL, r, 0, 3};
        assert_int_equal(tenon__team_run(&team, &job, &left), TENON_OK);
        check_ran(r, 0, 3);
        helped = r->seats_seen == 3;
        free(r);
    }
    assert_true(helped);
    tenon__team_close(&team);
    tenon__pool_destroy(pool);
}

typedef struct runner {
    tenon__pool *pool;
    int priority;
    unsigned limit;
    int jobs;
    uint32_t salt;
    _Atomic uint32_t bad;
} runner;

static void *run_many(void *arg)
{
    runner *who = arg;
    uint32_t random = who->salt;
    for (int i = 0; i < who->jobs; i++) {
        tenon__team team;
        record *r = calloc(1, sizeof *r);
        if (!r) return NULL;
        tenon__team_open(who->pool, &team, who->limit, who->priority);
        random = random * 1664525u + 1013904223u;
        r->limit = team.limit, r->fail_at = UINT32_MAX, r->spin = random >> 20;
        uint32_t tiles = 1 + (random >> 8) % 64;
        tenon__tile_range left;
        r->stop_after = i % 3 ? 0 : 1 + random % 80;
        tenon__job job = {tile, stop, r, 0, tiles};
        tenon_status status = tenon__team_run(&team, &job, &left);
        bool right =
            r->breaches == 0 && status == (left.first == left.end ? TENON_OK : TENON_EAGAIN);
        for (uint32_t t = 0; t < TILES_MAX; t++)
            right = right && r->ran[t] == (t < tiles && (t < left.first || t >= left.end));
        if (!right) atomic_fetch_add(&who->bad, 1);
        tenon__team_close(&team);
        free(r);
    }
    return NULL;
}

static void teams_share_the_workers(void **state)
{
    (void)state;
    tenon__pool *pool = new_pool(4, NULL);
    enum { RUNNERS = 5 };
    static runner runners[RUNNERS];
    pthread_t ids[RUNNERS];
    for (int i = 0; i < RUNNERS; i++) {
        runners[i] = (runner){
            pool, i % 3, 2 + (unsigned)i % 3, test_long() ? 20000 : 400, (uint32_t)test_random(),
            0};
        assert_int_equal(pthread_create(&ids[i], NULL, run_many, &runners[i]), 0);
    }
    for (int i = 0; i < RUNNERS; i++) {
        assert_int_equal(pthread_join(ids[i], NULL), 0);
        assert_int_equal(runners[i].bad, 0);
    }
    tenon__pool_destroy(pool);
}

typedef struct background {
    tenon__pool *pool;
    _Atomic bool has_worker, enough;
} background;

static tenon_status background_tile(void *ctx, uint32_t index, uint32_t participant)
{
    background *b = ctx;
    (void)index;
    if (participant == 1) atomic_store(&b->has_worker, true);
    struct timespec little = {0, 100000};
    (void)nanosleep(&little, NULL);
    return TENON_OK;
}

static tenon_status background_stop(void *ctx)
{
    background *b = ctx;
    return atomic_load(&b->enough) ? TENON_ECANCELED : TENON_OK;
}

static void *run_background(void *arg)
{
    background *b = arg;
    tenon__team team;
    tenon__tile_range left;
    tenon__job job = {background_tile, background_stop, b, 0, UINT32_MAX};
    tenon__team_open(b->pool, &team, 2, 1);
    (void)tenon__team_run(&team, &job, &left);
    tenon__team_close(&team);
    return NULL;
}

static void a_worker_turns_to_the_more_urgent_job(void **state)
{
    (void)state;
    static background b;
    b = (background){.pool = new_pool(2, NULL)};
    pthread_t id;
    assert_int_equal(pthread_create(&id, NULL, run_background, &b), 0);
    uint64_t start = tenon__clock_ns();
    while (!atomic_load(&b.has_worker) && tenon__clock_ns() - start < PATIENCE_NS)
        ;
    /* The only worker is busy in an endless job; a job of priority 2 gets it all the same, one of
     * priority 0 does not. */
    tenon__team team;
    tenon__tile_range left;
    tenon__team_open(b.pool, &team, 2, 0);
    record *r = new_record(2);
    r->spin = 100000;
    tenon__job humble = {tile, NULL, r, 0, 40};
    assert_int_equal(tenon__team_run(&team, &humble, &left), TENON_OK);
    assert_int_equal(r->seats_seen, 1);
    tenon__team_close(&team);
    free(r);

    tenon__team_open(b.pool, &team, 2, 2);
    r = new_record(2);
    r->wait_for_company = true;
    tenon__job urgent = {tile, NULL, r, 0, 40};
    assert_int_equal(tenon__team_run(&team, &urgent, &left), TENON_OK);
    assert_int_equal(r->seats_seen, 3);
    tenon__team_close(&team);
    free(r);
    atomic_store(&b.enough, true);
    assert_int_equal(pthread_join(id, NULL), 0);
    tenon__pool_destroy(b.pool);
}

static void more_teams_than_slots(void **state)
{
    (void)state;
    enum { TEAMS = 80 };
    static tenon__team teams[TEAMS];
    tenon__pool *pool = new_pool(3, NULL);
    for (int i = 0; i < TEAMS; i++)
        tenon__team_open(pool, &teams[i], 3, i);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < TEAMS; i++) {
            record *r = new_record(3);
            tenon__tile_range left;
            tenon__job job = {tile, NULL, r, 0, 50};
            assert_int_equal(tenon__team_run(&teams[i], &job, &left), TENON_OK);
            check_ran(r, 0, 50);
            free(r);
        }
    for (int i = 0; i < TEAMS; i++)
        tenon__team_close(&teams[i]);
    needs_company(pool);
    tenon__pool_destroy(pool);
}

static tenon_status nested_tile(void *ctx, uint32_t index, uint32_t participant)
{
    (void)index, (void)participant;
    runner *who = ctx;
    runner inner = {who->pool, 3, 3, 1, index + 17, 0};
    (void)run_many(&inner);
    return inner.bad ? TENON_EINTERNAL : TENON_OK;
}

static void a_tile_may_open_a_team(void **state)
{
    (void)state;
    runner who = {new_pool(3, NULL), 0, 3, 0, 0, 0};
    tenon__team team;
    tenon__tile_range left;
    tenon__team_open(who.pool, &team, 3, 0);
    tenon__job job = {nested_tile, NULL, &who, 0, 100};
    assert_int_equal(tenon__team_run(&team, &job, &left), TENON_OK);
    tenon__team_close(&team);
    tenon__pool_destroy(who.pool);
}

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif

/* In a child of the case's process: 0 if the pool works there. */
static int works_here(tenon__pool *pool)
{
    tenon__team team;
    tenon__tile_range left;
    record *r = calloc(1, sizeof *r);
    if (!r) return 1;
    r->limit = 2, r->fail_at = UINT32_MAX, r->wait_for_company = true;
    tenon__team_open(pool, &team, 2, 0);
    tenon__job job = {tile, NULL, r, 0, 8};
    tenon_status status = tenon__team_run(&team, &job, &left);
    tenon__team_close(&team);
    int bad = status != TENON_OK || left.first != left.end || r->seats_seen != 3 || r->breaches;
    free(r);
    return bad;
}

static void survives_fork(void **state)
{
    (void)state;
#ifdef UNDER_TSAN
    test_skip("the thread sanitizer does not start threads after a fork");
#endif
    if (test_emulated()) test_skip("qemu does not fork a process with threads");
    tenon__pool *pool = new_pool(2, NULL);
    needs_company(pool);
    static background b;
    b = (background){.pool = pool};
    pthread_t id;
    /* Another thread's team is open while we fork: in the child it is nobody's. */
    assert_int_equal(pthread_create(&id, NULL, run_background, &b), 0);
    while (!atomic_load(&b.has_worker))
        ;
    for (int round = 0; round < 3; round++) {
        pid_t child = fork();
        if (child == 0) {
            int bad = works_here(pool);
            tenon__pool_destroy(pool);
            _exit(bad);
        }
        int status = -1;
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&b.enough, true);
    assert_int_equal(pthread_join(id, NULL), 0);
    needs_company(pool);
    tenon__pool_destroy(pool);
}

/* ---- hosts ---- */

typedef struct host_call {
    void (*task)(void *ctx, unsigned index);
    void *ctx;
    unsigned index;
} host_call;

static void *host_thread(void *arg)
{
    host_call *c = arg;
    c->task(c->ctx, c->index);
    return NULL;
}

static void host_with_threads(void *user, void (*task)(void *ctx, unsigned index), void *ctx,
                              unsigned count)
{
    pthread_t ids[8];
    host_call calls[8];
    _Atomic int *times = user;
    atomic_fetch_add(times, 1);
    assert_true(count <= 8);
    for (unsigned i = 0; i < count; i++) {
        calls[i] = (host_call){task, ctx, i};
        assert_int_equal(pthread_create(&ids[i], NULL, host_thread, &calls[i]), 0);
    }
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
}

/* All on the caller, last one first. */
static void host_backwards(void *user, void (*task)(void *ctx, unsigned index), void *ctx,
                           unsigned count)
{
    _Atomic int *times = user;
    atomic_fetch_add(times, 1);
    while (count)
        task(ctx, --count);
}

static void lends_itself_to_a_host(void **state)
{
    (void)state;
    _Atomic int times = 0;
    const tenon_executor hosts[] = {{&times, 4, host_with_threads}, {&times, 3, host_backwards}};
    for (size_t h = 0; h < TEST_COUNT(hosts); h++) {
        tenon__pool *pool = new_pool(8, &hosts[h]);
        assert_int_equal(tenon__pool_threads(pool), hosts[h].threads);
        tenon__team team;
        tenon__team_open(pool, &team, 8, 0);
        for (int round = 0; round < 40; round++) {
            record *r = new_record(hosts[h].threads);
            uint32_t first = (uint32_t)test_random_in(0, 5),
                     end = first + (uint32_t)test_random_in(2, 40);
            tenon__tile_range left;
            r->stop_after = round % 2 ? (uint32_t)test_random_in(1, 50) : 0;
            int before = times;
            tenon__job job = {tile, stop, r, first, end};
            tenon_status status = tenon__team_run(&team, &job, &left);
            assert_int_equal(times, before + 1);
            assert_int_equal(status, left.first < left.end ? TENON_EAGAIN : TENON_OK);
            if (status == TENON_OK)
                check_ran(r, first, end);
            else
                check_rest(r, first, end, left);
            free(r);
        }
        tenon__team_close(&team);
        tenon__pool_destroy(pool);
    }
}

/* ---- memory and arguments ---- */

static _Atomic int allocations;
static void *counted_alloc(void *user, size_t size_bytes, size_t alignment)
{
    atomic_fetch_add(&allocations, 1);
    const tenon_allocator *a = tenon__allocator_default();
    return (void)user, a->alloc(a->user, size_bytes, alignment);
}
static void counted_free(void *user, void *block)
{
    const tenon_allocator *a = tenon__allocator_default();
    (void)user, a->free(a->user, block);
}

static void allocates_nothing_once_warm(void **state)
{
    (void)state;
    const tenon_allocator counted = {NULL, counted_alloc, counted_free};
    tenon__pool *pool = NULL;
    assert_int_equal(tenon__pool_create(&counted, 3, NULL, &pool, NULL), TENON_OK);
    needs_company(pool);
    int before = allocations;
    for (int i = 0; i < 100; i++)
        needs_company(pool);
    assert_int_equal(allocations, before);
    tenon__pool_destroy(pool);
}

static void refuses_nonsense(void **state)
{
    (void)state;
    int anything;
    tenon__pool *pool = (void *)&anything;
    tenon_error err;
    assert_int_equal(tenon__pool_create(tenon__allocator_default(), 0, NULL, &pool, &err),
                     TENON_EINVAL);
    assert_null(pool);
    assert_int_equal(err.status, TENON_EINVAL);
    const tenon_executor empty = {NULL, 4, NULL};
    assert_int_equal(tenon__pool_create(tenon__allocator_default(), 4, &empty, &pool, &err),
                     TENON_EINVAL);
    tenon__pool_destroy(NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(runs_each_tile_once),
        CASE(stops_with_an_exact_rest),
        CASE(goes_on_where_it_stopped),
        CASE(an_error_ends_the_job_and_beats_a_stop),
        CASE(a_single_tile_stays_with_the_caller),
        CASE(parked_workers_come_back),
        CASE(a_short_list_of_long_tiles_gets_help),
        CASE(teams_share_the_workers),
        CASE(a_worker_turns_to_the_more_urgent_job),
        CASE(more_teams_than_slots),
        CASE(a_tile_may_open_a_team),
        CASE(survives_fork),
        CASE(lends_itself_to_a_host),
        CASE(allocates_nothing_once_warm),
        CASE(refuses_nonsense),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
