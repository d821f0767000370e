/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl events: the affected events of saved mails, without any config. */
#include "ctl.h"
#include "events.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int print_events(const char *file, GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GString) reasons = g_string_new(NULL);
    g_autoptr(Report) report = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);

    if (message != NULL)
        report = report_read(message, &error);
    if (report == NULL) {
        ctl_complain("%s: %s", file, error->message);
        return CTL_WANTING;
    }
    events_append(text, file, report);
    events_explain(reasons, file, report);
    fwrite(text->str, 1, text->len, stdout);
    fwrite(reasons->str, 1, reasons->len, stderr);
    return text->len > 0 ? EX_OK : CTL_WANTING;
}

int ctl_events(const CtlCall *call)
{
    int worst = EX_OK;

    if (*call->arguments == NULL) {
        ctl_complain("expected certbundctl events FILE... ('-' for standard input)");
        return EX_USAGE;
    }
    for (char **file = call->arguments; *file != NULL; file++) {
        g_autoptr(GBytes) bytes = ctl_read_file(*file);
        int status = bytes != NULL ? print_events(*file, bytes) : EX_NOINPUT;
        worst = MAX(worst, status);
    }
    return worst;
}
