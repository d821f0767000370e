/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* attached: an attachment -> its text, as it is or out of a zip (zip.h). */
#ifndef CERTBUND_ATTACHED_H
#define CERTBUND_ATTACHED_H

#include "message.h"

/* By its type, or by its name where the type says nothing. */
gboolean attached_is_zip(const MessagePart *part);

/* Part i as message_part_text() gives it; of a zip, the one file in it, whose name must have
 * one of these endings (".csv"; NULL ends them).  Caller frees.  CERTBUND_ERROR_INPUT as of
 * message_part_text() and zip_read_file(). */
char *attached_text(Message *message, guint i, const char *const *endings, gsize *length_r,
                    GError **error);

#endif
