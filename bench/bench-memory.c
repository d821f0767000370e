/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* How much memory a report of a million rows takes, above the idle process and
 * in times of the mail's size: read, assigned, and every notice made.  Once for
 * one customer who has it all, once for 20,000 customers.
 *
 *     bench-memory [ROWS] */
#include "fixture.h"
#include "notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 1000000
#define CUSTOMERS 20000
#define BASE ((198u << 24) | (18u << 16)) /* 198.18.0.0/15, RFC 2544 */

static gint64 status_kib(const char *name)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents("/proc/self/status", &text, NULL, NULL));
    const char *found = strstr(text, name);
    g_assert_nonnull(found);
    return g_ascii_strtoll(found + strlen(name), NULL, 10);
}

/* From here on VmHWM counts anew (proc(5), clear_refs). */
static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file != NULL) {
        fputs("5", file);
        fclose(file);
    }
}

static GByteArray *make_report(guint rows)
{
    GByteArray *mail = g_byte_array_new();
    static const char head[] = "From: CERT-Bund Reports <reports@reports.cert-bund.de>\r\n"
                               "Subject: [CB-Report#20250212-10000001] Offene Telnet-Server in "
                               "AS64496\r\nDate: Wed, 12 Feb 2025 09:57:07 +0000\r\n"
                               "Message-ID: <1@reports.example.org>\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n\r\n"
                               "Betroffene Systeme in Ihrem Netzbereich:\r\n\r\n"
                               "\"asn\",\"ip\",\"timestamp\",\"port\"\r\n";
    static const char tail[] = "\r\n\r\nMit freundlichen Gruessen\r\nMit freundlichen Gr";
    g_byte_array_append(mail, (const guint8 *)head, sizeof head - 1);
    for (guint i = 0; i < rows; i++) {
        guint32 a = BASE + i % (1u << 17);
        char row[100];
        int n = g_snprintf(row, sizeof row,
                           "\"64496\",\"%u.%u.%u.%u\",\"2025-02-11 %02u:%02u:%02u\",\"23\"\r\n",
                           a >> 24, (a >> 16) & 255, (a >> 8) & 255, a & 255, i / 3600 % 24,
                           i / 60 % 60, i % 60);
        g_byte_array_append(mail, (const guint8 *)row, (guint)n);
    }
    g_byte_array_append(mail, (const guint8 *)tail, sizeof tail - 1);
    return mail;
}

static char *make_customers(guint n)
{
    GString *csv = g_string_new("network,customer,email\n");
    guint32 size = (1u << 17) / n;
    for (guint i = 0; i < n; i++) {
        guint32 a = BASE + i * size, b = i + 1 < n ? a + size - 1 : BASE + (1u << 17) - 1;
        g_string_append_printf(csv, "%u.%u.%u.%u-%u.%u.%u.%u,k%u,k%u@example.net\n", a >> 24,
                               (a >> 16) & 255, (a >> 8) & 255, a & 255, b >> 24, (b >> 16) & 255,
                               (b >> 8) & 255, b & 255, i, i);
    }
    return g_string_free(csv, FALSE);
}

static gboolean count(const Notice *notice G_GNUC_UNUSED, gpointer data,
                      GError **error G_GNUC_UNUSED)
{
    ++*(guint *)data;
    return TRUE;
}

static void run(guint rows, guint customers)
{
    char *directory = fixture_directory();
    g_autofree char *csv = make_customers(customers);
    g_autoptr(Snapshot) snapshot = fixture_snapshot(directory, "", csv);
    g_autoptr(Secret) secret = secret_dummy();
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    guint notices = 0;

    forget_peak();
    gint64 idle = status_kib("VmRSS:"), begin = g_get_monotonic_time();
    GByteArray *mail = make_report(rows);
    gsize size = mail->len;
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(mail);
    g_autoptr(Decision) decision
        = decide(snapshot, bytes, &fixture_client, 1739354227, VOUCHED_BY_NOBODY, &error);
    g_assert_no_error(error);
    gint64 decided = status_kib("VmHWM:") - idle;
    g_assert_cmpuint(decision->assignment->counts[FATE_NOTIFIED], ==, rows);
    const NoticeOrder order = { .secret = secret, .now = 1739354227, .sink = count,
                                .data = &notices, .problems = problems };
    g_assert_true(notices_make(decision, &order, &error));
    g_assert_cmpuint(problems->len, ==, 0);
    gint64 peak = status_kib("VmHWM:") - idle;
    double mib = 1024.0 * 1024.0;
    printf("%u rows, %.1f MiB, %u notices: read and assigned %.1f MiB (%.2f times the mail), "
           "with all notices %.1f MiB (%.2f times), %.1f s\n",
           rows, (double)size / mib, notices, (double)decided / 1024, (double)decided * 1024 / (double)size,
           (double)peak / 1024, (double)peak * 1024 / (double)size,
           (double)(g_get_monotonic_time() - begin) / 1e6);
    fixture_remove(directory);
}

int main(int argc, char **argv)
{
    guint rows = argc > 1 ? (guint)atoi(argv[1]) : ROWS;
    char *no_arguments[] = { argv[0], NULL };
    char **test_argv = no_arguments;
    int test_argc = 1;

    g_test_init(&test_argc, &test_argv, NULL);
    message_init();
    run(rows, CUSTOMERS);
    run(rows, 1);
    return 0;
}
