/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl exempt and contact: what the desk has agreed on with customers: networks
 * whose events of a class are not told for a time, and contacts that work again. */
#include "ctl-ledger.h"
#include "ctl-rows.h"
#include "errors.h"
#include "timestamp.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define EVERY_CLASS "all"

static const char *const exemption_columns[] = { "id",     "network", "class", "until",
                                                 "person", "created", "ended", "ended_by",
                                                 "reason", NULL };
static const char *const contact_columns[] = { "address", "customer", "reference",
                                               "since",   "status",   NULL };

/* ---- exempt */

typedef struct {
    char *class_id, *until, *reason, *by, *end;
    gboolean list;
} ExemptOptions;

static void clear_options(ExemptOptions *options)
{
    g_free(options->class_id);
    g_free(options->until);
    g_free(options->reason);
    g_free(options->by);
    g_free(options->end);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ExemptOptions, clear_options)

/* What a class is called: report titles make them up, so that no list has all. */
static gboolean is_class(const char *text)
{
    return *text != '\0' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

/* All but the person; FALSE after complaining. */
static gboolean read_exemption(const CtlCall *call, const ExemptOptions *options,
                               const char *network, LedgerExemption *exemption_r, gint64 now)
{
    g_autoptr(GError) error = NULL;
    gint64 until = 0;

    if (network == NULL || options->class_id == NULL || options->until == NULL ||
        options->reason == NULL)
        ctl_misused(call, "a network, --class, --until and --reason are all needed");
    else if (!network_parse(network, &exemption_r->network, &error))
        ctl_misused(call, "'%s' is no network: %s", network, error->message);
    else if (!is_class(options->class_id))
        ctl_misused(call, "'%s' is no class (such as open-telnet, or " EVERY_CLASS ")",
                    options->class_id);
    else if (!timestamp_parse_rfc3339(options->until, &until))
        ctl_misused(call, "'%s' is no date or RFC 3339 time", options->until);
    else if (until <= now / G_USEC_PER_SEC || until > G_MAXINT64 / G_USEC_PER_SEC)
        ctl_misused(call, "'%s' is not in the future", options->until);
    else if (ctl_fit(call, "--reason", options->reason) && ctl_fit(call, "--by", options->by)) {
        gboolean every = strcmp(options->class_id, EVERY_CLASS) == 0;
        exemption_r->class_id = every ? "" : options->class_id;
        exemption_r->until = until * G_USEC_PER_SEC;
        exemption_r->reason = options->reason;
        return TRUE;
    }
    return FALSE;
}

static int add_exemption(const CtlCall *call, const ExemptOptions *options, const char *network)
{
    gint64 now = g_get_real_time();
    g_autoptr(CtlLedger) ledger = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL, *person = ctl_person(options->by);
    LedgerExemption exemption = { .person = person };
    char until[TIMESTAMP_TEXT_SIZE];

    if (!read_exemption(call, options, network, &exemption, now))
        return EX_USAGE;
    int status = ctl_ledger_open(call, &ledger);
    if (status != EX_OK)
        return status;
    if (!ledger_exempt(ledger->ledger, &exemption, now, &id, &error))
        return ctl_failed(error);
    g_autofree char *shown = network_format(&exemption.network);
    printf("%s: %s is exempt from %s%s until %s; new reports only, what is pending goes out\n", id,
           shown, *exemption.class_id != '\0' ? "class " : "every class", exemption.class_id,
           timestamp_format(exemption.until / G_USEC_PER_SEC, until));
    return EX_OK;
}

static int end_exemption(const CtlCall *call, const ExemptOptions *options)
{
    g_autoptr(CtlLedger) ledger = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *person = ctl_person(options->by);

    if (!ctl_fit(call, "--by", options->by))
        return EX_USAGE;
    int status = ctl_ledger_open(call, &ledger);
    if (status != EX_OK)
        return status;
    if (!ledger_exempt_end(ledger->ledger, options->end, person, g_get_real_time(), &error))
        return ctl_failed(error);
    printf("%s: ended\n", options->end);
    return EX_OK;
}

/* Exactly one of: NETWORK, --list, --end ID. */
int ctl_exempt(const CtlCall *call)
{
    g_auto(ExemptOptions) options = { .list = FALSE };
    CtlList list = { .columns = exemption_columns };
    const GOptionEntry entries[] = {
        { "class", 0, 0, G_OPTION_ARG_FILENAME, &options.class_id, NULL, NULL },
        { "until", 0, 0, G_OPTION_ARG_FILENAME, &options.until, NULL, NULL },
        { "reason", 0, 0, G_OPTION_ARG_FILENAME, &options.reason, NULL, NULL },
        { "by", 0, 0, G_OPTION_ARG_FILENAME, &options.by, NULL, NULL },
        { "end", 0, 0, G_OPTION_ARG_FILENAME, &options.end, NULL, NULL },
        { "list", 0, 0, G_OPTION_ARG_NONE, &options.list, NULL, NULL },
        { "json", 0, 0, G_OPTION_ARG_NONE, &list.json, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 1);

    if (words == NULL)
        return EX_USAGE;
    gboolean described =
        options.class_id != NULL || options.until != NULL || options.reason != NULL;
    if ((words[0] != NULL) + options.list + (options.end != NULL) > 1 ||
        (described && words[0] == NULL) || (list.json && !options.list))
        return ctl_misused(call, "these don't go together");
    if (options.list)
        return ctl_list_all(call, LEDGER_EXEMPTIONS, NULL, &list, "no exemption was ever made");
    return options.end != NULL ? end_exemption(call, &options)
                               : add_exemption(call, &options, words[0]);
}

/* ---- contact */

static int accept_contacts(const CtlCall *call, char **addresses, const char *by)
{
    g_autoptr(CtlLedger) ledger = NULL;
    g_autofree char *person = ctl_person(by);
    int worst = ctl_ledger_open(call, &ledger);

    for (char **address = addresses; ledger != NULL && *address != NULL; address++) {
        g_autoptr(GError) error = NULL;
        if (ledger_contact_ok(ledger->ledger, *address, person, g_get_real_time(), &error)) {
            printf("%s: mailed again from the next report on\n", *address);
        } else {
            int status = ctl_failed(error);
            worst = MAX(worst, status);
        }
    }
    return worst;
}

int ctl_contact(const CtlCall *call)
{
    CtlList list = { .columns = contact_columns };
    g_autofree char *by = NULL;
    const GOptionEntry entries[] = {
        { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, NULL, NULL },
        { "json", 0, 0, G_OPTION_ARG_NONE, &list.json, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 1, G_MAXUINT);

    if (words == NULL || !ctl_fit(call, "--by", by))
        return EX_USAGE;
    if (strcmp(words[0], "list") == 0 && words[1] == NULL && by == NULL)
        return ctl_list_all(call, LEDGER_CONTACTS, NULL, &list,
                            "no contact whose mail bounced for good");
    if (strcmp(words[0], "ok") == 0 && words[1] != NULL && !list.json)
        return accept_contacts(call, words + 1, by);
    return ctl_misused(call, "these don't go together");
}
