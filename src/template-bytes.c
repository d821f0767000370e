/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Bytes, characters and references of a template file.
 *
 * Refuses what editors leave behind: other encodings than the one that is declared,
 * control characters, a '&' of a web address, the named entities of HTML. */
#include "template-bytes.h"

#include <string.h>

#define DECLARATION_MAX 200 /* bytes of <?xml ...?>; what is longer declares nothing to us */
#define REFERENCE_MAX   40  /* bytes of a name behind '&'; HTML's longest has 31 */

static gboolean note(Bytes *bytes, guint place, const char *format, va_list arguments)
    G_GNUC_PRINTF(3, 0);

static gboolean note(Bytes *bytes, guint place, const char *format, va_list arguments)
{
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    faults_add(bytes->faults, bytes->file, place, "%s", what);
    return FALSE;
}

gboolean bytes_fault_at(Bytes *bytes, guint place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(bytes, place, format, arguments);
    va_end(arguments);
    return FALSE;
}

gboolean bytes_fault(Bytes *bytes, const char *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(bytes, bytes_place(bytes, at), format, arguments);
    va_end(arguments);
    return FALSE;
}

/* A byte that does not go on with a character before it. */
static gboolean begins_character(const Bytes *bytes, char c)
{
    return !bytes->utf8 || ((guchar)c & 0xc0) != 0x80;
}

guint bytes_place(Bytes *bytes, const char *at)
{
    if (at < bytes->counted) {
        bytes->counted = bytes->begin;
        bytes->line = bytes->column = 1;
    }
    for (; bytes->counted < at; bytes->counted++) {
        if (*bytes->counted == '\n') {
            bytes->line++;
            bytes->column = 1;
        } else if (begins_character(bytes, bytes->counted[0])) {
            bytes->column++;
        }
    }
    return faults_place(bytes->line, bytes->column);
}

gboolean bytes_at(const Bytes *bytes, const char *word)
{
    gsize length = strlen(word);
    return (gsize)(bytes->end - bytes->p) >= length && memcmp(bytes->p, word, length) == 0;
}

gboolean bytes_is_name(char c)
{
    return g_ascii_isalnum(c) || ((guchar)c & 0x80) != 0 ||
           (c != '\0' && strchr("-._:", c) != NULL);
}

gsize bytes_character_length(const Bytes *bytes)
{
    gsize length = bytes->p < bytes->end ? 1 : 0;
    while (length > 0 && bytes->p + length < bytes->end &&
           !begins_character(bytes, bytes->p[length]))
        length++;
    return length;
}

char *bytes_typographic_quote(const Bytes *bytes)
{
    static const char *const quotes[] = { "\u201c", "\u201d", "\u201e", "\u201f",
                                          "\u2018", "\u2019", "\u201a", "\u00ab",
                                          "\u00bb", "\u2039", "\u203a" };
    for (guint i = 0; bytes->utf8 && i < G_N_ELEMENTS(quotes); i++)
        if (bytes_at(bytes, quotes[i]))
            return g_strdup(quotes[i]);
    return NULL;
}

/* HTML's names that are typed out of habit, and their characters. */
static const struct {
    const char *name;
    gunichar character;
} html_entities[] = {
    { "nbsp", 160 },   { "auml", 228 },    { "ouml", 246 },   { "uuml", 252 },   { "Auml", 196 },
    { "Ouml", 214 },   { "Uuml", 220 },    { "szlig", 223 },  { "euro", 8364 },  { "ndash", 8211 },
    { "mdash", 8212 }, { "bdquo", 8222 },  { "ldquo", 8220 }, { "rdquo", 8221 }, { "laquo", 171 },
    { "raquo", 187 },  { "hellip", 8230 }, { "copy", 169 },   { "sect", 167 },   { "bull", 8226 },
    { "shy", 173 },    { "eacute", 233 },  { "rarr", 8594 },  { "lsquo", 8216 }, { "rsquo", 8217 },
};

static gboolean unknown_entity(Bytes *bytes, const char *at, const char *name)
{
    static const char *const own[] = { "amp", "lt", "gt", "quot", "apos", NULL };
    for (guint i = 0; i < G_N_ELEMENTS(html_entities); i++) {
        gunichar c = html_entities[i].character;
        if (strcmp(html_entities[i].name, name) != 0)
            continue;
        g_autofree char *itself = g_ucs4_to_utf8(&c, 1, NULL, NULL, NULL);
        gboolean shown = g_unichar_isgraph(c) && c != 173;
        return bytes_fault(bytes, at,
                           "&%s; is HTML's alone, expected the character itself%s%s or &#%u;", name,
                           shown ? ", " : "", shown ? itself : "", c);
    }
    const char *guess = faults_guess(name, own);
    return bytes_fault(bytes, at,
                       "unknown entity &%s;%s%s%s expected the character itself, or its "
                       "number as in &#160;",
                       name, guess != NULL ? ", did you mean &" : ",", guess != NULL ? guess : "",
                       guess != NULL ? ";?" : "");
}

