/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* incoming: one message as the MTA hands it over, piece by piece: what of it is kept.
 *
 * Envelope, header fields and body are added in the order of the SMTP dialogue; after the
 * header it is known whether anything more is wanted (id is set then).  Knows nothing of
 * libmilter but how it spells values. */
#ifndef CERTBUND_INCOMING_H
#define CERTBUND_INCOMING_H

#include "secret.h"
#include "snapshot.h"
#include "subject.h"

/* Bytes; Postfix passes 60,000, Sendmail 32,768 on.  The field that passes it is still kept. */
#define INCOMING_HEAD_MAX (1024 * 1024)
/* Mark fields in one mail.  Each is removed by a request that makes Postfix search
 * its queue file: 16,000 take it half a minute.  One is ours, a few more a loop. */
#define INCOMING_MARKS_MAX 50
#define INCOMING_MARK_BYTES_MAX 4096 /* of one kept; ours has at most 800 */

typedef struct {
    Snapshot *snapshot;    /* all of the message is decided by the one it began with */
    char *sender;          /* of the envelope, "" the null sender */
    char *bounced;         /* reference of a notice: this may be its bounce; or NULL */
    gboolean wanted;       /* the sender or a recipient is in the intake, or bounced is set */
    GPtrArray *recipients; /* those in the intake, as typed by the client; or NULL */
    guint n_outside;       /* recipients that are not */
    GPtrArray *names;      /* of its fields, but Received and marks, for disposition=rewrite;
                            * or NULL */
    GByteArray *bytes;     /* header and body, CRLF; NULL: no header, or above max-size */
    GPtrArray *marks;      /* values of the mark fields it came with; or NULL */
    guint n_marks;         /* of these, kept or not */
    char *subject, *from, *original_from, *message_id; /* raw values, the first of each */
    gboolean automatic;    /* a header field says that a program wrote it */
    gboolean answers;      /* it has In-Reply-To or References */
    Subject *report;       /* set at the end of the headers when it looks like one */
    GHmac *id;             /* of the mark, fed by the body; NULL: the body is not wanted */
    gboolean too_large, header_too_large;
} Incoming;

/* sender: MAIL's argument, with <> or without.  snapshot: a reference is taken. */
Incoming *incoming_new(Snapshot *snapshot, const char *sender);
void incoming_free(Incoming *incoming);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Incoming, incoming_free)

/* recipient: RCPT's argument. */
void incoming_add_recipient(Incoming *incoming, const Secret *secret, const char *recipient);

/* value: folds as LF without CR; leading_space: it begins with the blank behind the colon. */
void incoming_add_header(Incoming *incoming, const char *name, const char *value,
                         gboolean leading_space);
void incoming_end_headers(Incoming *incoming, const Secret *secret);
/* disposition=rewrite, every envelope recipient is in the intake, and it has no more than
 * REWRITE_FIELDS_MAX fields. */
gboolean incoming_may_rewrite(const Incoming *incoming);

void incoming_add_body(Incoming *incoming, const guint8 *chunk, gsize size);

#endif
