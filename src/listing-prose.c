/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* An address in a sentence: only if it is the only one, and called an IP. */
#include "listing.h"

#include "listing-rows.h"
#include "scan.h"
#include "words.h"

#include <string.h>

#define MENTIONS_MAX 20 /* of the one address: each costs a look at its sentence */
#define INTRODUCING 4 /* words before the address among which one calls it so */

typedef struct {
    Address address;
    guint mentions;
    gboolean called, doubted; /* an IP; or more than one, or of the other side */
    guint from, to;           /* the paragraph that calls it so */
} Found;

static gboolean ends_sentence(const char *text, gsize length, gsize at)
{
    return strchr(".!?", text[at]) != NULL
           && (at + 1 == length || strchr(" \t\n", text[at + 1]) != NULL);
}

/* The sentence round text[start..end). */
static void sentence_of(const char *text, gsize length, gsize start, gsize end, gsize *from_r,
                        gsize *to_r)
{
    while (start > 0 && !ends_sentence(text, length, start - 1))
        start--;
    while (end < length && !ends_sentence(text, length, end))
        end++;
    *from_r = start;
    *to_r = end;
}

static gboolean calls_it(const char *word, gsize length)
{
    static const char *const names[]
        = { "ip", "ips", "ip-adresse", "ip-address", "ip-adressen", "ipv4-adresse",
            "ipv4-address", "ipv6-adresse", "ipv6-address", "ip-adress", "address", "adresse",
            "host", "server", "webserver", "system", "systems", "rechner", "router", "anschluss" };
    while (length > 0 && strchr(":(\"'", word[length - 1]) != NULL)
        length--;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strlen(names[i]) == length && g_ascii_strncasecmp(names[i], word, length) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_called(const char *text, gsize from, gsize start)
{
    for (guint n = 0; n < INTRODUCING && start > from; n++) {
        while (start > from && strchr(" \t\n", text[start - 1]) != NULL)
            start--;
        gsize end = start;
        while (start > from && strchr(" \t\n", text[start - 1]) == NULL)
            start--;
        if (calls_it(text + start, end - start))
            return TRUE;
    }
    return FALSE;
}

static void look_at(const char *text, gsize length, const Hit *hit, guint from, guint to,
                    Found *found)
{
    gsize start, end;
    sentence_of(text, length, hit->start, hit->end, &start, &end);
    found->doubted |= found->mentions >= MENTIONS_MAX
                      || (found->mentions > 0 && !address_equal(&found->address, &hit->address))
                      || words_name_attacker(text + start, end - start);
    found->address = hit->address;
    found->mentions++;
    if (!found->called && is_called(text, start, hit->start)
        && words_name_own(text + start, end - start)) {
        found->called = TRUE;
        found->from = from;
        found->to = to;
    }
}

/* lines[from..to) is a paragraph: its lines follow each other in the text. */
static void look_into(const Line *lines, guint from, guint to, Found *found)
{
    const char *text = lines[from].text;
    gsize length = (gsize)(lines[to - 1].text + lines[to - 1].length - text);
    Hit hit;
    for (gsize at = 0; !found->doubted && scan_next(text, length, &at, &hit);)
        if (hit.kind == HIT_PLAIN)
            look_at(text, length, &hit, from, to, found);
}

Reading *listing_read_prose(const Line *lines, guint n, const guint8 *told, GError **error)
{
    Found found = { .mentions = 0 };
    for (guint start = 0; start < n; start++) {
        guint end = line_paragraph_end(lines, n, start);
        gboolean free = end > start;
        for (guint i = start; i < end; i++)
            free &= !told[i] && *lines[i].text != '>'; /* cited */
        if (free)
            look_into(lines, start, end, &found);
        start = end;
    }
    if (!found.called || found.doubted)
        return NULL;
    g_autoptr(ReadingRows) rows = listing_rows_new();
    listing_rows_add(rows, &found.address, lines, found.from, found.to,
                     lines[found.from].number);
    return listing_rows_finish(rows, CERTAINTY_TEXT, error);
}
