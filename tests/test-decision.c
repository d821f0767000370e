/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What happens to a mail: the rows of the design's table that make no use of the
 * ledger. */
#include "decision.h"

#include "desk.h"
#include "fixture.h"
#include "mail-maker.h"

#include <string.h>
#include <utime.h>

#define SENT 1739354227 /* 2025-02-12 09:57:07 UTC, as mail-maker writes it */
#define DAY (24 * 3600)

static const char customers_csv[] = "network,customer,email,deliver\n"
                                    "192.0.2.0/28,anna,anna@example.net,\n"
                                    "192.0.2.16/28,berta,berta@example.net,\n"
                                    "192.0.2.32/28,carl,carl@example.net,hold\n";

typedef struct {
    const char *name;
    const char *extra;        /* of the config */
    const char *title;        /* NULL: open-telnet's */
    const char *addresses[4]; /* rows */
    gboolean stranger;        /* the client is not in clients= */
    gint64 now;               /* 0: one day after it was sent */
    const char *ticket;       /* NULL: an automated one */
    const char *below;        /* of mail-maker */
    Status status;
    guint notified, held;
    const char *reason; /* part of it */
} Case;

#define LIVE                                                                                       \
    "[notices]\nmode=live\nfrom=a@example.org\nreply-to=a@example.org\n"                           \
    "envelope-from=a@example.org\ndesk=desk@lab.example.org\n"

static const Case cases[] = {
    { "all assigned", LIVE, NULL, { "192.0.2.1", "192.0.2.17" }, .status = STATUS_HANDLED,
      .notified = 2, .reason = "" },
    { "one row is nobody's", LIVE, NULL, { "192.0.2.1", "198.51.100.1" },
      .status = STATUS_ATTENTION, .notified = 1, .reason = "" },
    { "one row is held", LIVE, NULL, { "192.0.2.1", "192.0.2.33" }, .status = STATUS_ATTENTION,
      .notified = 1, .held = 1, .reason = "" },
    { "not from a client of ours", LIVE, NULL, { "192.0.2.1" }, .stranger = TRUE,
      .status = STATUS_UNVERIFIED, .reason = "none of clients=" },
    { "a manual report", LIVE, NULL, { "192.0.2.1" }, .ticket = "CERT-Bund#2021032128001112",
      .status = STATUS_HELD, .held = 1, .reason = "a manual report: look at it, then release" },
    { "a manual report of an unknown class", LIVE, "Verwundbare Toaster", { "192.0.2.1" },
      .ticket = "CERT-Bund#2021032128001112", .status = STATUS_HELD, .held = 1,
      .reason = "a manual report" },
    { "a manual report in doubt", LIVE, NULL, { "x" }, .ticket = "CERT-Bund#2021032128001112",
      .status = STATUS_UNREAD, .reason = "is a header, but" },
    { "an old manual report", LIVE, NULL, { "192.0.2.1" }, .ticket = "CERT-Bund#2021032128001112",
      .now = SENT + 14 * DAY + 1, .status = STATUS_OLD, .held = 1, .reason = "14 days ago" },
    { "exactly max-age old", LIVE, NULL, { "192.0.2.1" }, .now = SENT + 14 * DAY,
      .status = STATUS_HANDLED, .notified = 1, .reason = "" },
    { "one second older", LIVE, NULL, { "192.0.2.1" }, .now = SENT + 14 * DAY + 1,
      .status = STATUS_OLD, .held = 1, .reason = "14 days ago" },
    { "a day from the future", LIVE, NULL, { "192.0.2.1" }, .now = SENT - DAY,
      .status = STATUS_HANDLED, .notified = 1, .reason = "" },
    { "more than a day from the future", LIVE, NULL, { "192.0.2.1" }, .now = SENT - DAY - 1,
      .status = STATUS_HELD, .held = 1, .reason = "future" },
    { "a class without a template", LIVE, "Verwundbare Toaster", { "192.0.2.1" },
      .status = STATUS_HELD, .held = 1, .reason = "no template for class verwundbare-toaster" },
    { "the same with unknown-class=notify", "unknown-class=notify\n" LIVE, "Verwundbare Toaster", { "192.0.2.1" },
      .status = STATUS_HANDLED, .notified = 1, .reason = "" },
    { "marked TLP:AMBER", LIVE, "Offene Telnet-Server [TLP:AMBER]", { "192.0.2.1" },
      .status = STATUS_HELD, .held = 1, .reason = "TLP:AMBER: not to be passed on" },
    { "marked TLP:GREEN", LIVE, "Offene Telnet-Server [TLP:GREEN]", { "192.0.2.1" },
      .status = STATUS_HANDLED, .notified = 1, .reason = "" },
    { "in doubt", LIVE, NULL, { "192.0.2.1" }, .below = "", .status = STATUS_HELD,
      .reason = "" },
    { "as many customers as the brake lets pass", LIVE "brake-customers=2\n", NULL,
      { "192.0.2.1", "192.0.2.17" }, .status = STATUS_HANDLED, .notified = 2, .reason = "" },
    { "one more", LIVE "brake-customers=1\n", NULL, { "192.0.2.1", "192.0.2.17" },
      .status = STATUS_HELD, .held = 2, .reason = "brake-customers=1" },
    { "the brake is for mail that leaves", "[notices]\nbrake-customers=1\n", NULL,
      { "192.0.2.1", "192.0.2.17" }, .status = STATUS_HANDLED, .notified = 2, .reason = "" },
    { "brake-customers=0 is none", LIVE "brake-customers=0\n", NULL,
      { "192.0.2.1", "192.0.2.17" }, .status = STATUS_HANDLED, .notified = 2, .reason = "" },
};

