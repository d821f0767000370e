/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The outbox with a real ledger and a server that counts: each notice once. */
#include "outbox.h"

#include "fixture.h"
#include "ledger-maker.h"
#include "message.h"
#include "outbox-failures.h"
#include "smtp-sink.h"

#include <curl/curl.h>
#include <string.h>

typedef struct {
    char *directory, *path;
    Secret *secret;
    Snapshot *snapshot;
    Ledger *ledger;
    Sink *sink;
    Outbox *outbox;
} Bench;

static void make_outbox(Bench *bench)
{
    g_autofree char *via = sink_via(bench->sink);
    g_autoptr(Submitter) submitter = submitter_new(via, NULL);
    bench->outbox = outbox_new(bench->ledger, bench->secret);
    outbox_use(bench->outbox, bench->snapshot, submitter);
}

static void set_up(Bench *bench, const char *extra, SinkReply reply, gpointer data)
{
    g_autofree char *config
        = g_strdup_printf("[notices]\nmode=live\nfrom=Abuse <abuse@example.net>\n"
                          "reply-to=abuse@example.net\nenvelope-from=bounce@example.net\n"
                          "desk=desk@example.net\n%s", extra);
    bench->directory = fixture_directory();
    bench->snapshot = fixture_snapshot(bench->directory, config,
                                       "customer,network,email\nk,192.0.2.0/24,a@k.example.org\n");
    bench->path = g_build_filename(bench->directory, "ledger.db", NULL);
    bench->secret = secret_dummy();
    bench->ledger = maker_open(bench->path, LEDGER_DAEMON);
    bench->sink = sink_new(reply, data);
    make_outbox(bench);
}

static void tear_down(Bench *bench)
{
    outbox_free(bench->outbox);
    sink_free(bench->sink);
    ledger_close(bench->ledger);
    snapshot_unref(bench->snapshot);
    secret_free(bench->secret);
    fixture_remove(bench->directory);
    g_free(bench->path);
}

static void start(Bench *bench, guint workers)
{
    g_autoptr(GError) error = NULL;
    outbox_start(bench->outbox, workers, &error);
    g_assert_no_error(error);
}

static void add_one(LedgerTransaction *transaction, guint i, gint64 now)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static(MAKER_BODY, strlen(MAKER_BODY));
    g_autofree char *id = g_strdup_printf("notice/%u", i);
    g_autofree char *reference = g_strdup_printf("A-%06u", i);
    g_autofree char *message_id = g_strdup_printf("<%u@example.net>", i);
    g_autofree char *customer = g_strdup_printf("K-%u", i);
    g_autofree char *to = g_strdup_printf("noc@k%u.example.org", i);
    g_autofree char *address = g_strdup_printf("198.18.%u.%u", i / 256, i % 256);
    g_autofree char *digest = g_strdup_printf("%064x", i);
    const char *const recipients[] = { to, NULL };
    const LedgerNotice notice
        = { .id = id, .reference = reference, .customer = customer, .group = "",
            .class_id = "open-telnet", .state = NOTICE_PENDING, .sender = "bounce@example.net",
            .recipients = recipients, .message_id = message_id, .subject = "x", .bytes = bytes,
            .template_digest = "t", .config_digest = "c", .n_events = 1, .due = now };
    const LedgerEvent event = { .row = i, .address = address, .account = "", .digest = digest,
                                .fate = FATE_NOTIFIED, .customer = customer, .notice = id };

    ledger_add_event(transaction, &event, &error);
    g_assert_no_error(error);
    ledger_add_notice(transaction, &notice, &error);
    g_assert_no_error(error);
}

/* One report with n notices, to noc@k0.example.org and on. */
static void add_notices(const Bench *bench, guint n)
{
    gint64 now = g_get_real_time();
    const Made made = { .ticket = "CB-Report#20250212-10001", .digest = "d", .now = now };
    const LedgerReport report = maker_report(&made);
    g_autoptr(GError) error = NULL;
    LedgerOutcome outcome;
    g_autoptr(LedgerTransaction) transaction
        = ledger_begin(bench->ledger, &report, NULL, "", &outcome, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < n; i++)
        add_one(transaction, i, now);
    ledger_commit(transaction, n, "handled", REPORT_DONE, &error);
    g_assert_no_error(error);
}

