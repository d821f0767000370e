/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Notices that other threads write ahead: the same, in the same order, as without. */
#include "fixture.h"
#include "hex.h"
#include "mail-maker.h"
#include "notices.h"

#include <string.h>

#define CUSTOMERS 300 /* more than may be ahead */
#define ROWS 3        /* of each */
#define NAMES_ANOTHER 133 /* his name is an address of customer 0's */

/* 198.18.0.0/15: customer i has 198.18.i/2.128*i... */
static void append_address(GString *text, guint customer, guint row)
{
    g_string_append_printf(text, "198.18.%u.%u", customer / 10, customer % 10 * 20 + row);
}

static char *customers_csv(void)
{
    GString *csv = g_string_new("network,customer,email,name,language\n");
    for (guint i = 0; i < CUSTOMERS; i++) {
        append_address(csv, i, 0);
        g_string_append_c(csv, '-');
        append_address(csv, i, 19);
        g_string_append_printf(csv, ",k%u,k%u@example.net,%s %u,%s\n", i, i,
                               i == NAMES_ANOTHER ? "198.18.0.0" : "M\xc3\xbcller", i,
                               i % 3 == 0 ? "de" : i % 3 == 1 ? "en" : "de en");
    }
    return g_string_free(csv, FALSE);
}

static GBytes *report(void)
{
    static const char *const columns[] = { "asn", "ip", "timestamp", "port", "banner", NULL };
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint row = 0; row < ROWS; row++)
        for (guint i = 0; i < CUSTOMERS; i++) {
            g_autoptr(GString) address = g_string_new(NULL);
            append_address(address, i, row);
            g_ptr_array_add(rows, mail_row("64496", address->str, "2025-02-11 11:10:25", "23",
                                           "login: ", NULL));
        }
    const MailOptions options = { .columns = columns, .rows = rows };
    return mail_make(&options);
}

/* ---- what the sink was given, as one text */

typedef struct {
    GString *all;
    guint n, fail_at; /* 0: never */
    GThread *thread;
} Got;

static gboolean note(const Notice *notice, gpointer data, GError **error)
{
    Got *got = data;
    gsize size;
    const char *bytes = g_bytes_get_data(notice->bytes, &size);

    g_assert_true(g_thread_self() == got->thread);
    g_string_append_printf(got->all, "%s %s %s %u %s %s\n", notice->id, notice->reference,
                           notice->customer.id, notice->n_events, notice->subject,
                           notice->held != NULL ? notice->held : "");
    g_string_append_len(got->all, bytes, (gssize)size);
    if (++got->n != got->fail_at)
        return TRUE;
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "full");
    return FALSE;
}

static gboolean ask(const char *reference G_GNUC_UNUSED, gpointer data)
{
    g_assert_true(g_thread_self() == ((Got *)data)->thread);
    return FALSE;
}

typedef struct {
    Snapshot *snapshot;
    Secret *secret;
    char *directory;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *customers = customers_csv();
    fixture->directory = fixture_directory();
    fixture->snapshot = fixture_snapshot(fixture->directory, "", customers);
    fixture->secret = secret_dummy();
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    snapshot_unref(fixture->snapshot);
    secret_free(fixture->secret);
    fixture_remove(fixture->directory);
}

/* Everything that making the notices gives, as one text. */
static char *make(const Fixture *fixture, guint threads, guint fail_at)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) mail = report();
    g_autoptr(Decision) decision
        = decide(fixture->snapshot, mail, &fixture_client, 1739354227, VOUCHED_WHOLE, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    guint n = decision->report->n_events;
    g_assert_cmpuint(n, ==, CUSTOMERS * ROWS);
    g_autofree guint8(*digests)[REPORT_DIGEST_SIZE] = g_malloc0_n(n, sizeof *digests);
    Got got = { g_string_new(NULL), 0, fail_at, g_thread_self() };
    const NoticeOrder order = { .secret = fixture->secret, .now = 1739354227, .sink = note,
                                .data = &got, .problems = problems, .threads = threads,
                                .memory = { .reference_taken = ask, .data = &got },
                                .event_digests = digests };
    gboolean done = notices_make(decision, &order, &error);
    g_assert_cmpint(done, ==, fail_at == 0);
    g_assert_cmpuint(got.n, ==, fail_at > 0 ? fail_at : CUSTOMERS);
    for (guint i = 0; fail_at == 0 && i < n; i++) {
        char text[2 * REPORT_DIGEST_SIZE + 1];
        g_string_append_printf(got.all, "%d ", decision->assignment->fates[i].fate);
        hex_format(digests[i], REPORT_DIGEST_SIZE, text);
        g_string_append(got.all, text);
    }
    for (guint i = 0; fail_at == 0 && i < problems->len; i++)
        g_string_append(got.all, g_ptr_array_index(problems, i));
    if (fail_at == 0)
        g_assert_cmpuint(problems->len, ==, 1); /* another's address */
    return g_string_free(got.all, FALSE);
}

static void test_same(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *alone = make(fixture, 0, 0);
    for (guint threads = 1; threads <= NOTICES_THREADS_MAX + 1; threads++) {
        g_autofree char *together = make(fixture, threads, 0);
        g_assert_true(strcmp(alone, together) == 0);
    }
    g_assert_nonnull(strstr(alone, "is held: the text names a system"));
}

/* What was written ahead when the ledger fails is dropped. */
static void test_sink_fails(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const guint fail_at[] = { 1, 2, NOTICES_AHEAD / 2, NOTICES_AHEAD, NOTICES_AHEAD + 1,
                                     CUSTOMERS };
    for (guint i = 0; i < G_N_ELEMENTS(fail_at); i++) {
        g_autofree char *alone = make(fixture, 0, fail_at[i]);
        g_autofree char *together = make(fixture, 2, fail_at[i]);
        g_assert_cmpstr(alone, ==, together);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add("/notices/same-with-threads", Fixture, NULL, set_up, test_same, tear_down);
    g_test_add("/notices/sink-fails", Fixture, NULL, set_up, test_sink_fails, tear_down);
    return g_test_run();
}
