/* SPDX-License-Identifier: MIT */
/*
 * Included before every kernel source of the host build: each atomic operation is a choice point,
 * where the machine may go on with another simulated CPU. A macro is not expanded inside itself, so
 * the operation itself stays the compiler's.
 */
#pragma once

void fake_choice(void);

#define __atomic_load_n(...)             (fake_choice(), __atomic_load_n(__VA_ARGS__))
#define __atomic_store_n(...)            (fake_choice(), __atomic_store_n(__VA_ARGS__))
#define __atomic_exchange_n(...)         (fake_choice(), __atomic_exchange_n(__VA_ARGS__))
#define __atomic_compare_exchange_n(...) (fake_choice(), __atomic_compare_exchange_n(__VA_ARGS__))
#define __atomic_fetch_add(...)          (fake_choice(), __atomic_fetch_add(__VA_ARGS__))
#define __atomic_fetch_sub(...)          (fake_choice(), __atomic_fetch_sub(__VA_ARGS__))
#define __atomic_fetch_or(...)           (fake_choice(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_fetch_and(...)          (fake_choice(), __atomic_fetch_and(__VA_ARGS__))
#define __atomic_add_fetch(...)          (fake_choice(), __atomic_add_fetch(__VA_ARGS__))
#define __atomic_sub_fetch(...)          (fake_choice(), __atomic_sub_fetch(__VA_ARGS__))
