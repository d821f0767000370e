/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Cuts and defangs.  What mail programs turn into links is what begins with a scheme and
 * "://", or with "www."; a bare name or address says no more than it is. */
#include "shown.h"

#include <string.h>

static gboolean begins_www(const char *at)
{
    return g_ascii_strncasecmp(at, "www.", 4) == 0;
}

static gboolean begins_link(const char *at)
{
    return *at == ':' ? at[1] == '/' && at[2] == '/' : begins_www(at);
}

static gboolean is_longer(const char *cell, guint max)
{
    return max > 0 && strlen(cell) > max && g_utf8_strlen(cell, -1) > (glong)max;
}

/* A certificate's name, say: a cell that is a host name alone is what the notice is about. */
static gboolean is_host_name(const char *cell)
{
    return cell[strspn(cell, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*")]
        == '\0';
}

static gboolean has_link(const char *cell)
{
    for (const char *at = strpbrk(cell, ":wW"); at != NULL; at = strpbrk(at + 1, ":wW"))
        if (begins_link(at))
            return TRUE;
    return FALSE;
}

gboolean shown_differs(const char *cell, guint max)
{
    return is_longer(cell, max) || (has_link(cell) && !is_host_name(cell));
}

void shown_append(GString *out, const char *cell, guint max)
{
    gboolean cut = is_longer(cell, max), name = is_host_name(cell);
    const char *end = cut ? g_utf8_offset_to_pointer(cell, (glong)max - 1) : cell + strlen(cell);

    for (const char *at = cell; at < end; at++) {
        if (*at == ':' && begins_link(at))
            g_string_append(out, "[:]");
        else if (*at == '.' && !name && at - cell >= 3 && begins_www(at - 3))
            g_string_append(out, "[.]");
        else
            g_string_append_c(out, *at);
    }
    if (cut)
        g_string_append(out, "…");
}
