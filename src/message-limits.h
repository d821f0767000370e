/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* message-limits: refuse a mail before GMime makes too many objects of it.
 *
 * Used by message.c only; the limits stand in message.h. */
#ifndef CERTBUND_MESSAGE_LIMITS_H
#define CERTBUND_MESSAGE_LIMITS_H

#include <glib.h>

/* data[0..size): a mail.  CERTBUND_ERROR_INPUT names the limit that is passed. */
gboolean message_within_limits(const char *data, gsize size, GError **error);

#endif
