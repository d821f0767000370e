/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Keys and lists.  What is not clearly one of them is left untold, so that
 * manual.c finds its addresses and doubts. */
#include "listing.h"

#include "affected.h"
#include "errors.h"
#include "listing-rows.h"
#include "scan.h"
#include "words.h"

#include <string.h>

#define RECORD_LINES 12 /* above and below its key; real ones have 5 */

/* ---- keys ---- */

typedef struct {
    ColumnKind kind;
    Line value;
} Key;

/* "> * IP-Adresse(n) : value".  What CERT-Bund's people cite with '>' is read only so. */
static gboolean key_of_line(const Line *line, Key *key_r)
{
    guint32 start = 0, end;
    while (start < line->length && strchr(" \t>*-+", line->text[start]) != NULL)
        start++;
    for (end = start; end < line->length && strchr(":=", line->text[end]) == NULL; end++)
        if (end - start > COLUMNS_NAME_MAX)
            return FALSE;
    if (end == line->length || end == start || g_ascii_isdigit(line->text[start]))
        return FALSE;
    guint32 length = end - start;
    while (length > 0 && (line->text[start + length - 1] == ' '
                          || line->text[start + length - 1] == '\t'))
        length--;
    key_r->kind = column_kind(line->text + start, length);
    key_r->value = (Line){ line->text + end + 1, line->length - end - 1, line->number };
    return TRUE;
}

/* Nothing but divides addresses: "192.0.2.1, 192.0.2.2 und 192.0.2.3". */
static gboolean only_divides(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (strchr(" \t,;/&\"'", text[i]) == NULL) {
            gboolean word = length - i >= 3
                            && (strncmp(text + i, "und", 3) == 0 || strncmp(text + i, "and", 3) == 0);
            if (!word)
                return FALSE;
            i += 2;
        }
    return TRUE;
}

/* The addresses of an affected key's value; FALSE when it is not clear that all are meant. */
static gboolean value_addresses(const Line *value, GArray *addresses)
{
    Hit hit;
    gsize behind = 0;
    gboolean listed = TRUE, clear = TRUE;
    for (gsize from = 0; scan_next(value->text, value->length, &from, &hit); behind = hit.end) {
        if (hit.kind != HIT_PLAIN) {
            clear &= hit.kind == HIT_DEFANGED || hit.kind == HIT_OUT;
            continue;
        }
        listed &= only_divides(value->text + behind, hit.start - behind);
        g_array_append_val(addresses, hit.address);
    }
    if (addresses->len > 1)
        listed &= only_divides(value->text + behind, value->length - behind);
    return clear && (listed || addresses->len == 0)
           && (addresses->len == 0 || !words_name_attacker(value->text, value->length));
}

/* At most most lines above at. */
static guint paragraph_start(const Line *lines, guint at, guint most)
{
    for (guint least = at > most ? at - most : 0; at > least && !line_is_empty(&lines[at - 1]);)
        at--;
    return at;
}

/* A record of keys is one paragraph, if it has one such line. */
static void record_of(const Line *lines, guint n, guint at, guint *from_r, guint *to_r)
{
    Key key;
    guint from = paragraph_start(lines, at, RECORD_LINES);
    guint to = line_paragraph_end(lines, MIN(n, at + RECORD_LINES), at), keys = 0;
    for (guint i = from; i < to; i++)
        keys += key_of_line(&lines[i], &key)
                && (key.kind == COLUMN_AFFECTED || key.kind == COLUMN_SOURCE);
    *from_r = keys == 1 ? from : at;
    *to_r = keys == 1 ? to : at + 1;
}

static gboolean add_key_line(const Line *lines, guint n, guint at, const Key *key,
                             ReadingRows *rows, GError **error)
{
    guint from, to;
    g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(Address));
    if (!value_addresses(&key->value, addresses)) {
        error_input(error, "line %u: what stands behind the key is not clearly one affected "
                           "address, or several", lines[at].number);
        return FALSE;
    }
    record_of(lines, n, at, &from, &to);
    for (guint i = 0; i < addresses->len; i++)
        listing_rows_add(rows, &g_array_index(addresses, Address, i), lines, from, to,
                         lines[at].number);
    return TRUE;
}

/* Keys of this kind only: those of a source count when there are no better ones. */
static Reading *read_keys(const Line *lines, guint n, ColumnKind kind, guint8 *told,
                          GError **error)
{
    g_autoptr(ReadingRows) rows = listing_rows_new();
    Key key;
    for (guint i = 0; i < n; i++) {
        if (told[i] || !key_of_line(&lines[i], &key))
            continue;
        if (key.kind == COLUMN_DENIED)
            told[i] = TRUE;
        if (key.kind != kind)
            continue;
        if (!add_key_line(lines, n, i, &key, rows, error))
            return NULL;
        told[i] = TRUE;
    }
    return listing_rows_finish(rows, CERTAINTY_LIST, error);
}

Reading *listing_read_keys(const Line *lines, guint n, guint8 *told, GError **error)
{
    Reading *reading = read_keys(lines, n, COLUMN_AFFECTED, told, error);
    if (reading != NULL || *error != NULL)
        return reading;
    return read_keys(lines, n, COLUMN_SOURCE, told, error);
}

/* ---- lists ---- */

#define REMARK_WORDS 10 /* more behind an address, with a full stop, are a sentence */

