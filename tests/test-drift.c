/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Columns that come and go, and classes that nobody knows: what the ledger remembers of them,
 * what is logged, and what the desk is told. */
#include "drift.h"

#include "fixture.h"
#include "ledger-maker.h"
#include "mail-maker.h"
#include "record.h"
#include "story.h"

#include <string.h>

#define SENT G_GINT64_CONSTANT(1739354227) /* 2025-02-12 09:57:07 UTC, the Date of the mails */
#define LIVE                                                                                       \
    "[notices]\nmode=live\nfrom=abuse@example.org\nreply-to=abuse@example.org\n"                   \
    "envelope-from=bounce@example.org\ndesk=desk@example.org\n"
#define NOTIFY "unknown-class=notify\n" LIVE
#define KNOWN "asn", "ip", "timestamp", "port", "banner"
/* A known class without a template: people write of it. */
#define ZYXEL "Verwundbare Systeme CVE-2020-29583", .has = { "asn", "ip", "timestamp" }
#define SSDP "Offene SSDP-Dienste", .has = { "asn", "ip", "timestamp", "ssdp_server" }
#define TELNET "Offene Telnet-Server"

static const char customers_csv[] = "network,customer,email\n192.0.2.0/24,anna,a@example.net\n";

static void set_up(FixtureWorld *world, const char *extra)
{
    fixture_set_up(world, extra, customers_csv);
}

typedef struct {
    const char *title;
    const char *has[8]; /* columns */
    const char *drift;  /* what is logged, "; " between */
    const char *status; /* NULL: handled */
    gboolean stranger, part_only, again; /* unproven; its title unproven; the same mail */
    const char *person;                  /* who puts it on hold, or NULL */
} Step;

static char *cell_of(const char *column, guint mail)
{
    if (g_ascii_strcasecmp(column, "timestamp") == 0)
        return g_strdup("2025-02-11 11:10:25");
    return g_strdup_printf(g_ascii_strcasecmp(column, "ip") == 0 ? "192.0.2.%u" : "x%u", mail);
}

static GBytes *make_mail(const Step *step, guint number)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-1%07u", number);
    guint n = g_strv_length((char **)step->has);
    char **cells = g_new0(char *, n + 1);
    for (guint i = 0; i < n; i++)
        cells[i] = cell_of(step->has[i], number);
    g_ptr_array_add(rows, cells);
    const MailOptions options = { .ticket = ticket, .title = step->title, .scope = "AS64496",
                                  .columns = step->has, .rows = rows };
    return mail_make(&options);
}

static Decision *decide_step(const FixtureWorld *world, const Step *step, GBytes *mail)
{
    static const Address stranger = { { 0x20, 0x01, 0x0d, 0xb8 } };
    g_autoptr(GError) error = NULL;
    Decision *decision = decide(world->snapshot, mail,
                                step->stranger ? &stranger : &fixture_client, SENT,
                                step->stranger ? VOUCHED_WHOLE : VOUCHED_BY_NOBODY, &error);
    g_assert_no_error(error);
    if (step->part_only)
        decision->provenance->header = FALSE;
    if (step->person != NULL)
        g_assert_true(decision_hold(decision, &error, "by %s", step->person));
    return decision;
}

/* number: of the mail; one of a known number is the same mail. */
static void record_step(FixtureWorld *world, guint number, const Step *step,
                        const char *released)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) mail = make_mail(step, number);
    g_autoptr(Decision) decision = decide_step(world, step, mail);
    const RecordInput input = { .ledger = world->ledger, .secret = world->secret, .bytes = mail,
                                .subject = decision->report->subject, .queue_id = "4TEST",
                                .client = "", .released = released,
                                .person = step->person != NULL ? step->person : "" };
    Recorded recorded;
    record_decision(&input, decision, SENT * G_USEC_PER_SEC + number, &recorded, &error);
    g_assert_no_error(error);
    g_ptr_array_add(recorded.drift, NULL);
    g_autofree char *drift = g_strjoinv("; ", (char **)recorded.drift->pdata);
    g_assert_cmpstr(drift, ==, step->drift != NULL ? step->drift : "");
    g_assert_cmpstr(status_name(decision->status), ==,
                    step->status != NULL ? step->status : "handled");
    recorded_clear(&recorded);
}

