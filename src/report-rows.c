/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What a report that was read is asked of its rows: their texts, their order, and the digests
 * by which the ledger knows them again (law 4). */
#include "report.h"

#include <string.h>

const char *report_address_text(const Report *report, guint i)
{
    return table_cell(report->table, i, report->address_column);
}

const char *report_time_text(const Report *report, guint i)
{
    return report->time_column < 0 ? ""
                                   : table_cell(report->table, i, (guint)report->time_column);
}

const char *report_account(const Report *report, guint i)
{
    return report->account_column < 0
               ? NULL
               : table_cell(report->table, i, (guint)report->account_column);
}

/* Length (4 bytes, big endian) and bytes: no two lists of texts give one stream. */
static void append_text(GString *stream, const char *text)
{
    gsize length = strlen(text); /* TABLE_CELL_MAX at most */
    guint32 prefix = GUINT32_TO_BE((guint32)length);
    g_string_append_len(stream, (const char *)&prefix, sizeof(prefix));
    g_string_append_len(stream, text, (gssize)length);
}

static void append_columns(GString *stream, const Table *table)
{
    for (guint c = 0; c < table_n_columns(table); c++)
        append_text(stream, table_column(table, c));
}

static void append_cells(GString *stream, const Table *table, guint row)
{
    for (guint c = 0; c < table_n_columns(table); c++)
        append_text(stream, table_cell(table, row, c));
}

/* The names first: as many texts as cells, so that it is known where these begin. */
void report_event_digest(const Report *report, guint i, guint8 digest_r[REPORT_DIGEST_SIZE])
{
    g_autoptr(GString) stream = g_string_sized_new(256);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize size = REPORT_DIGEST_SIZE;

    append_columns(stream, report->table);
    append_cells(stream, report->table, i);
    g_checksum_update(checksum, (const guchar *)stream->str, (gssize)stream->len);
    g_checksum_get_digest(checksum, digest_r, &size);
}

const char *report_subject_text(const Report *report, guint i, char text_r[ADDRESS_TEXT_SIZE])
{
    const char *account = report_account(report, i);
    return account != NULL ? account : address_format(&report->events[i].address, text_r);
}

static int compare_subjects(const Report *report, guint32 a, guint32 b)
{
    return report->account_column >= 0
               ? strcmp(report_account(report, a), report_account(report, b))
               : address_compare(&report->events[a].address, &report->events[b].address);
}

static int compare_events(gconstpointer a, gconstpointer b, gpointer report)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    int order = compare_subjects(report, left, right);
    return order != 0 ? order : (left > right) - (left < right);
}

void report_sort_by_subject(const Report *report, guint32 *events, guint n)
{
    g_qsort_with_data(events, (int)n, sizeof *events, compare_events, (gpointer)report);
}

guint report_subject_run_end(const Report *report, const guint32 *events, guint n, guint start)
{
    guint end = start + 1;
    while (end < n && compare_subjects(report, events[start], events[end]) == 0)
        end++;
    return end;
}

static void update(GChecksum *checksum, GString *stream)
{
    g_checksum_update(checksum, (const guchar *)stream->str, (gssize)stream->len);
    g_string_truncate(stream, 0);
}

char *report_digest(const Report *report)
{
    const Table *table = report->table;
    guint columns = table != NULL ? table_n_columns(table) : 0;
    guint rows = table != NULL ? table_n_rows(table) : 0;
    guint64 size = GUINT64_TO_BE(((guint64)rows << 32) | columns);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GString) stream = g_string_sized_new(256);

    g_string_append_len(stream, (const char *)&size, sizeof(size));
    if (table != NULL)
        append_columns(stream, table);
    update(checksum, stream);
    for (guint row = 0; row < rows; row++) {
        append_cells(stream, table, row);
        update(checksum, stream);
    }
    return g_strdup(g_checksum_get_string(checksum));
}
