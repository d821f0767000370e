/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Preloaded into the daemon: counts its calls by phase, kills at one of them, makes
 * those on the ledger fail, and shifts the clock; tests/crash/run asks for it.
 *
 *   CRASH_LEDGER     path; the ledger is what begins so (-wal, -shm, .lock too)
 *   CRASH_COUNTS     file of CrashPage's size: the counts, which outlive the process
 *   CRASH_PHASE, CRASH_AT, CRASH_WHEN   die at the AT-th call of PHASE, "before" or
 *                    "after" it is made
 *   CRASH_VICTIM     process group to kill instead of this process, once
 *   CRASH_ERROR      ENOSPC, EROFS or EIO: calls on the ledger fail with it ...
 *   CRASH_WHILE      ... while this file exists ...
 *   CRASH_CALLS      ... whose kind is among these words: write sync read ...
 *   CRASH_ERROR_PHASE, CRASH_ERROR_AT   ... of this phase only, only the AT-th of them
 *   CRASH_CLOCK      file with seconds that the wall clock is ahead; missing: none
 *
 * What a call is done for is told by its thread and by what its descriptor is.  Memory
 * that is mapped (SQLite's -shm) changes without a call: no points there. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef enum { STARTING, READING, COMMITTING, ANSWERING, CLAIMING, HANDING, MARKING, N } Phase;
static const char *const phase_names[N] = { "starting", "reading", "committing", "answering",
                                            "claiming", "handing-over", "marking" };

typedef enum { CALL_WRITE, CALL_SYNC, CALL_READ, CALL_SEND, CALL_RECEIVE, CALL_UNLINK } Kind;
static const char *const kind_names[] = { "write", "sync", "read", "send", "receive", "unlink" };

/* As run reads it: native integers, then the call that was the last one. */
typedef struct {
    _Atomic uint64_t counts[N];
    char last[64];
} CrashPage;

static CrashPage own_page, *page = &own_page;
static const char *ledger, *error_while, *error_calls, *clock_path;
static int phase_to_die = -1, error_phase = -1, error_number;
static uint64_t die_at, error_at;
static bool die_after;
static pid_t victim;
static _Atomic uint64_t n_errors;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- what is asked for */

static int phase_of_name(const char *name)
{
    for (int i = 0; name != NULL && i < N; i++)
        if (strcmp(name, phase_names[i]) == 0)
            return i;
    return -1;
}

static int error_of_name(const char *name)
{
    if (name == NULL)
        return 0;
    return strcmp(name, "ENOSPC") == 0 ? ENOSPC : strcmp(name, "EROFS") == 0 ? EROFS : EIO;
}

static uint64_t number(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static void map_counts(const char *path)
{
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *memory = fd >= 0 ? mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                           : MAP_FAILED;
    if (memory != MAP_FAILED)
        page = memory;
    if (fd >= 0)
        close(fd);
}

static void set_up(void)
{
    const char *error = getenv("CRASH_ERROR"), *when = getenv("CRASH_WHEN");

    ledger = getenv("CRASH_LEDGER");
    error_while = getenv("CRASH_WHILE");
    error_calls = getenv("CRASH_CALLS");
    clock_path = getenv("CRASH_CLOCK");
    error_number = error_of_name(error);
    error_phase = phase_of_name(getenv("CRASH_ERROR_PHASE"));
    error_at = number("CRASH_ERROR_AT");
    phase_to_die = phase_of_name(getenv("CRASH_PHASE"));
    die_at = number("CRASH_AT");
    die_after = when != NULL && strcmp(when, "after") == 0;
    victim = (pid_t)number("CRASH_VICTIM");
    map_counts(getenv("CRASH_COUNTS"));
}

/* The function behind ours; a cast by way of memory, as POSIX shows it for dlsym(). */
static void find(void *function_r, const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (symbol == NULL)
        abort();
    memcpy(function_r, &symbol, sizeof symbol);
}

#define REAL(name)                         \
    static __typeof__(&name) real;         \
    if (real == NULL)                      \
    find(&real, #name)

/* ---- what a call is for */

static bool is_socket(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static bool is_ledger_path(const char *path)
{
    return ledger != NULL && strncmp(path, ledger, strlen(ledger)) == 0;
}

static bool is_ledger(int fd)
{
    char link[64], path[4096];
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    return is_ledger_path(path);
}

/* N: nothing that counts. */
static Phase phase_of(bool on_socket, bool receives)
{
    char thread[17] = "";

    prctl(PR_GET_NAME, thread);
    if (strcmp(thread, "outbox-marks") == 0)
        return on_socket ? N : MARKING;
    if (strncmp(thread, "outbox-", 7) == 0)
        return on_socket ? HANDING : CLAIMING;
    if (gettid() == getpid() || strcmp(thread, "upkeep") == 0)
        return on_socket ? N : STARTING;
    return !on_socket ? COMMITTING : receives ? READING : ANSWERING;
}

/* ---- dying and failing */

static void strike(Phase phase, uint64_t count, const char *call)
{
    snprintf(page->last, sizeof page->last, "%s %llu %s %s", phase_names[phase],
             (unsigned long long)count, die_after ? "after" : "before", call);
    if (victim > 0) {
        kill(-victim, SIGKILL);
        return;
    }
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Count the call; TRUE: it is the one to die at, after it. */
static bool count(Phase phase, const char *call)
{
    uint64_t n = atomic_fetch_add(&page->counts[phase], 1) + 1;

    if ((int)phase != phase_to_die || n != die_at)
        return false;
    if (!die_after)
        strike(phase, n, call);
    return die_after;
}

static bool must_fail(Phase phase, Kind kind)
{
    if (error_number == 0 || (error_phase >= 0 && error_phase != (int)phase)
        || (error_calls != NULL && strstr(error_calls, kind_names[kind]) == NULL)
        || (error_while != NULL && access(error_while, F_OK) != 0))
        return false;
    return error_at == 0 || atomic_fetch_add(&n_errors, 1) + 1 == error_at;
}

/* What is to be done about one call. */
typedef struct {
    Phase phase;
    const char *name;
    bool fails, dies;
} Call;

static Call begin(int fd, Kind kind, const char *name)
{
    int saved = errno;
    Call call = { N, name, false, false };

    pthread_once(&once, set_up);
    bool on_socket = is_socket(fd);
    if (on_socket || is_ledger(fd))
        call.phase = phase_of(on_socket, kind == CALL_READ || kind == CALL_RECEIVE);
    if (call.phase != N)
        call.dies = count(call.phase, name);
    call.fails = call.phase != N && !on_socket && must_fail(call.phase, kind);
    errno = call.fails ? error_number : saved;
    return call;
}

static void end(const Call *call)
{
    int saved = errno;
    if (call->dies)
        strike(call->phase, die_at, call->name);
    errno = saved;
}

/* One function of libc's: its result, its parameters, and the call behind it. */
#define WRAP(result, name, kind, parameters, arguments) \
    result name parameters;                             \
    result name parameters                              \
    {                                                   \
        REAL(name);                                     \
        Call call = begin(fd, kind, #name);             \
        result done = call.fails ? -1 : real arguments; \
        end(&call);                                     \
        return done;                                    \
    }

WRAP(ssize_t, write, CALL_WRITE, (int fd, const void *data, size_t n), (fd, data, n))
WRAP(ssize_t, writev, CALL_WRITE, (int fd, const struct iovec *parts, int n), (fd, parts, n))
WRAP(ssize_t, pwrite, CALL_WRITE, (int fd, const void *data, size_t n, off_t at),
     (fd, data, n, at))
WRAP(ssize_t, pwrite64, CALL_WRITE, (int fd, const void *data, size_t n, off64_t at),
     (fd, data, n, at))
WRAP(int, ftruncate, CALL_WRITE, (int fd, off_t size), (fd, size))
WRAP(int, ftruncate64, CALL_WRITE, (int fd, off64_t size), (fd, size))
WRAP(int, fsync, CALL_SYNC, (int fd), (fd))
WRAP(int, fdatasync, CALL_SYNC, (int fd), (fd))
WRAP(ssize_t, read, CALL_READ, (int fd, void *data, size_t n), (fd, data, n))
WRAP(ssize_t, pread, CALL_READ, (int fd, void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(ssize_t, pread64, CALL_READ, (int fd, void *data, size_t n, off64_t at), (fd, data, n, at))
WRAP(ssize_t, send, CALL_SEND, (int fd, const void *data, size_t n, int flags),
     (fd, data, n, flags))
WRAP(ssize_t, sendto, CALL_SEND,
     (int fd, const void *data, size_t n, int flags, const struct sockaddr *to, socklen_t size),
     (fd, data, n, flags, to, size))
WRAP(ssize_t, sendmsg, CALL_SEND, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags))
WRAP(ssize_t, recv, CALL_RECEIVE, (int fd, void *data, size_t n, int flags), (fd, data, n, flags))
WRAP(ssize_t, recvfrom, CALL_RECEIVE,
     (int fd, void *data, size_t n, int flags, struct sockaddr *from, socklen_t *size),
     (fd, data, n, flags, from, size))

int unlink(const char *path)
{
    REAL(unlink);
    Call call = { N, "unlink", false, false };

    pthread_once(&once, set_up);
    if (is_ledger_path(path)) {
        call.phase = phase_of(false, false);
        call.dies = count(call.phase, call.name);
        call.fails = must_fail(call.phase, CALL_UNLINK);
    }
    if (call.fails)
        errno = error_number;
    int done = call.fails ? -1 : real(path);
    end(&call);
    return done;
}

/* ---- the clock */

static time_t seconds_ahead(void)
{
    int saved = errno;
    char text[32] = "";

    pthread_once(&once, set_up);
    int fd = clock_path != NULL ? open(clock_path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        REAL(read);
        if (real(fd, text, sizeof text - 1) < 0)
            text[0] = '\0';
        close(fd);
    }
    errno = saved;
    return (time_t)strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    REAL(clock_gettime);
    int done = real(id, now);
    if (done == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += seconds_ahead();
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    REAL(gettimeofday);
    int done = real(now, zone);
    if (done == 0)
        now->tv_sec += seconds_ahead();
    return done;
}

time_t time(time_t *now_r)
{
    REAL(time);
    time_t now = real(NULL) + seconds_ahead();
    if (now_r != NULL)
        *now_r = now;
    return now;
}
