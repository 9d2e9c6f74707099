/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals and job control as a C program sees them, through musl, the POSIX layer, console
 * and proc. It passes on Linux too.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "../shared/posix_tap.h"

static int master, slave;

static void pair_open(void)
{
    char *name;
    master = posix_openpt(O_RDWR | O_NOCTTY);
    (void)unlockpt(master);
    name = ptsname(master);
    slave = name != NULL ? open(name, O_RDWR | O_NOCTTY) : -1;
}

static void pair_close(void)
{
    close(slave);
    close(master);
}

static void type(const char *text)
{
    (void)!write(master, text, strlen(text));
}

/* Whether something can be read within a second. */
static bool is_ready(int fd, short events)
{
    struct pollfd poller = {.fd = fd, .events = events};
    return poll(&poller, 1, 1000) == 1 && (poller.revents & events) != 0;
}

/* Whether exactly this can be read, in as many pieces as it comes. */
static bool reads(int fd, const char *wanted)
{
    char text[256];
    size_t length = 0;
    while (length < strlen(wanted) && is_ready(fd, POLLIN)) {
        ssize_t got = read(fd, text + length, sizeof text - length);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    if (length == strlen(wanted) && memcmp(text, wanted, length) == 0) {
        return true;
    }
    printf("# %zu bytes, wanted %zu: ", length, strlen(wanted));
    for (size_t i = 0; i < length; i++) {
        printf("%02x ", (unsigned char)text[i]);
    }
    printf("\n");
    return false;
}

static void raw(cc_t min, cc_t tenths)
{
    struct termios settings;
    (void)tcgetattr(slave, &settings);
    cfmakeraw(&settings);
    settings.c_cc[VMIN] = min;
    settings.c_cc[VTIME] = tenths;
    (void)tcsetattr(slave, TCSANOW, &settings);
}

static long milliseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- terminals ----------------------------------------------------------------------------- */

static void test_open(void)
{
    int first = posix_openpt(O_RDWR | O_NOCTTY);
    ok(first >= 0, "/dev/ptmx opens");
    const char *name = ptsname(first);
    ok(name != NULL && strncmp(name, "/dev/pts/", 9) == 0, "ptsname");
    ok(name != NULL && FAILS(open(name, O_RDWR | O_NOCTTY), EIO), "locked at first");
    ok(unlockpt(first) == 0, "unlockpt");
    int second = name != NULL ? open(name, O_RDWR | O_NOCTTY) : -1;
    ok(second >= 0, "the other side opens");
    ok(isatty(first) && isatty(second), "both are terminals");
    const char *found = ttyname(second);
    ok(found != NULL && name != NULL && strncmp(found, "/dev/pts/", 9) == 0, "ttyname");
    int pipes[2];
    (void)!pipe(pipes);
    ok(!isatty(pipes[0]) && errno == ENOTTY, "a pipe is none");
    close(pipes[0]);
    close(pipes[1]);
    close(first);
    close(second);
}

static void test_lines(void)
{
    struct termios settings;
    pair_open();
    ok(tcgetattr(slave, &settings) == 0 && (settings.c_lflag & (ICANON | ECHO | ISIG)) != 0 &&
           settings.c_cc[VINTR] == 3 && settings.c_cc[VERASE] == 127,
       "settings at first");
    ok(cfgetospeed(&settings) == B38400, "speed");
    type("helxlo\x7f\x7f\x7flo\r");
    ok(reads(master, "helxlo\b \b\b \b\b \blo\r\n"), "echo and erase");
    ok(reads(slave, "hello\n"), "a line");
    type("part");
    ok(reads(master, "part"), "echo of a part");
    struct pollfd poller = {.fd = slave, .events = POLLIN};
    ok(poll(&poller, 1, 0) == 0, "no line yet");
    int bytes = -1;
    ok(ioctl(slave, FIONREAD, &bytes) == 0 && bytes == 0, "FIONREAD of no line");
    type("\r");
    ok(ioctl(slave, FIONREAD, &bytes) == 0 && is_ready(slave, POLLIN), "then there is one");
    ok(tcflush(slave, TCIFLUSH) == 0 && poll(&poller, 1, 0) == 0, "tcflush throws it away");
    ok(reads(master, "\r\n"), "its echo");
    type("\x04");
    char text[8];
    ok(is_ready(slave, POLLIN) && read(slave, text, sizeof text) == 0, "^D is the end of the file");
    (void)!write(slave, "a\nb\n", 4);
    ok(reads(master, "a\r\nb\r\n"), "line feeds become two characters");
    settings.c_oflag &= ~(tcflag_t)OPOST;
    ok(tcsetattr(slave, TCSADRAIN, &settings) == 0, "TCSADRAIN");
    (void)!write(slave, "a\n", 2);
    ok(reads(master, "a\n"), "not without OPOST");
    pair_close();
}

static void test_raw(void)
{
    char text[8];
    pair_open();
    raw(1, 0);
    type("a\r\x03");
    ok(reads(slave, "a\r\x03"), "raw: bytes as they are");
    raw(0, 0);
    ok(read(slave, text, sizeof text) == 0, "MIN 0 TIME 0: nothing, at once");
    raw(0, 2);
    long begun = milliseconds();
    ok(read(slave, text, sizeof text) == 0, "MIN 0 TIME 2: nothing, after a while");
    long took = milliseconds() - begun;
    ok(took >= 150 && took < 2000, "which was 200 ms");
    raw(3, 1);
    type("ab");
    ok(read(slave, text, sizeof text) == 2, "MIN 3 TIME 1: what came before the pause");
    raw(3, 0);
    type("abc");
    ok(read(slave, text, sizeof text) == 3, "MIN 3: three");
    raw(1, 0);
    (void)fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
    ok(FAILS(read(slave, text, sizeof text), EAGAIN), "O_NONBLOCK");
    pair_close();
}

static void test_poll(void)
{
    char text[64];
    pair_open();
    struct pollfd poller = {.fd = master, .events = POLLIN | POLLOUT};
    ok(poll(&poller, 1, 0) == 1 && poller.revents == POLLOUT, "the master can be written");
    (void)!write(slave, "x", 1);
    ok(poll(&poller, 1, 1000) == 1 && (poller.revents & POLLIN) != 0, "and then read");
    (void)!read(master, text, sizeof text);
    close(slave);
    poller.events = POLLIN;
    ok(poll(&poller, 1, 1000) == 1 && (poller.revents & POLLHUP) != 0, "nobody is there: POLLHUP");
    ok(FAILS(read(master, text, sizeof text), EIO), "and reading fails");
    close(master);
    pair_open();
    close(master);
    ok(read(slave, text, sizeof text) == 0, "no master: the end of the file");
    ok(FAILS(write(slave, "x", 1), EIO), "and writing fails");
    poller = (struct pollfd){.fd = slave, .events = POLLIN};
    ok(poll(&poller, 1, 1000) == 1 && (poller.revents & POLLHUP) != 0, "POLLHUP");
    close(slave);
}

static void test_much(void)
{
    static char block[20000];
    size_t length = 0;
    pair_open();
    raw(1, 0);
    pid_t child = fork();
    if (child == 0) {
        memset(block, 'x', sizeof block);
        ssize_t written = write(slave, block, sizeof block);
        _exit(written == (ssize_t)sizeof block ? 0 : 1);
    }
    close(slave);
    while (length < sizeof block && is_ready(master, POLLIN)) {
        ssize_t got = read(master, block, sizeof block);
        length += got > 0 ? (size_t)got : sizeof block;
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    ok(length == sizeof block && status == 0, "a writer waits for room");
    close(master);
}

/* --- job control --------------------------------------------------------------------------- */

/* Runs it as the leader of a session whose terminal is the slave. */
static pid_t session_start(int (*run)(void))
{
    pid_t child = fork();
    if (child == 0) {
        close(master);
        if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0) {
            _exit(99);
        }
        _exit(run());
    }
    return child;
}

static int status_of(pid_t child)
{
    int status = -1;
    (void)waitpid(child, &status, 0);
    return status;
}

static bool is_exit(int status, int code)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == code) {
        return true;
    }
    printf("# status %x, wanted exit %d\n", (unsigned)status, code);
    return false;
}