/* Section 4.1: &#228; or &#xE4;, of a character that XML allows. */
static gboolean skip_number(Bytes *bytes)
{
    const char *start = bytes->p;
    gboolean hexadecimal = bytes->end - start > 2 && start[2] == 'x';
    const char *digits = start + (hexadecimal ? 3 : 2), *p = digits;
    guint64 number = 0;

    for (; p < bytes->end && (hexadecimal ? g_ascii_isxdigit(*p) : g_ascii_isdigit(*p)); p++)
        number =
            MIN(number * (hexadecimal ? 16 : 10) + (guint)g_ascii_xdigit_value(*p), G_MAXUINT32);
    if (p == digits || p == bytes->end || *p != ';')
        return bytes_fault(bytes, start,
                           "&# without a number and ; behind it, expected for example &#160;");
    if ((number < 0x20 && number != '\t' && number != '\n' && number != '\r') ||
        number > 0x10ffff || (number >= 0xd800 && number < 0xe000) || number == 0xfffe ||
        number == 0xffff)
        return bytes_fault(bytes, start, "%.*s is no character of XML, expected another number",
                           (int)(p + 1 - start), start);
    bytes->p = p + 1;
    return TRUE;
}

gboolean bytes_skip_reference(Bytes *bytes)
{
    static const char *const own[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;" };
    const char *start = bytes->p, *p = start + 1;

    if (bytes_at(bytes, "&#"))
        return skip_number(bytes);
    for (guint i = 0; i < G_N_ELEMENTS(own); i++)
        if (bytes_at(bytes, own[i])) {
            bytes->p += strlen(own[i]);
            return TRUE;
        }
    while (p < bytes->end && p - start <= REFERENCE_MAX && bytes_is_name(*p))
        p++;
    if (p == start + 1 || p == bytes->end || *p != ';')
        return bytes_fault(bytes, start,
                           "a & by itself, expected &amp; (also within a web address)");
    g_autofree char *name = g_strndup(start + 1, (gsize)(p - start - 1));
    return unknown_entity(bytes, start, name);
}

/* Does <?xml ... encoding="X"?> name another encoding than UTF-8? */
static gboolean declares_other(const Bytes *bytes)
{
    const char *close =
        g_strstr_len(bytes->begin, MIN(bytes->end - bytes->begin, DECLARATION_MAX), "?>");
    if (!bytes_at(bytes, "<?xml") || close == NULL)
        return FALSE;
    g_autofree char *declaration = g_ascii_strdown(bytes->begin, close - bytes->begin);
    const char *encoding = strstr(declaration, "encoding");
    return encoding != NULL && strstr(encoding, "utf-8") == NULL &&
           strstr(encoding, "ascii") == NULL;
}

static gboolean bad_encoding(Bytes *bytes, const char *at)
{
    gsize length;
    g_autofree char *latin1 = g_convert(at, 1, "UTF-8", "WINDOWS-1252", NULL, &length, NULL);
    return bytes_fault(bytes, at,
                       "byte 0x%02X is not UTF-8%s%s, expected the file saved as UTF-8 "
                       "(iconv -f WINDOWS-1252 -t UTF-8)",
                       (guchar)*at, latin1 != NULL ? "; in a Windows or Latin-1 file it is " : "",
                       latin1 != NULL ? latin1 : "");
}

static gboolean check_bytes(Bytes *bytes)
{
    const char *bad;
    if (bytes->utf8 && !g_utf8_validate(bytes->begin, bytes->end - bytes->begin, &bad) &&
        *bad != '\0')
        return bad_encoding(bytes, bad);
    for (const char *p = bytes->begin; p < bytes->end; p++)
        if ((guchar)*p < 0x20 && strchr("\t\n\r", *p) == NULL)
            return bytes_fault(bytes, p, "control character 0x%02X, expected none", (guchar)*p);
        else if (*p == '\0')
            return bytes_fault(bytes, p, "a NUL byte, expected text");
    return TRUE;
}

gboolean bytes_begin(Bytes *bytes_r, const char *file, const char *content, gsize length,
                     Faults *faults)
{
    gboolean marked = length >= 3 && memcmp(content, "\xef\xbb\xbf", 3) == 0;
    const char *begin = content + (marked ? 3 : 0);
    *bytes_r = (Bytes){ begin, begin, content + length, file, faults, begin, 1, 1, TRUE };
    if (length >= 2 && (memcmp(content, "\xff\xfe", 2) == 0 || memcmp(content, "\xfe\xff", 2) == 0))
        return bytes_fault(
            bytes_r, begin,
            "the file is UTF-16, expected it saved as UTF-8 (iconv -f UTF-16 -t UTF-8)");
    bytes_r->utf8 = !declares_other(bytes_r);
    return check_bytes(bytes_r);
}