static Decision *decide_case(const Case *c, const char *directory, gboolean vouched)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    static const Address stranger = { { 0x20, 0x01, 0x0d, 0xb8 } };
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(c->addresses) && c->addresses[i] != NULL; i++)
        g_ptr_array_add(rows, mail_row("64496", c->addresses[i], "2025-02-11 11:10:25", NULL));
    const MailOptions options
        = { .ticket = c->ticket != NULL ? c->ticket : "CB-Report#20250212-10000001",
            .title = c->title != NULL ? c->title : "Offene Telnet-Server", .scope = "AS64496",
            .rows = rows, .below = c->below };
    g_autoptr(GBytes) bytes = mail_make(&options);
    g_autoptr(Snapshot) snapshot = fixture_snapshot(directory, c->extra, customers_csv);
    Decision *decision = decide(snapshot, bytes, c->stranger ? &stranger : &fixture_client,
                                c->now != 0 ? c->now : SENT + DAY,
                                vouched ? VOUCHED_WHOLE : VOUCHED_BY_NOBODY, &error);
    g_assert_no_error(error);
    return decision;
}

static void test_cases(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        char *directory = fixture_directory();
        g_autoptr(Decision) decision = decide_case(c, directory, FALSE);
        const Assignment *assignment = decision->assignment;
        g_test_message("%s: %s", c->name, decision->reason);
        g_assert_cmpstr(status_name(decision->status), ==, status_name(c->status));
        g_assert_cmpuint(assignment != NULL ? assignment->counts[FATE_NOTIFIED] : 0, ==,
                         c->notified);
        g_assert_cmpuint(assignment != NULL ? assignment->counts[FATE_HELD] : 0, ==, c->held);
        if (c->reason != NULL && *c->reason != '\0')
            g_assert_nonnull(strstr(decision->reason, c->reason));
        fixture_remove(directory);
    }
}