static volatile sig_atomic_t signals_seen;

static void note(int number)
{
    (void)number;
    signals_seen++;
}

/* With a handler that does not restart calls. */
static void signal_catch(int number)
{
    struct sigaction action = {.sa_handler = note};
    (void)sigaction(number, &action, NULL);
}

static int leader_is_asked(void)
{
    int session = 0;
    int tty = open("/dev/tty", O_RDWR);
    if (tty < 0 || !isatty(tty) || tcgetpgrp(slave) != getpid() || tcgetsid(slave) != getpid()) {
        return 1;
    }
    if (ioctl(tty, TIOCGSID, &session) < 0 || session != getpid()) {
        return 2;
    }
    if (!FAILS(tcsetpgrp(slave, 0x3fffffff), ESRCH)) {
        return 3;
    }
    if (!FAILS(tcsetpgrp(slave, getppid()), EPERM) && errno != ESRCH) {
        return 4;
    }
    (void)!write(tty, "tty", 3);
    return 0;
}

static void test_session(void)
{
    pair_open();
    ok(FAILS(tcgetpgrp(slave), ENOTTY), "not our terminal");
    pid_t child = session_start(leader_is_asked);
    ok(reads(master, "tty"), "/dev/tty is the terminal of the session");
    ok(is_exit(status_of(child), 0), "its group is in the foreground");
    pair_close();
}

