/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Attached texts, for both families: a table comes plain or in a zip. */
#include "attached.h"

#include "zip.h"

#include <string.h>

gboolean attached_is_zip(const MessagePart *part)
{
    return strcmp(part->type, "application/zip") == 0
           || strcmp(part->type, "application/x-zip-compressed") == 0
           || (strcmp(part->type, "application/octet-stream") == 0 && part->filename != NULL
               && strlen(part->filename) >= 4
               && g_ascii_strcasecmp(part->filename + strlen(part->filename) - 4, ".zip") == 0);
}

static char *unzipped_text(Message *message, guint i, const char *const *endings,
                           gsize *length_r, GError **error)
{
    g_autoptr(GBytes) zip = message_part_bytes(message, i, error);
    char *file = zip != NULL ? zip_read_file(zip, endings, length_r, error) : NULL;

    return file != NULL ? message_clean_text(file, NULL, length_r, error) : NULL;
}

char *attached_text(Message *message, guint i, const char *const *endings, gsize *length_r,
                    GError **error)
{
    return attached_is_zip(message_part(message, i))
               ? unzipped_text(message, i, endings, length_r, error)
               : message_part_text(message, i, length_r, error);
}
