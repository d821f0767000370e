/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Chooses the carrier, and doubts: an address that the carrier does not account
 * for, HTML and text that name different ones, an attachment that names others
 * than the text. */
#include "manual.h"

#include "attached.h"
#include "dialect.h"
#include "errors.h"
#include "html.h"
#include "listing.h"
#include "scan.h"

#include <string.h>

/* What a file with a table, or a list, is called. */
static const char *const table_endings[] = { ".csv", ".tsv", ".txt", ".tab", NULL };

/* A text of the mail, taken apart. */
typedef struct {
    Letter *letter;
    guint8 *told; /* for each line: its addresses are accounted for */
    guint part;   /* from 1 */
    Wrap wrap;
} Body;

static void body_clear(Body *body)
{
    letter_free(body->letter);
    g_free(body->told);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Body, body_clear)

static GHashTable *address_set(void)
{
    return g_hash_table_new_full(address_hash, address_equal, g_free, NULL);
}

static void add_address(GHashTable *set, const Address *address)
{
    g_hash_table_add(set, g_memdup2(address, sizeof *address));
}

static GHashTable *addresses_of_reading(const Reading *reading)
{
    GHashTable *set = address_set();
    for (guint row = 0; reading != NULL && row < table_n_rows(reading->table); row++) {
        const char *text = table_cell(reading->table, row, reading->address_column);
        Address address;
        if (address_parse(text, strlen(text), &address))
            add_address(set, &address);
    }
    return set;
}

static gboolean same_addresses(GHashTable *a, GHashTable *b)
{
    GHashTableIter iter;
    gpointer address;
    g_hash_table_iter_init(&iter, a);
    while (g_hash_table_iter_next(&iter, &address, NULL))
        if (!g_hash_table_contains(b, address))
            return FALSE;
    return g_hash_table_size(a) == g_hash_table_size(b);
}

/* ---- the parts ---- */

/* The part's lines.  FALSE when it can't be read. */
static gboolean open_body(Message *message, guint i, gboolean whole, Body *body_r, GError **error)
{
    const MessagePart *part = message_part(message, i);
    gboolean is_html = strcmp(part->type, "text/html") == 0;
    gsize length;
    if (!part->complete) {
        error_input(error, "part %u is cut: no boundary stands behind it", i + 1);
        return FALSE;
    }
    char *text = attached_text(message, i, table_endings, &length, error);
    if (text != NULL && is_html) {
        g_autofree char *html = text;
        text = html_text(html, length, &length, error);
    }
    if (text != NULL)
        body_r->letter = letter_read(text, length, whole, error);
    if (body_r->letter == NULL) {
        g_prefix_error(error, "part %u: ", i + 1);
        return FALSE;
    }
    body_r->told = g_new0(guint8, body_r->letter->n + 1);
    body_r->part = i + 1;
    body_r->wrap = whole ? WRAP_QUOTES : is_html ? WRAP_NEVER : WRAP_HARD;
    return TRUE;
}

