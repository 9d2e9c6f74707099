/* SPDX-License-Identifier: MIT */
/* What the tests that idl makes consist of: messages as the layout has them, to be sent. */
#pragma once

#include <quay/server.h>

struct qy_mutation {
    const char *what; /* NULL: the end */
    uint32_t offset, size;
    uint64_t value;
    uint32_t extra; /* so many of the last bytes once more */
};

struct qy_handle_sample {
    const char *name; /* NULL: the end */
    uint32_t type;
    rights_t required, most;
    bool is_optional;
};

struct qy_message_sample {
    const uint8_t *least;
    uint32_t least_size;
    const uint8_t *full;
    uint32_t full_size;
    const struct qy_mutation *wrong;
    const struct qy_handle_sample *handles;
    uint32_t lease_count;
    uint32_t leases[IPC_LEASES_MAX]; /* LEASE_... */
    bool has_table;                  /* what is of a newer version does not come out again */
};

struct qy_method_sample {
    const char *name; /* NULL: the end */
    uint32_t number;
    bool is_oneway;
    const struct qy_message_sample *request, *reply;
};

/* The session that the proxies call: the test's own end of the wire. */
extern handle_t qy_proxied_session;

/* What proxies lend. */
#define QY_LENT_BYTES 16
extern uint8_t qy_lent[QY_LENT_BYTES];

/* What a proxy does with what it was lent: 0, or what it is to answer. */
int64_t qy_lent_access(const struct qy_lease *lease, uint32_t flags);

/* One input of libFuzzer: which message it is (4 bytes), and its payload. */
int qy_conformance_fuzz(qy_dispatch_fn *dispatch, const void *handlers,
                        const struct qy_method_sample *methods, const uint8_t *data, size_t size);

/* What libFuzzer is to change: this input, or now and then a right message. Returns its size. */
size_t qy_conformance_begin(const struct qy_method_sample *methods, uint8_t *data, size_t size,
                            size_t room, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed);

/* Runs every test for these methods. */
int qy_conformance_run(qy_dispatch_fn *dispatch, const void *handlers,
                       const struct qy_method_sample *methods);
