/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* story: a few mails into one ledger, for the tests of record: each step is a mail and what is
 * to become of it.  What fails on the way fails the test. */
#ifndef CERTBUND_TESTS_STORY_H
#define CERTBUND_TESTS_STORY_H

#include "fixture.h"
#include "record.h"

#define SENT G_GINT64_CONSTANT(1739354227) /* 2025-02-12 09:57:07 UTC, the Date of the mails */
#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define LIVE                                                                                       \
    "[notices]\nmode=live\nfrom=abuse@example.org\nreply-to=abuse@example.org\n"                   \
    "envelope-from=bounce@example.org\ndesk=desk@example.org\n"
#define ONE "CB-Report#20250212-10000001"
#define TWO "CB-Report#20250212-10000002"

#define THREE { "192.0.2.1", "192.0.2.2", "192.0.2.17" }
#define TOLD(n) .status = "handled", .notified = 3, .notices = n

/* One mail, and what is to become of it. */
typedef struct {
    const char *ticket;
    const char *addresses[5];
    gint64 at; /* seconds after SENT */
    gboolean critical, stranger, no_end;
    const char *message_id, *title;
    const char *signature; /* only this proves it, and not the header; or NULL */
    const char *status;
    guint notified, held, exempt, suppressed, unassigned, notices;
} StoryStep;

/* Customers anna (two contacts), berta, and carl, for whom notices are held; extra as
 * fixture_set_up(). */
void story_set_up(FixtureWorld *world, const char *extra);

/* The step's mail, and its subject; caller frees. */
GBytes *story_mail(const StoryStep *step);
Subject *story_subject(const StoryStep *step);

/* Makes of a proven decision one that only step->signature proves; without one, nothing. */
void story_prove_less(Decision *decision, const StoryStep *step);

/* Decides about mail and records it, with released by a person.  As record_decision(). */
gboolean story_record(FixtureWorld *world, const StoryStep *step, GBytes *mail,
                      const char *released, Decision **decision_r, Recorded *recorded_r,
                      GError **error);

/* Is it as the step says? */
void story_check(const StoryStep *step, const Decision *decision, const Recorded *recorded);

/* All of these in one. */
void story_step(FixtureWorld *world, const StoryStep *step, const char *released);

/* Of the newest notice in this state; caller frees. */
char *story_notice_text(const FixtureWorld *world, const char *state);

#endif
