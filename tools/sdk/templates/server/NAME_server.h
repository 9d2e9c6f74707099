/* What the server does, apart from how it is started. */
#pragma once

#include <idl/NAME.h>

#define TEXT_MAX 100

/* What survives when the server dies: every instruction leaves it sound. */
struct NAME_kept {
    uint32_t current; /* which of the texts it is; 0: none yet */
    char texts[3][TEXT_MAX + 1];
};

/* Before anything else; all zero at the first start. */
void NAME_init(struct NAME_kept *kept);

extern const struct qy_NAME_handlers NAME_handlers;
