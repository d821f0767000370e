/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ledger-maker: small reports for the ledger's tests, recorded in one call.
 *
 * Row i of a made report is address 192.0.2.(i + 1) of customer "C-(i / 2)", so each
 * customer has two rows and one notice, TICKET/DIGEST/C-n. */
#ifndef CERTBUND_LEDGER_MAKER_H
#define CERTBUND_LEDGER_MAKER_H

#include "ledger.h"

#define MAKER_NOW  G_GINT64_CONSTANT(1739358625000000) /* 2025-02-12T11:10:25Z */
#define MAKER_SEC  G_GINT64_CONSTANT(1000000)
#define MAKER_DAY  (86400 * MAKER_SEC)
#define MAKER_BODY "Subject: Offener Telnet-Server\r\n\r\nWir haben einen Hinweis erhalten.\r\n"

typedef struct {
    const char *ticket, *digest; /* digest NULL: unproven */
    guint n_rows;
    gint64 now; /* 0: MAKER_NOW */
    ReportState state;
    NoticeState notice_state;
    gboolean critical;
    const char *released; /* id, or NULL */
    const char *mode;     /* NULL: "live" */
    GBytes *mail;         /* or NULL */
} Made;

LedgerReport maker_report(const Made *made);

/* Events, notices and what is told, for n_rows rows; aborts when one is refused. */
void maker_add(LedgerTransaction *transaction, const Made *made);

/* All of it; a duplicate counts as done. */
gboolean maker_record(Ledger *ledger, const Made *made, LedgerOutcome *outcome_r, GError **error);
LedgerOutcome maker_must_record(Ledger *ledger, const Made *made);

/* Open or abort. */
Ledger *maker_open(const char *path, LedgerUse use);

/* A directory with an open ledger in it, for g_test_add()'s fixtures. */
typedef struct {
    char *directory, *path;
    Ledger *ledger;
} MakerWorld;
void maker_set_up(MakerWorld *world, gconstpointer data);
void maker_tear_down(MakerWorld *world, gconstpointer data);

/* How many rows a question has, and the value of a column in its first row (owned by
 * the caller; NULL when nothing). */
guint maker_count(Ledger *ledger, LedgerQuestion question, const char *filter);
char *maker_value(Ledger *ledger, LedgerQuestion question, const char *filter, const char *column);

/* Is text in this file, or in its log? */
gboolean maker_in_files(const char *path, const char *text);

#endif
