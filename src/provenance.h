/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* provenance: message + connection -> verdict with its evidence.
 *
 * Law 5: only a mail whose provenance is proven makes notices.  This version
 * knows one method, `client`: the SMTP client's address lies in one of the
 * networks of clients=. */
#ifndef CERTBUND_PROVENANCE_H
#define CERTBUND_PROVENANCE_H

#include "config.h"
#include "message.h"

#define PROVENANCE_FUTURE_SECS (24 * 3600) /* a clock may be a day off, not more */

typedef struct {
    gboolean proven;
    char *methods;  /* those that passed, "," between: for the mark; "none" if none */
    char *evidence; /* one line for log and people: what each method found */
    gboolean dated; /* time is vouched for */
    gint64 time;    /* when it was sent: seconds since the epoch */
} Provenance;

/* client: address of the SMTP client, NULL when there is no connection to look at.
 * Nothing of the mail is read for it: what a stranger sends is not parsed. */
Provenance *provenance_check(const Config *config, const Address *client);

/* Take the time from what the proof vouches for: with `client`, the Date. */
void provenance_date(Provenance *provenance, Message *message);
void provenance_free(Provenance *provenance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Provenance, provenance_free)

#endif
