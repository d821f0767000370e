/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-scan: does a plain text name a system that is somebody else's?
 *
 * Knows how addresses and mailboxes are written, and asks its caller whose they
 * are.  The spellings are listed in guard.h.  Time is linear in the text. */
#ifndef CERTBUND_GUARD_SCAN_H
#define CERTBUND_GUARD_SCAN_H

#include "address.h"

typedef enum { NAMED_NOBODY, NAMED_OWN, NAMED_FOREIGN } Named;

typedef struct {
    Named (*address)(const Address *address, gpointer data);
    Named (*account)(const char *mailbox, gpointer data);      /* lower case */
    gboolean (*has_accounts)(const char *domain, gpointer data); /* is any account there? */
    gpointer data;
} GuardNames;

/* plain: from guard_text_plain(). */
gboolean guard_names_foreign_account(const GString *plain, const GuardNames *names);
gboolean guard_names_foreign_address(GString *plain, const GuardNames *names); /* writes on it */

#endif
