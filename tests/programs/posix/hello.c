/* SPDX-License-Identifier: MIT */
/* What a C library needs before it can print a line, and some that it does not. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static __thread int mine = 7;

static void *thread(void *argument)
{
    mine += *(int *)argument;
    return (void *)(long)mine;
}

static void check(int is_ok, const char *what)
{
    printf("%s: %s\n", what, is_ok ? "ok" : strerror(errno));
}

int main(int argc, char **argv)
{
    int add = 5;
    void *result = NULL;
    pthread_t id;

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("hello, %d arguments:", argc);
    for (int i = 0; i < argc; i++) {
        printf(" %s", argv[i]);
    }
    printf("; HOME=%s; %.3f\n", getenv("HOME") ? getenv("HOME") : "?", 22.0 / 7);

    char *big = malloc(3 << 20);
    check(big != NULL, "malloc");
    memset(big, 1, 3 << 20);
    big = realloc(big, 9 << 20);
    check(big != NULL && big[(3 << 20) - 1] == 1, "realloc");
    free(big);

    check(write(1, (void *)8, 5) == -1 && errno == EFAULT, "a bad pointer is EFAULT");
    check(write(1, (void *)0x7e003fc01000, 5) == -1 && errno == EFAULT, "so is one to the layer");
    check(clock_gettime(CLOCK_MONOTONIC, (void *)16) == -1 && errno == EFAULT, "and one to write");

    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(page != MAP_FAILED && munmap(page + 4096, 4096) == 0, "mmap");
    check(write(1, page + 4090, 10) == -1 && errno == EFAULT, "half a buffer");
    struct timespec time = {0, 1000000};
    check(nanosleep(&time, NULL) == 0, "nanosleep");
    check(pthread_create(&id, NULL, thread, &add) == 0, "pthread_create");
    check(pthread_join(id, &result) == 0 && (long)result == 12 && mine == 7, "pthread_join");
    check(syscall(999) == -1 && errno == ENOSYS, "no such call");
    return 3;
}
