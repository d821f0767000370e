/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Notices of 5 rows from shipped templates, on one core: rendered alone, then rendered,
 * written as mail and guarded; budget: 20,000 a second of those whose rows stand in the text
 * alone.  The yardstick in the same run does what no program can spare: libcsv writes the same
 * rows behind a text as long.
 *
 *     bench-rendering [CUSTOMERS [PATTERN]]     such as "open-telnet de*" */
#include "fixture.h"
#include "mail-maker.h"
#include "notices.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CUSTOMERS 4000      /* of each report */
#define CUSTOMERS_MAX 16384 /* 198.18.0.0/15 (RFC 2544) has as many networks of 8 addresses */
#define ROWS 5              /* of each */
#define ROUNDS 7
#define NOW 1739354227

static const char *const languages[] = { "de", "en", "de en" };

typedef struct {
    const char *name, *title;
    gboolean accounts;   /* the rows are mail accounts', in a further column */
    const char *columns; /* behind asn, ip and timestamp */
    const char *cells;   /* of these */
    const char *form;    /* of the customers */
} Kind;

static const Kind kinds[] = {
    { "open-telnet", "Offene Telnet-Server", FALSE, ",\"port\",\"banner\"",
      ",\"23\",\"login: ~% # \"\"router\"\"\"", "" },
    { "open-dns-resolver", "Offene DNS-Resolver", FALSE, "", "", "" },
    { "malware", "Schadprogramm-Infektionen", FALSE,
      ",\"malware\",\"src_port\",\"proto\",\"dst_ip\",\"dst_port\",\"dst_host\"",
      ",\"andromeda\",\"40123\",\"tcp\",\"203.0.113.7\",\"80\",\"sinkhole.example.org\"", "" },
    { "ssl-poodle", "SSL-POODLE verwundbare Server", FALSE,
      ",\"hostname\",\"subject_common_name\",\"issuer_common_name\"",
      ",\"www.example.org\",\"*.example.org\",\"M\xc3\xbcller CA 1\"", "" },
    { "mail-accounts", "Kompromittierte E-Mail-Konten", TRUE, ",\"mx\",\"email\"",
      ",\"mx.example.org\",", "" },
    { "attachment", "Offene Telnet-Server", FALSE, ",\"port\",\"banner\"", ",\"23\",\"login:\"",
      "attachment" },
    { "html", "Offene Telnet-Server", FALSE, ",\"port\",\"banner\"", ",\"23\",\"login:\"", "html" },
};

static void append_address(GString *text, guint customer, guint row)
{
    guint at = customer * 8 + row;
    g_string_append_printf(text, "198.%u.%u.%u", 18 + at / 65536, at / 256 % 256, at % 256);
}

static char *make_customers(const Kind *kind, guint n, const char *language)
{
    GString *csv = g_string_new("network,customer,email,name,language,form\n");
    for (guint i = 0; i < n; i++) {
        if (kind->accounts)
            g_string_append_printf(csv, "k%u.example.com", i);
        else
            append_address(csv, i, 0);
        g_string_append_printf(csv, "%s,k%u,k%u@example.net,M\xc3\xbcller %u,%s,%s\n",
                               kind->accounts ? "" : "/29", i, i, i, language, kind->form);
    }
    return g_string_free(csv, FALSE);
}

static void append_row(GString *table, const Kind *kind, guint i)
{
    g_string_append(table, "\"64496\",\"");
    append_address(table, i / ROWS, i % ROWS);
    g_string_append_printf(table, "\",\"2025-02-11 11:%02u:%02u\"%s", i / 60 % 60, i % 60,
                           kind->cells);
    if (kind->accounts)
        g_string_append_printf(table, "\"u%u@k%u.example.com\"", i % ROWS, i / ROWS);
    g_string_append_c(table, '\n');
}

