/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* child: arguments and bytes -> what a program says and how it ends, within bounds.
 *
 * The program gets no descriptor but those named here, no blocked signal and a process group
 * of its own.  Nothing of it is left when child_run() returns, unless it ended in time and
 * left a process of its own behind on purpose, as some sendmail(1) do. */
#ifndef CERTBUND_CHILD_H
#define CERTBUND_CHILD_H

#include <glib.h>

#define CHILD_DATA_MAX 2 /* more to read than standard input: a signature and what is signed */
#define CHILD_DATA_FD 3  /* where the first of these is; the second is behind it */
/* That run at a time, of those that take turns: each has some 10 MiB and a processor. */
#define CHILD_AT_ONCE 8

typedef struct {
    const char *const *arguments;   /* the path of the program first; ends in NULL */
    const char *const *environment; /* NULL: our own */
    GBytes *input;                  /* standard input; NULL: empty */
    GBytes *data[CHILD_DATA_MAX];   /* at CHILD_DATA_FD and behind; NULL from the first unused */
    gsize output_max; /* bytes that are kept of standard output, as many of standard error */
    guint secs;       /* it is killed then, with its process group */
    guint turn_secs;  /* how long to wait for a turn; 0: takes none, for the caller runs few */
} ChildOrder;

typedef struct {
    int status;    /* exit status; -1: a signal ended it */
    gboolean late; /* it was killed when its time was over */
    gboolean cut;  /* it said more than output_max: the rest was read and dropped */
    GString *output, *errors;
} ChildResult;

/* Blocks until the program has ended; safe from any thread.
 * CERTBUND_ERROR_INPUT when there is no such program, CERTBUND_ERROR_TEMPORARY when it can't be
 * run now: no turn, no memory, no descriptor or process. */
gboolean child_run(const ChildOrder *order, ChildResult *result_r, GError **error);
void child_result_clear(ChildResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ChildResult, child_result_clear)

#endif
