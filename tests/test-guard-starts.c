/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Where rows seem to begin: of GUARD_STARTS_MAX places that imitate them the last may be the one,
 * behind more the notice is held.  So it is for each form, and for rows that are attached, too. */
#include "attachment.h"
#include "guard-shapes.h"
#include "guard.h"
#include "mail-maker.h"
#include "notice.h"
#include "rows-csv.h"
#include "rows-text.h"

#include <string.h>

#define TIME "2025-02-11 11:10:25"
#define N 2 /* the customer's rows; the third is somebody else's */

static const char *const columns[] = { "ip", "timestamp", "port", NULL };
static const guint shown_columns[] = { 0, 2 };
static const guint32 own[N] = { 0, 1 }, others[] = { 2 };
static const char *const languages[] = { "en", NULL };

static Report *make_report(void)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    const MailOptions options = { .title = "Offene Telnet-Server", .columns = columns,
                                  .rows = rows };
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(rows, mail_row("192.0.2.1", TIME, "23", NULL));
    g_ptr_array_add(rows, mail_row("192.0.2.2", TIME, "24", NULL));
    g_ptr_array_add(rows, mail_row("192.0.2.3", TIME, "25", NULL));
    g_autoptr(GBytes) bytes = mail_make(&options);
    g_autoptr(Message) message = message_parse(bytes, &error);
    Report *report = report_read(message, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(report->n_events, ==, N + 1);
    return report;
}

/* Takes text, which gets these rows in this form at its end. */
static gboolean passes(const Report *report, GString *text, const char *form, const guint32 *rows,
                       guint n, gboolean attached)
{
    static const char *const to[] = { "noc@kunde.example.net", NULL };
    const RowsCsv plain = { FALSE, FALSE };
    const RowsText options = { form, 0, languages, NULL };
    NoticeHead head = { .from = "abuse@example.org", .to = to, .subject = "s",
                        .message_id = "<a@example.org>" };
    g_autoptr(Guard) guard = guard_new(report);
    g_autoptr(GError) error = NULL;

    if (n > 0)
        rows_text(text, report->table, rows, n, shown_columns, 2, &options);
    if (attached) {
        GString *file = rows_csv(report->table, own, N, shown_columns, 2, &plain);
        head.files = attachments_new();
        g_ptr_array_add(head.files, attachment_new("text/csv", g_strdup("rows.csv"), file));
    }
    g_autoptr(GBytes) notice = notice_write(&head, text, &error);
    g_assert_no_error(error);
    return guard_check(guard, notice, own, N, shown_columns, 2, NULL);
}

static GString *repeat(const char *what, guint n)
{
    GString *text = g_string_new("Hello,\n\n");

    for (guint i = 0; i < n; i++)
        g_string_append(text, what);
    return text;
}

/* n places that imitate the begin, and then the rows. */
static void test_limit(void)
{
    static const struct {
        const char *form, *imitation;
        gboolean attached;
    } cases[] = {
        { "csv", "\"ip\",\"port\"\n\nx\n\n", FALSE },
        { "csv", "\"ip\",\"port\"\n\nx\n\n", TRUE },
        { "table", "---------  ----\n\nx\n\n", FALSE },
        { "labels", "IP address: 192.0.2.1\nPort: 23\n\nx\n\n", FALSE },
    };
    g_autoptr(Report) report = make_report();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        for (guint more = 0; more < 2; more++) {
            GString *text = repeat(cases[i].imitation, GUARD_STARTS_MAX - 1 + more);
            g_test_message("%s, %s", cases[i].form, cases[i].attached ? "attached, too" : "alone");
            g_assert_true(passes(report, text, cases[i].form, own, N, cases[i].attached)
                          == (more == 0));
        }
}

/* Colons that could divide label and cell. */
static void test_colons(void)
{
    g_autoptr(Report) report = make_report();

    for (guint more = 0; more < 2; more++) {
        GString *text = g_string_new("Hello,\n\n");
        for (guint row = 0; row < N; row++) {
            g_string_append_printf(text, "%sIP address: 192.0.2.%u\n", row > 0 ? "\n" : "", row + 1);
            for (guint i = 0; i < GUARD_STARTS_MAX - 1 + more; i++)
                g_string_append(text, "a: ");
            g_string_append_printf(text, "Port: %u\n", 23 + row);
        }
        g_assert_true(passes(report, text, "csv", NULL, 0, FALSE) == (more == 0));
    }
}

/* Attached rows make none of the text right that are somebody else's, at whichever place. */
static void test_attached(void)
{
    static const struct {
        const char *before;
        const guint32 *rows;
        guint n;
        gboolean want;
    } cases[] = {
        { "", own, N, TRUE },
        { "", NULL, 0, TRUE },
        { "\"ip\",\"port\"\n\n", own, N, TRUE },
        { "\"ip\",\"port\"\n\"192.0.2.1\",\"23\"\n\n", own, N, TRUE },
        { "\"ip\",\"port\"\n\n", NULL, 0, FALSE },
        { "\"ip\",\"port\"\n\n", own, 1, FALSE },
        { "\"ip\",\"port\"\n\n", others, 1, FALSE },
        { "\"ip\",\"port\"\n\"192.0.2.3\",\"25\"\n\n", own, N, FALSE },
        { "", others, 1, FALSE },
    };
    g_autoptr(Report) report = make_report();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%u", i);
        g_assert_true(passes(report, g_string_new(cases[i].before), "csv", cases[i].rows,
                             cases[i].n, TRUE)
                      == cases[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/guard-starts/limit", test_limit);
    g_test_add_func("/guard-starts/colons", test_colons);
    g_test_add_func("/guard-starts/attached", test_attached);
    return g_test_run();
}
