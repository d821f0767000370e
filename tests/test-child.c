/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Programs that are run: what they get, what they may, and that nothing is left of them. */
#include "child.h"

#include "errors.h"
#include "fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX 1000
#define LONG_SECS 120 /* longer than any of these takes: a hang */

/* sh -c script; other members of order are kept. */
static gboolean run(const char *script, ChildOrder order, ChildResult *result_r, GError **error)
{
    const char *const arguments[] = { "/bin/sh", "-c", script, NULL };

    order.arguments = arguments;
    if (order.output_max == 0)
        order.output_max = OUTPUT_MAX;
    if (order.secs == 0)
        order.secs = LONG_SECS;
    return child_run(&order, result_r, error);
}

static void run_fine(const char *script, ChildOrder order, ChildResult *result_r)
{
    g_autoptr(GError) error = NULL;
    gboolean fine = run(script, order, result_r, &error);
    g_assert_no_error(error);
    g_assert_true(fine);
}

static guint open_descriptors(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint n = 0;
    while (g_dir_read_name(dir) != NULL)
        n++;
    return n;
}

static void assert_no_children(void)
{
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1); /* ECHILD: not even a dead one */
}

static void test_talk(void)
{
    static const struct {
        const char *name, *script, *input, *data[CHILD_DATA_MAX];
        int status;
        const char *output, *errors;
    } cases[] = {
        { "nothing", "exit 0", NULL, { NULL }, 0, "", "" },
        { "exit status", "exit 75", NULL, { NULL }, 75, "", "" },
        { "input, to its end", "cat", "a\nb", { NULL }, 0, "a\nb", "" },
        { "no input is empty", "cat; echo end", NULL, { NULL }, 0, "end\n", "" },
        { "input that nobody reads", "echo x", "a\n", { NULL }, 0, "x\n", "" },
        { "both outputs", "echo a; echo b >&2; echo c", NULL, { NULL }, 0, "a\nc\n", "b\n" },
        { "more to read", "cat <&4; cat <&3; cat", "in", { "three", "four" }, 0, "fourthreein",
          "" },
        { "one more only", "cat <&3; [ -e /proc/self/fd/4 ] || echo none", NULL, { "three" }, 0,
          "threenone\n", "" },
        { "what it reads can't be written", "echo x >&3 || echo no", NULL, { "three" }, 0, "no\n",
          NULL },
        { "a signal", "kill -9 $$", NULL, { NULL }, -1, "", "" },
        { "closes its output, then ends", "exec >&- 2>&-; sleep 0.3; exit 4", NULL, { NULL }, 4,
          "", "" },
    };
    guint before = open_descriptors();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(ChildResult) result = { .output = NULL };
        ChildOrder order = { .input = NULL };
        if (cases[i].input != NULL)
            order.input = g_bytes_new(cases[i].input, strlen(cases[i].input));
        for (guint d = 0; d < CHILD_DATA_MAX && cases[i].data[d] != NULL; d++)
            order.data[d] = g_bytes_new(cases[i].data[d], strlen(cases[i].data[d]));
        run_fine(cases[i].script, order, &result);
        g_test_message("%s", cases[i].name);
        g_assert_cmpint(result.status, ==, cases[i].status);
        g_assert_cmpstr(result.output->str, ==, cases[i].output);
        if (cases[i].errors != NULL)
            g_assert_cmpstr(result.errors->str, ==, cases[i].errors);
        g_assert_false(result.late);
        g_assert_false(result.cut);
        g_clear_pointer(&order.input, g_bytes_unref);
        for (guint d = 0; d < CHILD_DATA_MAX; d++)
            g_clear_pointer(&order.data[d], g_bytes_unref);
    }
    g_assert_cmpuint(open_descriptors(), ==, before);
    assert_no_children();
}

/* A mail of the greatest size, there and back. */
static void test_large(void)
{
    gsize size = 40 * 1024 * 1024;
    g_autofree guint8 *data = g_malloc(size);
    for (gsize i = 0; i < size; i++)
        data[i] = (guint8)(i % 251);
    g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
    g_auto(ChildResult) result = { .output = NULL };

    run_fine("cat", (ChildOrder) { .input = bytes, .output_max = size }, &result);
    g_assert_cmpmem(result.output->str, result.output->len, data, size);
    g_assert_false(result.cut);
}

