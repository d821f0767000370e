/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-mail: a finished notice, decoded as its reader would decode it.
 *
 * A notice of the plain form that nearly all have (ASCII header, one text/plain part in
 * UTF-8 and quoted-printable, nothing that two readers could read differently) is decoded
 * here; any other goes through message.h.  Neither way shares code with what wrote it, and
 * both give the same of a plain one. */
#ifndef CERTBUND_GUARD_MAIL_H
#define CERTBUND_GUARD_MAIL_H

#include <glib.h>

#define GUARD_MAIL_FIELDS_MAX 100 /* of a plain notice; a layout adds a few to our ten */

typedef struct {
    GPtrArray *values; /* char *: the header fields' values, unfolded and decoded */
    char *text;        /* of the first part, as message_part_text() gives it */
    gsize length;
} GuardMail;

/* CERTBUND_ERROR_INPUT when it is no mail or its text can't be decoded. */
GuardMail *guard_mail_read(GBytes *notice, GError **error);
void guard_mail_free(GuardMail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuardMail, guard_mail_free)

/* The same, each by one way only; the plain one gives NULL for what is not plain. */
GuardMail *guard_mail_read_plain(GBytes *notice);
GuardMail *guard_mail_read_any(GBytes *notice, GError **error);

#endif
