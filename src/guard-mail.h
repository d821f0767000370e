/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-mail: a finished notice, decoded as its reader would decode it.
 *
 * A notice of the plain form that nearly all have (ASCII header, one text/plain part in
 * UTF-8 and quoted-printable, nothing that two readers could read differently) is decoded
 * here; any other goes through message.h.  It may have a text/html part as the text's
 * alternative, an attached CSV, and attached JSON behind it; with any other it is none of
 * ours.  Neither way shares
 * code with what wrote it, and both give the same of a plain one. */
#ifndef CERTBUND_GUARD_MAIL_H
#define CERTBUND_GUARD_MAIL_H

#include "guard-pieces.h"

#define GUARD_MAIL_FIELDS_MAX 100 /* of a plain notice; a layout adds a few to our ten */

/* A header field. */
typedef struct {
    char *value;     /* unfolded and decoded */
    const char *raw; /* as it stands in the notice, name and folds; or NULL: not known */
    gsize raw_length;
} GuardField;

typedef struct {
    GArray *fields; /* of GuardField; without those that calm has */
    char *text;     /* of the first part, as message_part_text() gives it */
    gsize length;
    char *html; /* of its alternative, likewise; or NULL */
    gsize html_length;
    GBytes *file;     /* the attached CSV, or NULL */
    GPtrArray *xarf;  /* of GBytes: attached JSON, in its order; may be empty */
    GString *names;   /* of the attached files, a line each */
} GuardMail;

/* calm: fields, as they stand in a notice, that need not be read again; or NULL.
 * CERTBUND_ERROR_INPUT when it is no mail or its text can't be decoded, CERTBUND_ERROR_BUG
 * when it has parts that no notice has. */
GuardMail *guard_mail_read(GBytes *notice, const GuardPieces *calm, GError **error);
void guard_mail_free(GuardMail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuardMail, guard_mail_free)

/* The same, each by one way only; the plain one gives NULL for what is not plain. */
GuardMail *guard_mail_read_plain(GBytes *notice, const GuardPieces *calm);
GuardMail *guard_mail_read_any(GBytes *notice, GError **error);

#endif
