/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "uuid.h"

#include <string.h>

#define SHA1_BYTES 20

char *uuid_of_name(const guint8 space[UUID_BYTES], const char *name)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA1);
    GString *text = g_string_sized_new(2 * UUID_BYTES + 4);
    guint8 id[SHA1_BYTES];
    gsize size = sizeof id;

    g_checksum_update(checksum, space, UUID_BYTES);
    g_checksum_update(checksum, (const guchar *)name, (gssize)strlen(name));
    g_checksum_get_digest(checksum, id, &size);
    id[6] = (guint8)((id[6] & 0x0f) | 0x50); /* version */
    id[8] = (guint8)((id[8] & 0x3f) | 0x80); /* variant */
    for (guint i = 0; i < UUID_BYTES; i++)
        g_string_append_printf(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                               id[i]);
    return g_string_free(text, FALSE);
}