/* A person who vouches sees the notices all the same, and what stood against it. */
static void test_vouched(void)
{
    static const Case old_stranger
        = { "vouched", LIVE "brake-customers=1\n", "Offene Telnet-Server [TLP:RED]",
            { "192.0.2.1", "192.0.2.17" }, .stranger = TRUE, .now = SENT + 100 * DAY };
    char *directory = fixture_directory();
    g_autoptr(Decision) decision = decide_case(&old_stranger, directory, TRUE);
    g_assert_cmpuint(decision->assignment->n_groups, ==, 2);
    g_assert_cmpuint(decision->obstacles->len, ==, 4);
    g_assert_true(g_str_has_prefix(decision->obstacles->pdata[0], "unverified: "));
    g_assert_true(g_str_has_prefix(decision->obstacles->pdata[1], "old: "));
    g_assert_true(g_str_has_prefix(decision->obstacles->pdata[2], "held: TLP:RED"));
    g_assert_true(g_str_has_prefix(decision->obstacles->pdata[3], "held: 2 customers"));
    fixture_remove(directory);
}

/* Release, with and without a template of its class: the notices are made. */
static void test_manual_released(void)
{
    static const char *const titles[] = { "Offene Telnet-Server", "Verwundbare Toaster" };
    for (guint i = 0; i < G_N_ELEMENTS(titles); i++) {
        const Case manual = { "manual", LIVE, titles[i], { "192.0.2.1" },
                              .ticket = "CERT-Bund#2021032128001112" };
        char *directory = fixture_directory();
        g_autoptr(Decision) decision = decide_case(&manual, directory, TRUE);
        g_assert_cmpstr(status_name(decision->status), ==, "handled");
        g_assert_cmpuint(decision->assignment->counts[FATE_NOTIFIED], ==, 1);
        g_assert_cmpuint(decision->obstacles->len, ==, 1);
        g_assert_true(g_str_has_prefix(decision->obstacles->pdata[0], "held: a manual report"));
        fixture_remove(directory);
    }
}

/* [customers] max-age: a file that nobody wrote for too long holds everything. */
static void test_stale_customers(void)
{
    static const struct {
        gint64 age;
        Status status;
    } ages[] = { { 3600, STATUS_HANDLED }, { 3601, STATUS_HELD } };
    for (guint i = 0; i < G_N_ELEMENTS(ages); i++) {
        char *directory = fixture_directory();
        g_autofree char *config = fixture_config(
            directory, LIVE, customers_csv);
        g_autofree char *text = NULL;
        g_autofree char *csv = g_build_filename(directory, "customers.csv", NULL);
        g_assert_true(g_file_get_contents(config, &text, NULL, NULL));
        g_autoptr(GString) changed = g_string_new(text);
        g_string_replace(changed, "[customers]\n", "[customers]\nmax-age=1h\n", 1);
        fixture_write(directory, "certbund-milter.conf", changed->str);
        struct utimbuf times = { SENT + DAY - ages[i].age, SENT + DAY - ages[i].age };
        g_assert_cmpint(utime(csv, &times), ==, 0);
        g_autoptr(Faults) faults = faults_new();
        g_autoptr(Snapshot) snapshot = snapshot_load(config, TRUE, NULL, faults);
        g_assert_nonnull(snapshot);
        g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
        g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25", NULL));
        const MailOptions options = { .ticket = "CB-Report#20250212-10000001",
                                      .title = "Offene Telnet-Server", .scope = "AS64496",
                                      .rows = rows };
        g_autoptr(GBytes) bytes = mail_make(&options);
        g_autoptr(GError) error = NULL;
            g_autoptr(Decision) decision
            = decide(snapshot, bytes, &fixture_client, SENT + DAY, VOUCHED_BY_NOBODY, &error);
        g_assert_cmpstr(status_name(decision->status), ==, status_name(ages[i].status));
        fixture_remove(directory);
    }
}

static const char *first_error(const Faults *faults)
{
    for (guint i = 0; i < faults_count(faults); i++)
        if (!faults_is_warning(faults, i))
            return faults_text(faults, i);
    return "";
}

