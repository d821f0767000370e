/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dkim: a mail's own DKIM signature (RFC 6376), verified here with libopendkim over the
 * bytes that were received.
 *
 * Passed when one signature verifies whose d= is in dkim-domains= and is the domain of
 * the From address (the same, not a parent), which covers From and Subject, has no l=
 * and has not expired.  A mail with two From or two Subject fields never passes: only
 * one of them is signed.  DNS is asked for accepted domains only; trouble with
 * it is FINDING_TROUBLE.  The Date counts (dated) when it is signed and stands once. */
#ifndef CERTBUND_DKIM_H
#define CERTBUND_DKIM_H

#include "config.h"
#include "finding.h"
#include "message.h"

/* message: parsed from CRLF bytes. */
void dkim_examine(const Config *config, Message *message, Finding *finding_r);

#endif
