/* SPDX-License-Identifier: MIT */
/* The protocol: who reads, who waits, and what survives. */
#pragma once

#include "entropy.h"
#include <idl/random.h>
#include <quay/server.h>

#define WAITERS_MAX 32

/* What survives the server, in memory that init keeps: a seed for the next instance, made by the
 * generator and used once. Every instruction leaves it sound. */
struct kept {
    uint32_t valid; /* 1 + the index of the seed that counts; 0: none */
    uint32_t reserved;
    uint8_t seeds[2][CHACHA20_KEY_BYTES];
};

void random_init(struct kept *kept, const struct entropy_source *source);

/* Gathers a step, and answers who waits if it is enough. Whether more is needed. */
bool random_continue(struct qy_server *server);

extern const struct qy_random_handlers random_handlers;
void random_cancelled(struct qy_server *server, uint64_t token);
