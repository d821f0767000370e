/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Runs a program and waits for it.  posix_spawn, not GSubprocess: the daemon's threads block
 * signals, and a child must not inherit that.  What it reads are files in memory, so that
 * nobody has to write to it while it runs, and nothing of a mail stands on a disk or in a
 * list of processes. */
#include "child.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FD_N (CHILD_DATA_FD + CHILD_DATA_MAX)
#define FD_APART 16  /* ours are from here on: none is where a child's is to be */
#define LOOK_MS 200  /* a program may end while another holds its output */
#define REAP_USECS 1000

extern char **environ;

typedef struct {
    pid_t pid;
    int fds[FD_N];      /* the child's, by what they are to be; -1 none */
    int output, errors; /* our ends; -1 when it has closed its own */
    gint64 deadline;    /* of g_get_monotonic_time() */
    gsize output_max;
} Child;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- turns */

/* Not GMutex, which the thread sanitizer can't see into. */
static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_over = PTHREAD_COND_INITIALIZER;
static guint turns; /* that are taken */

/* FALSE when its time is over: usecs of g_get_monotonic_time(). */
static gboolean wait_for_turn(gint64 until)
{
    const struct timespec when = { .tv_sec = until / G_USEC_PER_SEC,
                                   .tv_nsec = until % G_USEC_PER_SEC * 1000 };

    return pthread_cond_clockwait(&turn_over, &turn_lock, CLOCK_MONOTONIC, &when) != ETIMEDOUT;
}

static gboolean take_turn(const ChildOrder *order, GError **error)
{
    gint64 until = g_get_monotonic_time() + order->turn_secs * G_USEC_PER_SEC;
    gboolean ours = TRUE;

    if (order->turn_secs == 0)
        return TRUE;
    pthread_mutex_lock(&turn_lock);
    while (ours && turns >= CHILD_AT_ONCE)
        ours = wait_for_turn(until);
    turns += ours;
    pthread_mutex_unlock(&turn_lock);
    if (!ours)
        error_temporary(error, "%s: %d of its kind run already, for %u s", order->arguments[0],
                        CHILD_AT_ONCE, order->turn_secs);
    return ours;
}

static void give_turn(const ChildOrder *order)
{
    if (order->turn_secs == 0)
        return;
    pthread_mutex_lock(&turn_lock);
    turns--;
    pthread_cond_signal(&turn_over);
    pthread_mutex_unlock(&turn_lock);
}

/* ---- descriptors */

/* The same, away from the child's numbers; fd is closed.  -1 with errno. */
static int apart(int fd)
{
    int other = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, FD_APART) : -1;
    int code = errno;

    close_fd(&fd);
    errno = code;
    return other;
}

static gboolean write_all(int fd, const guint8 *data, gsize size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno != EINTR)
            return FALSE;
        data += MAX(n, 0);
        size -= (gsize)MAX(n, 0);
    }
    return TRUE;
}

/* A file in memory that nobody can change any more; -1 with errno. */
static int file_of(GBytes *bytes)
{
    gsize size = 0;
    const guint8 *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
    int fd = apart(memfd_create("certbund", MFD_CLOEXEC | MFD_ALLOW_SEALING));

    if (fd >= 0
        && (!write_all(fd, data, size) || lseek(fd, 0, SEEK_SET) != 0
            || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
                != 0)) {
        int code = errno;
        close_fd(&fd);
        errno = code;
    }
    return fd;
}

/* *ours_r reads what the child writes at *its_r. */
static gboolean make_pipe(int *ours_r, int *its_r)
{
    int pair[2];

    if (pipe2(pair, O_CLOEXEC) != 0)
        return FALSE;
    *ours_r = apart(pair[0]);
    *its_r = apart(pair[1]);
    return *ours_r >= 0 && *its_r >= 0 && fcntl(*ours_r, F_SETFL, O_NONBLOCK) == 0;
}

static gboolean make_descriptors(const ChildOrder *order, Child *child)
{
    if (!make_pipe(&child->output, &child->fds[STDOUT_FILENO])
        || !make_pipe(&child->errors, &child->fds[STDERR_FILENO]))
        return FALSE;
    child->fds[STDIN_FILENO] = file_of(order->input);
    gboolean fine = child->fds[STDIN_FILENO] >= 0;
    for (guint i = 0; fine && i < CHILD_DATA_MAX && order->data[i] != NULL; i++) {
        child->fds[CHILD_DATA_FD + i] = file_of(order->data[i]);
        fine = child->fds[CHILD_DATA_FD + i] >= 0;
    }
    return fine;
}

/* ---- the program */

