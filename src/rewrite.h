/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* rewrite: a finished mail -> what the MTA must be told to make it out of the copy in hand.
 *
 * A value only: milter-answer.c tells it to the MTA.  The mail stands in the ledger by then. */
#ifndef CERTBUND_REWRITE_H
#define CERTBUND_REWRITE_H

#include <glib.h>

/* Fields of the copy in hand that are taken out, each by a request that makes Postfix search
 * its queue file; real mails have 20 to 40.  With more it stays as it is. */
#define REWRITE_FIELDS_MAX 200
/* Bytes of the new header: Sendmail takes 32,768, of which Received fields need some. */
#define REWRITE_HEAD_MAX 28000

typedef struct {
    GPtrArray *fields; /* char *, "Name: value" in order, folded with "\n" and a blank: the
                        * whole header but for Received */
    GBytes *body;      /* CRLF */
    char *sender;      /* of the envelope, "" the null sender */
    char **recipients; /* instead of those that it has; NULL: these stay */
} Rewrite;

/* Can this mail be given to an MTA as a rewrite?  It has a body, and no header too large. */
gboolean rewrite_fits(GBytes *mail);

/* The copy becomes this mail (RFC 5322, CRLF).  NULL when it does not fit. */
Rewrite *rewrite_to_mail(GBytes *mail, const char *sender, const char *const *recipients);

/* The copy becomes this mail with the original as message/rfc822 behind it, byte for byte (RFC
 * 2046 section 5.2.1), for the same recipients. */
Rewrite *rewrite_to_summary(GBytes *mail, GBytes *original, const char *sender);

void rewrite_free(Rewrite *rewrite);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rewrite, rewrite_free)

#endif
