/* SPDX-License-Identifier: MIT */
/*
 * Who wants to know what happens in a directory. The file system tells what happens in directories
 * that are watched; from its channel that comes here, and goes to the subscribers of vfs with the
 * number of each watch that it concerns. Watches do not survive vfs, nor the file system.
 */
#pragma once

#include "session.h"

/* Watches a directory for a session: 0 and its number, or an error. */
int64_t watch_add(struct qy_request *request, struct spot spot, uint32_t what, uint32_t *ret_watch);

/* 0, or EINVAL: the session has no such watch. */
int64_t watch_remove(uint64_t badge, uint32_t number);

/* The session is closed. */
void watch_drop(uint64_t badge);

/* A notice with this key: something has come. */
void watch_notice(struct qy_server *server, uint64_t key, uint64_t signals);
