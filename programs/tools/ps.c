/* SPDX-License-Identifier: MIT */
/* ps, top, kill: processes. */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"
#include "tool.h"

static const char ps_usage[] =
    "usage: ps [-aAeflx] [PID...]\n\n"
    "Lists processes: those of this terminal, or those that are named.\n\n"
    "  -e, -A, -a, -x  all\n  -f  with parent, start and command line\n"
    "  -l  with memory, threads and groups\n";

static void user_text(unsigned user, char *text, size_t size)
{
    const struct passwd *entry = getpwuid(user);

    if (entry) {
        (void)snprintf(text, size, "%s", entry->pw_name);
    } else {
        (void)snprintf(text, size, "%u", user);
    }
}

/* The device number as a name below /dev. */
static void terminal_text(int terminal, char *text, size_t size)
{
    unsigned device = (unsigned)terminal;

    if (device == 0) {
        (void)snprintf(text, size, "?");
    } else if (major(device) >= 136 && major(device) <= 143) {
        (void)snprintf(text, size, "pts/%u", minor(device) + 256 * (major(device) - 136));
    } else if (major(device) == 5 && minor(device) == 1) {
        (void)snprintf(text, size, "console");
    } else if (major(device) == 4 && minor(device) >= 64) {
        (void)snprintf(text, size, "ttyS%u", minor(device) - 64);
    } else {
        (void)snprintf(text, size, "tty%u", minor(device));
    }
}

static void time_text(unsigned long long ticks, char *text, size_t size)
{
    unsigned long long seconds = ticks / process_ticks_per_second();

    (void)snprintf(text, size, "%02llu:%02llu:%02llu", seconds / 3600, seconds / 60 % 60,
                   seconds % 60);
}

static void print_process(const struct process *process, char form)
{
    char user[24];
    char terminal[24];
    char used[40];
    char command[400];

    user_text(process->user, user, sizeof(user));
    terminal_text(process->terminal, terminal, sizeof(terminal));
    time_text(process->ticks, used, sizeof(used));
    switch (form) {
    case 'f':
        process_command(process, command, sizeof(command));
        printf("%-8s %7d %7d %c %-8s %8s %s\n", user, process->pid, process->parent, process->state,
               terminal, used, command);
        break;
    case 'l':
        printf("%c %7d %7d %7d %7d %7llu %7llu %3u %-8s %8s %s\n", process->state, process->pid,
               process->parent, process->group, process->session, process->size_bytes / 1024,
               process->resident_bytes / 1024, process->threads, terminal, used, process->name);
        break;
    default:
        printf("%7d %-8s %8s %s\n", process->pid, terminal, used, process->name);
        break;
    }
}

static void print_title(char form)
{
    puts(form == 'f'   ? "USER         PID    PPID S TTY          TIME COMMAND"
         : form == 'l' ? "S     PID    PPID    PGID     SID    SIZE     RSS THR TTY          TIME "
                         "COMMAND"
                       : "    PID TTY          TIME COMMAND");
}

static int own_terminal(const struct process *list, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        if (list[index].pid == getpid()) {
            return list[index].terminal;
        }
    }
    return 0;
}

static bool is_named(pid_t pid, int argc, char **argv)
{
    for (int index = optind; index < argc; index++) {
        if (atoi(argv[index]) == pid) {
            return true;
        }
    }
    return false;
}