static int leader_waits(void)
{
    (void)!write(slave, "go", 2);
    for (;;) {
        pause();
    }
}

static void test_signals(void)
{
    static const struct {
        const char *key;
        int signal;
    } cases[] = {{"\x03", SIGINT}, {"\x1c", SIGQUIT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pair_open();
        pid_t child = session_start(leader_waits);
        (void)reads(master, "go");
        type(cases[i].key);
        int status = status_of(child);
        ok(WIFSIGNALED(status) && WTERMSIG(status) == cases[i].signal,
           i == 0 ? "^C is SIGINT" : "^\\ is SIGQUIT");
        pair_close();
    }
    pair_open();
    pid_t child = session_start(leader_waits);
    (void)reads(master, "go");
    close(master);
    int status = status_of(child);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP, "the master goes: SIGHUP");
    close(slave);
}

/* Says that it is there, and waits for the signal. */
static void signal_wait(int number)
{
    sigset_t blocked, before;
    signal_catch(number);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, number);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    (void)!write(slave, "go", 2);
    while (signals_seen == 0) {
        (void)sigsuspend(&before);
    }
}

static int leader_sees_winch(void)
{
    struct winsize size = {0};
    signal_wait(SIGWINCH);
    (void)ioctl(slave, TIOCGWINSZ, &size);
    return size.ws_row == 33 && size.ws_col == 77 ? 0 : 1;
}

static void test_size(void)
{
    struct winsize size = {.ws_row = 33, .ws_col = 77};
    pair_open();
    pid_t child = session_start(leader_sees_winch);
    (void)reads(master, "go");
    ok(ioctl(master, TIOCSWINSZ, &size) == 0, "the size is set");
    ok(is_exit(status_of(child), 0), "SIGWINCH comes, and it is that size");
    pair_close();
}

/* A child in a group of its own, which runs this. */
static pid_t job_start(int (*run)(void))
{
    pid_t child = fork();
    if (child == 0) {
        (void)setpgid(0, 0);
        _exit(run());
    }
    (void)setpgid(child, child);
    return child;
}

static int job_reads(void)
{
    char text[16];
    ssize_t got = read(slave, text, sizeof text);
    return got == 5 && memcmp(text, "line\n", 5) == 0 ? 0 : 1;
}

static int leader_has_reader(void)
{
    int status = 0;
    (void)signal(SIGTTOU, SIG_IGN);
    pid_t child = job_start(job_reads);
    if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status) ||
        WSTOPSIG(status) != SIGTTIN) {
        return 1;
    }
    if (tcsetpgrp(slave, child) < 0 || tcgetpgrp(slave) != child) {
        return 2;
    }
    (void)kill(-child, SIGCONT);
    (void)!write(slave, "go", 2);
    (void)waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return 3;
    }
    return tcsetpgrp(slave, getpgrp()) == 0 ? 0 : 4;
}

static void test_background_read(void)
{
    pair_open();
    pid_t child = session_start(leader_has_reader);
    (void)reads(master, "go");
    type("line\r");
    ok(is_exit(status_of(child), 0),
       "a job that reads in the background is stopped, and reads later");
    pair_close();
}

static int job_changes(void)
{
    struct termios settings;
    (void)tcgetattr(slave, &settings);
    settings.c_lflag &= ~(tcflag_t)ECHO;
    return tcsetattr(slave, TCSANOW, &settings) == 0 ? 0 : 1;
}