static void wait_until(const Bench *bench, const char *state, guint n)
{
    for (guint i = 0; maker_count(bench->ledger, LEDGER_NOTICES, state) != n; i++) {
        g_assert_cmpuint(i, <, 6000); /* two minutes: it hangs */
        g_usleep(20000);
    }
}

static void wait_for_offers(const Bench *bench, guint n)
{
    for (guint i = 0; sink_counts(bench->sink).offered < n; i++) {
        g_assert_cmpuint(i, <, 6000);
        g_usleep(20000);
    }
}

static char *value_of(const Bench *bench, const char *state, const char *column)
{
    return maker_value(bench->ledger, LEDGER_NOTICES, state, column);
}

static void test_thousand(void)
{
    Bench bench;

    set_up(&bench, "throttle=0\n", NULL, NULL);
    sink_listen(bench.sink);
    add_notices(&bench, 1000);
    gint64 begin = g_get_monotonic_time();
    start(&bench, OUTBOX_WORKERS);
    wait_until(&bench, "handed-over", 1000);
    g_test_message("1000 notices: %" G_GINT64_FORMAT " ms",
                   (g_get_monotonic_time() - begin) / 1000);
    SinkCounts counts = sink_counts(bench.sink);
    g_assert_cmpuint(counts.taken, ==, 1000);
    g_assert_cmpuint(counts.repeated, ==, 0);
    g_assert_cmpuint(counts.recipients, ==, 1000);
    g_assert_cmpuint(counts.connections, <=, OUTBOX_WORKERS);
    g_autofree char *queue_id = value_of(&bench, "handed-over", "queue_id");
    g_assert_cmpstr(queue_id, ==, "4TEST");
    tear_down(&bench);
}

/* What comes while it runs goes at once, when it is woken. */
static void test_wake(void)
{
    Bench bench;

    set_up(&bench, "throttle=0\n", NULL, NULL);
    sink_listen(bench.sink);
    start(&bench, 2);
    g_usleep(200000); /* both have found nothing */
    add_notices(&bench, 3);
    outbox_wake(bench.outbox);
    gint64 begin = g_get_monotonic_time();
    wait_until(&bench, "handed-over", 3);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, OUTBOX_SLICE_SECS * MAKER_SEC);
    tear_down(&bench);
}

static const char *second_time(const char *recipient G_GNUC_UNUSED, guint nth,
                               gpointer data G_GNUC_UNUSED)
{
    return nth == 1 ? "450 4.2.0 grey" : "250 2.0.0 51BBAPxx004711 Message accepted for delivery";
}

/* What it left for later is due now: a person's clock jumps, the tests' does too. */
static void make_due(const Bench *bench, guint n)
{
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < n; i++) {
        g_autofree char *id = g_strdup_printf("notice/%u", i);
        const LedgerResult result = { .id = id, .state = NOTICE_PENDING,
                                      .due = g_get_real_time(), .reply = "", .queue_id = "" };
        ledger_mark(bench->ledger, &result, 1, g_get_real_time(), &error);
        g_assert_no_error(error);
    }
    outbox_wake(bench->outbox);
}

/* RFC 5321 section 4.2.1: 4yz is tried again, not before its pause. */
static void test_later(void)
{
    Bench bench;

    set_up(&bench, "throttle=0\n", second_time, NULL);
    sink_listen(bench.sink);
    add_notices(&bench, 3);
    start(&bench, 2);
    wait_for_offers(&bench, 3);
    g_usleep(1500000); /* longer than the shortest look for work */
    g_assert_cmpuint(sink_counts(bench.sink).offered, ==, 3);
    g_assert_cmpuint(maker_count(bench.ledger, LEDGER_NOTICES, "pending"), ==, 3);
    g_autofree char *reply = value_of(&bench, "pending", "reply");
    g_assert_nonnull(reply);
    g_assert_true(g_str_has_prefix(reply, "450 4.2.0 grey"));
    make_due(&bench, 3);
    wait_until(&bench, "handed-over", 3);
    g_assert_cmpuint(sink_counts(bench.sink).taken, ==, 3);
    g_autofree char *queue_id = value_of(&bench, "handed-over", "queue_id");
    g_assert_cmpstr(queue_id, ==, "51BBAPxx004711");
    tear_down(&bench);
}