static gboolean append_row(guint n, const char *const *columns, const char *const *values,
                           gpointer data)
{
    g_assert_cmpuint(n, ==, 6);
    g_assert_cmpstr(columns[1], ==, "column");
    g_assert_cmpstr(columns[2], ==, "state");
    g_assert_cmpstr(columns[5], ==, "reports");
    g_assert_true((values[3] == NULL) == (strcmp(values[5], "0") == 0)); /* never seen */
    g_string_append_printf(data, "%s %s %s, ", values[1], values[2], values[5]);
    return TRUE;
}

static void check_remembered(Ledger *ledger, const char *class_id, const char *want)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) got = g_string_new(NULL);
    ledger_ask(ledger, LEDGER_DRIFT, class_id, append_row, got, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(got->str, ==, want);
}

/* ---- columns */

#define NEW(column) "class open-telnet: column \"" column "\" is new"
#define MISSING(column) "class open-telnet: column \"" column "\" is missing"
#define N_STEPS 5

static const struct {
    const char *name;
    Step steps[N_STEPS];
    const char *class_id, *remembered;
} stories[] = {
    { "as known", { { TELNET, .has = { KNOWN } }, { TELNET, .has = { KNOWN } } },
      "open-telnet",
      "asn expected 2, banner expected 2, ip expected 2, port expected 2, timestamp expected 2, " },
    { "new at first sight, and warned of once",
      { { TELNET, .has = { KNOWN, "tls" }, NEW("tls") }, { TELNET, .has = { KNOWN, "TLS" } } },
      "open-telnet",
      "asn expected 2, banner expected 2, ip expected 2, port expected 2, timestamp expected 2, "
      "tls new 2, " },
    { "missing at first sight, and once; it comes back and is lost again",
      { { TELNET, .has = { "asn", "ip", "timestamp", "port" }, MISSING("banner") },
        { TELNET, .has = { "asn", "ip", "timestamp", "port" } }, { TELNET, .has = { KNOWN } },
        { TELNET, .has = { "asn", "ip", "timestamp", "port" } } }, "open-telnet",
      "asn expected 4, banner missing 1, ip expected 4, port expected 4, timestamp expected 4, " },
    { "a new one that is lost again",
      { { TELNET, .has = { KNOWN, "tls" }, NEW("tls") },
        { TELNET, .has = { KNOWN }, MISSING("tls") },
        { TELNET, .has = { KNOWN } } }, "open-telnet",
      "asn expected 3, banner expected 3, ip expected 3, port expected 3, timestamp expected 3, "
      "tls missing 1, " },
    { "an alias is no drift, an optional column may lack",
      { { "Offene Memcached-Server", .has = { "asn", "ip", "timestamp", "version", "proto" } },
        { SSDP },
        { "Offene SSDP-Dienste", .has = { "asn", "ip", "timestamp", "port", "ssdp_server" } },
        { SSDP } },
      NULL,
      "asn expected 1, ip expected 1, memcached_version expected 1, proto expected 1, "
      "timestamp expected 1, "
      "asn expected 3, ip expected 3, port expected 1, ssdp_server expected 3, "
      "timestamp expected 3, " },
    { "of a class without known columns the first report tells",
      { { "Verwundbare n8n-Server", .has = { "asn", "ip", "timestamp", "cve" } },
        { "Verwundbare n8n-Server", .has = { "asn", "ip", "timestamp", "path" },
          "class vulnerable-n8n: column \"path\" is new; "
          "class vulnerable-n8n: column \"cve\" is missing" } }, "vulnerable-n8n",
      "asn expected 2, cve missing 1, ip expected 2, path new 1, timestamp expected 2, " },
    { "a lost address or time column holds the report, and is told",
      { { TELNET, .has = { "asn", "address", "timestamp", "port", "banner" },
          MISSING("ip") "; " NEW("address"), .status = "held" },
        { TELNET, .has = { "asn", "ip", "port", "banner" },
          MISSING("timestamp") "; " MISSING("address"),
          .status = "held" } }, "open-telnet",
      "address missing 1, asn expected 2, banner expected 2, ip expected 1, port expected 2, "
      "timestamp missing 1, " },
    { "only proven reports teach",
      { { TELNET, .has = { KNOWN }, .stranger = TRUE },
        { TELNET, .has = { KNOWN, "evil" }, .stranger = TRUE },
        { TELNET, .has = { KNOWN, "evil" }, .part_only = TRUE } }, "open-telnet", "" },
    { "but one whose columns are its class's may have an unproven title",
      { { TELNET, .has = { KNOWN }, .part_only = TRUE } }, "open-telnet",
      "asn expected 1, banner expected 1, ip expected 1, port expected 1, timestamp expected 1, " },
    { "the same report again is not counted",
      { { TELNET, .has = { KNOWN } },
        { TELNET, .has = { KNOWN }, .again = TRUE, .status = "duplicate" } },
      "open-telnet",
      "asn expected 1, banner expected 1, ip expected 1, port expected 1, timestamp expected 1, " },
    { "nothing is learnt of a class that is not known",
      { { "Verwundbare Toaster", .has = { "asn", "ip", "timestamp", "slots" }, .status = "held" } },
      NULL, "" },
};