static void test_output_limit(void)
{
    static const struct {
        const char *script;
        guint output, errors;
        gboolean cut;
    } cases[] = {
        { "head -c 1000 /dev/zero", 1000, 0, FALSE },
        { "head -c 1001 /dev/zero", 1000, 0, TRUE },
        { "head -c 1000 /dev/zero >&2", 0, 1000, FALSE },
        { "head -c 1001 /dev/zero >&2", 0, 1000, TRUE },
        { "head -c 3000000 /dev/zero; echo b >&2", 1000, 2, TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(ChildResult) result = { .output = NULL };
        run_fine(cases[i].script, (ChildOrder) { .output_max = 1000 }, &result);
        g_test_message("%s", cases[i].script);
        g_assert_cmpuint(result.output->len, ==, cases[i].output);
        g_assert_cmpuint(result.errors->len, ==, cases[i].errors);
        g_assert_true(result.cut == cases[i].cut);
        g_assert_cmpint(result.status, ==, 0);
    }
}

/* Ended, though perhaps nobody has asked for its status. */
static gboolean is_gone(const char *pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%ld/stat", strtol(pid, NULL, 10));
    g_autofree char *text = NULL;
    const char *state = g_file_get_contents(path, &text, NULL, NULL) ? strrchr(text, ')') : NULL;
    return state == NULL || strncmp(state, ") Z", 3) == 0 || strncmp(state, ") X", 3) == 0;
}

static void test_time_limit(void)
{
    static const struct {
        const char *script;
        gboolean tells_pid;
    } cases[] = {
        { "exec sleep 600", FALSE },
        { "exec >&- 2>&-; exec sleep 600", FALSE },
        { "trap '' TERM INT HUP; sleep 600 & echo $!; wait", TRUE },
        { "sleep 600 & echo $!; exec yes >&2", TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(ChildResult) result = { .output = NULL };
        g_test_message("%s", cases[i].script);
        run_fine(cases[i].script, (ChildOrder) { .secs = 1 }, &result);
        g_assert_true(result.late);
        g_assert_cmpint(result.status, ==, -1);
        assert_no_children();
        for (guint look = 0; cases[i].tells_pid && !is_gone(result.output->str); look++) {
            g_assert_cmpuint(look, <, LONG_SECS * 100); /* killed, and about to be gone */
            g_usleep(10000);
        }
    }
}

/* As a sendmail(1) may that delivers in the background: its own word counts. */
static void test_left_behind(void)
{
    g_auto(ChildResult) result = { .output = NULL };

    run_fine("sleep 600 & echo $!; exit 3", (ChildOrder) { .secs = LONG_SECS }, &result);
    g_assert_cmpint(result.status, ==, 3);
    g_assert_false(result.late);
    g_assert_false(is_gone(result.output->str));
    g_assert_cmpint(kill((pid_t)strtol(result.output->str, NULL, 10), SIGKILL), ==, 0);
}

static void test_no_program(void)
{
    static const char *const programs[] = { "/nonexistent/program", "/etc", "/etc/passwd/x" };
    guint before = open_descriptors();

    for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
        const char *const arguments[] = { programs[i], NULL };
        const ChildOrder order = { .arguments = arguments, .output_max = 10, .secs = LONG_SECS };
        g_auto(ChildResult) result = { .output = NULL };
        g_autoptr(GError) error = NULL;
        g_assert_false(child_run(&order, &result, &error));
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, programs[i]));
    }
    g_assert_cmpuint(open_descriptors(), ==, before);
    assert_no_children();
}

/* The daemon's threads block signals, and not all of its descriptors are closed by exec. */
static void test_clean(void)
{
    static const char *const environment[] = { "A=b", NULL };
    sigset_t all, old;
    g_auto(ChildResult) killed = { .output = NULL }, seen = { .output = NULL };
    int fd = fcntl(STDIN_FILENO, F_DUPFD, 100); /* stays open over exec */

    sigfillset(&all);
    g_assert_cmpint(pthread_sigmask(SIG_SETMASK, &all, &old), ==, 0);
    void (*handler)(int) = signal(SIGPIPE, SIG_IGN);
    run_fine("kill -TERM $$; exit 0", (ChildOrder) { .secs = 0 }, &killed);
    run_fine("ls /proc/$$/fd; echo $A; grep -E '^Sig(Blk|Ign)' /proc/$$/status | cut -f 2",
             (ChildOrder) { .environment = environment }, &seen);
    signal(SIGPIPE, handler);
    g_assert_cmpint(pthread_sigmask(SIG_SETMASK, &old, NULL), ==, 0);
    close(fd);
    g_assert_cmpint(killed.status, ==, -1);
    g_auto(GStrv) lines = g_strsplit(seen.output->str, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 7);
    g_assert_true(g_str_has_prefix(seen.output->str, "0\n1\n2\nb\n"));
    for (guint i = 4; i < 6; i++) /* but for the C library's own, 32 and 33 */
        g_assert_cmphex(g_ascii_strtoull(lines[i], NULL, 16) & 0x7fffffff, ==, 0);
}