/* max-change: a reload may drop 30 % of the networks, not more. */
static void test_max_change(void)
{
    g_autoptr(GString) ten = g_string_new("network,customer,email\n");
    static const struct {
        guint kept;
        gboolean want;
    } kept[] = { { 7, TRUE }, { 6, FALSE } };
    for (guint i = 0; i < 10; i++)
        g_string_append_printf(ten, "192.0.2.%u,k%u,k%u@example.net\n", i, i, i);
    for (guint k = 0; k < G_N_ELEMENTS(kept); k++) {
        char *directory = fixture_directory();
        g_autoptr(Snapshot) before = fixture_snapshot(directory, "", ten->str);
        g_autoptr(Faults) faults = faults_new();
        g_autoptr(GString) fewer = g_string_new("network,customer,email\n");
        for (guint i = 0; i < kept[k].kept; i++)
            g_string_append_printf(fewer, "192.0.2.%u,k%u,k%u@example.net\n", i, i, i);
        g_autofree char *config = fixture_config(directory, "", fewer->str);
        g_autoptr(Snapshot) after = snapshot_load(config, TRUE, before, faults);
        g_assert_true((after != NULL) == kept[k].want);
        if (!kept[k].want)
            g_assert_nonnull(strstr(first_error(faults), "4 of 10 networks are gone"));
        fixture_remove(directory);
    }
}

/* A brand needs its layout, and the fault says which line wants it. */
static void test_brand_without_layout(void)
{
    char *directory = fixture_directory();
    g_autofree char *config
        = fixture_config(directory, "", "network,customer,email,brand\n"
                                        "192.0.2.0/28,anna,anna@example.net,\n"
                                        "192.0.2.16/28,berta,b@example.net,nobrand\n");
    g_autoptr(Faults) faults = faults_new();
    g_assert_null(snapshot_load(config, TRUE, NULL, faults));
    g_assert_cmpuint(faults_errors(faults), ==, 1);
    g_assert_nonnull(strstr(first_error(faults), "customers.csv:3: no layout 'nobrand'"));
    fixture_remove(directory);
}

static guint count(const char *text, const char *word)
{
    const char *end = text + strlen(text);
    guint n = 0;

    /* strstr() would take the length anew each time, under the address sanitizer. */
    for (const char *p = text;
         (p = memmem(p, (gsize)(end - p), word, strlen(word))) != NULL; p += strlen(word))
        n++;
    return n;
}

/* DESK_ROWS_MAX rows that are nobody's are listed, and one more is said to be there. */
static void test_desk_limit(void)
{
    char *directory = fixture_directory();
    g_autoptr(Snapshot) snapshot = fixture_snapshot(directory, LIVE, customers_csv);

    for (guint more = 0; more < 2; more++) {
        g_autoptr(GString) table = g_string_new("ip,timestamp\n");
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) problems = g_ptr_array_new();
        const Delivery delivery = { .problems = problems };

        for (guint i = 0; i < DESK_ROWS_MAX + more; i++)
            g_string_append(table, "198.51.100.1,2025-02-11 11:10:25\n");
        g_autoptr(GBytes) bytes = mail_make(&(MailOptions){ .table = table->str });
        g_autoptr(Decision) decision
            = decide(snapshot, bytes, &fixture_client, SENT + DAY, VOUCHED_BY_NOBODY, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(decision->assignment->counts[FATE_UNASSIGNED], ==, DESK_ROWS_MAX + more);
        g_autoptr(GBytes) mail
            = desk_write(decision, &delivery, "s", "<a@example.org>", SENT, &error);
        g_assert_no_error(error);
        g_autofree char *text = g_strndup(g_bytes_get_data(mail, NULL), g_bytes_get_size(mail));
        g_assert_cmpuint(count(text, "\"198.51.100.1\""), ==, DESK_ROWS_MAX);
        g_assert_cmpuint(count(text, "The list ends here"), ==, more);
    }
    fixture_remove(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/decision/cases", test_cases);
    g_test_add_func("/decision/vouched", test_vouched);
    g_test_add_func("/decision/manual-released", test_manual_released);
    g_test_add_func("/decision/stale-customers", test_stale_customers);
    g_test_add_func("/decision/max-change", test_max_change);
    g_test_add_func("/decision/brand-without-layout", test_brand_without_layout);
    g_test_add_func("/decision/desk-limit", test_desk_limit);
    return g_test_run();
}
