/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl provenance: what each method that require= names finds in a saved mail.  There
 * is no connection to look at, so client never passes here. */
#include "ctl-ledger.h"
#include "errors.h"
#include "provenance.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void show(const char *method, gboolean passed, const char *text, gpointer data G_GNUC_UNUSED)
{
    printf("%-12s %-6s %s\n", method, passed ? "passes" : "fails", text);
}

/* What the alternatives of require= make of it. */
static int conclude(const Config *config, Message *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Provenance) provenance = provenance_check(config, NULL, message, &error);
    g_autofree char *alternatives = g_strjoinv("; ", config->require);

    if (provenance == NULL)
        return ctl_failed(error);
    printf("%-12s %s\n", "require", alternatives);
    printf("%-12s %s\n", "proven",
           !provenance->proven        ? "no: it would make no notice"
               : provenance->part != NULL ? "the signed part: only that is read, and its title must "
                                            "fit its columns"
                                          : "the whole mail");
    return provenance->proven ? EX_OK : CTL_WANTING;
}

int ctl_provenance(const CtlCall *call)
{
    const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = ctl_parse(call, entries, 1, 1);

    if (words == NULL)
        return EX_USAGE;
    g_autoptr(GBytes) mail = ctl_read_file(words[0]);
    if (mail == NULL)
        return EX_NOINPUT;
    g_autoptr(Config) config = config_load(call->config_path, faults);
    if (config != NULL)
        provenance_check_config(config, faults);
    ctl_print_faults(faults);
    if (config == NULL)
        return EX_CONFIG;
    g_autoptr(GBytes) crlf = message_crlf(mail);
    g_autoptr(Message) message = message_parse(crlf, &error);
    if (message == NULL) {
        ctl_complain("%s: %s", words[0], error->message);
        return CTL_WANTING;
    }
    provenance_each(config, NULL, message, show, NULL);
    return conclude(config, message);
}