static int run_ps(int argc, char **argv)
{
    struct process *list;
    size_t count;
    bool all = false;
    bool any = false;
    char form = 0;
    int terminal;
    int option;

    while ((option = tool_option(argc, argv, "aAeflx")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        form = option == 'f' || option == 'l' ? (char)option : form;
        all = all || strchr("aAex", option);
    }
    /* "ps aux" and "ps ax", as many type it. */
    if (optind < argc && strspn(argv[optind], "auxwf") == strlen(argv[optind])) {
        form = strchr(argv[optind], 'u') ? 'f' : form;
        all = true;
        optind++;
    }
    for (int index = optind; index < argc; index++) {
        long long pid;

        if (!tool_number(argv[index], false, "process ID", &pid)) {
            return tool_usage();
        }
    }
    list = process_list(&count);
    if (!list) {
        return 1;
    }
    terminal = own_terminal(list, count);
    print_title(form);
    for (size_t index = 0; index < count; index++) {
        if (optind < argc ? is_named(list[index].pid, argc, argv)
                          : all || list[index].terminal == terminal) {
            print_process(&list[index], form);
            any = true;
        }
    }
    free(list);
    return !any;
}

const struct tool tool_ps = {.name = "ps", .usage = ps_usage, .run = run_ps};

/* --- top --- */

static const char top_usage[] =
    "usage: top [-b] [-d SECONDS] [-n COUNT]\n\n"
    "Shows the processes that use the processor most, again and again.\n\n"
    "  -b  prints one table behind the other\n  -d  every so many seconds (2)\n"
    "  -n  so many times\n\nKeys: q ends, M sorts by memory, P by processor.\n";

#define DELAY_MAX 86400

static struct {
    struct process *before;
    size_t before_count;
    double before_time;
    bool by_memory;
    struct termios modes;
    bool raw;
} top;

struct usage {
    const struct process *process;
    double share; /* of one processor, in percent */
};

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double share_of(const struct process *process, double seconds)
{
    unsigned long long ticks = 0;

    for (size_t index = 0; index < top.before_count; index++) {
        if (top.before[index].pid == process->pid &&
            top.before[index].started == process->started) {
            ticks = top.before[index].ticks;
        }
    }
    return seconds > 0 ? 100.0 * (double)(process->ticks - ticks) /
                             (double)process_ticks_per_second() / seconds
                       : 0;
}

static int compare_usage(const void *left, const void *right)
{
    const struct usage *one = left;
    const struct usage *two = right;

    if (!top.by_memory && one->share != two->share) {
        return one->share < two->share ? 1 : -1;
    }
    if (one->process->resident_bytes != two->process->resident_bytes) {
        return one->process->resident_bytes < two->process->resident_bytes ? 1 : -1;
    }
    return one->process->pid < two->process->pid ? -1 : 1;
}

static void print_summary(size_t count, const char *end)
{
    char total[8];
    char available[8];
    double up = uptime_seconds();

    tool_size_text(meminfo("MemTotal"), total);
    tool_size_text(meminfo("MemAvailable"), available);
    printf("up %d:%02d:%02d, %zu processes, memory %s, %s available%s\n", (int)up / 3600,
           (int)up / 60 % 60, (int)up % 60, count, total, available, end);
}

static void print_table(const struct usage *usages, size_t count, size_t rows, const char *end)
{
    printf("%s\n    PID USER     S  %%CPU     RSS THR     TIME COMMAND%s\n", end, end);
    for (size_t index = 0; index < count && index < rows; index++) {
        const struct process *process = usages[index].process;
        char user[24];
        char used[40];
        char resident[8];

        user_text(process->user, user, sizeof(user));
        time_text(process->ticks, used, sizeof(used));
        tool_size_text(process->resident_bytes, resident);
        printf("%7d %-8s %c %5.1f %7s %3u %8s %s%s\n", process->pid, user, process->state,
               usages[index].share, resident, process->threads, used, process->name, end);
    }
}

static bool show_once(bool screen)
{
    const char *end = screen ? "\033[K" : "";
    struct winsize size = {.ws_row = 24};
    size_t count;
    struct process *list = process_list(&count);
    struct usage *usages;
    double time = now();

    if (!list) {
        return false;
    }
    usages = tool_memory(count * sizeof(*usages));
    for (size_t index = 0; index < count; index++) {
        usages[index] =
            (struct usage){&list[index], share_of(&list[index], time - top.before_time)};
    }
    qsort(usages, count, sizeof(*usages), compare_usage);
    (void)ioctl(1, TIOCGWINSZ, &size);
    if (screen) {
        (void)fputs("\033[H", stdout);
    }
    print_summary(count, end);
    print_table(usages, count, screen && size.ws_row > 5 ? size.ws_row - 4U : count, end);
    if (screen) {
        (void)fputs("\033[J", stdout);
    }
    (void)fflush(stdout);
    free(usages);
    free(top.before);
    top.before = list;
    top.before_count = count;
    top.before_time = time;
    return true;
}

static void leave_screen(void)
{
    if (top.raw) {
        (void)tcsetattr(0, TCSANOW, &top.modes);
        (void)fputs("\033[?25h\n", stdout);
    }
}

static void leave_by_signal(int signal)
{
    leave_screen();
    (void)fflush(stdout);
    _exit(128 + signal);
}

static void enter_screen(void)
{
    struct termios raw;

    if (tcgetattr(0, &top.modes) != 0) {
        return;
    }
    raw = top.modes;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    top.raw = tcsetattr(0, TCSANOW, &raw) == 0;
    (void)signal(SIGINT, leave_by_signal);
    (void)signal(SIGTERM, leave_by_signal);
    (void)fputs("\033[?25l\033[2J", stdout);
}

/* False if a key says that it ends. */
static bool wait_for_key(double seconds, bool screen)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};
    char key;

    if (poll(&input, screen ? 1 : 0, (int)(seconds * 1000)) <= 0) {
        return true;
    }
    if (read(0, &key, 1) != 1 || key == 'q') {
        return false;
    }
    top.by_memory = key == 'M' || (top.by_memory && key != 'P');
    return true;
}