typedef struct {
    const char *directory;
    guint most; /* that were seen to run at once */
} Crowd;

static gpointer join_crowd(gpointer data)
{
    Crowd *crowd = data;
    g_autofree char *script = g_strdup_printf(
        "mkdir %s/$$ && set -- %s/*/ && echo $#; sleep 0.05; rmdir %s/$$", crowd->directory,
        crowd->directory, crowd->directory);
    g_auto(ChildResult) result = { .output = NULL };
    run_fine(script, (ChildOrder) { .turn_secs = LONG_SECS }, &result);
    return GUINT_TO_POINTER((guint)strtoul(result.output->str, NULL, 10));
}

static void test_at_once(void)
{
    char *directory = fixture_directory();
    Crowd crowd = { directory, 0 };
    GThread *threads[5 * CHILD_AT_ONCE];

    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("crowd", join_crowd, &crowd);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        crowd.most = MAX(crowd.most, GPOINTER_TO_UINT(g_thread_join(threads[i])));
    g_test_message("%u at once", crowd.most);
    g_assert_cmpuint(crowd.most, >, 1);
    g_assert_cmpuint(crowd.most, <=, CHILD_AT_ONCE);
    assert_no_children();
    fixture_remove(directory);
}

static gpointer wait_for_line(gpointer path)
{
    g_autofree char *script = g_strdup_printf("read line <%s; echo $line", (const char *)path);
    g_auto(ChildResult) result = { .output = NULL };
    run_fine(script, (ChildOrder) { .turn_secs = LONG_SECS }, &result);
    return GINT_TO_POINTER(strcmp(result.output->str, "go\n") == 0);
}

/* One above the limit is refused in bounded time; who takes no turn is not. */
static void test_no_turn(void)
{
    char *directory = fixture_directory();
    char *paths[CHILD_AT_ONCE];
    GThread *threads[CHILD_AT_ONCE];
    int fds[CHILD_AT_ONCE];
    g_auto(ChildResult) refused = { .output = NULL }, other = { .output = NULL },
                        later = { .output = NULL };
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < CHILD_AT_ONCE; i++) {
        paths[i] = g_strdup_printf("%s/%u", directory, i);
        g_assert_cmpint(mkfifo(paths[i], 0600), ==, 0);
        threads[i] = g_thread_new("reader", wait_for_line, paths[i]);
    }
    for (guint i = 0; i < CHILD_AT_ONCE; i++) {
        fds[i] = open(paths[i], O_WRONLY | O_CLOEXEC); /* returns when the child has it, too */
        g_assert_cmpint(fds[i], >=, 0);
    }
    g_assert_false(run("exit 0", (ChildOrder) { .turn_secs = 1 }, &refused, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    run_fine("echo x", (ChildOrder) { .turn_secs = 0 }, &other);
    g_assert_cmpstr(other.output->str, ==, "x\n");
    for (guint i = 0; i < CHILD_AT_ONCE; i++) {
        g_assert_cmpint(write(fds[i], "go\n", 3), ==, 3);
        close(fds[i]);
        g_assert_true(GPOINTER_TO_INT(g_thread_join(threads[i])));
        g_free(paths[i]);
    }
    run_fine("echo y", (ChildOrder) { .turn_secs = 1 }, &later);
    g_assert_cmpstr(later.output->str, ==, "y\n");
    fixture_remove(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/child/talk", test_talk);
    g_test_add_func("/child/large", test_large);
    g_test_add_func("/child/output-limit", test_output_limit);
    g_test_add_func("/child/time-limit", test_time_limit);
    g_test_add_func("/child/left-behind", test_left_behind);
    g_test_add_func("/child/no-program", test_no_program);
    g_test_add_func("/child/clean", test_clean);
    g_test_add_func("/child/at-once", test_at_once);
    g_test_add_func("/child/no-turn", test_no_turn);
    return g_test_run();
}
