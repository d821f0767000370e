/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "narrow.h"

#include <string.h>

#define CVE "CVE-"
#define DIGITS "0123456789"

guint narrow_port(const char *cell)
{
    guint64 port;

    return g_ascii_string_to_unsigned(cell, 10, 1, G_MAXUINT16, &port, NULL) ? (guint)port : 0;
}

char *narrow_cve(const char *cell)
{
    for (const char *at = cell; (at = strstr(at, CVE)) != NULL; at += strlen(CVE)) {
        const char *year = at + strlen(CVE), *serial = year + strspn(year, DIGITS) + 1;
        if (serial != year + 5 || serial[-1] != '-')
            continue;
        gsize length = strspn(serial, DIGITS);
        if (length >= 4 && length <= 19)
            return g_strndup(at, (gsize)(serial - at) + length);
    }
    return NULL;
}

static gboolean is_divider(char c)
{
    return c == '-' || c == '_';
}

gboolean narrow_is_word(const char *cell)
{
    guint dividers = 0, letters = 0;
    gsize n = 0;

    for (; g_ascii_isalnum(cell[n]) || is_divider(cell[n]); n++) {
        if (is_divider(cell[n]) && (n == 0 || is_divider(cell[n - 1])))
            return FALSE;
        dividers += is_divider(cell[n]);
        letters += g_ascii_isalpha(cell[n]) && !g_ascii_isxdigit(cell[n]);
    }
    return cell[n] == '\0' && letters > 0 && n <= NARROW_WORD_MAX && dividers <= 2
        && !is_divider(cell[n - 1]);
}
