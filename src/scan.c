/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Finds addresses in text[0..length), from left to right.  Linear but for the
 * looks back to the start of a word, which are bounded. */
#include "scan.h"

#include <string.h>

typedef struct {
    const char *text, *end;
} Scan;

static gboolean is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || (guchar)c >= 0x80;
}

static gboolean starts_with(const Scan *scan, const char *at, const char *what)
{
    gsize n = strlen(what);
    return (gsize)(scan->end - at) >= n && g_ascii_strncasecmp(at, what, n) == 0;
}

/* The dot at at: how long it is written, 0 when none stands there. */
static gsize dot_length(const Scan *scan, const char *at, gboolean *defanged)
{
    static const char *const spellings[] = { "[.]", "(.)", "{.}", "[dot]", "(dot)", "[.", ".]" };
    for (gsize i = 0; i < G_N_ELEMENTS(spellings); i++)
        if (starts_with(scan, at, spellings[i])) {
            *defanged = TRUE;
            return strlen(spellings[i]);
        }
    return at < scan->end && *at == '.' ? 1 : 0;
}

/* "[.]" and such at the end of a sentence's address divide nothing. */
static gboolean goes_on(const Scan *scan, const char *at)
{
    gboolean defanged = FALSE;
    gsize dot = dot_length(scan, at, &defanged);
    return dot > 0 && at + dot < scan->end && is_word(at[dot]);
}

/* Four groups at at; *behind_r is behind them.  The address is read without its brackets. */
static gboolean read_quad(const Scan *scan, const char *at, Hit *hit, const char **behind_r)
{
    char plain[16];
    gsize used = 0;
    gboolean defanged = FALSE;
    for (guint group = 0; group < 4; group++) {
        gsize dot = group > 0 ? dot_length(scan, at, &defanged) : 0;
        if (group > 0) {
            if (dot == 0)
                return FALSE;
            plain[used++] = '.';
            at += dot;
        }
        guint digits = 0;
        for (; at < scan->end && g_ascii_isdigit(*at) && digits < 3; digits++)
            plain[used++] = *at++;
        if (digits == 0)
            return FALSE;
    }
    *behind_r = at;
    hit->kind = defanged ? HIT_DEFANGED : HIT_PLAIN;
    return address_parse(plain, used, &hit->address);
}

/* A run of hexadecimal digits, colons and dots with two colons or more. */
static gboolean read_ipv6(const Scan *scan, const char *at, Hit *hit, const char **behind_r)
{
    const char *behind = at;
    guint colons = 0;
    while (behind < scan->end && behind - at < ADDRESS_TEXT_SIZE
           && (g_ascii_isxdigit(*behind) || *behind == ':' || *behind == '.'))
        colons += *behind++ == ':';
    while (behind > at && (behind[-1] == '.' || (behind[-1] == ':' && behind - at > 2
                                                 && behind[-2] != ':')))
        behind--;
    *behind_r = behind;
    hit->kind = HIT_PLAIN;
    return colons >= 2 && address_parse(at, (gsize)(behind - at), &hit->address);
}

static gboolean is_word_end(char c)
{
    return strchr(" \t\r\n\"<>;\x1f", c) != NULL; /* NUL is one, too */
}

/* Does the word of at begin as a URL does, and is that one defanged? */
static gboolean in_url(const Scan *scan, const char *at, gboolean *defanged_r)
{
    const char *word = at;
    while (word > scan->text && at - word < SCAN_WORD_MAX && !is_word_end(word[-1]))
        word--;
    *defanged_r = FALSE;
    for (const char *p = word; p < at; p++) {
        *defanged_r |= starts_with(scan, p, "hxxp") || starts_with(scan, p, "[:]");
        if (starts_with(scan, p, "://") || starts_with(scan, p, "]//")
            || starts_with(scan, p, "www.") || *p == '@')
            return TRUE;
    }
    return FALSE;
}

