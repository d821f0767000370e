/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl purge, export and erase: what is kept no longer, and a customer's right to
 * see what is kept of him and to have it gone. */
#include "ctl-ledger.h"
#include "ctl-rows.h"
#include "timestamp.h"
#include "upkeep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- purge */

static void print_limit(const char *what, gint64 limit)
{
    char time[TIMESTAMP_TEXT_SIZE];

    if (limit == 0)
        printf("%s: for ever\n", what);
    else
        printf("%s: from %s on\n", what, timestamp_format(limit / G_USEC_PER_SEC, time));
}

int ctl_purge(const CtlCall *call)
{
    const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 0);
    g_autoptr(CtlLedger) ledger = NULL;
    g_autoptr(GError) error = NULL;
    gint64 now = g_get_real_time();
    guint n = 0;

    if (words == NULL)
        return EX_USAGE;
    int status = ctl_ledger_open(call, &ledger);
    if (status != EX_OK)
        return status;
    gint64 content = upkeep_before(now, ledger->config->keep_content_secs);
    gint64 proof = upkeep_before(now, ledger->config->keep_proof_secs);
    gboolean ok = ledger_purge(ledger->ledger, content, proof, &n, &error);
    if (!ok)
        return ctl_failed(error);
    printf("purged: %u records\n", n);
    print_limit("content is kept", MAX(content, proof));
    print_limit("proof is kept", proof);
    return EX_OK;
}

/* ---- export */

int ctl_export(const CtlCall *call)
{
    CtlList list = { .json = TRUE };
    g_autofree char *customer = NULL;
    const GOptionEntry entries[] = {
        { "customer", 0, 0, G_OPTION_ARG_FILENAME, &customer, NULL, NULL },
        { "json", 0, 0, G_OPTION_ARG_NONE, &list.json, NULL, NULL }, /* there is no other form */
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 0);
    g_autoptr(CtlLedger) ledger = NULL;
    g_autoptr(GError) error = NULL;

    if (words == NULL || !ctl_fit(call, "--customer", customer))
        return EX_USAGE;
    if (customer == NULL)
        return ctl_misused(call, "no customer is named");
    int status = ctl_ledger_open(call, &ledger);
    if (status != EX_OK)
        return status;
    if (!ledger_export(ledger->ledger, customer, ctl_print_json, &list, &error))
        return ctl_failed(error);
    if (list.n > 0)
        return EX_OK;
    ctl_complain("the ledger has nothing of a customer %s", customer);
    return CTL_WANTING;
}

/* ---- erase */

static gboolean count_row(guint n_columns, const char *const *columns, const char *const *values,
                          gpointer data)
{
    (void)n_columns, (void)columns, (void)values;
    ++*(guint *)data;
    return TRUE;
}

/* The customer's id is typed again: "y" is typed too easily. */
static gboolean confirm(const char *customer, guint n)
{
    char line[CTL_WORDS_MAX + 2];

    fprintf(stderr,
            "%u records of customer %s will be gone for good, notices that are still to be sent "
            "and the proof of those that were sent included.\n"
            "Type the customer's id to go on: ",
            n, customer);
    if (fgets(line, sizeof line, stdin) == NULL)
        return FALSE;
    g_strchomp(line);
    return strcmp(line, customer) == 0;
}

static int erase(CtlLedger *ledger, const char *customer, const char *person, gboolean yes)
{
    g_autoptr(GError) error = NULL;
    guint n = 0;

    if (!ledger_export(ledger->ledger, customer, count_row, &n, &error))
        return ctl_failed(error);
    if (n == 0) {
        ctl_complain("the ledger has nothing of a customer %s", customer);
        return CTL_WANTING;
    }
    if (!yes && !confirm(customer, n)) {
        ctl_complain("nothing is erased");
        return CTL_WANTING;
    }
    if (!ledger_erase(ledger->ledger, customer, person, g_get_real_time(), &n, &error))
        return ctl_failed(error);
    printf("%s: %u records erased; what is left: sums of reports, mails of reports that wait "
           "(certbundctl held), and what MTA, mailboxes and backups have\n",
           customer, n);
    return EX_OK;
}

int ctl_erase(const CtlCall *call)
{
    g_autofree char *customer = NULL, *by = NULL;
    gboolean yes = FALSE;
    const GOptionEntry entries[] = {
        { "customer", 0, 0, G_OPTION_ARG_FILENAME, &customer, NULL, NULL },
        { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, NULL, NULL },
        { "yes", 0, 0, G_OPTION_ARG_NONE, &yes, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 0);
    g_autoptr(CtlLedger) ledger = NULL;

    if (words == NULL || !ctl_fit(call, "--customer", customer) || !ctl_fit(call, "--by", by))
        return EX_USAGE;
    if (customer == NULL)
        return ctl_misused(call, "no customer is named");
    if (!yes && !isatty(STDIN_FILENO))
        return ctl_misused(call, "without a terminal to ask at, --yes is needed");
    g_autofree char *person = ctl_person(by);
    int status = ctl_ledger_open(call, &ledger);
    return status == EX_OK ? erase(ledger, customer, person, yes) : status;
}
