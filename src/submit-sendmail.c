/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Hands one mail to a sendmail(1) program.  posix_spawn, not GSubprocess: the
 * daemon's threads block signals, and a child must not inherit that. */
#include "submit-internal.h"

#include "errors.h"
#include "submit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define SAID_MAX 500 /* bytes of what the program says that are kept */

extern char **environ;

typedef struct {
    pid_t pid;
    int channel; /* its standard input, output and error: one socket */
    gint64 deadline; /* of g_get_monotonic_time() */
    GString *said;
} Child;

static char **arguments_for(const char *program, const char *sender, const char *const *recipients)
{
    GPtrArray *arguments = g_ptr_array_new();
    /* An argument of its own after -f: "" is the null sender. */
    const char *const fixed[] = { program, "-i", "-f", sender, "--" };
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(arguments, g_strdup(fixed[i]));
    for (; *recipients != NULL; recipients++)
        g_ptr_array_add(arguments, g_strdup(*recipients));
    g_ptr_array_add(arguments, NULL);
    return (char **)g_ptr_array_free(arguments, FALSE);
}

static int spawn(const char *program, char **arguments, int channel, pid_t *pid_r)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd <= 2; fd++)
        posix_spawn_file_actions_adddup2(&actions, channel, fd);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int code = posix_spawn(pid_r, program, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

static gboolean start(const char *program, const char *sender, const char *const *recipients,
                      Child *child, GError **error)
{
    g_auto(GStrv) arguments = arguments_for(program, sender, recipients);
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        error_temporary(error, "%s: no socket for it: %s", program, g_strerror(errno));
        return FALSE;
    }
    int code = spawn(program, arguments, pair[1], &child->pid);
    close(pair[1]);
    child->channel = pair[0];
    fcntl(child->channel, F_SETFL, O_NONBLOCK);
    if (code != 0) {
        close(pair[0]);
        error_temporary(error, "%s: can't run it: %s", program, g_strerror(code));
        return FALSE;
    }
    return TRUE;
}

/* What the program says is kept for the error text; FALSE at its end. */
static gboolean listen_to(Child *child)
{
    char buffer[512];
    ssize_t n = recv(child->channel, buffer, sizeof buffer, 0);
    if (n > 0)
        g_string_append_len(child->said, buffer, MIN(n, SAID_MAX - (gssize)child->said->len));
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Write the mail while there is some left, then wait until the program closes
 * its end.  FALSE when the time limit passed. */
static gboolean converse(Child *child, const char *data, gsize size)
{
    gsize sent = 0;
    gboolean open = TRUE;

    while (open) {
        gint64 left = child->deadline - g_get_monotonic_time();
        struct pollfd ready = { child->channel, (short)(POLLIN | (sent < size ? POLLOUT : 0)), 0 };
        if (left <= 0 || (poll(&ready, 1, (int)(left / 1000) + 1) < 0 && errno != EINTR))
            return FALSE;
        if (sent < size && (ready.revents & POLLOUT) != 0) {
            ssize_t n = send(child->channel, data + sent, size - sent, MSG_NOSIGNAL);
            sent = n > 0 ? sent + (gsize)n : n < 0 && errno != EAGAIN ? size : sent;
            if (sent == size)
                shutdown(child->channel, SHUT_WR);
        }
        if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            open = listen_to(child);
    }
    return TRUE;
}

/* Its exit status, or -1 when a signal or our time limit ended it. */
static int reap(const Child *child, gboolean in_time)
{
    int status = 0;
    while (in_time && waitpid(child->pid, &status, WNOHANG) == 0) {
        in_time = g_get_monotonic_time() < child->deadline;
        g_usleep(1000); /* it has closed its output, so it is about to end */
    }
    if (!in_time) {
        kill(child->pid, SIGKILL);
        waitpid(child->pid, &status, 0);
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Line ends as a Unix program expects them. */
static GByteArray *with_lf(GBytes *mail)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(mail, &size);
    GByteArray *out = g_byte_array_sized_new((guint)size);
    for (const guint8 *p = data, *end = data + size; p < end;) {
        const guint8 *cr = memmem(p, (gsize)(end - p), "\r\n", 2);
        const guint8 *stop = cr != NULL ? cr : end;
        g_byte_array_append(out, p, (guint)(stop - p));
        p = cr != NULL ? cr + 1 : end;
    }
    return out;
}

static gboolean judge(const char *program, int status, const char *said, GError **error)
{
    g_autofree char *words = g_strstrip(g_strdup(said));
    switch (status) {
    case EX_OK:
        return TRUE;
    case EX_USAGE:
    case EX_DATAERR:
    case EX_NOUSER:
    case EX_NOHOST:
        error_input(error, "%s refused it with exit status %d: %s", program, status, words);
        return FALSE;
    case -1:
        error_temporary(error, "%s was ended by a signal or after %d s", program,
                        SUBMIT_MAIL_SECS);
        return FALSE;
    default:
        error_temporary(error, "%s: exit status %d: %s", program, status, words);
        return FALSE;
    }
}

gboolean submit_by_sendmail(const char *program, const char *sender, const char *const *recipients,
                            GBytes *mail, SubmitReply *reply_r, GError **error)
{
    g_autoptr(GString) said = g_string_new(NULL);
    g_autoptr(GByteArray) text = with_lf(mail);
    Child child = { .said = said };

    child.deadline = g_get_monotonic_time() + SUBMIT_MAIL_SECS * G_USEC_PER_SEC;
    if (!start(program, sender, recipients, &child, error)) {
        reply_r->trouble = SUBMIT_UNREACHED;
        return FALSE;
    }
    gboolean in_time = converse(&child, (const char *)text->data, text->len);
    close(child.channel);
    GError *why = NULL;
    if (judge(program, reap(&child, in_time), said->str, &why))
        return TRUE;
    /* What it says for now, a full disk or a lock, it would say to any. */
    if (g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY))
        reply_r->trouble = SUBMIT_EVERY_MAIL;
    g_propagate_error(error, why);
    return FALSE;
}
