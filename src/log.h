/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* log: one line to syslog (facility mail) or stderr; to stderr that is systemd's journal,
 * behind the severity's number in <> (sd-daemon(3)).
 *
 * Severity: info, one line per mail; warning, the operator should look; error,
 * a mail was deferred or the daemon can't go on.  Only the main files, milter.c
 * and process.c log; everything below returns its error.  Control characters
 * and invalid UTF-8 become '?', a line is cut at LOG_LINE_MAX bytes: a log
 * line never holds raw mail text.  All functions are thread-safe. */
#ifndef CERTBUND_LOG_H
#define CERTBUND_LOG_H

#include <glib.h>

#define LOG_LINE_MAX 1000 /* bytes; syslog daemons cut at 1024 or above */

/* Before any other call; ident must stay valid.  Without it lines go to stderr. */
void log_open(const char *ident, gboolean to_stderr);

void log_info(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_warning(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_error(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* The text as a log line would show it; caller frees. */
char *log_sanitize(const char *text);

#endif