static void test_stories(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        FixtureWorld world;
        set_up(&world, LIVE);
        for (guint s = 0; s < N_STEPS && stories[i].steps[s].title != NULL; s++) {
            g_test_message("%s: mail %u", stories[i].name, s + 1);
            record_step(&world, s + 1 - stories[i].steps[s].again, &stories[i].steps[s], NULL);
        }
        check_remembered(world.ledger, stories[i].class_id, stories[i].remembered);
        fixture_tear_down(&world);
    }
}

/* A report that is run again was learnt of when it came. */
static void test_released(void)
{
    static const Step held = { ZYXEL, .status = "held" };
    static const Step again = { ZYXEL, .status = "held", .person = "eva" };
    FixtureWorld world;

    set_up(&world, LIVE);
    record_step(&world, 1, &held, NULL);
    g_autofree char *id = maker_value(world.ledger, LEDGER_REPORTS, NULL, "id");
    record_step(&world, 1, &again, id);
    check_remembered(world.ledger, "manual-vulnerable-zyxel",
                     "asn expected 1, ip expected 1, timestamp expected 1, ");
    fixture_tear_down(&world);
}

/* A column's name is kept up to DRIFT_NAME_MAX bytes, and never through a character. */
static void test_long_names(void)
{
    for (guint above = 0; above < 3; above++) {
        g_autofree char *long_name = g_strnfill(DRIFT_NAME_MAX - 1, 'a');
        g_autofree char *name
            = g_strconcat(long_name, above == 2 ? "\xc3\xa4" : above == 1 ? "bc" : "b", NULL);
        g_autofree char *kept = g_strconcat(long_name, above == 2 ? "" : "b", NULL);
        g_autofree char *drift
            = g_strdup_printf("class open-telnet: column \"%s\" is new", kept);
        const Step step = { TELNET, .has = { KNOWN, name }, drift };
        FixtureWorld world;

        set_up(&world, LIVE);
        record_step(&world, 1, &step, NULL);
        fixture_tear_down(&world);
    }
}

static LedgerTransaction *begin(Ledger *ledger, guint n)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *digest = g_strdup_printf("d%u", n);
    const Made made = { .ticket = "CB-Report#20250212-10000001", .digest = digest };
    const LedgerReport report = maker_report(&made);
    LedgerOutcome outcome;
    LedgerTransaction *transaction = ledger_begin(ledger, &report, NULL, "", &outcome, &error);
    g_assert_no_error(error);
    return transaction;
}

/* LEDGER_COLUMNS_MAX, and one more. */
static void test_many_columns(MakerWorld *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
    (void)data;

    for (guint i = 0; i <= LEDGER_COLUMNS_MAX; i++) {
        g_autofree char *name = g_strdup_printf("c%u", i);
        const LedgerColumn columns[] = { { .name = "ip", .present = TRUE, .expected = TRUE },
                                         { .name = name, .present = TRUE } };
        g_autoptr(LedgerTransaction) transaction = begin(world->ledger, i);
        ledger_learn_columns(transaction, "c", columns, 2, drift, &error);
        g_assert_no_error(error);
        ledger_commit(transaction, 0, "handled", REPORT_DONE, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_DRIFT, "c"), ==,
                         MIN(i + 2, LEDGER_COLUMNS_MAX));
    }
    /* All but ip were new once, and all but the last of these missing once. */
    g_assert_cmpuint(drift->len, ==, LEDGER_COLUMNS_MAX - 1 + LEDGER_COLUMNS_MAX - 1);
}

/* Nothing is learnt by a transaction that is not committed. */
static void test_aborted(MakerWorld *world, gconstpointer data)
{
    static const LedgerColumn column = { .name = "ip", .present = TRUE, .expected = TRUE };
    g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    (void)data;

    LedgerTransaction *transaction = begin(world->ledger, 1);
    ledger_learn_columns(transaction, "c", &column, 1, drift, &error);
    g_assert_no_error(error);
    g_assert_true(ledger_class_is_new(transaction, "toaster"));
    ledger_class_told(transaction, "toaster", &error);
    g_assert_no_error(error);
    g_assert_false(ledger_class_is_new(transaction, "toaster"));
    ledger_abort(transaction);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_DRIFT, NULL), ==, 0);
    transaction = begin(world->ledger, 2);
    g_assert_true(ledger_class_is_new(transaction, "toaster"));
    ledger_abort(transaction);
}

