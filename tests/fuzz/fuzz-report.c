/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A mail -> message, signed part, report: the laws of reading.  Events are there only
 * without doubt, each is its row's, its address that of the column "ip", and a mail that
 * a writer makes of the rows is read as the same rows. */
#include "fuzz.h"

#include "events.h"
#include "mail-maker.h"
#include "mailbox.h"
#include "report.h"

#include <string.h>

static void check_event(const Report *report, guint i)
{
    const Event *event = &report->events[i];
    const char *text = report_address_text(report, i);
    Address address;
    gboolean readable = address_parse(text, strlen(text), &address);

    g_assert_true(readable ? address_equal(&address, &event->address)
                           : address_equal(&(Address){ { 0 } }, &event->address));
    if (report->account_column >= 0)
        g_assert_cmpint(event->unreadable, !=, mailbox_valid(report_account(report, i)));
    else
        g_assert_cmpint(event->unreadable, !=, readable);
    g_assert_true(event->time_certainty != WHEN_NONE || event->time == 0);
}

static void check_lines(const Report *report)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    guint n = 0;

    events_append(lines, "input", report);
    for (const char *lf = lines->str; (lf = strchr(lf, '\n')) != NULL; lf++)
        n++;
    g_assert_cmpuint(n, ==, report->n_events - report->n_unreadable);
}

static void check_rows(const Report *report)
{
    guint unreadable = 0;

    g_assert_nonnull(report->events);
    g_assert_cmpuint(report->n_events, >, 0);
    g_assert_cmpuint(report->n_events, ==, table_n_rows(report->table));
    for (guint i = 0; i < report->n_events; i++) {
        check_event(report, i);
        unreadable += report->events[i].unreadable;
    }
    g_assert_cmpuint(report->n_unreadable, ==, unreadable);
    g_assert_cmpuint((guint64)unreadable * 100, <=,
                     (guint64)report->n_events * REPORT_UNREADABLE_PERCENT);
    check_lines(report);
    fuzz_check_table(report->table);
}

static void check_none(const Report *report)
{
    g_autoptr(GString) why = g_string_new(NULL);

    g_assert_cmpuint(report->n_events, ==, 0);
    g_assert_cmpuint(report->n_unreadable, ==, 0);
    g_assert_null(report->events);
    g_assert_null(report->table);
    events_explain(why, "input", report);
    g_assert_cmpuint(why->len, >, 0);
    g_assert_true(report->doubt == NULL
                  || (g_utf8_validate(report->doubt, -1, NULL)
                      && strpbrk(report->doubt, "\r\n") == NULL));
}

static Report *check_report(Message *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Report) report = report_read(message, &error);

    fuzz_check_error(error, report);
    if (report == NULL)
        return NULL;
    g_assert_true(report->quote_de == NULL || strlen(report->quote_de) <= REPORT_QUOTE_MAX);
    g_assert_true(report->quote_en == NULL || strlen(report->quote_en) <= REPORT_QUOTE_MAX);
    if (report->doubt != NULL || report->unread) {
        check_none(report);
        return NULL;
    }
    check_rows(report);
    return g_steal_pointer(&report);
}

/* Only what has the columns of the automated family can be written as such. */
static gboolean has_usual_columns(const Report *report)
{
    return table_find_column(report->table, "ip") == (int)report->address_column
        && report->time_column >= 0
        && table_find_column(report->table, "timestamp") == report->time_column;
}

static void check_again(const Report *report, MailPlace place)
{
    guint n = table_n_columns(report->table);
    g_autofree guint *columns = g_new(guint, n);
    g_autoptr(GString) table = g_string_new(NULL);
    g_autofree char *want = report_digest(report);

    for (guint i = 0; i < n; i++)
        columns[i] = i;
    for (gint64 row = -1; row < report->n_events; row++)
        table_append_csv(report->table, table, row, columns, n);
    g_autoptr(GBytes) bytes = mail_make(&(MailOptions){ .table = table->str, .place = place });
    g_autoptr(Message) message = message_parse(bytes, NULL);
    g_assert_nonnull(message);
    g_autoptr(Report) report_again = report_read(message, NULL);
    g_assert_cmpstr(report_again->doubt, ==, NULL);
    g_autofree char *got = report_digest(report_again);
    g_assert_cmpstr(got, ==, want);
}

static void check_parts(Message *message)
{
    g_assert_cmpuint(message_n_parts(message), <=, MESSAGE_PARTS_MAX);
    for (guint i = 0; i < message_n_parts(message); i++) {
        g_autoptr(GError) error = NULL, no_bytes = NULL;
        gsize length;
        g_autofree char *text = message_part_text(message, i, &length, &error);
        g_autoptr(GBytes) bytes = message_part_bytes(message, i, &no_bytes);

        fuzz_check_error(error, text);
        fuzz_check_error(no_bytes, bytes);
        g_assert_true(text == NULL
                      || (strlen(text) == length && g_utf8_validate_len(text, length, NULL)
                          && strchr(text, '\r') == NULL));
    }
}

static void check_fields(Message *message)
{
    static const char *const names[] = { "From", "Subject", "Message-ID", "Content-Type" };
    gint64 time;

    for (guint i = 0; i < message_n_headers(message); i++)
        g_assert_true(g_utf8_validate(message_header_at(message, i), -1, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *value = message_header(message, names[i]);
        g_assert_cmpint(value != NULL, ==, message_header_count(message, names[i]) > 0);
        g_assert_true(value == NULL || g_utf8_validate(value, -1, NULL));
    }
    message_date(message, &time);
    const char *from = message_raw_header(message, "From", 0);
    g_autofree char *address = from != NULL ? message_first_address(from) : NULL;
    g_assert_true(address == NULL || strchr(address, '@') != NULL);
}

/* Of a signed part: its bytes stand in the mail, and rows are read of it as of any. */
static void check_signed(Message *message)
{
    g_autoptr(GError) error = NULL, unread = NULL;
    g_auto(SignedPart) part = { .bytes = NULL };
    g_autoptr(GBytes) all = message_bytes(message);
    gsize size, part_size;
    const char *data = g_bytes_get_data(all, &size);

    if (!message_signed_part(message, &part, &error)) {
        fuzz_check_error(error, NULL);
        return;
    }
    const char *part_data = g_bytes_get_data(part.bytes, &part_size);
    g_assert_true(part_data >= data && part_data + part_size <= data + size);
    g_assert_nonnull(part.signature);
    g_autoptr(Message) inner = message_of_signed_part(message, part.bytes, &unread);
    fuzz_check_error(unread, inner);
    if (inner != NULL) {
        g_autoptr(Report) report = check_report(inner);
        g_assert_true(report == NULL || report->events != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GBytes) crlf = message_crlf(bytes);

    fuzz_messages();
    g_autoptr(Message) message = message_parse(crlf, &error);
    fuzz_check_error(error, message);
    if (message == NULL)
        return 0;
    check_fields(message);
    check_parts(message);
    check_signed(message);
    g_autoptr(Report) report = check_report(message);
    if (report != NULL && report->account_column < 0 && report->n_unreadable == 0
        && has_usual_columns(report)) {
        check_again(report, MAIL_INLINE);
        check_again(report, MAIL_ATTACHED);
    }
    return 0;
}
