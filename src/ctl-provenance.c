/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl provenance: who vouches for a saved mail, by each method of require=.  The
 * daemon's own code, as its user; only there is no connection to look at. */
#include "ctl-ledger.h"
#include "provenance.h"
#include "timestamp.h"

#include <stdio.h>
#include <sysexits.h>

static void show_method(const char *method, gboolean passed, const char *text,
                        gpointer data G_GNUC_UNUSED)
{
    printf("%-13s %-7s %s\n", method, passed ? "passed" : "-", text);
}

static void show_proven(const Provenance *provenance)
{
    char when[TIMESTAMP_TEXT_SIZE];

    if (provenance->part == NULL)
        printf("%-13s the whole mail", "proven");
    else
        printf("%-13s the signed part, %zu bytes%s", "proven",
               g_bytes_get_size(provenance->part),
               provenance->header ? "" : "; neither subject nor date are");
    if (provenance->dated)
        printf("; of %s\n", timestamp_format(provenance->time, when));
    else
        printf("; of an unknown time\n");
    if (provenance->author != NULL)
        printf("%-13s %s, none of senders=: an automated report of his is held\n", "written by",
               provenance->author);
}

static int show(const Config *config, const char *file, GBytes *bytes)
{
    g_autoptr(GBytes) crlf = message_crlf(bytes);
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(crlf, &error);

    if (message == NULL)
        ctl_complain("%s: %s", file, error->message);
    g_clear_error(&error);
    g_autoptr(Provenance) provenance
        = provenance_show(config, NULL, message, show_method, NULL, &error);
    if (provenance == NULL)
        return ctl_failed(error);
    if (provenance->proven)
        show_proven(provenance);
    else
        printf("%-13s no alternative of require= passes\n", "not proven");
    return provenance->proven ? EX_OK : CTL_WANTING;
}

int ctl_provenance(const CtlCall *call)
{
    const GOptionEntry none[] = { G_OPTION_ENTRY_NULL };
    g_auto(GStrv) words = ctl_parse(call, none, 1, 1);

    if (words == NULL)
        return EX_USAGE;
    g_autoptr(GBytes) bytes = ctl_read_file(words[0]);
    if (bytes == NULL)
        return EX_NOINPUT;
    g_autoptr(Config) config = ctl_load_config(call);
    if (config == NULL)
        return EX_CONFIG;
    int status = ctl_become_user(config);
    return status != EX_OK ? status : show(config, words[0], bytes);
}