static gboolean has_ending(const char *name, const char *const *endings)
{
    for (; name != NULL && *endings != NULL; endings++) {
        gsize n = strlen(*endings), length = strlen(name);
        if (length >= n && g_ascii_strcasecmp(name + length - n, *endings) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Text under any of the types that a table comes with, or a zip, which may hold one. */
static gboolean is_attached_text(const MessagePart *part)
{
    static const char *const types[]
        = { "text/csv", "text/tab-separated-values", "application/csv", "text/x-csv", NULL };
    if (g_strv_contains(types, part->type) || attached_is_zip(part))
        return TRUE;
    return (part->attachment || part->filename != NULL) && has_ending(part->filename, table_endings)
           && strcmp(part->type, "text/html") != 0;
}

static gboolean is_own_text(const MessagePart *part, const char *type)
{
    return strcmp(part->type, type) == 0 && !part->attachment && !is_attached_text(part);
}

/* ---- own words ---- */

static Reading *read_rows(Body *body, GError **error)
{
    const Letter *letter = body->letter;
    const Line *lines = letter->lines + letter->start;
    guint n = letter->end - MIN(letter->start, letter->end);
    guint8 *told = body->told + letter->start;
    g_autoptr(GError) doubt = NULL;
    Reading *reading = dialect_read(lines, n, body->wrap, told, &doubt);
    if (reading == NULL && doubt == NULL)
        reading = listing_read_logs(lines, n, told, &doubt);
    if (reading == NULL && doubt == NULL)
        reading = listing_read_keys(lines, n, told, &doubt);
    if (reading == NULL && doubt == NULL)
        reading = listing_read_lists(lines, n, told, &doubt);
    if (reading == NULL && doubt == NULL)
        reading = listing_read_prose(lines, n, told, &doubt);
    if (doubt != NULL)
        g_propagate_error(error, g_steal_pointer(&doubt));
    return reading;
}

/* Does the hit contradict what was taken? */
static gboolean contradicts(const Hit *hit, GHashTable *taken)
{
    gboolean known = g_hash_table_contains(taken, &hit->address);
    switch (hit->kind) {
    case HIT_PLAIN:
        return !known;
    case HIT_URL:
        return !known && !scan_is_out(&hit->address);
    case HIT_NETWORK:
        return TRUE;
    case HIT_DEFANGED:
        return known;
    case HIT_OUT:
    case HIT_VERSION:
        break;
    }
    return FALSE;
}

/* The next hit in the line; what stands above it is seen, too ("Version" / "4.2.3.1"). */
static gboolean next_hit(const Letter *letter, const Line *line, gsize *from, Hit *hit_r)
{
    gsize start = (gsize)(line->text - letter->text);
    *from = MAX(*from, start);
    return scan_next(letter->text, start + line->length, from, hit_r);
}

/* Every address in own words that the carrier does not account for is a doubt; so is one that
 * is taken, and defanged somewhere as if it were an attacker's; and one
 * between sign-off and signature, where a line that only looks like one may have cut. */
static gboolean check_rest(const Body *body, GHashTable *taken, GError **error)
{
    const Letter *letter = body->letter;
    for (guint i = letter->start; i < letter->below; i++) {
        const Line *line = &letter->lines[i];
        Hit hit;
        for (gsize from = 0; next_hit(letter, line, &from, &hit);)
            if ((!body->told[i] || hit.kind == HIT_DEFANGED) && contradicts(&hit, taken)) {
                error_input(error, "part %u, line %u: it is not clear what \"%.*s\" is there",
                            body->part, line->number, (int)(hit.end - hit.start),
                            letter->text + hit.start);
                return FALSE;
            }
    }
    return TRUE;
}

/* What is named in own words, whatever it is there. */
static GHashTable *addresses_of_letter(const Letter *letter)
{
    GHashTable *set = address_set();
    for (guint i = letter->start; i < letter->end; i++) {
        const Line *line = &letter->lines[i];
        Hit hit;
        for (gsize from = 0; next_hit(letter, line, &from, &hit);)
            if (hit.kind == HIT_PLAIN)
                add_address(set, &hit.address);
    }
    return set;
}

static gboolean same_words(const Body *html, const Body *text, GError **error)
{
    g_autoptr(GHashTable) shown = addresses_of_letter(html->letter);
    g_autoptr(GHashTable) plain = addresses_of_letter(text->letter);
    if (same_addresses(shown, plain))
        return TRUE;
    error_input(error, "its HTML and its text do not name the same addresses");
    return FALSE;
}

/* The first text and the first HTML part are CERT-Bund's; behind them a list may have put
 * texts of its own, which must name nothing. */
static gboolean open_bodies(Message *message, Body *text, Body *html, GError **error)
{
    for (guint i = 0; i < message_n_parts(message); i++) {
        const MessagePart *part = message_part(message, i);
        Body *body = is_own_text(part, "text/plain")  ? text
                     : is_own_text(part, "text/html") ? html
                                                      : NULL;
        if (body == NULL)
            continue;
        if (body->letter == NULL) {
            if (!open_body(message, i, FALSE, body, error))
                return FALSE;
            continue;
        }
        g_auto(Body) more = { .letter = NULL };
        g_autoptr(GHashTable) nothing = address_set();
        if (!open_body(message, i, TRUE, &more, error) || !check_rest(&more, nothing, error))
            return FALSE;
    }
    if (text->letter == NULL && html->letter == NULL) {
        error_input(error, "it has no text");
        return FALSE;
    }
    return text->letter == NULL || html->letter == NULL || same_words(html, text, error);
}

/* CERT-Bund's words from the salutation to the first line that tells a row or an address;
 * a heading that ends there goes with it. */
static char *quote_above(const Letter *letter, const guint8 *told)
{
    g_autoptr(GString) quote = g_string_new(NULL);
    for (guint i = letter->start; i < letter->end && !told[i]; i++) {
        const Line *line = &letter->lines[i];
        Hit hit;
        gsize from = 0;
        if (scan_next(line->text, line->length, &from, &hit)
            || quote->len + line->length >= REPORT_QUOTE_MAX)
            break;
        if (line->length > 0 || quote->len > 0)
            g_string_append_len(quote, line->text, line->length);
        if (quote->len > 0)
            g_string_append_c(quote, '\n');
    }
    g_strchomp(quote->str);
    return *quote->str != '\0' ? g_strconcat(quote->str, "\n", NULL) : NULL;
}

/* ---- attachments ---- */

/* All of an attachment must be one table, or one list; NULL without an error when it has no
 * address at all. */
static Reading *read_attachment(Message *message, guint i, GError **error)
{
    g_auto(Body) body = { .letter = NULL };
    g_autoptr(GError) doubt = NULL;
    if (!open_body(message, i, TRUE, &body, error))
        return NULL;
    guint n = body.letter->n;
    g_autoptr(Reading) reading
        = dialect_read(body.letter->lines, n, body.wrap, body.told, &doubt);
    if (reading == NULL && doubt == NULL)
        reading = listing_read_lists(body.letter->lines, n, body.told, &doubt);
    g_autoptr(GHashTable) taken = addresses_of_reading(reading);
    if (doubt != NULL)
        g_propagate_prefixed_error(error, g_steal_pointer(&doubt), "attachment, part %u: ", i + 1);
    else if (check_rest(&body, taken, error))
        return g_steal_pointer(&reading);
    return NULL;
}

/* Fills manual when the own words gave nothing, else compares. */
static gboolean read_attachments(Message *message, Manual *manual, GError **error)
{
    g_autoptr(GHashTable) taken = addresses_of_reading(manual->reading);
    g_autoptr(GError) doubt = NULL;
    gboolean own = manual->reading != NULL;
    for (guint i = 0; i < message_n_parts(message); i++) {
        if (!is_attached_text(message_part(message, i)))
            continue;
        g_autoptr(Reading) reading = read_attachment(message, i, &doubt);
        if (doubt != NULL) {
            g_propagate_error(error, g_steal_pointer(&doubt));
            return FALSE;
        }
        if (reading == NULL)
            continue;
        g_autoptr(GHashTable) attached = addresses_of_reading(reading);
        if (manual->reading != NULL && (!own || !same_addresses(taken, attached))) {
            error_input(error, own ? "its text and an attachment name different addresses"
                                   : "two attachments have addresses");
            return FALSE;
        }
        if (manual->reading == NULL) {
            manual->reading = g_steal_pointer(&reading);
            manual->part = i + 1;
        }
    }
    return TRUE;
}

/* FALSE with a doubt; the reading may be NULL: own words name nobody. */
static gboolean read_own(Body *body, Manual *manual, GError **error)
{
    g_autoptr(GError) doubt = NULL;
    manual->reading = read_rows(body, &doubt);
    if (doubt != NULL) {
        g_propagate_prefixed_error(error, g_steal_pointer(&doubt), "part %u: ", body->part);
        return FALSE;
    }
    g_autoptr(GHashTable) taken = addresses_of_reading(manual->reading);
    manual->part = body->part;
    manual->german = body->letter->german;
    manual->quote = quote_above(body->letter, body->told);
    return check_rest(body, taken, error);
}

gboolean manual_read(Message *message, Manual *manual_r, GError **error)
{
    g_auto(Body) text = { .letter = NULL }, html = { .letter = NULL };
    if (!open_bodies(message, &text, &html, error)
        || !read_own(html.letter != NULL ? &html : &text, manual_r, error)
        || !read_attachments(message, manual_r, error))
        return FALSE;
    if (manual_r->reading == NULL) {
        error_input(error, "it names no address of a system that is affected");
        return FALSE;
    }
    return TRUE;
}

void manual_clear(Manual *manual)
{
    reading_free(manual->reading);
    g_free(manual->quote);
}
