/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* errors: the three kinds of failure, the same in every stage.
 *
 * A failing function sets a GError of this domain whose code says what the
 * caller can do about it; the message says where and what was expected.  The
 * text travels up (g_prefix_error) and is logged once, at the edge.  Only
 * milter.c knows what a kind means to the MTA. */
#ifndef CERTBUND_ERRORS_H
#define CERTBUND_ERRORS_H

#include <glib.h>

#define CERTBUND_ERROR (certbund_error_quark())

typedef enum {
    CERTBUND_ERROR_TEMPORARY, /* try again later: disk, network, memory */
    CERTBUND_ERROR_INPUT,     /* this input will never work */
    CERTBUND_ERROR_BUG        /* an invariant of ours broke */
} CertbundError;

GQuark certbund_error_quark(void);

/* Shorthands: g_set_error() in this domain. */
void error_temporary(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
void error_input(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
void error_bug(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
