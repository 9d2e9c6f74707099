/* SPDX-License-Identifier: MIT */
/* A process that has crashed: all system calls about it. */
#pragma once

#include "core.h"
#include "image.h"
#include <quay/exception.h>

struct target {
    handle_t process;
    struct exception_message exception; /* as it is to be told: what a program of the POSIX layer
                                           did is not what its layer did then */
    uint32_t signal;                    /* of a POSIX program, or as one would have got */
    bool is_posix;
    int32_t pid; /* koid of the process, if it is not */
    char name[CORE_NAME_MAX];
    struct image images[CORE_IMAGES_MAX];
    uint32_t image_count;
};

/* What the exception with this token is of; its process stays as it is until it is answered. False:
 * it has gone. */
bool target_open(struct target *target, handle_t port, uint64_t token,
                 const struct exception_message *exception, handle_t resource,
                 const struct symbols *symbols);
void target_close(struct target *target);

/* memory_read_fn; the context is a struct target. */
bool target_read(void *context, uint64_t address, void *to, size_t size_bytes);

/* The image that an address lies in, or NULL. */
const struct image *target_image(const struct target *target, uint64_t address);

/* Stops all threads and takes down what goes into a core file. */
void target_core(struct target *target, struct core *ret_core);
