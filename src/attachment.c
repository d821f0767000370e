/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "attachment.h"

Attachment *attachment_new(const char *type, char *name, GString *content)
{
    Attachment *attachment = g_new(Attachment, 1);

    *attachment = (Attachment){ type, name, content };
    return attachment;
}

void attachment_free(Attachment *attachment)
{
    if (attachment == NULL)
        return;
    g_free(attachment->name);
    if (attachment->content != NULL)
        g_string_free(attachment->content, TRUE);
    g_free(attachment);
}

GPtrArray *attachments_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)attachment_free);
}