static gboolean behind_version(const Scan *scan, const char *at)
{
    static const char *const words[] = { "version", "versionen", "versions", "ver", "v",
                                         "build", "release", "firmware", "revision", "rev",
                                         "patch", "update", "engine", "software" };
    while (at > scan->text && strchr(" \t\r\n:(.", at[-1]) != NULL)
        at--;
    const char *end = at;
    while (at > scan->text && g_ascii_isalpha(at[-1]) && end - at < 16)
        at--;
    if (at > scan->text && is_word(at[-1]))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strlen(words[i]) == (gsize)(end - at)
            && g_ascii_strncasecmp(words[i], at, (gsize)(end - at)) == 0)
            return TRUE;
    return FALSE;
}

/* What follows the address: a prefix length, the other end of a range, a path. */
static HitKind kind_by_end(const Scan *scan, const char *behind, HitKind kind)
{
    Hit other;
    const char *end;
    if (starts_with(scan, behind, "[:]"))
        return HIT_DEFANGED;
    if (behind < scan->end && *behind == '/')
        return behind + 1 < scan->end && g_ascii_isdigit(behind[1]) ? HIT_NETWORK : HIT_URL;
    while (behind < scan->end && *behind == ' ')
        behind++;
    if (behind < scan->end && *behind == '-') {
        for (behind++; behind < scan->end && *behind == ' ';)
            behind++;
        if (read_quad(scan, behind, &other, &end) || read_ipv6(scan, behind, &other, &end))
            return HIT_NETWORK;
    }
    return kind;
}

static HitKind kind_of(const Scan *scan, const char *at, const char *behind, const Hit *hit)
{
    gboolean defanged;
    if (hit->kind == HIT_DEFANGED)
        return HIT_DEFANGED;
    if (in_url(scan, at, &defanged))
        return defanged ? HIT_DEFANGED : HIT_URL;
    if (at > scan->text && at[-1] == '/')
        return at - 1 > scan->text && is_word(at[-2]) ? HIT_VERSION : HIT_URL;
    HitKind kind = kind_by_end(scan, behind, hit->kind);
    if (kind != HIT_PLAIN)
        return kind;
    if (behind_version(scan, at))
        return HIT_VERSION;
    return scan_is_out(&hit->address) ? HIT_OUT : HIT_PLAIN;
}

/* May something that stands by itself begin or end here? */
static gboolean is_start(const Scan *scan, const char *at)
{
    if (at == scan->text)
        return TRUE;
    if (at[-1] == '-')
        return at - 1 == scan->text || !is_word(at[-2]);
    return !is_word(at[-1]) && at[-1] != '.' && (at[-1] != ':' || !g_ascii_isxdigit(*at)
                                                 || at - 1 == scan->text
                                                 || !g_ascii_isxdigit(at[-2])
                                                 || g_ascii_isalpha(at[-2]));
}

static gboolean is_end(const Scan *scan, const char *behind)
{
    if (behind == scan->end)
        return TRUE;
    if (*behind == '-' && behind + 1 < scan->end)
        return !g_ascii_isalpha(behind[1]);
    return !is_word(*behind) && *behind != '%' && !goes_on(scan, behind);
}

gboolean scan_next(const char *text, gsize length, gsize *from, Hit *hit_r)
{
    const Scan scan = { text, text + length };
    for (const char *at = text + *from; at < scan.end; at++) {
        const char *behind;
        if ((!g_ascii_isxdigit(*at) && *at != ':') || !is_start(&scan, at))
            continue;
        if (!((g_ascii_isdigit(*at) && read_quad(&scan, at, hit_r, &behind))
              || read_ipv6(&scan, at, hit_r, &behind))
            || !is_end(&scan, behind))
            continue;
        hit_r->start = (gsize)(at - text);
        hit_r->end = (gsize)(behind - text);
        hit_r->kind = kind_of(&scan, at, behind, hit_r);
        *from = hit_r->end;
        return TRUE;
    }
    *from = length;
    return FALSE;
}

gboolean scan_is_out(const Address *address)
{
    const guint8 *bytes = address->bytes;
    if (!address_is_ipv4(address))
        return bytes[0] >> 5 != 1;
    const guint8 *quad = bytes + 12;
    return quad[0] == 0 || quad[0] == 10 || quad[0] == 127 || quad[0] >= 224
           || (quad[0] == 169 && quad[1] == 254) || (quad[0] == 172 && quad[1] >> 4 == 1)
           || (quad[0] == 192 && quad[1] == 168);
}
