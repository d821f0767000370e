/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* notices-parts: what the files of the stage `notices` share; nobody else includes it.
 *
 * A draft is named and asked about by notices.c, written and guarded by notices-write.c,
 * and given to the sink by notices.c again.  Between the two it may lie in the queue of
 * notices-ahead.c, from which other threads take it: a writer needs no ledger. */
#ifndef CERTBUND_NOTICES_PARTS_H
#define CERTBUND_NOTICES_PARTS_H

#include "guard.h"
#include "notices.h"

typedef enum { DRAFT_WAITS, DRAFT_IN_HAND, DRAFT_WRITTEN } DraftState;

typedef struct {
    Notice notice;   /* subject and bytes are the writer's, all else is there before */
    guint32 *events; /* what notice.events points to */
    const Layout *layout;
    char **to, **cc; /* of the header */
    History history;
    gboolean told;   /* the history says something */
    GError *wrong;   /* why it may not go, or NULL */
    DraftState state; /* the queue's */
} Draft;

void draft_free(Draft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Draft, draft_free)

/* What all writers of a report read. */
typedef struct {
    const Decision *decision;
    const NoticeOrder *order;
    const Guard *guard;
} Task;

/* One thread's. */
typedef struct Writer Writer;
Writer *writer_new(const Task *task);
void writer_free(Writer *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Writer, writer_free)

/* Renders, writes and checks a draft: its bytes are there, unless it can't be written, and
 * wrong when it may not go. */
void writer_write(Writer *writer, Draft *draft);

/* Who signs when neither layout nor config name a sender. */
const char *notices_sender(const Config *config);

/* ---- a queue: drafts go in, and come out in the same order, written */

typedef struct Ahead Ahead;

/* Up to `threads` more write; without any, who takes does it all himself. */
Ahead *ahead_new(const Task *task, guint threads);

/* Takes the draft.  TRUE: there are as many as may be (NOTICES_AHEAD), take some. */
gboolean ahead_put(Ahead *ahead, Draft *draft);

/* The oldest, written; NULL when there is none.  Writes others while it waits. */
Draft *ahead_take(Ahead *ahead);

/* Drafts that are there. */
guint ahead_count(const Ahead *ahead);

/* Ends the threads; what is still there is dropped. */
void ahead_free(Ahead *ahead);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ahead, ahead_free)

#endif
