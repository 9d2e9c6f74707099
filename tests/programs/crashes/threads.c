/* SPDX-License-Identifier: MIT */
/* Three threads, one of which crashes: one waits meanwhile, one runs. */
#include <pthread.h>
#include <unistd.h>

static volatile int spinning;

static void *sleeper(void *argument)
{
    sleep(1000);
    return argument;
}

static void *spinner(void *argument)
{
    for (;;) {
        spinning++;
    }
    return argument;
}

static __attribute__((noinline)) void give_up(double reason)
{
    volatile double kept = reason;
    if (kept > 1) {
        *(volatile int *)8 = 1;
    }
}

int main(void)
{
    pthread_t one, two;
    if (pthread_create(&one, NULL, sleeper, NULL) != 0 ||
        pthread_create(&two, NULL, spinner, NULL) != 0) {
        return 1;
    }
    while (spinning == 0) {
    }
    usleep(50000);
    give_up(2.5);
    return 0;
}