/* Behind blanks, a bullet or a number. */
static gsize skip_bullet(const Line *line)
{
    static const char *const bullets[] = { "-", "*", "+", "\xe2\x80\xa2", "\xe2\x80\x93",
                                           "\xc2\xb7" };
    gsize at = 0;
    while (at < line->length && (line->text[at] == ' ' || line->text[at] == '\t'))
        at++;
    gsize mark = at;
    for (gsize i = 0; i < G_N_ELEMENTS(bullets); i++)
        if (line->length - at > strlen(bullets[i])
            && memcmp(line->text + at, bullets[i], strlen(bullets[i])) == 0)
            mark = at + strlen(bullets[i]);
    if (mark == at) {
        while (mark < line->length && mark - at < 5 && g_ascii_isdigit(line->text[mark]))
            mark++;
        if (mark == at || mark + 1 >= line->length || strchr(".)", line->text[mark]) == NULL
            || line->text[mark + 1] != ' ')
            return at;
        mark++;
    }
    while (mark < line->length && (line->text[mark] == ' ' || line->text[mark] == '\t'))
        mark++;
    return mark;
}

/* "192.0.2.1 hat mit", and much else; but "192.0.2.1 host.example.org". */
static gboolean is_sentence(const char *text, gsize length)
{
    guint words = 0;
    if (length > 2 && *text == ' ' && g_ascii_islower(text[1])) {
        gsize end = 1;
        while (end < length && text[end] != ' ')
            end++;
        if (text[end - 1] == '.' || memchr(text + 1, '.', end - 1) == NULL)
            return TRUE;
    }
    for (gsize i = 0; i < length; i++)
        words += text[i] != ' ' && (i == 0 || text[i - 1] == ' ');
    return words > REMARK_WORDS && text[length - 1] == '.';
}

/* The address that the line begins with. */
static gboolean list_hit(const Line *line, Hit *hit_r)
{
    gsize start = skip_bullet(line), from = start;
    if (start < line->length && (line->text[start] == '"' || line->text[start] == '\''))
        from = ++start;
    return scan_next(line->text, line->length, &from, hit_r) && hit_r->start == start
           && hit_r->kind != HIT_URL && hit_r->kind != HIT_VERSION
           && !is_sentence(line->text + hit_r->end, line->length - hit_r->end);
}

/* Nothing but the address, and what divides it from the next. */
static gboolean is_bare(const Line *line)
{
    Hit hit;
    return list_hit(line, &hit) && only_divides(line->text + hit.end, line->length - hit.end);
}

/* lines[*from_r..*to_r) of the paragraph [start..end) is a list, below what introduces it.  What
 * is wrapped may begin a line with an address, too: hence the colon, or several bare ones, and
 * only these may have text below them. */
static gboolean find_list(const Line *lines, guint start, guint end, guint *from_r, guint *to_r)
{
    Hit hit;
    guint from = start, to;
    gboolean bare = TRUE;
    while (from < end && !list_hit(&lines[from], &hit))
        from++;
    for (to = from; to < end && list_hit(&lines[to], &hit); to++)
        bare &= is_bare(&lines[to]);
    *from_r = from;
    *to_r = to;
    if (from == to || (to < end && !bare))
        return FALSE;
    if (from == start)
        return to == end || to - from > 1;
    const Line *last = &lines[from - 1];
    return line_ends_with(last, ':') || (bare && to - from > 1)
           || column_kind(last->text, last->length) == COLUMN_AFFECTED;
}

static gboolean is_denied(const Line *lines, guint start, guint from, gsize *length_r)
{
    guint end = from;
    if (start == from) { /* the paragraph above introduces it */
        while (end > 0 && line_is_empty(&lines[end - 1]))
            end--;
        start = end > 0 ? paragraph_start(lines, end - 1, G_MAXUINT) : 0;
    }
    if (start == end)
        return FALSE;
    const Line *last = &lines[end - 1];
    *length_r = (gsize)(last->text + last->length - lines[start].text);
    return words_deny(lines[start].text, *length_r);
}

static gboolean add_list_line(const Line *lines, guint at, ReadingRows *rows, GError **error)
{
    Hit hit, other;
    const Line *line = &lines[at];
    if (!list_hit(line, &hit) || hit.kind == HIT_DEFANGED || hit.kind == HIT_OUT)
        return TRUE;
    gsize from = hit.end;
    gboolean clear = hit.kind == HIT_PLAIN;
    while (scan_next(line->text, line->length, &from, &other))
        clear &= other.kind != HIT_PLAIN && other.kind != HIT_NETWORK;
    if (!clear || words_name_attacker(line->text + hit.end, line->length - hit.end)) {
        error_input(error, "line %u: it is not clear that its address, and no other, is affected",
                    line->number);
        return FALSE;
    }
    listing_rows_add(rows, &hit.address, lines, at, at + 1, line->number);
    return TRUE;
}

static gboolean add_list(const Line *lines, guint start, guint from, guint end, guint8 *told,
                         ReadingRows *rows, GError **error)
{
    gsize length = 0;
    gboolean denied = is_denied(lines, start, from, &length);
    if (denied && length > WORDS_LABEL_MAX) {
        error_input(error, "line %u: what stands above the list does not say that it is of "
                           "affected systems", lines[from].number);
        return FALSE;
    }
    for (guint i = from; i < end; i++) {
        if (!denied && !add_list_line(lines, i, rows, error))
            return FALSE;
        told[i] = TRUE;
    }
    return TRUE;
}

Reading *listing_read_lists(const Line *lines, guint n, guint8 *told, GError **error)
{
    g_autoptr(ReadingRows) rows = listing_rows_new();
    guint from, to;
    for (guint start = 0; start < n; start++) {
        guint end = line_paragraph_end(lines, n, start);
        if (end > start && find_list(lines, start, end, &from, &to)
            && !add_list(lines, start, from, to, told, rows, error))
            return NULL;
        start = end;
    }
    return listing_rows_finish(rows, CERTAINTY_LIST, error);
}
