/* SPDX-License-Identifier: MIT */
#include "random.h"
#include <quay/clock.h>
#include <quay/text.h>

#define FILL_MAX       (256 * 1024ul) /* of one call: others wait meanwhile */
#define FILL_PART      4096
#define RESEED_AFTER   (60 * QY_SECOND)
#define SEED_BITS_KEPT GENERATOR_BITS

struct waiter {
    struct qy_pending call;
    uint32_t count; /* of a read */
    bool is_fill;
    struct qy_lease lease;
};

static struct {
    struct generator generator;
    struct entropy entropy;
    struct kept *kept;
    time_ns_t reseeded;
    struct waiter waiters[WAITERS_MAX];
    uint32_t waiter_count;
} random_state;

/* The next instance's seed takes the place of the one that we have used. Until it counts, the old
 * one does; so it is made and counted before anything else is given out. */
static void seed_keep(void)
{
    struct kept *kept = random_state.kept;
    uint32_t index = kept->valid == 1 ? 1 : 0;
    generator_make(&random_state.generator, kept->seeds[index], sizeof kept->seeds[index]);
    __atomic_store_n(&kept->valid, index + 1, __ATOMIC_RELEASE);
    memset(kept->seeds[1 - index], 0, sizeof kept->seeds[index]);
}

static void reseed_if_due(void)
{
    time_ns_t now = qy_clock_read();
    if (random_state.generator.is_seeded && now - random_state.reseeded < RESEED_AFTER) {
        return;
    }
    entropy_gather(&random_state.entropy, &random_state.generator);
    random_state.reseeded = now; /* if there was not enough, next time */
    if (generator_reseed(&random_state.generator)) {
        seed_keep();
    }
}

void random_init(struct kept *kept, const struct entropy_source *source)
{
    memset(&random_state, 0, sizeof random_state);
    random_state.kept = kept;
    generator_init(&random_state.generator);
    entropy_init(&random_state.entropy, source);
    if (kept->valid == 1 || kept->valid == 2) {
        generator_add(&random_state.generator, kept->seeds[kept->valid - 1], sizeof kept->seeds[0],
                      SEED_BITS_KEPT);
    }
    reseed_if_due();
}

/* --- giving -------------------------------------------------------------------------------- */

/* How much was filled, or an error of the protocol. */
static int64_t lease_fill(const struct qy_lease *lease, uint64_t *ret_count)
{
    uint8_t part[FILL_PART];
    uint64_t total = lease->size < FILL_MAX ? lease->size : FILL_MAX, done = 0;
    int64_t status = 0;
    while (done < total && status == 0) {
        uint64_t size = total - done < sizeof part ? total - done : sizeof part;
        generator_make(&random_state.generator, part, size);
        status = qy_lease_put(lease, done, part, size);
        done += size;
    }
    memset(part, 0, sizeof part);
    *ret_count = total;
    return status == 0 ? 0 : QY_RANDOM_FAILURE_BAD_MEMORY;
}

static void waiter_answer(struct qy_server *server, struct waiter *waiter)
{
    /* What fails here, fails only because the caller has gone. */
    if (waiter->is_fill) {
        uint64_t count;
        int64_t status = lease_fill(&waiter->lease, &count);
        if (status == 0) {
            (void)qy_random_fill_answer(server, &waiter->call, count);
        } else {
            (void)qy_pending_refuse(server, &waiter->call, (uint32_t)status);
        }
        return;
    }
    uint8_t data[QY_RANDOM_READ_MAX];
    generator_make(&random_state.generator, data, waiter->count);
    (void)qy_random_read_answer(server, &waiter->call, data, waiter->count);
    memset(data, 0, sizeof data);
}

bool random_continue(struct qy_server *server)
{
    reseed_if_due();
    if (!random_state.generator.is_seeded) {
        return true;
    }
    while (random_state.waiter_count > 0) {
        waiter_answer(server, &random_state.waiters[--random_state.waiter_count]);
    }
    return false;
}

static int64_t wait_add(struct qy_request *request, bool may_wait, const struct waiter *waiter)
{
    if (!may_wait) {
        return QY_RANDOM_FAILURE_NOT_SEEDED;
    }
    if (random_state.waiter_count == WAITERS_MAX) {
        return QY_RANDOM_FAILURE_BUSY;
    }
    struct waiter *place = &random_state.waiters[random_state.waiter_count++];
    *place = *waiter;
    return qy_defer(request, &place->call);
}

void random_cancelled(struct qy_server *server, uint64_t token)
{
    for (uint32_t i = 0; i < random_state.waiter_count; i++) {
        if (qy_pending_cancel(server, &random_state.waiters[i].call, token)) {
            random_state.waiters[i] = random_state.waiters[--random_state.waiter_count];
            return;
        }
    }
}

/* --- the protocol -------------------------------------------------------------------------- */

static bool may_read(const struct qy_request *request)
{
    return (request->in.badge & QY_RANDOM_ACCESS_READ) != 0;
}

static int64_t random_read(struct qy_request *request, uint32_t count, bool wait, uint8_t *ret_data,
                           uint32_t *ret_data_count)
{
    if (!may_read(request)) {
        return QY_RANDOM_FAILURE_NO_ACCESS;
    }
    count = count < QY_RANDOM_READ_MAX ? count : QY_RANDOM_READ_MAX;
    reseed_if_due();
    if (!random_state.generator.is_seeded) {
        return wait_add(request, wait, &(struct waiter){.count = count});
    }
    generator_make(&random_state.generator, ret_data, count);
    *ret_data_count = count;
    return 0;
}

static int64_t random_fill(struct qy_request *request, bool wait, const struct qy_lease *data,
                           uint64_t *ret_count)
{
    if (!may_read(request)) {
        return QY_RANDOM_FAILURE_NO_ACCESS;
    }
    reseed_if_due();
    if (!random_state.generator.is_seeded) {
        return wait_add(request, wait, &(struct waiter){.is_fill = true, .lease = *data});
    }
    return lease_fill(data, ret_count);
}

static int64_t random_add(struct qy_request *request, const uint8_t *data, uint32_t count,
                          uint32_t bits)
{
    bool counts = (request->in.badge & QY_RANDOM_ACCESS_ADD) != 0;
    uint32_t bits_max = 8 * count;
    generator_add(&random_state.generator, data, count,
                  !counts           ? 0
                  : bits < bits_max ? bits
                                    : bits_max);
    if (!random_state.generator.is_seeded && generator_reseed(&random_state.generator)) {
        seed_keep();
    }
    (void)random_continue(request->server); /* the timer comes again, if it must */
    return 0;
}

static int64_t random_get(struct qy_request *request, struct qy_random_state *ret_state)
{
    const struct generator *generator = &random_state.generator;
    (void)request;
    *ret_state = (struct qy_random_state){
        .gathered_bits = generator->gathered_bits,
        .needed_bits = GENERATOR_BITS,
        .reseeds = generator->reseeds,
        .given_bytes = generator->given_bytes,
        .jitter_samples = random_state.entropy.jitter.samples,
        .jitter_refused = random_state.entropy.jitter.refused,
        .is_seeded = generator->is_seeded,
        .has_rdrand = random_state.entropy.has_cpu,
    };
    return 0;
}

const struct qy_random_handlers random_handlers = {
    .read = random_read,
    .fill = random_fill,
    .add = random_add,
    .get = random_get,
};
