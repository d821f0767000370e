/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* intake: is this mail any of our business?
 *
 * Law 7: what is not a report is let go at the earliest callback that can know.
 * Pure functions over the config and what the callbacks have seen so far. */
#ifndef CERTBUND_INTAKE_H
#define CERTBUND_INTAKE_H

#include "config.h"
#include "message.h"
#include "subject.h"

/* An envelope address as the client typed it ("<x@y>", "x@y", "<@relay:x@y>", "<>")
 * -> plain addr-spec: quotes, backslashes, comments, blanks and a final dot gone,
 * all in lower case; caller frees.  For comparing only: what had to be quoted is
 * no longer. */
char *intake_address(const char *typed);

/* Is it in the senders= of this source, of any source that is read? */
gboolean intake_is_sender(const Config *config, ReportSource source, const char *address);
gboolean intake_has_sender(const Config *config, const char *address);
gboolean intake_has_recipient(const Config *config, const char *address);

/* Does this header field say that a program wrote the mail, in answer to another one or to
 * say what became of it?  Auto-Submitted other than "no" (RFC 3834 section 5; our own
 * notices have it), X-Autoreply, X-Autorespond, Precedence: auto_reply, and multipart/report
 * (RFC 6522).  Precedence: list, bulk and junk say nothing: reports come over lists. */
gboolean intake_is_automatic(const char *name, const char *value);

/* The header fields that decide; raw values as they stand in the mail, NULL when
 * the field is not there. */
typedef struct {
    const char *subject, *from, *original_from;
    gboolean automatic; /* a field said so, or the envelope's sender is the null one */
    gboolean answers;   /* there is In-Reply-To or References */
} IntakeHeaders;

/* The subject of a mail that looks like a report (its own ticket or, where they are read, one
 * of Shadowserver's senders in From; not somebody's reply or forward, nor a program's answer),
 * else NULL. */
Subject *intake_report(const Config *config, const IntakeHeaders *headers);

/* Whose rules of evidence and reading a mail that looks like a report goes by.  A ticket makes
 * it CERT-Bund's whoever sent it: nobody else's evidence counts for one.  message: NULL when it
 * can't be parsed. */
ReportSource intake_source(const Config *config, Message *message);

#endif
