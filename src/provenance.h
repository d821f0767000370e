/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* provenance: message + connection -> verdict with its evidence.
 *
 * Law 5: only a mail whose provenance is proven makes notices.  The methods, words of
 * require=, each in its own file: `client` here, dkim.c, pgp.c, smime.c, auth-results.c.
 * An alternative of require= passes when all its words do; one alternative suffices.
 *
 * What is proven differs.  client, dkim and auth-results stand for the whole mail.  A
 * signature (pgp, smime) stands for the signed part alone: only that is read, its age
 * is the signature's, and the header (ticket, title, flags) may be anybody's.  So it is
 * where `client+pgp` is demanded, unless dkim or auth-results passes too. */
#ifndef CERTBUND_PROVENANCE_H
#define CERTBUND_PROVENANCE_H

#include "config.h"
#include "message.h"

#define PROVENANCE_FUTURE_SECS (24 * 3600) /* a clock may be a day off, not more */

typedef struct {
    ReportSource source; /* whose evidence it was asked for, see intake_source() */
    gboolean proven;
    char *methods;  /* those that passed, "," between: for the mark; "none" if none */
    char *evidence; /* for log and people: what each method found, "; " between */
    gboolean header; /* ticket, title, flags and Date are vouched for */
    char *author;    /* From, where nothing but its domain is proven and it is none of senders=:
                        a person's mail, not the machine's that sends reports; or NULL */
    GBytes *part;    /* only this part is proven and may be read; NULL: the whole mail */
    char *signature; /* names the signature, the same wherever it is seen; "" none */
    gboolean dated; /* time is vouched for */
    gint64 time;    /* when it was sent or signed: seconds since the epoch */
} Provenance;

/* client: address of the SMTP client, NULL when there is no connection to look at.
 * message: of CRLF bytes, or NULL when the mail can't be parsed (only client is looked
 * at then).
 * CERTBUND_ERROR_TEMPORARY when nothing is proven but might be later (DNS trouble). */
Provenance *provenance_check(const Config *config, const Address *client, Message *message,
                             GError **error);
/* One that proves nothing, for this reason. */
Provenance *provenance_none(ReportSource source, const char *why);
void provenance_free(Provenance *provenance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Provenance, provenance_free)

/* The same, telling people what each method of require= finds, in the order of examination. */
typedef void (*ProvenanceShow)(const char *method, gboolean passed, const char *text,
                               gpointer data);
Provenance *provenance_show(const Config *config, const Address *client, Message *message,
                            ProvenanceShow show, gpointer data, GError **error);

/* Warn of each method of require= that can't succeed as things are: no keys, none of them in
 * the keyring, no networks, no name of our own. */
void provenance_check_config(const Config *config, Faults *faults);

#endif
