/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl: main() of the operator's tool; one file per verb. */
#include "ctl.h"
#include "daemon.h"
#include "log.h"
#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define DEFAULT_CONFIG SYSCONFDIR "/certbund-milter/certbund-milter.conf"

static const struct {
    const char *name;
    int (*run)(const CtlCall *call);
    const char *arguments, *what;
} verbs[] = {
    { "check", ctl_check, "[--ledger]",
      "every fault in config, customers and templates; the ledger" },
    { "events", ctl_events, "FILE...", "the affected events of each mail, as JSON Lines" },
    { "lookup", ctl_lookup, "ADDRESS|ACCOUNT [TIME]", "whose it is, now or at that time" },
    { "preview", ctl_preview, "FILE [-d DIR] | --template FILE [--html FILE]",
      "what would happen; -d writes the notices; or a template with its samples" },
    { "provenance", ctl_provenance, "FILE", "who vouches for it, by each method of require=" },
    { "classes", ctl_classes, "[--json]", "the known classes, and which template each has" },

    { "reports", ctl_reports, "[--state STATE] [--json]", "the reports, newest first" },
    { "notices", ctl_notices, "[--state STATE] [--json]", "the notices, newest first" },
    { "show", ctl_show, "TICKET|REFERENCE|ADDRESS|CUSTOMER [--json]",
      "all that is known of it: who was told what and when" },
    { "unassigned", ctl_unassigned, "[TICKET] [--json]", "rows that are no customer's" },
    { "held", ctl_held, "[--json]", "what waits for a person" },
    { "drift", ctl_drift, "[CLASS] [--json]", "columns of known classes that are new or missing" },

    { "release", ctl_release, "ID... [--by WHO] [--reason WHY]", "let what is held go out" },
    { "drop", ctl_drop, "ID... [--by WHO] [--reason WHY]", "nobody shall be told" },
    { "retry", ctl_retry, "ID... [--by WHO] [--reason WHY]", "hand failed notices over again" },
    { "accept", ctl_accept, "TICKET --reason WHY [--by WHO]",
      "vouch for an unverified report: it is held then" },
    { "process", ctl_process, "FILE --reason WHY [--by WHO]",
      "vouch for a saved mail: it is held then" },
    { "exempt", ctl_exempt,
      "NETWORK --class CLASS|all --until DATE --reason WHY | --end ID | --list",
      "tell nobody of a network's events for a time" },
    { "contact", ctl_contact, "ok ADDRESS... [--by WHO] | list [--json]",
      "contacts whose mail bounced for good" },

    { "proof", ctl_proof, "REFERENCE [-d DIR]", "the evidence of a notice, as a directory" },
    { "export", ctl_export, "--customer ID", "all that is kept of a customer, as JSON Lines" },
    { "erase", ctl_erase, "--customer ID [--yes] [--by WHO]", "remove all of it" },
    { "key", ctl_key, "import FILE... | list [--json] | remove FINGERPRINT",
      "the PGP keys and certificates in gnupg-home=" },
    { "purge", ctl_purge, "", "remove what keep-content and keep-proof keep no longer" },
};

void ctl_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *clean = log_sanitize(text); /* it may quote a mail */
    fprintf(stderr, "certbundctl: %s\n", clean);
}

static GBytes *read_stdin(GError **error)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    guint8 buffer[65536];
    gsize n;

    while ((n = fread(buffer, 1, sizeof buffer, stdin)) > 0)
        g_byte_array_append(all, buffer, (guint)n);
    if (ferror(stdin)) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_IO, g_strerror(errno));
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&all));
}

GBytes *ctl_read_file(const char *name)
{
    g_autoptr(GError) error = NULL;
    char *data = NULL;
    gsize size = 0;
    GBytes *bytes = NULL;

    if (strcmp(name, "-") == 0)
        bytes = read_stdin(&error);
    else if (g_file_get_contents(name, &data, &size, &error))
        bytes = g_bytes_new_take(data, size);
    if (bytes == NULL)
        ctl_complain("%s: %s", name, error != NULL ? error->message : "can't be read");
    return bytes;
}

void ctl_print_faults(const Faults *faults)
{
    for (guint i = 0; i < faults_count(faults); i++)
        fprintf(stderr, "%s\n", faults_text(faults, i));
}

Config *ctl_load_config(const CtlCall *call)
{
    g_autoptr(Faults) faults = faults_new();
    Config *config = config_load(call->config_path, faults);

    ctl_print_faults(faults);
    return config;
}

int ctl_become_user(const Config *config)
{
    g_autoptr(GError) error = NULL;

    if (geteuid() != 0 || daemon_become_user(config, &error))
        return EX_OK;
    ctl_complain("%s", error->message);
    return EX_NOUSER;
}

Snapshot *ctl_load(const CtlCall *call)
{
    g_autoptr(Faults) faults = faults_new();
    Snapshot *snapshot = snapshot_load(call->config_path, FALSE, NULL, faults);

    ctl_print_faults(faults);
    return snapshot;
}

#define ARGUMENTS_WIDTH 34 /* longer ones have a line of their own */

static void print_usage(FILE *to)
{
    fprintf(to, "usage: certbundctl [-c FILE] VERB ...\n\n");
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        const char *arguments = verbs[i].arguments;
        if (strlen(arguments) > ARGUMENTS_WIDTH)
            fprintf(to, "  %-10s %s\n  %-10s %-*s %s\n", verbs[i].name, arguments, "",
                    ARGUMENTS_WIDTH, "", verbs[i].what);
        else
            fprintf(to, "  %-10s %-*s %s\n", verbs[i].name, ARGUMENTS_WIDTH, arguments,
                    verbs[i].what);
    }
    fprintf(to, "\nThe config file is %s unless -c names another; see certbundctl(8).\n",
            DEFAULT_CONFIG);
}

static int complain_of_verb(const char *word)
{
    g_autoptr(GString) known = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", verbs[i].name);
    ctl_complain("'%s' is no verb; expected one of %s", word, known->str);
    return EX_USAGE;
}

static int run_verb(char **words, const char *config_path)
{
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(words[0], verbs[i].name) == 0) {
            const CtlCall call = { config_path, words + 1, verbs[i].name, verbs[i].arguments };
            return verbs[i].run(&call);
        }
    return complain_of_verb(words[0]);
}

int main(int argc, char **argv)
{
    const char *config_path = DEFAULT_CONFIG;
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            print_usage(stdout);
            return EX_OK;
        }
        if (strcmp(argv[i], "-V") == 0 || strcmp(argv[i], "--version") == 0) {
            puts("certbundctl " VERSION);
            return EX_OK;
        }
        if (strcmp(argv[i], "-c") != 0 || i + 1 == argc) {
            print_usage(stderr);
            return EX_USAGE;
        }
        config_path = argv[++i];
    }
    if (i == argc) {
        print_usage(stderr);
        return EX_USAGE;
    }
    message_init();
    int status = run_verb(argv + i, config_path);
    gboolean written = fflush(stdout) == 0;
    if ((!written || ferror(stdout)) && status == EX_OK) { /* now, or before in a long list */
        ctl_complain("standard output: %s", written ? "not all was written" : g_strerror(errno));
        return EX_IOERR;
    }
    return status;
}
