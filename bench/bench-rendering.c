/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Notices of 5 rows from a shipped template, on one core: rendered alone (budget: 20,000 a
 * second), then rendered, written as mail and guarded.  The yardstick in the same run does
 * what no program can spare: libcsv writes the same rows behind a text as long.
 *
 *     bench-rendering [CUSTOMERS] */
#include "fixture.h"
#include "mail-maker.h"
#include "notices.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUSTOMERS 16000 /* 198.18.0.0/15 (RFC 2544) has 16,384 networks of 8 addresses */
#define ROWS 5          /* of each */
#define ROUNDS 5
#define NOW 1739354227

static const char *const languages[] = { "de", "en", "de en" };

static void append_address(GString *text, guint customer, guint row)
{
    guint at = customer * 8 + row;
    g_string_append_printf(text, "198.%u.%u.%u", 18 + at / 65536, at / 256 % 256, at % 256);
}

static char *make_customers(guint n, const char *language)
{
    GString *csv = g_string_new("network,customer,email,name,language\n");
    for (guint i = 0; i < n; i++) {
        append_address(csv, i, 0);
        g_string_append_printf(csv, "/29,k%u,k%u@example.net,M\xc3\xbcller %u,%s\n", i, i, i,
                               language);
    }
    return g_string_free(csv, FALSE);
}

static GBytes *make_report(guint customers)
{
    static const char *const columns[] = { "asn", "ip", "timestamp", "port", "banner", NULL };
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint i = 0; i < customers * ROWS; i++) {
        g_autoptr(GString) address = g_string_new(NULL);
        g_autofree char *time = g_strdup_printf("2025-02-11 11:%02u:%02u", i / 60 % 60, i % 60);
        g_autofree char *banner = g_strdup_printf("login: %u", i);
        append_address(address, i / ROWS, i % ROWS);
        g_ptr_array_add(rows, mail_row("64496", address->str, time, "23", banner, NULL));
    }
    const MailOptions options = { .columns = columns, .rows = rows };
    return mail_make(&options);
}

/* As notices-write.c asks for it; the sum of the texts, so that nothing is left out. */
static gsize run_rendering(const Decision *decision)
{
    g_autoptr(RenderMemory) memory = render_memory_new();
    gsize sum = 0;

    for (guint i = 0; i < decision->assignment->n_groups; i++) {
        const CustomerGroup *group = &decision->assignment->groups[i];
        Customer customer;
        customers_get(decision->snapshot->customers, group->customer, &customer);
        const RenderInput input = {
            .report = decision->report, .template_ = decision->template_,
            .layout = templates_layout(decision->snapshot->templates, customer.brand),
            .customer = &customer, .events = group->events, .n_events = group->n_events,
            .class_id = decision->class_id, .reference = "A-7F3K2Q", .date = NOW,
            .memory = memory,
        };
        g_autoptr(Rendered) rendered = render(&input);
        sum += rendered->text->len;
    }
    return sum;
}

static gsize run_yardstick(const Decision *decision, const char *text, gsize length)
{
    const Table *table = decision->report->table;
    gsize sum = 0;

    for (guint i = 0; i < decision->assignment->n_groups; i++) {
        const CustomerGroup *group = &decision->assignment->groups[i];
        GString *letter = g_string_new_len(text, (gssize)length);
        for (guint row = 0; row < group->n_events; row++)
            for (guint column = 0; column < table_n_columns(table); column++) {
                const char *cell = table_cell(table, group->events[row], column);
                char quoted[200];
                gsize n = csv_write(quoted, sizeof quoted, cell, strlen(cell));
                g_string_append_len(letter, quoted, (gssize)MIN(n, sizeof quoted));
                g_string_append_c(letter, column + 1 < table_n_columns(table) ? ',' : '\n');
            }
        sum += letter->len;
        g_string_free(letter, TRUE);
    }
    return sum;
}

static gboolean count(const Notice *notice, gpointer data, GError **error G_GNUC_UNUSED)
{
    *(gsize *)data += notice->held == NULL;
    return TRUE;
}

static gsize run_notices(Decision *decision, const Secret *secret)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    gsize n = 0;
    const NoticeOrder order
        = { .secret = secret, .now = NOW, .sink = count, .data = &n, .problems = problems };

    if (!notices_make(decision, &order, &error) || problems->len > 0)
        g_error("%s", error != NULL ? error->message : (char *)problems->pdata[0]);
    return n;
}

/* In turn, so that what else the machine does hits all; the best counts. */
static void measure(Decision *decision, const char *language, guint customers)
{
    g_autoptr(Secret) secret = secret_dummy();
    gint64 best[3] = { G_MAXINT64, G_MAXINT64, G_MAXINT64 };
    gsize size = run_rendering(decision) / customers;
    g_autofree char *text = g_strnfill(size, 'x');

    for (guint i = 0; i < ROUNDS; i++) {
        gint64 times[4] = { g_get_monotonic_time() };
        if (run_yardstick(decision, text, size) < size)
            g_error("the yardstick wrote nothing");
        times[1] = g_get_monotonic_time();
        run_rendering(decision);
        times[2] = g_get_monotonic_time();
        if (run_notices(decision, secret) != customers)
            g_error("not every notice may go");
        times[3] = g_get_monotonic_time();
        for (guint k = 0; k < 3; k++)
            best[k] = MIN(best[k], times[k + 1] - times[k]);
    }
    printf("%-6s %5zu characters  rendered %6.0f/s  and written and guarded %6.0f/s  yardstick "
           "%7.0f/s  ratios %.3f %.3f\n",
           language, size, customers * 1e6 / (double)best[1], customers * 1e6 / (double)best[2],
           customers * 1e6 / (double)best[0], (double)best[0] / (double)best[1],
           (double)best[0] / (double)best[2]);
}

static void run(const char *language, guint customers)
{
    char *directory = fixture_directory();
    g_autofree char *csv = make_customers(customers, language);
    g_autoptr(Snapshot) snapshot = fixture_snapshot(directory, "", csv);
    g_autoptr(GBytes) bytes = make_report(customers);
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision
        = decide(snapshot, bytes, &fixture_client, NOW, VOUCHED_BY_NOBODY, &error);

    if (decision == NULL || decision->assignment == NULL
        || decision->assignment->counts[FATE_NOTIFIED] != customers * ROWS)
        g_error("the report is not for everybody: %s", error != NULL ? error->message : "");
    measure(decision, language, customers);
    fixture_remove(directory);
}

int main(int argc, char **argv)
{
    guint customers = argc > 1 ? (guint)g_ascii_strtoull(argv[1], NULL, 10) : CUSTOMERS;
    char *no_arguments[] = { argv[0], NULL };
    char **test_argv = no_arguments;
    int test_argc = 1;

    g_test_init(&test_argc, &test_argv, NULL); /* the fixture finds the templates by it */
    message_init();
    for (gsize i = 0; i < G_N_ELEMENTS(languages); i++)
        run(languages[i], CLAMP(customers, 1, 16384));
    return EXIT_SUCCESS;
}