static int job_changes_and_ignores(void)
{
    (void)signal(SIGTTOU, SIG_IGN);
    return job_changes();
}

static int job_writes(void)
{
    return write(slave, "w", 1) == 1 ? 0 : 1;
}

static int leader_has_writers(void)
{
    int status = 0;
    struct termios settings;
    pid_t child = job_start(job_changes);
    if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status) ||
        WSTOPSIG(status) != SIGTTOU) {
        return 1;
    }
    (void)kill(child, SIGKILL);
    (void)kill(child, SIGCONT);
    (void)waitpid(child, &status, 0);
    child = job_start(job_changes_and_ignores);
    if (waitpid(child, &status, WUNTRACED) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0) {
        return 2;
    }
    child = job_start(job_writes);
    if (waitpid(child, &status, WUNTRACED) != child || !WIFEXITED(status)) {
        return 3;
    }
    (void)tcgetattr(slave, &settings);
    settings.c_lflag |= TOSTOP;
    (void)tcsetattr(slave, TCSANOW, &settings);
    child = job_start(job_writes);
    if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status) ||
        WSTOPSIG(status) != SIGTTOU) {
        return 4;
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    return 0;
}

static void test_background_write(void)
{
    pair_open();
    pid_t child = session_start(leader_has_writers);
    ok(is_exit(status_of(child), 0), "a job that changes or writes in the background is stopped");
    pair_close();
}

static int orphan_pipe[2];

static int job_orphaned(void)
{
    char text[16];
    while (getppid() != 1) {
        (void)usleep(10000);
    }
    bool is_right = FAILS(read(slave, text, sizeof text), EIO);
    (void)!write(orphan_pipe[1], is_right ? "y" : "n", 1);
    return 0;
}

static int leader_leaves_orphan(void)
{
    /* The middle one ends, so that nobody of the session is the reader's parent. */
    pid_t middle = fork();
    if (middle == 0) {
        (void)setpgid(0, 0);
        if (fork() == 0) {
            _exit(job_orphaned());
        }
        _exit(0);
    }
    (void)waitpid(middle, NULL, 0);
    char answer = 0;
    (void)!read(orphan_pipe[0], &answer, 1);
    return answer == 'y' ? 0 : 1;
}

static void test_orphan(void)
{
    (void)!pipe(orphan_pipe);
    pair_open();
    pid_t child = session_start(leader_leaves_orphan);
    ok(is_exit(status_of(child), 0), "an orphaned group is not stopped: EIO");
    pair_close();
    close(orphan_pipe[0]);
    close(orphan_pipe[1]);
}

static int leader_is_interrupted(void)
{
    char text[8];
    signal_catch(SIGALRM);
    (void)alarm(1);
    return FAILS(read(slave, text, sizeof text), EINTR) && signals_seen == 1 ? 0 : 1;
}

static void test_interrupt(void)
{
    pair_open();
    pid_t child = session_start(leader_is_interrupted);
    ok(is_exit(status_of(child), 0), "a signal ends a read");
    pair_close();
}

static int leader_ends(void)
{
    if (fork() == 0) {
        signal_wait(SIGHUP);
        (void)!write(orphan_pipe[1], "y", 1);
        _exit(0);
    }
    char answer;
    (void)!read(orphan_pipe[0], &answer, 1); /* until the parent lets us go */
    return 0;
}

static void test_leader_ends(void)
{
    (void)!pipe(orphan_pipe);
    pair_open();
    pid_t child = session_start(leader_ends);
    (void)reads(master, "go");
    (void)!write(orphan_pipe[1], "x", 1);
    ok(is_exit(status_of(child), 0), "the leader ends");
    char answer = 0;
    ok(is_ready(orphan_pipe[0], POLLIN) && read(orphan_pipe[0], &answer, 1) == 1 && answer == 'y',
       "the foreground gets SIGHUP");
    pair_close();
    close(orphan_pipe[0]);
    close(orphan_pipe[1]);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    test_open();
    test_lines();
    test_raw();
    test_poll();
    test_much();
    test_session();
    test_signals();
    test_size();
    test_background_read();
    test_background_write();
    test_orphan();
    test_interrupt();
    test_leader_ends();
    return ok_end();
}
