/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* forgery-maker: reports that are genuine, and such as a forger can make, signed in every way,
 * with the keys, the resolver and the settings to judge them by.
 *
 * All say that 192.0.2.1, a customer's address, is affected.  CRLF line ends, 8bit. */
#ifndef CERTBUND_FORGERY_MAKER_H
#define CERTBUND_FORGERY_MAKER_H

#include "snapshot.h"

#define FORGERY_TICKET "CB-Report#20250212-10000001"
#define FORGERY_ID "mx.example.net" /* authserv-id= */

typedef enum {
    UNSIGNED,
    DKIM,
    DKIM_BODY_LENGTH, /* l= */
    DKIM_EXPIRED,
    DKIM_FUTURE,
    DKIM_SHA1,
    DKIM_NO_SUBJECT, /* not in h= */
    DKIM_NO_DATE,
    DKIM_OLD,       /* of twenty days ago */
    DKIM_OTHER,     /* d=example.org */
    DKIM_SUBDOMAIN, /* d=a.reports.cert-bund.de */
    DKIM_PARENT,    /* d=cert-bund.de */
    DKIM_SUFFIX,    /* d=reports.cert-bund.de.example.org */
    DKIM_PERSON,    /* From is somebody else of the domain */
    DKIM_REPLY,     /* "AW:" in front */
    DKIM_ANSWER,    /* In-Reply-To, and no more */
    DKIM_CITED,     /* the table stands below the head of somebody's mail, without ">" */
    PGP,
    PGP_LIST,  /* relayed: a footer round it, From rewritten */
    PGP_NOTE,  /* what is signed has no table */
    PGP_CITED, /* ... has one below a sign-off */
    PGP_OLD,
    PGP_UNPINNED, /* in the keyring, not in keys= */
    PGP_ABSENT,   /* in keys=, not in the keyring */
    PGP_EXPIRED,  /* before it signed */
    PGP_REVOKED,
    SMIME,
    SMIME_UNPINNED,
    SMIME_EXPIRED,
    SMIME_CITED, /* the table stands below "Am ... schrieb ...:" */
    DKIM_AND_PGP,
    RESULTS, /* DKIM, and our own filter's Authentication-Results on top */
    GENUINE_N
} Genuine;

typedef struct ForgeryMaker ForgeryMaker;

/* NULL when gpg or its agent is not installed. */
ForgeryMaker *forgery_maker_new(void);
void forgery_maker_free(ForgeryMaker *maker);

/* The mail, NUL-terminated; owned by the maker. */
const char *forgery_mail(const ForgeryMaker *maker, Genuine genuine);

/* mode=live, with this require=. */
Snapshot *forgery_snapshot(const ForgeryMaker *maker, const char *directory, const char *require);

#endif