static int run_top(int argc, char **argv)
{
    long long times = -1;
    double delay = 2;
    bool screen = isatty(1) && isatty(0);
    int option;

    while ((option = tool_option(argc, argv, "bd:n:")) != -1) {
        if (option == '?' || (option == 'n' && !tool_number(optarg, false, "number", &times))) {
            return tool_usage();
        }
        screen = screen && option != 'b';
        if (option == 'd') {
            char *end;

            delay = strtod(optarg, &end);
            if (end == optarg || *end || !(delay >= 0 && delay <= DELAY_MAX)) {
                return tool_error("invalid delay: '%s'", optarg);
            }
        }
    }
    if (screen) {
        enter_screen();
    }
    for (long long time = 0; times < 0 || time < times; time++) {
        if (time > 0 && !wait_for_key(delay > 0.1 ? delay : 0.1, screen)) {
            break;
        }
        if (!show_once(screen) || ferror(stdout)) {
            leave_screen();
            return 1;
        }
    }
    leave_screen();
    return 0;
}

const struct tool tool_top = {.name = "top", .usage = top_usage, .run = run_top};

/* --- kill --- */

static const char kill_usage[] = "usage: kill [-s NAME | -NAME | -NUMBER] PID...\n"
                                 "       kill -l [STATUS]\n\n"
                                 "Sends a signal to processes: TERM, or the one that is named.\n"
                                 "A PID below zero is a group.\n\n"
                                 "  -l  lists the names of signals\n";

static const char *const signal_names[] = {
    "EXIT", "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "POLL", "PWR",  "SYS"};

#define SIGNAL_COUNT ((int)(sizeof(signal_names) / sizeof(signal_names[0])))

static int signal_of(const char *name)
{
    char *end;
    long number = strtol(name, &end, 10);

    if (end != name) {
        return *end || number < 0 || number > 64 ? -1 : (int)number;
    }
    name += strncasecmp(name, "SIG", 3) == 0 ? 3 : 0;
    for (int index = 0; index < SIGNAL_COUNT; index++) {
        if (strcasecmp(signal_names[index], name) == 0) {
            return index;
        }
    }
    return -1;
}

static int list_signals(const char *text)
{
    if (text) {
        int number = signal_of(text);

        number = number < 0 ? atoi(text) - 128 : number;
        if (number < 0 || number >= SIGNAL_COUNT) {
            return tool_error("'%s': invalid signal", text);
        }
        puts(signal_names[number]);
        return 0;
    }
    for (int index = 1; index < SIGNAL_COUNT; index++) {
        printf("%2d %-8s%s", index, signal_names[index], index % 6 ? "" : "\n");
    }
    putchar('\n');
    return 0;
}

static int run_kill(int argc, char **argv)
{
    int number = SIGTERM;
    int index = 1;
    int status = 0;

    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        return list_signals(argc > 2 ? argv[2] : NULL);
    }
    if (argc > 2 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
        const char *name = strcmp(argv[1], "-s") == 0 ? argv[++index] : argv[1] + 1;

        number = signal_of(name);
        index++;
        if (number < 0) {
            return tool_error("'%s': invalid signal", name);
        }
    } else if (argc > 1 && strcmp(argv[1], "--") == 0) {
        index++;
    }
    if (index >= argc) {
        (void)tool_error("no process ID specified");
        return tool_usage();
    }
    for (; index < argc; index++) {
        char *end;
        long pid = strtol(argv[index], &end, 10);

        if (!*argv[index] || *end || pid != (pid_t)pid) {
            status = tool_error("'%s': invalid process id", argv[index]);
        } else if (kill((pid_t)pid, number) != 0) {
            status = tool_error_number("(%ld)", pid);
        }
    }
    return status;
}

const struct tool tool_kill = {.name = "kill", .usage = kill_usage, .run = run_kill};
