/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* bounce-dsn: bytes of a mail -> what a delivery status notification says.
 *
 * RFC 3464 in multipart/report (RFC 6522): the machine's part alone is read,
 * message/delivery-status or message/global-delivery-status (RFC 6533); what is
 * written for people, and the returned mail, are not.  Knows no notices. */
#ifndef CERTBUND_BOUNCE_DSN_H
#define CERTBUND_BOUNCE_DSN_H

#include <glib.h>

/* Bytes of the mail that are looked at: the returned mail stands last and isn't needed,
 * Postfix' text and status for a thousand recipients take 400,000. */
#define DSN_BYTES_MAX      (1024 * 1024)
#define DSN_RECIPIENTS_MAX 2100 /* a notice has at most 2048: two cells of addresses */
#define DSN_FIELD_MAX      4096 /* bytes of a value with its folds that are looked at */
#define DSN_DIAGNOSTIC_MAX 400  /* bytes kept: a reply of a few lines, to be shown */

/* RFC 3464 section 2.3.3. */
typedef enum {
    DSN_UNKNOWN, /* missing, or another word */
    DSN_FAILED,  /* the only one that is a bounce */
    DSN_DELAYED,
    DSN_DELIVERED,
    DSN_RELAYED,
    DSN_EXPANDED,
    DSN_ACTION_N
} DsnAction;

typedef struct {
    /* Addresses without their type; "" when missing or no plain address, so nothing that
     * a remote host wrote passes here but an address. */
    char *final;
    char *original; /* as we gave it, before anybody forwarded */
    DsnAction action;
    char *status;     /* "5.1.1"; if it is missing or garbled, as the SMTP reply in the
                       * diagnostic has it; else "" */
    char *diagnostic; /* valid UTF-8, one line, of wrap_is_unsafe() no character; or "" */
} DsnRecipient;

typedef struct {
    GPtrArray *recipients; /* of DsnRecipient, as they stand there */
    guint n_failed;
    gboolean cut; /* there were more than DSN_RECIPIENTS_MAX */
} Dsn;

/* CERTBUND_ERROR_INPUT when the mail can't be read or is no delivery status notification;
 * one that was cut is read as far as it goes. */
Dsn *dsn_parse(GBytes *mail, GError **error);
void dsn_free(Dsn *dsn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dsn, dsn_free)

const char *dsn_action_name(DsnAction action); /* "failed", ... */

#endif
