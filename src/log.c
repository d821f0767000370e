/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static gboolean use_stderr = TRUE, use_journal;
static const char *identity = "certbund-milter";

/* systemd says so of the stderr that it opens (systemd.exec(5)); ours may be another. */
static gboolean stderr_is_journal(void)
{
    const char *stream = g_getenv("JOURNAL_STREAM");
    struct stat status;

    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
        return FALSE;
    g_autofree char *own = g_strdup_printf("%ju:%ju", (uintmax_t)status.st_dev,
                                           (uintmax_t)status.st_ino);
    return strcmp(own, stream) == 0;
}

void log_open(const char *ident, gboolean to_stderr)
{
    identity = ident;
    use_stderr = to_stderr;
    use_journal = to_stderr && stderr_is_journal();
    if (!to_stderr)
        openlog(ident, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

char *log_sanitize(const char *text)
{
    char *clean = g_utf8_make_valid(text, -1);
    for (char *p = clean, *next; *p != '\0'; p = next) {
        next = g_utf8_next_char(p);
        if (!g_unichar_isprint(g_utf8_get_char(p))) /* C0, C1, bidi overrides */
            memset(p, '?', (gsize)(next - p));
    }
    return clean;
}

G_GNUC_PRINTF(2, 0)
static void emit(int priority, const char *format, va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    g_autofree char *line = log_sanitize(text);
    if (strlen(line) > LOG_LINE_MAX) {
        char *end = g_utf8_find_prev_char(line, line + LOG_LINE_MAX + 1 - strlen("..."));
        g_strlcpy(end, "...", strlen("...") + 1);
    }
    const char *severity = priority == LOG_INFO      ? ""
                           : priority == LOG_WARNING ? "warning: "
                                                     : "error: ";
    if (use_journal)
        fprintf(stderr, "<%d>%s%s\n", priority, severity, line);
    else if (use_stderr)
        fprintf(stderr, "%s: %s%s\n", identity, severity, line);
    else
        syslog(priority, "%s%s", severity, line);
}

void log_info(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    emit(LOG_INFO, format, arguments);
    va_end(arguments);
}

void log_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    emit(LOG_WARNING, format, arguments);
    va_end(arguments);
}

void log_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    emit(LOG_ERR, format, arguments);
    va_end(arguments);
}