/* Returns posix_spawn()'s errno. */
static int spawn(const ChildOrder *order, Child *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int next = 0;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    for (; next < FD_N && child->fds[next] >= 0; next++)
        posix_spawn_file_actions_adddup2(&actions, child->fds[next], next);
    /* libmilter's are not all closed by exec; what reads strangers' bytes needs none of them. */
    posix_spawn_file_actions_addclosefrom_np(&actions, next);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
                                              | POSIX_SPAWN_SETPGROUP);
    int code = posix_spawn(&child->pid, order->arguments[0], &actions, &attributes,
                           (char *const *)(gsize)order->arguments,
                           order->environment != NULL ? (char *const *)(gsize)order->environment
                                                      : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

static void close_all(Child *child)
{
    for (guint i = 0; i < FD_N; i++)
        close_fd(&child->fds[i]);
    close_fd(&child->output);
    close_fd(&child->errors);
}

static gboolean start(const ChildOrder *order, Child *child, GError **error)
{
    const char *program = order->arguments[0];

    if (!make_descriptors(order, child)) {
        error_temporary(error, "%s: can't give it its files: %s", program, g_strerror(errno));
        return FALSE;
    }
    int code = spawn(order, child);
    for (guint i = 0; i < FD_N; i++)
        close_fd(&child->fds[i]);
    if (code == ENOENT || code == EACCES || code == ENOTDIR || code == ENOEXEC)
        error_input(error, "%s: can't run it: %s", program, g_strerror(code));
    else if (code != 0)
        error_temporary(error, "%s: can't run it: %s", program, g_strerror(code));
    return code == 0;
}

/* What can be read now, of which output_max bytes are kept. */
static void take(Child *child, int *fd, GString *into, gboolean *cut)
{
    char buffer[4096];
    ssize_t n = 0;

    while (*fd >= 0 && (n = read(*fd, buffer, sizeof buffer)) > 0) {
        gsize room = child->output_max - into->len;
        g_string_append_len(into, buffer, MIN(n, (gssize)room));
        *cut = *cut || (gsize)n > room;
        if (g_get_monotonic_time() >= child->deadline)
            return;
    }
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(fd);
}

static gboolean has_ended(const Child *child)
{
    siginfo_t info = { .si_pid = 0 };
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0
        || info.si_pid == child->pid;
}

/* Until it has closed both ends or ended.  FALSE when its time is over. */
static gboolean listen_to(Child *child, ChildResult *result)
{
    gboolean last = FALSE;

    while (!last && (child->output >= 0 || child->errors >= 0)) {
        struct pollfd ready[] = { { child->output, POLLIN, 0 }, { child->errors, POLLIN, 0 } };
        gint64 left = child->deadline - g_get_monotonic_time();
        if (left <= 0)
            return FALSE;
        int n = poll(ready, G_N_ELEMENTS(ready), (int)MIN(LOOK_MS, left / 1000 + 1));
        last = n == 0 && has_ended(child);
        take(child, &child->output, result->output, &result->cut);
        take(child, &child->errors, result->errors, &result->cut);
    }
    return TRUE;
}

static void reap(const Child *child, gboolean in_time, ChildResult *result)
{
    int status = 0;
    pid_t done = 0;

    while (in_time && (done = waitpid(child->pid, &status, WNOHANG)) == 0) {
        in_time = g_get_monotonic_time() < child->deadline;
        g_usleep(REAP_USECS); /* it has closed its output, so it is about to end */
    }
    if (done == 0) {
        kill(-child->pid, SIGKILL);
        while ((done = waitpid(child->pid, &status, 0)) < 0 && errno == EINTR)
            ;
        result->late = TRUE;
    }
    result->status = done == child->pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

gboolean child_run(const ChildOrder *order, ChildResult *result_r, GError **error)
{
    Child child = { .output = -1, .errors = -1, .output_max = order->output_max };

    *result_r = (ChildResult) { .output = g_string_new(NULL), .errors = g_string_new(NULL) };
    for (guint i = 0; i < FD_N; i++)
        child.fds[i] = -1;
    if (!take_turn(order, error))
        return FALSE;
    child.deadline = g_get_monotonic_time() + order->secs * G_USEC_PER_SEC;
    gboolean started = start(order, &child, error);
    if (started)
        reap(&child, listen_to(&child, result_r), result_r);
    close_all(&child);
    give_turn(order);
    return started;
}

void child_result_clear(ChildResult *result)
{
    for (GString **text = &result->output; text <= &result->errors; text++)
        if (*text != NULL)
            g_string_free(*text, TRUE);
    *result = (ChildResult) { .output = NULL };
}