/* ---- classes that nobody knows */

#define STRANGE "No class is known for this title"

static char *desk_mail(const FixtureWorld *world)
{
    g_autofree char *customer = maker_value(world->ledger, LEDGER_NOTICES, NULL, "customer");
    if (customer != NULL && *customer != '\0')
        return NULL; /* the newest is a customer's */
    return story_notice_text(world, NULL);
}

/* The newest mail in the ledger: is it the desk's, and does it tell of the class? */
static void check_told(const FixtureWorld *world, gboolean mail, gboolean told)
{
    g_autofree char *text = desk_mail(world);
    g_assert_true((text != NULL) == mail);
    if (mail)
        g_assert_true((strstr(text, STRANGE) != NULL) == told);
}

#define TOASTER "Verwundbare Toaster"
#define TOAST { "asn", "ip", "timestamp" }

static void test_told_once(void)
{
    static const struct {
        const char *name, *extra;
        Step step;
        gboolean mail, told;        /* the first time */
        gboolean mail_again, again; /* the second time */
    } cases[] = {
        { "notify: a mail, and none again", NOTIFY, { TOASTER, .has = TOAST }, TRUE, TRUE, FALSE,
          FALSE },
        { "hold: a line in the mail", LIVE, { TOASTER, .has = TOAST, .status = "held" }, TRUE,
          TRUE, TRUE, FALSE },
        { "a known class without template", LIVE,
          { ZYXEL, .status = "held" }, TRUE, FALSE, TRUE, FALSE },
        { "who holds it himself is not told", NOTIFY,
          { TOASTER, .has = TOAST, .status = "held", .person = "eva" }, FALSE, FALSE, FALSE,
          FALSE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        FixtureWorld world;
        g_test_message("%s", cases[i].name);
        set_up(&world, cases[i].extra);
        record_step(&world, 1, &cases[i].step, NULL);
        if (cases[i].mail || maker_count(world.ledger, LEDGER_NOTICES, NULL) > 0)
            check_told(&world, cases[i].mail, cases[i].told);
        record_step(&world, 2, &cases[i].step, NULL);
        if (cases[i].mail_again || maker_count(world.ledger, LEDGER_NOTICES, NULL) > 0)
            check_told(&world, cases[i].mail_again, cases[i].again);
        fixture_tear_down(&world);
    }
}

/* When nobody was told, the next report of the class tells. */
static void test_told_later(void)
{
    static const Step by_eva = { TOASTER, .has = TOAST, .status = "held", .person = "eva" };
    static const Step next = { TOASTER, .has = TOAST };
    FixtureWorld world;

    set_up(&world, NOTIFY);
    record_step(&world, 1, &by_eva, NULL);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, NULL), ==, 0);
    record_step(&world, 2, &next, NULL);
    check_told(&world, TRUE, TRUE);
    fixture_tear_down(&world);
}

/* LEDGER_CLASSES_MAX of them, and one more. */
static void test_many_classes(void)
{
    for (guint above = 0; above < 2; above++) {
        static const Step step = { TOASTER, .has = TOAST };
        g_autofree char *told = g_strdup_printf("%u", LEDGER_CLASSES_MAX - 1 + above);
        FixtureWorld world;

        set_up(&world, NOTIFY);
        g_assert_true(ledger_set(world.ledger, "unknown-classes", told, NULL));
        record_step(&world, 1, &step, NULL);
        check_told(&world, above == 0, above == 0);
        fixture_tear_down(&world);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/drift/stories", test_stories);
    g_test_add_func("/drift/released", test_released);
    g_test_add_func("/drift/long-names", test_long_names);
    g_test_add("/drift/many-columns", MakerWorld, NULL, maker_set_up, test_many_columns,
               maker_tear_down);
    g_test_add("/drift/aborted", MakerWorld, NULL, maker_set_up, test_aborted, maker_tear_down);
    g_test_add_func("/class/told-once", test_told_once);
    g_test_add_func("/class/told-later", test_told_later);
    g_test_add_func("/class/many", test_many_classes);
    return g_test_run();
}
