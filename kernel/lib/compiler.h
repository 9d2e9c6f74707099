/* SPDX-License-Identifier: MIT */
/*
 * Names for the compiler attributes that the kernel uses. Only things both clang and gcc know.
 */
#pragma once

#define MUST_USE      __attribute__((warn_unused_result))
#define ALWAYS_INLINE __attribute__((always_inline)) inline
#define NEVER_INLINE  __attribute__((noinline))
/* A cold function that costs its callers no registers: it preserves (almost) all of them. It must
 * return nothing: clang 14 restores the register of the result too. */
#if defined(__clang__)
#define PRESERVE_MOST __attribute__((preserve_most))
#define COLD          __attribute__((cold, minsize))
#else
#define PRESERVE_MOST
#define COLD __attribute__((cold))
#endif
#define NORETURN       __attribute__((noreturn))
#define MAYBE_UNUSED   __attribute__((unused))
#define PACKED         __attribute__((packed))
#define ALIGNED(bytes) __attribute__((aligned(bytes)))
#define NOINLINE       __attribute__((noinline))
#define LIKELY(cond)   __builtin_expect(!!(cond), 1)
#define UNLIKELY(cond) __builtin_expect(!!(cond), 0)

/* Argument number `format_index` is a printf format, the values begin at `first_index` (0:
 * va_list). */
#define FORMAT_PRINTF(format_index, first_index)                                                   \
    __attribute__((format(printf, format_index, first_index)))

/* Things that different CPUs write must not share one of these. */
#define CACHE_LINE_SIZE 64
#define CACHE_ALIGNED   ALIGNED(CACHE_LINE_SIZE)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The structure of `type` whose field `member` is what `pointer` points to. By way of a number, so
 * that a pointer to const, as in the order function of a tree, needs no cast of its own.
 */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)((__UINTPTR_TYPE__)(pointer) - __builtin_offsetof(type, member)))