static GBytes *make_report(const Kind *kind, guint customers)
{
    g_autoptr(GString) table = g_string_new("\"asn\",\"ip\",\"timestamp\"");

    g_string_append_printf(table, "%s\n", kind->columns);
    for (guint i = 0; i < customers * ROWS; i++)
        append_row(table, kind, i);
    const MailOptions options = { .title = kind->title, .table = table->str };
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
        sum += rendered->text->len + (rendered->html != NULL ? rendered->html->len : 0);
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

/* digest: by it record.c has told before that the report is new. */
static gsize run_notices(Decision *decision, const Secret *secret, const char *digest)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    gsize n = 0;
    const NoticeOrder order
        = { .secret = secret, .report_digest = digest, .now = NOW,
            .sink = count, .data = &n, .problems = problems };

    if (!notices_make(decision, &order, &error) || problems->len > 0)
        g_error("%s", error != NULL ? error->message : (char *)problems->pdata[0]);
    return n;
}

/* Of the one core that this takes: waiting for others is not counted. */
static gint64 cpu_usecs(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* In turn, so that what else the machine does hits all; the best counts. */
static void measure(Decision *decision, const char *name, guint customers)
{
    g_autoptr(Secret) secret = secret_dummy();
    gint64 best[3] = { G_MAXINT64, G_MAXINT64, G_MAXINT64 };
    gsize size = run_rendering(decision) / customers;
    g_autofree char *text = g_strnfill(size, 'x');
    g_autofree char *digest = report_digest(decision->report);

    for (guint i = 0; i < ROUNDS; i++) {
        gint64 times[4] = { cpu_usecs() };
        if (run_yardstick(decision, text, size) < size)
            g_error("the yardstick wrote nothing");
        times[1] = cpu_usecs();
        run_rendering(decision);
        times[2] = cpu_usecs();
        if (run_notices(decision, secret, digest) != customers)
            g_error("not every notice may go");
        times[3] = cpu_usecs();
        for (guint k = 0; k < 3; k++)
            best[k] = MIN(best[k], times[k + 1] - times[k]);
    }
    printf("%-24s %6zu bytes  rendered %6.0f/s  and written and guarded %6.0f/s  "
           "yardstick %7.0f/s  ratios %.3f %.3f\n",
           name, size, customers * 1e6 / (double)best[1], customers * 1e6 / (double)best[2],
           customers * 1e6 / (double)best[0], (double)best[0] / (double)best[1],
           (double)best[0] / (double)best[2]);
}

static void run(const Kind *kind, const char *language, const char *name, guint customers)
{
    char *directory = fixture_directory();
    g_autofree char *csv = make_customers(kind, customers, language);
    /* A desk, so that the config has no warning. */
    g_autoptr(Snapshot) snapshot
        = fixture_snapshot(directory, "[notices]\ndesk=desk@example.org\n", csv);
    g_autoptr(GBytes) bytes = make_report(kind, customers);
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision
        = decide(snapshot, bytes, &fixture_client, NOW, VOUCHED_BY_NOBODY, &error);

    if (decision == NULL || decision->assignment == NULL
        || decision->assignment->counts[FATE_NOTIFIED] != customers * ROWS)
        g_error("the report is not for everybody: %s",
                decision != NULL ? decision->reason : error->message);
    measure(decision, name, customers);
    fixture_remove(directory);
}

int main(int argc, char **argv)
{
    guint customers = argc > 1 ? (guint)g_ascii_strtoull(argv[1], NULL, 10) : CUSTOMERS;
    const char *pattern = argc > 2 ? argv[2] : "*";
    char *no_arguments[] = { argv[0], NULL };
    char **test_argv = no_arguments;
    int test_argc = 1;

    g_test_init(&test_argc, &test_argv, NULL); /* the fixture finds the templates by it */
    message_init();
    for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++)
        for (gsize i = 0; i < G_N_ELEMENTS(languages); i++) {
            g_autofree char *name = g_strdup_printf("%s %s", kinds[k].name, languages[i]);
            if (g_pattern_match_simple(pattern, name))
                run(&kinds[k], languages[i], name, CLAMP(customers, 1, CUSTOMERS_MAX));
        }
    return EXIT_SUCCESS;
}
