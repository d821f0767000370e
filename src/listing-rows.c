/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Rows of ip, timestamp and line. */
#include "listing-rows.h"

#include "scan.h"
#include "timestamp.h"

#include <string.h>

#define CONTEXT_LINES 12 /* more than a record of keys has */

ReadingRows *listing_rows_new(void)
{
    ReadingRows *rows = reading_rows_new();
    g_string_append(rows->csv, "ip,timestamp,line\n");
    return rows;
}

/* Does any other address stand in the line, whatever it is? */
static gboolean names_other(const Line *line, const Address *address)
{
    Hit hit;
    for (gsize from = 0; scan_next(line->text, line->length, &from, &hit);)
        if (hit.kind == HIT_NETWORK
            || (hit.kind != HIT_VERSION && !address_equal(&hit.address, address)))
            return TRUE;
    return FALSE;
}

/* The zone of a key such as "Timestamp (UTC):", or NULL; caller frees. */
static char *zone_of_key(const Line *line, gsize before)
{
    const char *colon = memchr(line->text, ':', before);
    if (colon == NULL)
        return NULL;
    g_autofree char *key = g_strchomp(g_strndup(line->text, (gsize)(colon - line->text)));
    return timestamp_zone_of_name(key);
}

/* The only time in the lines as written, with its key's zone behind it; "" otherwise. */
static char *find_time(const Line *lines, guint from, guint to)
{
    g_autofree char *found = NULL;
    for (guint i = from; i < to; i++) {
        const Line *line = &lines[i];
        gsize start, length, at = 0;
        while (at < line->length
               && timestamp_find_written(line->text + at, line->length - at, &start, &length)) {
            g_autofree char *text = g_strndup(line->text + at + start, length);
            g_autofree char *zone = zone_of_key(line, at + start);
            g_autofree char *full = zone == NULL ? g_strdup(text) : g_strdup_printf("%s %s", text,
                                                                                    zone);
            if (found != NULL && strcmp(found, full) != 0)
                return g_strdup("");
            g_free(found);
            found = g_steal_pointer(&full);
            at += start + length;
        }
    }
    return found != NULL ? g_steal_pointer(&found) : g_strdup("");
}

static char *verbatim(const Address *address, const Line *lines, guint from, guint to)
{
    GString *text = g_string_new(NULL);
    for (guint i = from; i < to; i++) {
        if (names_other(&lines[i], address)) {
            g_string_truncate(text, 0);
            break;
        }
        g_string_append(text, i > from ? " / " : "");
        g_string_append_len(text, lines[i].text, lines[i].length);
    }
    return g_strstrip(g_string_free(text, FALSE));
}

void listing_rows_add(ReadingRows *rows, const Address *address, const Line *lines, guint from,
                      guint to, guint32 number)
{
    char ip[ADDRESS_TEXT_SIZE];
    if (to - from > CONTEXT_LINES)
        to = from;
    g_autofree char *time = find_time(lines, from, to);
    g_autofree char *line = verbatim(address, lines, from, to);
    address_format(address, ip);
    reading_rows_add(rows, ip, strlen(ip), FALSE);
    reading_rows_add(rows, time, strlen(time), FALSE);
    reading_rows_add(rows, line, strlen(line), TRUE);
    g_array_append_val(rows->lines, number);
}

Reading *listing_rows_finish(ReadingRows *rows, Certainty certainty, GError **error)
{
    if (rows->lines->len == 0)
        return NULL;
    Reading *reading = reading_new(rows, certainty, error);
    if (reading != NULL) {
        reading->address_column = 0;
        reading->time_column = 1;
    }
    return reading;
}
