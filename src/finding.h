/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* finding: what one method of proving found in a mail.
 *
 * Filled by dkim.c, pgp.c, smime.c and auth-results.c, weighed by provenance.c.  Text is
 * one line for log and people, without the method's name in front and without a
 * full stop; what it quotes of the mail is made printable here. */
#ifndef CERTBUND_FINDING_H
#define CERTBUND_FINDING_H

#include <glib.h>

#define FINDING_TEXT_MAX 300 /* bytes: it stands in logs and in the ledger */

typedef enum {
    FINDING_FAILED,  /* nothing is proven, the text says why */
    FINDING_PASSED,  /* proven, the text says by whom */
    FINDING_TROUBLE  /* it can't be told now (DNS, a disk): try again later */
} FindingResult;

typedef struct {
    FindingResult result;
    char *text;     /* never NULL once set */
    gboolean dated; /* the evidence vouches for time */
    gint64 time;    /* when the mail was sent or signed, seconds since the epoch */
    char *id;       /* of a signature: the same for every copy of it, see provenance.h; or NULL */
} Finding;

/* Sets result and text, freeing the text before; the date is left alone. */
void finding_set(Finding *finding, FindingResult result, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void finding_clear(Finding *finding);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Finding, finding_clear)

#endif
