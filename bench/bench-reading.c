/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reading: mail bytes -> events, against libcsv alone on the decoded table, in
 * the same run on one core; budget: 0.35 or more.  Then the memory that reading
 * a million rows takes above the idle process; budget: 3.5 times the mail.
 *
 * bench-reading [ROWS]; the memory is measured in a process of its own, which is
 * this program with --read FILE. */
#include "mail-maker.h"
#include "report.h"

#include <csv.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 10
#define ROWS_DEFAULT 200000
#define ROWS_OF_MEMORY 1000000

typedef struct {
    const char *name;
    gboolean wide;
    MailOptions options;
} Shape;

static const Shape shapes[] = {
    { "narrow, quoted-printable", FALSE, { .encoding = MAIL_QP, .crlf = TRUE } },
    { "narrow, base64", FALSE, { .encoding = MAIL_BASE64, .crlf = TRUE } },
    { "narrow, attached, base64", FALSE, { .encoding = MAIL_BASE64, .crlf = TRUE,
                                           .place = MAIL_ATTACHED } },
    { "narrow, 8bit, LF", FALSE, { .encoding = MAIL_8BIT } },
    { "wide, quoted-printable", TRUE, { .encoding = MAIL_QP, .crlf = TRUE } },
    { "wide, base64", TRUE, { .encoding = MAIL_BASE64, .crlf = TRUE } },
};

static char *make_table(guint rows, gboolean wide)
{
    GString *table = g_string_new("\"asn\",\"ip\",\"timestamp\",\"port\"");
    if (wide)
        g_string_append(table, ",\"malware\",\"dst_ip\",\"dst_host\",\"proto\",\"banner\"");
    g_string_append_c(table, '\n');
    for (guint i = 0; i < rows; i++) {
        g_string_append_printf(table,
                               "\"64496\",\"198.%u.%u.%u\",\"2025-02-11 %02u:%02u:%02u\",\"%u\"",
                               18 + i / 65536 % 2, i / 256 % 256, i % 256, i / 3600 % 24,
                               i / 60 % 60, i % 60, i % 1000);
        if (wide)
            g_string_append_printf(table, ",\"andromeda\",\"203.0.113.%u\",\"host%u.example.org\","
                                          "\"tcp\",\"Gr\xc3\xbc\xc3\x9f" "e, \"\"Gast\"\" = %u\"",
                                   i % 256, i, i);
        g_string_append_c(table, '\n');
    }
    return g_string_free(table, FALSE);
}

static void on_cell(void *data, size_t length, void *user)
{
    (void)data;
    *(gsize *)user += length;
}

static void on_row(int terminator, void *user)
{
    (void)terminator;
    ++*(gsize *)user;
}

static void run_libcsv(const char *table, gsize length)
{
    struct csv_parser parser;
    gsize sum = 0;
    csv_init(&parser, 0);
    csv_parse(&parser, table, length, on_cell, on_row, &sum);
    csv_fini(&parser, on_cell, on_row, &sum);
    csv_free(&parser);
}

static Report *read_mail(GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);
    Report *report = message != NULL ? report_read(message, &error) : NULL;
    if (report == NULL || report->doubt != NULL)
        g_error("%s", report == NULL ? error->message : report->doubt);
    return report;
}

static void run_reading(GBytes *bytes, guint rows)
{
    g_autoptr(Report) report = read_mail(bytes);
    if (report->n_events != rows || report->n_unreadable != 0)
        g_error("%u events of %u rows", report->n_events, rows);
}

/* Both in turn, so that what else the machine does hits both; the best counts. */
static void measure_speed(const Shape *shape, guint rows)
{
    g_autofree char *table = make_table(rows, shape->wide);
    gsize length = strlen(table);
    MailOptions options = shape->options;
    options.table = table;
    g_autoptr(GBytes) bytes = mail_make(&options);
    gint64 reading = G_MAXINT64, yardstick = G_MAXINT64;
    for (guint i = 0; i < ROUNDS; i++) {
        gint64 start = g_get_monotonic_time();
        run_reading(bytes, rows);
        gint64 middle = g_get_monotonic_time();
        run_libcsv(table, length);
        reading = MIN(reading, middle - start);
        yardstick = MIN(yardstick, g_get_monotonic_time() - middle);
    }
    printf("%-26s %5.1f MB  %5.2f M rows/s  libcsv alone %5.2f M rows/s  ratio %.2f\n",
           shape->name, (double)g_bytes_get_size(bytes) / 1e6, (double)rows / (double)reading,
           (double)rows / (double)yardstick, (double)yardstick / (double)reading);
}

/* Not getrusage(): its peak survives exec() and would be the parent's. */
static glong peak_kib(void)
{
    g_autofree char *status = NULL;
    g_file_get_contents("/proc/self/status", &status, NULL, NULL);
    const char *line = status != NULL ? strstr(status, "VmHWM:") : NULL;
    return line != NULL ? strtol(line + strlen("VmHWM:"), NULL, 10) : 0;
}

static int read_file(const char *path)
{
    g_autofree char *warm_table = make_table(10, FALSE);
    g_autoptr(GBytes) warm = mail_make(&(MailOptions){ .table = warm_table });
    report_free(read_mail(warm));
    glong idle = peak_kib();
    char *content;
    gsize length;
    if (!g_file_get_contents(path, &content, &length, NULL))
        return EXIT_FAILURE;
    g_autoptr(GBytes) bytes = g_bytes_new_take(content, length);
    g_autoptr(Report) report = read_mail(bytes);
    printf("%u rows, %.1f MB: %.1f MB above idle, %.2f times the mail\n", report->n_events,
           (double)length / 1e6, (double)(peak_kib() - idle) * 1024 / 1e6,
           (double)(peak_kib() - idle) * 1024 / (double)length);
    return EXIT_SUCCESS;
}

static void measure_memory(char *self, const Shape *shape)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("bench-reading-XXXXXX", &path, NULL);
    g_autofree char *table = make_table(ROWS_OF_MEMORY, shape->wide);
    MailOptions options = shape->options;
    options.table = table;
    g_autoptr(GBytes) bytes = mail_make(&options);
    if (fd < 0 || !g_file_set_contents(path, g_bytes_get_data(bytes, NULL),
                                       (gssize)g_bytes_get_size(bytes), NULL))
        g_error("can't write a temporary file");
    close(fd);
    printf("%-26s ", shape->name);
    fflush(stdout);
    char *arguments[] = { self, (char *)"--read", path, NULL };
    g_spawn_sync(NULL, arguments, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    message_init();
    if (argc == 3 && strcmp(argv[1], "--read") == 0)
        return read_file(argv[2]);
    guint rows = argc > 1 ? (guint)g_ascii_strtoull(argv[1], NULL, 10) : ROWS_DEFAULT;
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        measure_speed(&shapes[i], MAX(rows, 1));
    for (gsize i = 0; i < 4; i++)
        measure_memory(argv[0], &shapes[i]);
    return EXIT_SUCCESS;
}
