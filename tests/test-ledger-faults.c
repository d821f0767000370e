/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The ledger when the world fails: killed at every write and sync, full disks, I/O
 * errors, damaged and foreign files, a second daemon.
 *
 * Three calls of libc that SQLite writes by are replaced by this program's own: they
 * count, and at the armed count they kill the process or fail.  All or nothing is then
 * asked of the file that is left. */
#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"
#include "ledger-sql.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICKET "CB-Report#20250212-10004759"

/* ---- the faulty calls */

static struct {
    int at; /* the call that is hit; 0 none */
    int calls;
    int number;       /* errno to fail with; 0: SIGKILL */
    gboolean lasting; /* all later ones too: a disk stays full */
    gboolean torn;    /* half is written first */
} fault;

static gboolean hit(void)
{
    if (fault.at == 0)
        return FALSE;
    fault.calls++;
    return fault.calls == fault.at || (fault.lasting && fault.calls > fault.at);
}

static int strike(void)
{
    if (fault.number == 0)
        kill(getpid(), SIGKILL);
    errno = fault.number;
    return -1;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset);
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    if (hit()) {
        if (fault.torn)
            syscall(SYS_pwrite64, fd, data, size / 2, offset);
        return strike();
    }
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

int fdatasync(int fd);
int fdatasync(int fd)
{
    return hit() ? strike() : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate64(int fd, off64_t size);
int ftruncate64(int fd, off64_t size)
{
    return hit() ? strike() : (int)syscall(SYS_ftruncate, fd, size);
}

static void arm(int at, int number)
{
    fault.at = at;
    fault.calls = 0;
    fault.number = number;
}

/* ---- a directory for each test */

typedef struct {
    char *directory, *path;
} World;

static void set_up(World *world, gconstpointer data)
{
    (void)data;
    memset(&fault, 0, sizeof fault);
    world->directory = fixture_directory();
    world->path = g_build_filename(world->directory, "ledger.db", NULL);
}

static void tear_down(World *world, gconstpointer data)
{
    (void)data;
    memset(&fault, 0, sizeof fault);
    g_free(world->path);
    fixture_remove(world->directory);
}

static void fresh(World *world)
{
    static const char *const ends[] = { "", "-wal", "-shm", ".lock" };

    for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *name = g_strconcat(world->path, ends[i], NULL);
        g_remove(name);
    }
}

static void check_refused(World *world, LedgerUse use, CertbundError code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Ledger) ledger = ledger_open(world->path, use, &error);

    g_assert_null(ledger);
    g_assert_error(error, CERTBUND_ERROR, (gint)code);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, words));
}

/* ---- opening */

