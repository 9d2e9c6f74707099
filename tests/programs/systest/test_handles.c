/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>

static void test_info(handle_t event)
{
    struct qy_result info = qy_handle_info(event);
    tap_equal(info.status, OBJECT_EVENT, "handle_info tells the type");
    tap_equal((int64_t)info.second, RIGHTS_BASIC | RIGHT_SIGNAL, "handle_info tells the rights");
    int64_t other = qy_event_create(qy_self_job());
    tap_ok(qy_handle_info((handle_t)other).third > info.third, "koids go up and are not reused");
    discard(other);
}

static void test_dup(handle_t event)
{
    int64_t copy = qy_handle_dup(event, RIGHT_WAIT | RIGHT_SIGNAL | RIGHT_MANAGE << 8);
    struct qy_result info = qy_handle_info((handle_t)copy);
    tap_ok(copy > 0 && (handle_t)copy != event, "handle_dup makes another handle");
    tap_equal((int64_t)info.second, RIGHT_WAIT | RIGHT_SIGNAL,
              "a duplicate has the rights asked for that its origin has, and no others");
    tap_equal((int64_t)info.third, (int64_t)qy_handle_info(event).third, "of the same object");
    tap_equal(qy_handle_dup((handle_t)copy, RIGHTS_SAME), -EACCES,
              "without DUP there is no duplicate");
    tap_equal(qy_handle_close((handle_t)copy), 0, "handle_close");
    tap_equal(qy_handle_info((handle_t)copy).status, -EBADF, "a closed handle is gone");
    tap_equal(qy_handle_close((handle_t)copy), -EBADF, "and cannot be closed twice");
    int64_t next = qy_handle_dup(event, RIGHTS_SAME);
    tap_ok(next != copy, "its slot comes back under another value");
    discard(next);
}

static void test_revoke(handle_t event)
{
    int64_t parent = qy_handle_dup(event, RIGHTS_SAME);
    int64_t child = qy_handle_dup((handle_t)parent, RIGHTS_SAME);
    int64_t grandchild = qy_handle_dup((handle_t)child, RIGHTS_SAME);
    int64_t sibling = qy_handle_dup(event, RIGHTS_SAME);
    tap_equal(qy_handle_revoke((handle_t)parent), 0, "handle_revoke");
    tap_equal(qy_handle_info((handle_t)child).status, -EREVOKED, "the child is revoked");
    tap_equal(qy_handle_info((handle_t)grandchild).status, -EREVOKED, "and the grandchild");
    tap_equal(qy_event_signal((handle_t)child, 0, 1).status, -EREVOKED, "it cannot be used");
    tap_equal(qy_handle_dup((handle_t)child, RIGHTS_SAME), -EREVOKED, "nor duplicated");
    tap_equal(qy_handle_info((handle_t)parent).status, OBJECT_EVENT,
              "the revoked one itself stays");
    tap_equal(qy_handle_info((handle_t)sibling).status, OBJECT_EVENT, "and its siblings");
    tap_equal(qy_handle_close((handle_t)child), 0, "a revoked handle can be closed");
    tap_equal(qy_handle_info((handle_t)child).status, -EBADF, "and is gone then");
    discard(grandchild);
    discard(sibling);
    discard(parent);
}

#define MANY 1000

static void test_many(handle_t event)
{
    static int64_t copies[MANY];
    bool is_ok = true;
    int64_t parent = qy_handle_dup(event, RIGHTS_SAME);
    for (int i = 0; i < MANY; i++) {
        copies[i] = qy_handle_dup((handle_t)parent, RIGHTS_SAME);
        is_ok &= copies[i] > 0;
    }
    tap_ok(is_ok, "%d duplicates", MANY);
    tap_equal(qy_handle_revoke((handle_t)parent), 0, "revoked in one call");
    is_ok = true;
    for (int i = 0; i < MANY; i++) {
        is_ok &= qy_handle_info((handle_t)copies[i]).status == -EREVOKED;
        is_ok &= qy_handle_close((handle_t)copies[i]) == 0;
    }
    tap_ok(is_ok, "all of them are");
    discard(parent);
}

void test_handles(void)
{
    int64_t event = qy_event_create(qy_self_job());
    tap_ok(event > 0, "event_create");
    test_info((handle_t)event);
    test_dup((handle_t)event);
    test_revoke((handle_t)event);
    test_many((handle_t)event);
    discard(event);
}