static const char *never_the_first(const char *recipient, guint nth G_GNUC_UNUSED,
                                   gpointer data G_GNUC_UNUSED)
{
    return strcmp(recipient, "noc@k0.example.org") == 0 ? "554 5.7.1 refused" : "250 2.0.0 Ok";
}

/* 5yz to a mail fails it at once, and no other. */
static void test_never(void)
{
    Bench bench;

    set_up(&bench, "throttle=0\n", never_the_first, NULL);
    sink_listen(bench.sink);
    add_notices(&bench, 5);
    start(&bench, 1);
    wait_until(&bench, "handed-over", 4);
    wait_until(&bench, "failed", 1);
    g_autofree char *reply = value_of(&bench, "failed", "reply");
    g_assert_nonnull(strstr(reply, "554 5.7.1 refused"));
    tear_down(&bench);
}

static void fail_the_first(const Bench *bench, gint64 when)
{
    g_autoptr(GError) error = NULL;
    const LedgerResult result = { .id = "notice/0", .state = NOTICE_FAILED,
                                  .reply = "550 \"no\"", .queue_id = "" };
    ledger_mark(bench->ledger, &result, 1, when, &error);
    g_assert_no_error(error);
}

/* The desk is told once a day.  The outbox, which looks by itself, does not run yet. */
static void test_failures_told_daily(void)
{
    Bench bench;
    g_autoptr(GError) error = NULL;
    gboolean told;
    gint64 now = g_get_real_time();

    set_up(&bench, "throttle=0\n", NULL, NULL);
    const Config *config = bench.snapshot->config;
    add_notices(&bench, 1);
    g_assert_true(failures_tell(bench.ledger, bench.secret, config, now, &told, &error));
    g_assert_false(told); /* nothing failed, nothing noted */
    fail_the_first(&bench, now - MAKER_SEC);

    static const struct {
        const char *name;
        gint64 later;
        gboolean told;
    } cases[] = {
        { "first", 0, TRUE },
        { "the same day", MAKER_DAY - MAKER_SEC, FALSE },
        { "a day later: no new ones", MAKER_DAY, FALSE },
        { "the clock has jumped back: rather twice", -MAKER_DAY / 2, TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].name);
        failures_tell(bench.ledger, bench.secret, config, now + cases[i].later, &told, &error);
        g_assert_no_error(error);
        g_assert_true(told == cases[i].told);
    }
    sink_listen(bench.sink);
    start(&bench, 1);
    wait_until(&bench, "handed-over", 2);
    g_assert_cmpuint(sink_taken(bench.sink, "desk@example.net"), ==, 2);
    tear_down(&bench);
}

/* Law 4: a crash between the mail and the note that it is there tells once. */
static void test_failure_mail_once(void)
{
    Bench bench;
    g_autoptr(GError) error = NULL;
    gboolean told;

    set_up(&bench, "throttle=0\n", NULL, NULL);
    add_notices(&bench, 1);
    fail_the_first(&bench, g_get_real_time());
    for (guint i = 0; i < 2; i++) {
        failures_tell(bench.ledger, bench.secret, bench.snapshot->config, g_get_real_time(), &told,
                      &error);
        g_assert_no_error(error);
        g_assert_true(told);
        ledger_set(bench.ledger, "last-failure-mail", "", &error); /* as if never set */
        g_assert_no_error(error);
    }
    g_assert_cmpuint(maker_count(bench.ledger, LEDGER_NOTICES, "pending"), ==, 1);
    g_autofree char *reference = value_of(&bench, "pending", "reference");
    g_autoptr(GBytes) mail = ledger_notice_bytes(bench.ledger, reference, &error);
    g_assert_no_error(error);
    gsize size;
    const char *text = g_bytes_get_data(mail, &size);
    g_assert_nonnull(g_strstr_len(text, (gssize)size, "To: desk@example.net"));
    g_assert_nonnull(g_strstr_len(text, (gssize)size, "A-000000"));
    tear_down(&bench);
}