static void test_second_daemon(World *world, gconstpointer data)
{
    g_autoptr(Ledger) first = maker_open(world->path, LEDGER_DAEMON);
    struct stat status;

    (void)data;
    check_refused(world, LEDGER_DAEMON, CERTBUND_ERROR_TEMPORARY, "another certbund-milter");
    g_assert_cmpint(stat(world->path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    g_autofree char *log = g_strconcat(world->path, "-wal", NULL);
    g_assert_cmpint(stat(log, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    ledger_close(maker_open(world->path, LEDGER_TOOL)); /* a tool may */
    ledger_close(g_steal_pointer(&first));
    ledger_close(maker_open(world->path, LEDGER_DAEMON));
}

static void test_no_file(World *world, gconstpointer data)
{
    (void)data;
    check_refused(world, LEDGER_TOOL, CERTBUND_ERROR_INPUT, "the daemon creates it");
    g_free(world->path);
    world->path = g_build_filename(world->directory, "nowhere", "ledger.db", NULL);
    check_refused(world, LEDGER_DAEMON, CERTBUND_ERROR_INPUT, "there is no directory");
    g_free(world->path);
    world->path = g_strdup(world->directory);
    check_refused(world, LEDGER_DAEMON, CERTBUND_ERROR_INPUT, "not a file");
}

static void test_foreign_file(World *world, gconstpointer data)
{
    static char text[4096];

    (void)data;
    memset(text, 'x', sizeof text - 1);
    fixture_write(world->directory, "ledger.db", text);
    check_refused(world, LEDGER_DAEMON, CERTBUND_ERROR_INPUT, "not a database");
    check_refused(world, LEDGER_TOOL, CERTBUND_ERROR_INPUT, "not a database");
    fixture_write(world->directory, "ledger.db", "");
    check_refused(world, LEDGER_TOOL, CERTBUND_ERROR_INPUT, "is no ledger");
}

/* The header of an SQLite file (https://www.sqlite.org/fileformat.html, 1.3): bytes 60-63
 * are user_version, 68-71 application_id, big-endian. */
static void patch(World *world, long offset, const char *bytes, size_t n)
{
    FILE *file = fopen(world->path, "r+b");

    g_assert_nonnull(file);
    g_assert_cmpint(fseek(file, offset, SEEK_SET), ==, 0);
    g_assert_cmpuint(fwrite(bytes, 1, n, file), ==, n);
    fclose(file);
}

static void test_other_versions(World *world, gconstpointer data)
{
    (void)data;
    ledger_close(maker_open(world->path, LEDGER_DAEMON));
    patch(world, 60, "\0\0\0\x63", 4);
    check_refused(world, LEDGER_DAEMON, CERTBUND_ERROR_INPUT, "newer certbund-milter");
    check_refused(world, LEDGER_TOOL, CERTBUND_ERROR_INPUT, "version 99");
    patch(world, 60, "\0\0\0\0", 4);
    check_refused(world, LEDGER_TOOL, CERTBUND_ERROR_INPUT, "the daemon migrates");
    patch(world, 68, "\1\2\3\4", 4);
    patch(world, 18, "\1\1", 2); /* not in WAL mode, and it stays so */
    g_autofree char *before = NULL, *after = NULL;
    gsize size, same;
    g_assert_true(g_file_get_contents(world->path, &before, &size, NULL));
    check_refused(world, LEDGER_DAEMON, CERTBUND_ERROR_INPUT, "no ledger");
    g_assert_true(g_file_get_contents(world->path, &after, &same, NULL));
    g_assert_true(size == same && memcmp(before, after, size) == 0);
}

/* Steps are taken once, in order; a step that fails leaves the version before it. */
static void test_migration(World *world, gconstpointer data)
{
    const guint n = ledger_n_steps;
    g_autofree const char **steps = g_new0(const char *, n + 2);
    g_autoptr(Ledger) ledger = maker_open(world->path, LEDGER_DAEMON);
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 10 };
    GError *error = NULL;

    (void)data;
    maker_must_record(ledger, &made);
    memcpy(steps, ledger_steps, n * sizeof *steps);
    steps[n] = steps[n + 1] = "CREATE TABLE further (x INTEGER) STRICT";
    g_assert_false(ledger_migrate(ledger, steps, n + 2, &error)); /* the last can't be */
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
    g_clear_error(&error);
    g_assert_true(ledger_identify(ledger, n, &error)); /* nothing was taken */
    g_assert_true(ledger_migrate(ledger, steps, n + 1, &error));
    g_assert_true(ledger_migrate(ledger, steps, n + 1, &error)); /* nothing to do */
    g_assert_false(ledger_identify(ledger, n, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_cmpuint(maker_count(ledger, LEDGER_SHOW, TICKET), ==, 10);
}

static void test_damaged_file(World *world, gconstpointer data)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(20250212);
    g_autofree char *good = NULL;
    guint noticed = 0;
    gsize size;

    (void)data;
    Ledger *ledger = maker_open(world->path, LEDGER_DAEMON);
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 200 };
    maker_must_record(ledger, &made);
    ledger_close(ledger);
    g_assert_true(g_file_get_contents(world->path, &good, &size, NULL));
    for (guint i = 0; i < 100; i++) {
        g_autofree char *bad = g_memdup2(good, size);
        g_autoptr(GError) error = NULL;
        for (guint j = 0; j < 64; j++)
            bad[g_rand_int_range(random, 100, (gint32)size)] ^=
                (char)g_rand_int_range(random, 1, 255);
        g_file_set_contents(world->path, bad, (gssize)size, NULL);
        g_autoptr(Ledger) damaged = ledger_open(world->path, LEDGER_DAEMON, &error);
        if (damaged == NULL || !ledger_check_integrity(damaged, &error)) {
            noticed++;
            g_assert_nonnull(error);
        }
    }
    g_test_message("%u of 100 damaged files noticed; the rest is within free space or values",
                   noticed);
    g_assert_cmpuint(noticed, >=, 80);
}

static void test_truncated_file(World *world, gconstpointer data)
{
    (void)data;
    ledger_close(maker_open(world->path, LEDGER_DAEMON));
    g_assert_cmpint(truncate(world->path, 3 * 8192), ==, 0);
    check_refused(world, LEDGER_DAEMON, CERTBUND_ERROR_BUG, "malformed");
}

/* What is committed but not yet in the file lies in the log; its torn end is passed over. */
static void test_truncated_log(World *world, gconstpointer data)
{
    g_autofree char *log = g_strconcat(world->path, "-wal", NULL);
    g_autoptr(GError) error = NULL;
    struct stat status;
    pid_t child = fork();

    (void)data;
    if (child == 0) {
        Ledger *ledger = maker_open(world->path, LEDGER_DAEMON);
        Made one = { .ticket = TICKET, .digest = "d1", .n_rows = 10 };
        Made two = { .ticket = TICKET "9", .digest = "d2", .n_rows = 10 };
        maker_must_record(ledger, &one);
        maker_must_record(ledger, &two);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    g_assert_cmpint(stat(log, &status), ==, 0);
    g_assert_cmpint(truncate(log, status.st_size - 100), ==, 0);
    g_autoptr(Ledger) ledger = maker_open(world->path, LEDGER_DAEMON);
    g_assert_true(ledger_was_unclean(ledger));
    g_assert_true(ledger_check_integrity(ledger, &error));
    g_assert_cmpuint(maker_count(ledger, LEDGER_REPORTS, NULL), ==, 1);
    g_assert_cmpuint(maker_count(ledger, LEDGER_NOTICES, NULL), ==, 5);
}

static void test_read_only(World *world, gconstpointer data)
{
    (void)data;
    ledger_close(maker_open(world->path, LEDGER_DAEMON));
    if (geteuid() == 0) {
        g_test_skip("root writes to read-only files");
        return;
    }
    g_assert_cmpint(chmod(world->path, 0400), ==, 0);
    check_refused(world, LEDGER_DAEMON, CERTBUND_ERROR_TEMPORARY, "read-only");
    check_refused(world, LEDGER_TOOL, CERTBUND_ERROR_TEMPORARY, "read-only");
    g_assert_cmpint(chmod(world->path, 0600), ==, 0);
    ledger_close(maker_open(world->path, LEDGER_DAEMON)); /* and has left nothing behind */
}

/* ---- killed */

/* One life of a daemon: two reports, a hand-over, an orderly end. */
static void live(const char *path)
{
    Made one = { .ticket = TICKET, .digest = "d1", .n_rows = 20 };
    Made two = { .ticket = TICKET, .digest = "d2", .n_rows = 30 };
    LedgerOutcome outcome;
    Ledger *ledger = ledger_open(path, LEDGER_DAEMON, NULL);

    if (ledger == NULL || !maker_record(ledger, &one, &outcome, NULL) ||
        !maker_record(ledger, &two, &outcome, NULL))
        _exit(2);
    GPtrArray *claims = ledger_claim(ledger, "w", 5, MAKER_NOW, NULL, NULL);
    for (guint i = 0; claims != NULL && i < claims->len; i++) {
        LedgerResult result = { .id = ((LedgerClaim *)claims->pdata[i])->id,
                                .state = NOTICE_HANDED_OVER };
        ledger_mark(ledger, &result, 1, MAKER_NOW, NULL);
    }
    g_clear_pointer(&claims, g_ptr_array_unref);
    ledger_close(ledger);
    _exit(0);
}

/* Laws 1, 3 and 4 of what the dead have left, and that life goes on to the same end. */
static void check_whole(World *world, gboolean killed)
{
    g_autoptr(GError) error = NULL;
    Made one = { .ticket = TICKET, .digest = "d1", .n_rows = 20 };
    Made two = { .ticket = TICKET, .digest = "d2", .n_rows = 30 };
    Ledger *ledger = maker_open(world->path, LEDGER_DAEMON);
    guint reports = maker_count(ledger, LEDGER_REPORTS, NULL);
    guint events = maker_count(ledger, LEDGER_SHOW, TICKET);
    guint notices = maker_count(ledger, LEDGER_NOTICES, NULL);

    g_assert_true(ledger_check_integrity(ledger, &error));
    g_assert_no_error(error);
    g_assert_true(killed || !ledger_was_unclean(ledger));
    g_assert_cmpuint(events, ==, reports == 0 ? 0 : reports == 1 ? 20 : 50);
    g_assert_cmpuint(notices, ==, reports == 0 ? 0 : reports == 1 ? 10 : 25);
    maker_must_record(ledger, &one); /* the MTA tries again */
    maker_must_record(ledger, &two);
    g_assert_cmpuint(maker_count(ledger, LEDGER_REPORTS, NULL), ==, 2);
    g_assert_cmpuint(maker_count(ledger, LEDGER_SHOW, TICKET), ==, 50);
    g_assert_cmpuint(maker_count(ledger, LEDGER_NOTICES, NULL), ==, 25);
    ledger_unclaim(ledger, "w", &error);
    g_autoptr(GPtrArray) claims = ledger_claim(ledger, "w", 100, MAKER_NOW, NULL, &error);
    /* The follow-up's 20 known rows have notices of the same customers, as made. */
    g_assert_cmpuint(claims->len + maker_count(ledger, LEDGER_NOTICES, "handed-over"), ==, 25);
    ledger_close(ledger);
}

static void kill_everywhere(World *world, gboolean torn, int step)
{
    gboolean killed = TRUE;
    int at;

    for (at = 1; killed; at += step) {
        int status;
        fresh(world);
        pid_t child = fork();
        if (child == 0) {
            fault.torn = torn;
            arm(at, 0);
            live(world->path);
        }
        waitpid(child, &status, 0);
        killed = WIFSIGNALED(status);
        g_assert_true(killed || WEXITSTATUS(status) == 0);
        check_whole(world, killed);
    }
    g_test_message("killed at %d writes and syncs", (at - 1) / step - 1);
    g_assert_cmpint(at, >, 20);
}

static void test_killed(World *world, gconstpointer data)
{
    (void)data;
    kill_everywhere(world, FALSE, 1);
}

static void test_killed_in_a_write(World *world, gconstpointer data)
{
    (void)data;
    kill_everywhere(world, TRUE, g_test_slow() ? 1 : 3);
}

/* Between the steps of a transaction nothing is there yet. */
static void test_killed_between_steps(World *world, gconstpointer data)
{
    (void)data;
    for (guint step = 0; step < 4; step++) {
        int status;
        fresh(world);
        pid_t child = fork();
        if (child == 0) {
            Ledger *ledger = maker_open(world->path, LEDGER_DAEMON);
            Made made = { .ticket = TICKET, .digest = "d", .n_rows = 10 };
            LedgerReport report = maker_report(&made);
            LedgerOutcome outcome;
            LedgerTransaction *transaction =
                ledger_begin(ledger, &report, NULL, "", &outcome, NULL);
            if (step > 0)
                maker_add(transaction, &made);
            if (step > 1)
                ledger_commit(transaction, 10, "handled", REPORT_DONE, NULL);
            if (step > 2)
                ledger_claim(ledger, "w", 2, MAKER_NOW, NULL, NULL);
            kill(getpid(), SIGKILL);
        }
        waitpid(child, &status, 0);
        g_assert_true(WIFSIGNALED(status));
        g_autoptr(Ledger) ledger = maker_open(world->path, LEDGER_DAEMON);
        g_assert_true(ledger_was_unclean(ledger));
        g_assert_cmpuint(maker_count(ledger, LEDGER_REPORTS, NULL), ==, step > 1);
        g_assert_cmpuint(maker_count(ledger, LEDGER_NOTICES, "pending"), ==, step > 1 ? 5 : 0);
    }
}

/* ---- failing writes */

/* Temporary, nothing of it remains, and the same Ledger takes it when it can again. */
static void fail_everywhere(World *world, int number, gboolean lasting)
{
    g_autoptr(Ledger) ledger = maker_open(world->path, LEDGER_DAEMON);
    guint failures = 0;
    gboolean failed = TRUE;

    for (int at = 1; failed; at++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08d", at);
        Made made = { .ticket = ticket, .digest = "d", .n_rows = 100 };
        LedgerOutcome outcome;

        fault.lasting = lasting;
        arm(at, number);
        failed = !maker_record(ledger, &made, &outcome, &error);
        arm(0, 0);
        failures += failed ? 1 : 0;
        if (failed)
            g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
        g_assert_cmpuint(maker_count(ledger, LEDGER_REPORTS, ticket), ==, failed ? 0 : 1);
        g_assert_cmpint(maker_must_record(ledger, &made), ==,
                        failed ? LEDGER_NEW : LEDGER_DUPLICATE);
    }
    g_test_message("failed at %u calls", failures);
    g_assert_cmpuint(failures, >, 5);
    g_autoptr(GError) error = NULL;
    g_assert_true(ledger_check_integrity(ledger, &error));
    g_assert_no_error(error);
}

static void test_disk_full(World *world, gconstpointer data)
{
    (void)data;
    fail_everywhere(world, ENOSPC, TRUE);
}

static void test_io_error(World *world, gconstpointer data)
{
    (void)data;
    fail_everywhere(world, EIO, FALSE);
}

/* The kernel's own refusal: no file of ours may grow beyond RLIMIT_FSIZE. */
static void test_file_size_limit(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Ledger) ledger = maker_open(world->path, LEDGER_DAEMON);
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 200 };
    struct rlimit old, small;
    LedgerOutcome outcome;

    (void)data;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){ 65536, old.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    gboolean ok = maker_record(ledger, &made, &outcome, &error);
    setrlimit(RLIMIT_FSIZE, &old);
    g_assert_false(ok);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    g_test_message("%s", error->message);
    g_assert_cmpint(maker_must_record(ledger, &made), ==, LEDGER_NEW);
}

/* Marks that could not be written: the claims stay, also when the clock jumps to where
 * their leases have ended: the MTA has these mails.  Nothing is half marked. */
static void test_failed_marks(World *world, gconstpointer data)
{
    g_autoptr(Ledger) ledger = maker_open(world->path, LEDGER_DAEMON);
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 10 };
    LedgerResult results[5];

    (void)data;
    maker_must_record(ledger, &made);
    g_autoptr(GPtrArray) claims = ledger_claim(ledger, "w", 5, MAKER_NOW, NULL, &error);
    for (guint i = 0; i < 5; i++)
        results[i] = (LedgerResult){ .id = ((LedgerClaim *)claims->pdata[i])->id,
                                     .state = NOTICE_HANDED_OVER };
    arm(1, ENOSPC);
    g_assert_false(ledger_mark(ledger, results, 5, MAKER_NOW, &error));
    arm(0, 0);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    g_clear_error(&error);
    g_assert_cmpuint(maker_count(ledger, LEDGER_NOTICES, "pending"), ==, 5);
    g_autoptr(GPtrArray) none = ledger_claim(ledger, "x", 5, MAKER_NOW + MAKER_DAY, NULL, &error);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_true(ledger_mark(ledger, results, 5, MAKER_NOW, &error));
    g_assert_cmpuint(maker_count(ledger, LEDGER_NOTICES, "handed-over"), ==, 5);
}

#define ADD(path, test) g_test_add("/ledger-faults/" path, World, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("second-daemon", test_second_daemon);
    ADD("no-file", test_no_file);
    ADD("foreign-file", test_foreign_file);
    ADD("other-versions", test_other_versions);
    ADD("migration", test_migration);
    ADD("damaged-file", test_damaged_file);
    ADD("truncated-file", test_truncated_file);
    ADD("truncated-log", test_truncated_log);
    ADD("read-only", test_read_only);
    ADD("killed", test_killed);
    ADD("killed-in-a-write", test_killed_in_a_write);
    ADD("killed-between-steps", test_killed_between_steps);
    ADD("disk-full", test_disk_full);
    ADD("io-error", test_io_error);
    ADD("file-size-limit", test_file_size_limit);
    ADD("failed-marks", test_failed_marks);
    return g_test_run();
}
