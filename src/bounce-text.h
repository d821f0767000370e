/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* bounce-text: the words in which people are told of a notice that came back.
 *
 * Pure: no I/O, no clock.  Of what a remote host wrote, only checked addresses,
 * the status and its answer stand here, the answer as a quotation. */
#ifndef CERTBUND_BOUNCE_TEXT_H
#define CERTBUND_BOUNCE_TEXT_H

#include "ledger.h"
#include "template.h"

#define BOUNCE_SHOWN_MAX    20 /* failed recipients that a mail lists; the ledger has all */
#define BOUNCE_TEXT_COLUMNS 72

/* One recipient of the notice that was not reached. */
typedef struct {
    const char *address;    /* as in the notice; "" unknown */
    const char *status;     /* "5.1.1" or "" */
    const char *diagnostic; /* of a remote host, printable characters only, or "" */
    gboolean for_good;
} BounceFailure;

typedef struct {
    const LedgerNoticeInfo *notice; /* that came back */
    const char *reference;          /* of the notice the customer should have got */
    const GPtrArray *failures;      /* of BounceFailure */
    const char *signer;             /* who writes, or "" */
    const char *why;                /* why the desk is told; NULL to a customer */
    gboolean attached;              /* the mail that came back is */
} BounceLetter;

/* Those of wanted ("de en"; empty: the same) that there are words for, as the layout has
 * them in order; if there are none, all.  NULL-terminated, literals; caller frees the array. */
const char **bounce_text_languages(const Layout *layout, const char *wanted);

char *bounce_text_subject(const BounceLetter *letter, const char *language);

/* The text in these languages, with the layout's hint and separator between them. */
GString *bounce_text_customer(const BounceLetter *letter, const Layout *layout,
                              const char *const *languages);

/* In English. */
GString *bounce_text_desk(const BounceLetter *letter);

#endif