static gboolean note_attempts(guint n, const char *const *columns, const char *const *values,
                              gpointer data)
{
    guint *most = data;
    for (guint i = 0; i < n; i++)
        if (strcmp(columns[i], "attempts") == 0)
            *most = MAX(*most, (guint)atoi(values[i]));
    return TRUE;
}

static guint max_attempts(const Bench *bench)
{
    g_autoptr(GError) error = NULL;
    guint most = 0;
    ledger_ask(bench->ledger, LEDGER_NOTICES, NULL, note_attempts, &most, &error);
    g_assert_no_error(error);
    return most;
}

/* The MTA is away, then back: everything arrives once, and it was not asked once
 * for each notice. */
static void test_away_then_back(void)
{
    Bench bench;

    set_up(&bench, "throttle=0\n", NULL, NULL);
    add_notices(&bench, 300);
    start(&bench, OUTBOX_WORKERS);
    g_usleep(3500000);
    g_assert_cmpuint(maker_count(bench.ledger, LEDGER_NOTICES, "pending"), ==, 300);
    sink_listen(bench.sink);
    /* None was tried while nobody was there, so none waits for its minute. */
    wait_until(&bench, "handed-over", 300);
    g_assert_cmpuint(max_attempts(&bench), ==, 1);
    SinkCounts counts = sink_counts(bench.sink);
    g_assert_cmpuint(counts.recipients, ==, 300);
    g_assert_cmpuint(counts.repeated, ==, 0);
    tear_down(&bench);
}

