/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Texts of findings: printable and short, for they quote what strangers sent. */
#include "finding.h"

#include "log.h"

#include <string.h>

void finding_set(Finding *finding, FindingResult result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    char *shown = log_sanitize(text);
    if (strlen(shown) > FINDING_TEXT_MAX)
        *g_utf8_find_prev_char(shown, shown + FINDING_TEXT_MAX + 1) = '\0';
    g_free(finding->text);
    finding->text = shown;
    finding->result = result;
}

void finding_clear(Finding *finding)
{
    g_clear_pointer(&finding->text, g_free);
    g_clear_pointer(&finding->id, g_free);
}
