/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* key=value log lines -> rows.  A record begins wherever the first key comes
 * again, so it does not matter where the text was wrapped. */
#include "listing.h"

#include "affected.h"
#include "errors.h"
#include "scan.h"

#include <string.h>

#define KEYS_LEAST 3 /* fewer are no log line */

typedef struct {
    char *key, *value;
    guint32 number;
} Pair;

static void pair_clear(gpointer data)
{
    Pair *pair = data;
    g_free(pair->key);
    g_free(pair->value);
}

static gboolean is_key(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
}

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* One key=value or key="value" at *at; FALSE when something else stands there. */
static gboolean take_pair(const char **at, Pair *pair)
{
    const char *key = *at, *p = key;
    while (is_key(*p))
        p++;
    if (p == key || *p != '=')
        return FALSE;
    const char *value = p + 1;
    gboolean quoted = *value == '"';
    const char *end = quoted ? strchr(value + 1, '"') : value + strcspn(value, " \t\n\"");
    if (end == NULL || *(end + quoted) == '"' || (end[quoted] != '\0' && !is_blank(end[quoted])))
        return FALSE;
    pair->key = g_strndup(key, (gsize)(p - key));
    pair->value = g_strndup(value + quoted, (gsize)(end - value - quoted));
    g_strdelimit(pair->value, "\n", ' ');
    *at = end + quoted;
    return TRUE;
}

/* All pairs of lines[from..to), or NULL when there is anything else. */
static GArray *read_pairs(const Line *lines, guint from, guint to)
{
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
    g_autoptr(GString) text = g_string_new(NULL);
    guint32 number = lines[from].number;
    g_array_set_clear_func(pairs, pair_clear);
    for (guint i = from; i < to; i++) {
        g_string_append_len(text, lines[i].text, lines[i].length);
        g_string_append_c(text, '\n');
    }
    for (const char *at = text->str;;) {
        for (; is_blank(*at); at++)
            number += *at == '\n';
        if (*at == '\0')
            return g_steal_pointer(&pairs);
        const char *start = at;
        Pair pair = { .number = number };
        if (!take_pair(&at, &pair))
            return NULL;
        for (; start < at; start++)
            number += *start == '\n';
        g_array_append_val(pairs, pair);
    }
}

static const Pair *pair_at(const GArray *pairs, guint i)
{
    return &g_array_index(pairs, Pair, i);
}

/* How many pairs a record has: up to where the first key comes again; 0 when the records do
 * not all have the same keys. */
static guint record_size(const GArray *pairs)
{
    guint size = 1;
    while (size < pairs->len && strcmp(pair_at(pairs, size)->key, pair_at(pairs, 0)->key) != 0)
        size++;
    if (size < KEYS_LEAST || size > LISTING_KEYS_MAX || pairs->len % size != 0)
        return 0;
    for (guint i = size; i < pairs->len; i++)
        if (strcmp(pair_at(pairs, i)->key, pair_at(pairs, i - size)->key) != 0)
            return 0;
    return size;
}

static int affected_key(const GArray *pairs, guint size)
{
    ColumnKind kinds[LISTING_KEYS_MAX];
    for (guint i = 0; i < size; i++)
        kinds[i] = column_kind(pair_at(pairs, i)->key, strlen(pair_at(pairs, i)->key));
    return columns_affected(kinds, size);
}

/* FALSE: one of the records has no address there. */
static gboolean add_records(const GArray *pairs, guint size, guint affected, ReadingRows *rows)
{
    for (guint i = 0; i < pairs->len; i += size) {
        Address address;
        const char *text = pair_at(pairs, i + affected)->value;
        if (!address_parse(text, strlen(text), &address))
            return FALSE;
        if (scan_is_out(&address))
            continue;
        for (guint k = 0; k < size; k++) {
            const char *value = pair_at(pairs, i + k)->value;
            reading_rows_add(rows, value, strlen(value), k + 1 == size);
        }
        g_array_append_val(rows->lines, pair_at(pairs, i)->number);
    }
    return TRUE;
}

static Reading *read_records(const GArray *pairs, GError **error)
{
    guint size = record_size(pairs);
    int affected = size > 0 ? affected_key(pairs, size) : -1;
    g_autoptr(ReadingRows) rows = reading_rows_new();
    if (affected < 0)
        return NULL;
    for (guint i = 0; i < size; i++)
        reading_rows_add(rows, pair_at(pairs, i)->key, strlen(pair_at(pairs, i)->key),
                         i + 1 == size);
    if (!add_records(pairs, size, (guint)affected, rows)) {
        error_input(error, "line %u: a log line has no address behind %s=",
                    pair_at(pairs, 0)->number, pair_at(pairs, (guint)affected)->key);
        return NULL;
    }
    if (rows->lines->len == 0)
        return NULL;
    Reading *reading = reading_new(rows, CERTAINTY_LIST, error);
    if (reading == NULL)
        return NULL;
    reading->address_column = (guint)affected;
    reading->time_column = columns_time(reading->table);
    return reading;
}

Reading *listing_read_logs(const Line *lines, guint n, guint8 *told, GError **error)
{
    for (guint at = 0; at < n; at++) {
        guint end = line_paragraph_end(lines, n, at);
        if (at == end)
            continue;
        while (at + 1 < end && line_ends_with(&lines[at], ':'))
            at++; /* what introduces them */
        g_autoptr(GArray) pairs = read_pairs(lines, at, end);
        if (pairs != NULL && pairs->len > 0) {
            Reading *reading = read_records(pairs, error);
            if (reading != NULL)
                memset(told + at, TRUE, end - at);
            if (reading != NULL || *error != NULL)
                return reading;
        }
        at = end;
    }
    return NULL;
}