/* A stop finishes what is in hand and gives back the rest, which goes once later. */
static void test_stop(void)
{
    Bench bench;
    g_autoptr(GError) error = NULL;
    gint64 next;

    set_up(&bench, "throttle=0\n", NULL, NULL);
    sink_set_delay(bench.sink, 30);
    sink_listen(bench.sink);
    add_notices(&bench, 200);
    start(&bench, OUTBOX_WORKERS);
    wait_for_offers(&bench, 20);
    outbox_stop(bench.outbox);
    guint taken = sink_counts(bench.sink).taken;
    g_test_message("%u had gone", taken);
    g_assert_cmpuint(taken, <, 200);
    g_assert_cmpuint(maker_count(bench.ledger, LEDGER_NOTICES, "handed-over"), ==, taken);
    GPtrArray *claims
        = ledger_claim(bench.ledger, "other", 1000, g_get_real_time(), &next, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(claims->len, ==, 200 - taken);
    g_ptr_array_unref(claims);
    g_assert_true(ledger_unclaim(bench.ledger, "other", &error));
    outbox_free(bench.outbox);
    make_outbox(&bench);
    sink_set_delay(bench.sink, 0);
    start(&bench, OUTBOX_WORKERS);
    wait_until(&bench, "handed-over", 200);
    g_assert_cmpuint(sink_counts(bench.sink).taken, ==, 200);
    g_assert_cmpuint(sink_counts(bench.sink).repeated, ==, 0);
    tear_down(&bench);
}

/* A process that died left its claims: the next one goes on with them at once. */
static void test_after_crash(void)
{
    Bench bench;
    g_autoptr(GError) error = NULL;
    gint64 next;

    set_up(&bench, "throttle=0\n", NULL, NULL);
    sink_listen(bench.sink);
    add_notices(&bench, 10);
    g_autoptr(GPtrArray) claims
        = ledger_claim(bench.ledger, "outbox-2", 10, g_get_real_time(), &next, &error);
    g_assert_cmpuint(claims->len, ==, 10);
    start(&bench, 1);
    wait_until(&bench, "handed-over", 10);
    g_assert_cmpuint(sink_counts(bench.sink).taken, ==, 10);
    tear_down(&bench);
}

static void test_throttled(void)
{
    Bench bench;

    set_up(&bench, "throttle=0\n", NULL, NULL);
    bench.snapshot->config->throttle_per_minute = 300; /* five a second */
    sink_listen(bench.sink);
    add_notices(&bench, 15);
    gint64 begin = g_get_monotonic_time();
    start(&bench, OUTBOX_WORKERS);
    wait_until(&bench, "handed-over", 15);
    g_assert_cmpint(g_get_monotonic_time() - begin, >=, 2 * MAKER_SEC - 100000);
    g_assert_cmpuint(sink_counts(bench.sink).repeated, ==, 0);
    tear_down(&bench);
}

/* The ledger takes no marks for longer than its busy time: workers wait, and nothing
 * that the MTA has taken goes again. */
static void test_marks_wait(void)
{
    Bench bench;
    g_autoptr(GError) error = NULL;
    LedgerOutcome outcome;
    const Made made = { .ticket = "CB-Report#20250212-10002", .digest = "e" };
    const LedgerReport report = maker_report(&made);

    set_up(&bench, "throttle=0\n", NULL, NULL);
    sink_set_delay(bench.sink, 50);
    sink_listen(bench.sink);
    add_notices(&bench, 300);
    g_autoptr(Ledger) tool = maker_open(bench.path, LEDGER_TOOL);
    start(&bench, OUTBOX_WORKERS);
    wait_for_offers(&bench, 4);
    LedgerTransaction *writer = ledger_begin(tool, &report, NULL, "", &outcome, &error);
    g_assert_no_error(error);
    g_usleep((LEDGER_BUSY_MSECS + 2000) * 1000);
    guint offered = sink_counts(bench.sink).offered;
    g_test_message("%u offered meanwhile", offered);
    g_assert_cmpuint(offered, <=, OUTBOX_UNMARKED_MAX + OUTBOX_BATCH + OUTBOX_WORKERS);
    sink_set_delay(bench.sink, 0);
    ledger_abort(writer);
    wait_until(&bench, "handed-over", 300);
    g_assert_cmpuint(sink_counts(bench.sink).taken, ==, 300);
    g_assert_cmpuint(sink_counts(bench.sink).repeated, ==, 0);
    tear_down(&bench);
}

/* A reload swaps MTA and config under the workers. */
static void test_reload(void)
{
    Bench bench;

    set_up(&bench, "throttle=0\n", NULL, NULL);
    Sink *other = sink_new(NULL, NULL);
    sink_set_delay(bench.sink, 10);
    sink_listen(bench.sink);
    sink_listen(other);
    add_notices(&bench, 400);
    start(&bench, OUTBOX_WORKERS);
    wait_for_offers(&bench, 20);
    g_autofree char *via = sink_via(other);
    g_autoptr(Submitter) submitter = submitter_new(via, NULL);
    outbox_use(bench.outbox, bench.snapshot, submitter);
    wait_until(&bench, "handed-over", 400);
    g_assert_cmpuint(sink_counts(other).taken, >, 0);
    g_assert_cmpuint(sink_counts(bench.sink).taken + sink_counts(other).taken, ==, 400);
    tear_down(&bench);
    submitter_unref(g_steal_pointer(&submitter));
    sink_free(other);
}

/* The first word is the notice's reference; one line. */
static void test_log(void)
{
    if (g_test_subprocess()) {
        Bench bench;
        set_up(&bench, "throttle=0\n", NULL, NULL);
        sink_listen(bench.sink);
        add_notices(&bench, 1);
        start(&bench, 1);
        wait_until(&bench, "handed-over", 1);
        tear_down(&bench);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("*: A-000000: to=<noc@k0.example.org>, customer=K-0, attempt=1, "
                              "said=250 2.0.0 Ok: queued as 4TEST, state=handed-over\n*");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g_test_add_func("/outbox/thousand", test_thousand);
    g_test_add_func("/outbox/wake", test_wake);
    g_test_add_func("/outbox/later", test_later);
    g_test_add_func("/outbox/never", test_never);
    g_test_add_func("/outbox/failures-told-daily", test_failures_told_daily);
    g_test_add_func("/outbox/failure-mail-once", test_failure_mail_once);
    g_test_add_func("/outbox/away-then-back", test_away_then_back);
    g_test_add_func("/outbox/stop", test_stop);
    g_test_add_func("/outbox/after-crash", test_after_crash);
    g_test_add_func("/outbox/throttled", test_throttled);
    g_test_add_func("/outbox/marks-wait", test_marks_wait);
    g_test_add_func("/outbox/reload", test_reload);
    g_test_add_func("/outbox/log", test_log);
    return g_test_run();
}
