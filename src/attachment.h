/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* attachment: a file that goes with a notice. */
#ifndef CERTBUND_ATTACHMENT_H
#define CERTBUND_ATTACHMENT_H

#include <glib.h>

typedef struct {
    const char *type; /* "text/csv" or "application/json", whose text is UTF-8; static */
    char *name;       /* of the file, ASCII */
    GString *content; /* line ends as they shall be; NULL once it was taken */
} Attachment;

/* name and content are taken. */
Attachment *attachment_new(const char *type, char *name, GString *content);
void attachment_free(Attachment *attachment);

/* An empty list that owns its attachments. */
GPtrArray *attachments_new(void);

#endif
