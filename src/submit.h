/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* submit: one mail -> MTA, by SMTP (RFC 5321, libcurl) or sendmail(1).
 *
 * A Submitter keeps its idle connections and uses them again; any number of
 * threads may use it, each mail on a connection of its own.  Failures:
 * CERTBUND_ERROR_TEMPORARY (no connection, 4yz, a time limit passed, 5yz before
 * RCPT, which is about us and not about this mail): try again;
 * CERTBUND_ERROR_INPUT (5yz to RCPT, DATA or the mail): refused for good.  Either text holds
 * the MTA's own words. */
#ifndef CERTBUND_SUBMIT_H
#define CERTBUND_SUBMIT_H

#include <glib.h>

#define SUBMIT_CONNECT_SECS 30 /* a local MTA that takes longer is not there */
#define SUBMIT_MAIL_SECS 120   /* one mail, whole dialogue; EOM must answer within 300 s */
#define SUBMIT_IDLE_MAX 8      /* connections kept: more only cost the MTA a process each */

typedef struct Submitter Submitter;

/* via: "smtp://HOST:PORT", "smtps://USER@HOST", "sendmail:PATH".  netrc: file with
 * passwords (curl's netrc), read when via names a user; may be missing. */
Submitter *submitter_new(const char *via, const char *netrc);
Submitter *submitter_ref(Submitter *submitter);
void submitter_unref(Submitter *submitter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Submitter, submitter_unref)

/* Whom a failure is about. */
typedef enum {
    SUBMIT_THIS_MAIL,
    SUBMIT_EVERY_MAIL, /* no reply, 421 (RFC 5321 section 3.8), 5yz before RCPT: any would fail */
    SUBMIT_UNREACHED   /* likewise, and this one was not tried: nobody was there to be asked */
} SubmitTrouble;

typedef struct {
    char *text; /* the MTA's last words ("250 2.0.0 Ok: queued as 4ABC"), NULL when it said none */
    SubmitTrouble trouble; /* after a failure */
} SubmitReply;
void submit_reply_clear(SubmitReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SubmitReply, submit_reply_clear)

/* sender: addr-spec or "" for the null sender; recipients: addr-specs, all in one
 * transaction, all or none.  mail: CRLF line ends.  reply_r: always set. */
gboolean submit_mail(Submitter *submitter, const char *sender, const char *const *recipients,
                     GBytes *mail, SubmitReply *reply_r, GError **error);

#endif
