/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ctl-ledger: what all verbs over the ledger share: options, the person, opening the
 * ledger beside a running daemon, exit statuses. */
#ifndef CERTBUND_CTL_LEDGER_H
#define CERTBUND_CTL_LEDGER_H

#include "ctl.h"
#include "ledger.h"

#define CTL_WORDS_MAX 500 /* bytes of --by and --reason: a note for people, not a file */

/* Read a verb's options (entries: GOption's, paths and texts both as FILENAME, since a
 * terminal's bytes are taken as they are) and what stands beside them, at least least and
 * at most most words (a GStrv; caller frees).  NULL after complaining: exit with EX_USAGE. */
char **ctl_parse(const CtlCall *call, const GOptionEntry *entries, guint least, guint most);

/* Complain, with what was expected; returns EX_USAGE. */
int ctl_misused(const CtlCall *call, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Is the text of an option fit to be kept: UTF-8 without control characters, not empty, of
 * up to CTL_WORDS_MAX bytes?  FALSE after complaining; NULL is fine. */
gboolean ctl_fit(const CtlCall *call, const char *option, const char *text);

/* Who calls: by, else who has logged in (also behind sudo), else the user; caller frees. */
char *ctl_person(const char *by);

typedef struct {
    Config *config;
    Ledger *ledger;
    /* private: who we were */
    guint euid, egid;
    GArray *groups;
} CtlLedger;

/* Open the ledger that the config names.  EX_OK, or the exit status after complaining:
 * EX_CONFIG, EX_NOINPUT (no such file), EX_NOPERM (says as which user), EX_DATAERR (no
 * ledger), or as ctl_failed().  Called by root this acts as the ledger's owner until
 * ctl_ledger_close(), so that no file is made that the daemon can't use.  Text that the
 * ledger gave is to be printed before or after, files are to be written after. */
int ctl_ledger_open(const CtlCall *call, CtlLedger **ledger_r);
void ctl_ledger_close(CtlLedger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlLedger, ctl_ledger_close)

/* Complain of what the ledger said: EX_TEMPFAIL, CTL_WANTING (CERTBUND_ERROR_INPUT) or
 * EX_SOFTWARE. */
int ctl_failed(const GError *error);

/* What an id or ticket names. */
typedef struct {
    gboolean is_report;
    char *id;    /* a notice's reference, a report's id */
    char *state; /* its name */
} CtlThing;
void ctl_thing_clear(CtlThing *thing);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CtlThing, ctl_thing_clear)

/* A notice by reference or id, else a report by id or ticket: its newest in the wanted
 * state (NULL: any), else its newest.  CERTBUND_ERROR_INPUT when there is none. */
gboolean ctl_find(Ledger *ledger, const char *id, const char *wanted, CtlThing *thing_r,
                  GError **error);

/* Run the held report of this id again and send what comes of it; reason may be NULL.
 * Returns the exit status. */
int ctl_release_report(const CtlCall *call, CtlLedger *ledger, const char *id, const char *person,
                       const char *reason);

#endif
