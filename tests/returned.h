/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* returned: notices that come back: a ledger in which each of nine customers has one that was
 * handed over, and bounces for them.  For g_test_add()'s fixtures. */
#ifndef CERTBUND_TESTS_RETURNED_H
#define CERTBUND_TESTS_RETURNED_H

#include "bounce.h"
#include "ledger.h"

#define TICKET "CB-Report#20250212-10004759"
#define OWN    "abuse-bounces@example.net"
#define SENDERS                                                                                    \
    "[notices]\nfrom=\"Abuse Team\" <abuse@example.net>\nreply-to=abuse@example.net\n"             \
    "envelope-from=" OWN "\n"
#define DESK "desk=desk@example.net\n"
#define LIVE SENDERS DESK "mode=live\n"
#define RETURNED_ROWS 18 /* C-0 to C-8; C-7 is no customer any more */

typedef struct {
    char *directory, *path;
    Secret *secret;
    Snapshot *snapshot;
    Ledger *ledger;
} ReturnedWorld;
void returned_set_up(ReturnedWorld *world, gconstpointer data);
void returned_tear_down(ReturnedWorld *world, gconstpointer data);
void returned_use_config(ReturnedWorld *world, const char *config);

/* Records a report under this ticket; its notices are handed over. */
void returned_report(ReturnedWorld *world, const char *ticket);
void returned_hand_over(ReturnedWorld *world); /* what is pending */

/* The reference of a customer's notice; caller frees, as all below. */
char *returned_reference(ReturnedWorld *world, const char *ticket, const char *customer);

/* A notification about one recipient. */
GBytes *returned_dsn(const char *recipient, const char *action, const char *status);

/* bounce_record() with all that it takes. */
BounceOutcome *returned_record(ReturnedWorld *world, const char *reference, GBytes *mail,
                               GError **error);

/* recipient has failed for good: what is made of it. */
void returned_check(ReturnedWorld *world, const char *reference, const char *recipient,
                    BounceKind kind, BounceTold told);
void returned_check_value(ReturnedWorld *world, LedgerQuestion question, const char *filter,
                          const char *column, const char *want);
void returned_check_has(const char *text, const char *words);

/* Of the newest mail of ours: its parts as one text, and a column of it. */
char *returned_mail_text(ReturnedWorld *world, const char *reference);
char *returned_newest(ReturnedWorld *world, const char *column);

/* A test of this name in a world of its own. */
#define RETURNED_ADD(path, test)                                                                   \
    g_test_add("/bounce-record/" path, ReturnedWorld, NULL, returned_set_up, test,                 \
               returned_tear_down)

#endif
