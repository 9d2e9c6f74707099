/* SPDX-License-Identifier: MIT */
/* Test programs, and the search for what was lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <quay/abi/bootstrap.h>
#include "mm/frame.h"
#include "mm/slab.h"
#include "machine.h"

/* --- leaks ------------------------------------------------------------------------------------ */

/* Grace periods end when CPUs go idle: init sleeps a few times. */
static void let_graces_end(void)
{
    struct fake_thread *init = fake_init_thread();

    for (unsigned i = 0; i < 4; i++) {
        fake_run_for(50000000);
        /* If others run, the time may have come before init gets to sleep. */
        if (fake_call(init, SYS_thread_sleep, (uint64_t)fake_now() + 1000000) == FAKE_BLOCKED) {
            fake_run_for(50000000);
            (void)fake_wait(init);
        }
    }
}

void fake_balance(struct fake_balance *ret_balance)
{
    struct fake_thread *init = fake_init_thread();
    struct frame_stats frames;
    size_t i = 0;

    let_graces_end();
    *ret_balance = (struct fake_balance){0};
    frame_stats(&frames);
    ret_balance->frames_free = frames.free_count;
    for (const struct slab_cache *cache = slab_caches; cache != NULL; cache = cache->next) {
        FAKE_CHECK(i < 32);
        ret_balance->slabs[i++] = cache->in_use_count;
        ret_balance->frames_free += (uint64_t)cache->slab_count << cache->order;
    }
    for (unsigned type = 0; type < OBJECT_TYPE_COUNT; type++) {
        ret_balance->objects[type] = object_count((enum object_type)type);
    }
    for (unsigned resource = 0; resource < JOB_RESOURCE_COUNT; resource++) {
        FAKE_CHECK(fake_call(init, SYS_job_info, fake_bootstrap(BOOTSTRAP_JOB), resource) == 0);
        ret_balance->usage[resource] = fake_result2(init);
    }
}

void fake_balance_check(const struct fake_balance *before)
{
    struct fake_balance after;
    const struct slab_cache *cache = slab_caches;

    fake_balance(&after);
    for (unsigned i = 0; i < OBJECT_TYPE_COUNT; i++) {
        if (after.objects[i] != before->objects[i]) {
            fake_fail("objects of type %u: %lu before, %lu after", i,
                      (unsigned long)before->objects[i], (unsigned long)after.objects[i]);
        }
    }
    for (size_t i = 0; cache != NULL; cache = cache->next, i++) {
        if (after.slabs[i] != before->slabs[i]) {
            fake_fail("slab %s: %lu objects before, %lu after", cache->name,
                      (unsigned long)before->slabs[i], (unsigned long)after.slabs[i]);
        }
    }
    for (unsigned i = 0; i < JOB_RESOURCE_COUNT; i++) {
        if (after.usage[i] != before->usage[i]) {
            fake_fail("root job, resource %u: %lu before, %lu after", i,
                      (unsigned long)before->usage[i], (unsigned long)after.usage[i]);
        }
    }
    if (after.frames_free != before->frames_free) {
        fake_fail("frames free or in slabs: %lu before, %lu after",
                  (unsigned long)before->frames_free, (unsigned long)after.frames_free);
    }
    fake_tlb_check();
}

/* --- test programs ---------------------------------------------------------------------------- */

static int run_in_child(const struct fake_test *test, FILE *output)
{
    const struct CMUnitTest tests[] = {{test->name, test->run, NULL, NULL, NULL}};
    pid_t child;
    int status = 0;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        dup2(fileno(output), STDOUT_FILENO);
        dup2(fileno(output), STDERR_FILENO);
        exit(_cmocka_run_group_tests(test->name, tests, 1, NULL, NULL) != 0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return -1;
    }
    return status;
}

static void print_file(FILE *file)
{
    char line[512];

    rewind(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        printf("# %s", line);
    }
}

int fake_test_main(int argc, char **argv, const struct fake_test *tests, size_t count)
{
    unsigned failed = 0, run = 0;

    for (size_t i = 0; i < count; i++) {
        FILE *output;

        if (argc > 1 && strstr(tests[i].name, argv[1]) == NULL) {
            continue;
        }
        output = tmpfile();
        run++;
        if (output == NULL || run_in_child(&tests[i], output) != 0) {
            failed++;
            printf("not ok %u - %s\n", run, tests[i].name);
            if (output != NULL) {
                print_file(output);
            }
        } else {
            printf("ok %u - %s\n", run, tests[i].name);
        }
        if (output != NULL) {
            fclose(output);
        }
    }
    printf("1..%u\n", run);
    return failed == 0 ? 0 : 1;
}
