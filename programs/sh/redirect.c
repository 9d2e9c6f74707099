/* SPDX-License-Identifier: MIT */
#include "redirect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expand.h"
#include "shell.h"

/* What a pipe takes without a reader; more goes to a file. */
#define PIPE_ROOM 4096

static int high(int fd)
{
    int moved;

    if (fd < 0 || fd >= REDIRECT_HIGH_FD) {
        return fd;
    }
    moved = fcntl(fd, F_DUPFD_CLOEXEC, REDIRECT_HIGH_FD);
    (void)close(fd);
    return moved;
}

static int open_temporary(void)
{
    char name[] = "/tmp/shXXXXXX";
    int fd = mkstemp(name);

    if (fd >= 0) {
        (void)unlink(name);
    }
    return high(fd);
}

static bool write_all(int fd, const char *text, size_t length)
{
    while (length) {
        ssize_t done = write(fd, text, length);

        if (done < 0 && errno != EINTR) {
            return false;
        }
        text += done > 0 ? done : 0;
        length -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

static int open_here(const char *text)
{
    size_t length = strlen(text);
    int ends[2];
    int fd;

    if (length <= PIPE_ROOM && pipe2(ends, O_CLOEXEC) == 0) {
        ends[0] = high(ends[0]);
        (void)write_all(ends[1], text, length);
        (void)close(ends[1]);
        return ends[0];
    }
    fd = open_temporary();
    if (fd < 0 || !write_all(fd, text, length) || lseek(fd, 0, SEEK_SET) != 0) {
        shell_error("cannot make a here-document: %s", strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    return fd;
}

/* With -C an existing regular file is not written over. */
static int open_new(const char *name)
{
    struct stat status;
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd >= 0 || errno != EEXIST) {
        return fd;
    }
    fd = open(name, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        (void)close(fd);
        errno = EEXIST;
        return -1;
    }
    return fd;
}

static int open_file(enum redirect_kind kind, const char *name)
{
    int fd;

    switch (kind) {
    case REDIRECT_READ:
        fd = open(name, O_RDONLY | O_CLOEXEC);
        break;
    case REDIRECT_READ_WRITE:
        fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        break;
    case REDIRECT_APPEND:
        fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        break;
    default:
        fd = shell.no_clobber && kind != REDIRECT_CLOBBER
                 ? open_new(name)
                 : open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        break;
    }
    if (fd >= 0) {
        return high(fd);
    }
    if (kind == REDIRECT_READ) {
        shell_error("cannot open %s: %s", name, errno == ENOENT ? "No such file" : strerror(errno));
    } else {
        shell_error("cannot create %s: %s", name,
                    errno == ENOENT ? "Directory nonexistent" : strerror(errno));
    }
    return -1;
}

/* `<&word`: a number or -. */
static bool prepare_duplicate(struct redirect_step *step, const char *text)
{
    if (strcmp(text, "-") == 0) {
        step->source = REDIRECT_CLOSED;
        return true;
    }
    if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 6) {
        shell_error("Syntax error: Bad fd number");
        return false;
    }
    step->source = atoi(text);
    return true;
}

static bool prepare(struct redirect_step *step, const struct redirect *redirect)
{
    char *text = expand_text(redirect->target, 0);
    bool done = false;

    *step = (struct redirect_step){.fd = redirect->fd};
    if (shell.flow == FLOW_NONE && redirect->kind == REDIRECT_DUPLICATE) {
        done = prepare_duplicate(step, text);
    } else if (shell.flow == FLOW_NONE) {
        step->source =
            redirect->kind == REDIRECT_HERE ? open_here(text) : open_file(redirect->kind, text);
        step->own_source = true;
        done = step->source >= 0;
    }
    free(text);
    return done;
}

bool redirect_open(const struct redirect *redirects, struct redirect_steps *ret_steps)
{
    ret_steps->count = 0;
    ret_steps->done = 0;
    for (; redirects; redirects = redirects->next) {
        bool room = ret_steps->count < REDIRECT_MAX;

        if (!room) {
            shell_error("too many redirections");
        }
        if (!room || !prepare(&ret_steps->steps[ret_steps->count], redirects)) {
            redirect_close(ret_steps);
            return false;
        }
        ret_steps->count++;
    }
    return true;
}

/* 0 or the number that is not open. */
static int apply_step(const struct redirect_step *step)
{
    if (step->source == REDIRECT_CLOSED) {
        (void)close(step->fd);
        return 0;
    }
    if (step->source == step->fd) {
        return fcntl(step->fd, F_SETFD, 0) < 0 ? step->fd : 0;
    }
    if (dup2(step->source, step->fd) < 0) {
        return step->source ? step->source : -1;
    }
    if (step->own_source) {
        (void)close(step->source);
    }
    return 0;
}

int redirect_apply(const struct redirect_steps *steps)
{
    for (unsigned index = 0; index < steps->count; index++) {
        int bad = apply_step(&steps->steps[index]);

        if (bad) {
            return bad;
        }
    }
    return 0;
}

bool redirect_push(struct redirect_steps *steps)
{
    for (unsigned index = 0; index < steps->count; index++) {
        struct redirect_step *step = &steps->steps[index];
        int bad;

        step->saved = fcntl(step->fd, F_DUPFD_CLOEXEC, REDIRECT_HIGH_FD);
        steps->done++;
        bad = apply_step(step);
        if (bad) {
            shell_error("%d: Bad file descriptor", bad < 0 ? 0 : bad);
            for (unsigned rest = index; rest < steps->count; rest++) {
                if (steps->steps[rest].own_source) {
                    (void)close(steps->steps[rest].source);
                }
            }
            redirect_pop(steps);
            return false;
        }
    }
    return true;
}

void redirect_pop(struct redirect_steps *steps)
{
    if (steps->done) {
        (void)fflush(stdout);
    }
    while (steps->done > 0) {
        const struct redirect_step *step = &steps->steps[--steps->done];

        if (step->saved == REDIRECT_CLOSED) {
            (void)close(step->fd);
        } else {
            (void)dup2(step->saved, step->fd);
            (void)close(step->saved);
        }
    }
}

void redirect_keep(struct redirect_steps *steps)
{
    while (steps->done > 0) {
        const struct redirect_step *step = &steps->steps[--steps->done];

        if (step->saved != REDIRECT_CLOSED) {
            (void)close(step->saved);
        }
    }
}

void redirect_close(const struct redirect_steps *steps)
{
    for (unsigned index = 0; index < steps->count; index++) {
        if (steps->steps[index].own_source) {
            (void)close(steps->steps[index].source);
        }
    }
}
