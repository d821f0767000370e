/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* config-check: can the daemon start with these settings?
 *
 * A file may be well-formed and yet say something this version can't do or
 * must not do.  Evidence that can't succeed is warned of in provenance.c. */
#include "config.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-table.h"

/* Who trusts clients must say which. */
static void check_clients(const Config *config, ReportSource source, Faults *faults)
{
    const char *group = config_trust_group(source);
    const Trust *trust = &config->trust[source];

    for (const guint *set = trust->require; *set != 0; set++) {
        if (trust->clients.n == 0 && (*set & EVIDENCE_BIT(EVIDENCE_CLIENT)) != 0
            && !config_is_faulty(config, group, "clients")) {
            faults_add(faults, config->path, config_line(config, group, "clients"),
                       "[%s] clients: empty, so that require=client proves nothing; "
                       "expected the networks of the hosts that hand in %s's mail",
                       group, source_name(source));
            return;
        }
    }
}

/* Its reports have no ticket: by the sender alone they are known. */
static void check_shadowserver(const Config *config, Faults *faults)
{
    if (config->shadowserver && config->trust[SOURCE_SHADOWSERVER].senders[0] == NULL
        && !config_is_faulty(config, "shadowserver", "senders"))
        faults_add(faults, config->path, config_line(config, "shadowserver", "enabled"),
                   "[shadowserver] senders: empty, so that none of its reports is ever known; "
                   "expected the addresses that they come from");
}

static void check_intake(const Config *config, Faults *faults)
{
    if (config->recipients[0] == NULL && config->trust[SOURCE_CERTBUND].senders[0] == NULL
        && !config_is_faulty(config, "intake", "recipients"))
        faults_add(faults, config->path, config_line(config, "intake", "senders"),
                   "[intake] recipients and senders are both empty, so that no mail is ever "
                   "looked at; expected one of them");
}

static void check_addresses(const Config *config, Faults *faults)
{
    const struct {
        const char *key, *value;
    } needed[] = {
        { "from", config->from },
        { "reply-to", config->reply_to },
        { "envelope-from", config->envelope_from },
        { "desk", config->desk },
    };
    if (config->mode == MODE_PILOT) {
        if (*config->desk == '\0' && !config_is_faulty(config, "notices", "desk"))
            faults_warn(faults, config->path, config_line(config, "notices", "desk"),
                        "[notices] desk: empty, so that nobody gets the pilot's summaries; "
                        "expected the abuse desk's address");
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(needed); i++)
        if (*needed[i].value == '\0' && !config_is_faulty(config, "notices", needed[i].key))
            faults_add(faults, config->path, config_line(config, "notices", needed[i].key),
                       "[notices] %s: empty; expected an address unless mode=pilot",
                       needed[i].key);
}

/* postdrop gains its group by set-gid, which no_new_privs takes away: sendmail(1)
 * would fail with each mail, long after the start. */
static void check_submission(const Config *config, Faults *faults)
{
    const char *program = config->via + strlen("sendmail:");
    guint line = config_line(config, "submission", "via");
    if (!g_str_has_prefix(config->via, "sendmail:"))
        return;
    g_autofree char *shown = config_shown(config->via);
    if (!g_file_test(program, G_FILE_TEST_IS_REGULAR) || access(program, X_OK) != 0)
        faults_add(faults, config->path, line,
                   "[submission] via: \"%s\" names no program that can be run; expected the path "
                   "of sendmail(1)",
                   shown);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1)
        faults_add(faults, config->path, line,
                   "[submission] via: \"%s\" can't work in a process that may gain no privileges; "
                   "expected smtp://HOST:PORT, or NoNewPrivileges=no in the unit",
                   shown);
}

/* libcurl reads the passwords whoever else may.  A group may: the daemon's, of a file of
 * root's. */
static void check_netrc(const Config *config, Faults *faults)
{
    g_autofree char *path = config_netrc(config);
    struct stat status;

    if (g_str_has_prefix(config->via, "sendmail:") || strchr(config->via, '@') == NULL
        || stat(path, &status) != 0 || (status.st_mode & S_IRWXO) == 0)
        return;
    faults_add(faults, path, 0,
               "mode %04o, so that everybody may have the passwords in it; expected 0600, or 0640 "
               "with the daemon's group",
               (guint)(status.st_mode & 07777));
}

/* What the outbox signs can't be a mail that never passes it. */
static void check_original(const Config *config, Faults *faults)
{
    guint line = config_line(config, "original", "disposition");
    gboolean rewrites = strcmp(config->disposition, "rewrite") == 0;

    if (strcmp(config->disposition, "keep") != 0 && *config->handled_to != '\0')
        faults_add(faults, config->path, config_line(config, "original", "handled-to"),
                   "[original] handled-to: of no use with disposition=%s; expected it empty, or "
                   "disposition=keep",
                   config->disposition);
    if (rewrites && *config->desk == '\0' && !config_is_faulty(config, "notices", "desk"))
        faults_add(faults, config->path, line,
                   "[original] disposition: \"rewrite\" makes summaries for the desk; expected "
                   "[notices] desk=");
    if (config->rewrite_single && !rewrites)
        faults_warn(faults, config->path, config_line(config, "original", "rewrite-single"),
                    "[original] rewrite-single: of no use with disposition=%s; expected "
                    "disposition=rewrite",
                    config->disposition);
    if (config->rewrite_single && *config->sign_key != '\0')
        faults_add(faults, config->path, config_line(config, "original", "rewrite-single"),
                   "[original] rewrite-single: a mail in hand is not signed, and sign-key= is set; "
                   "expected no");
}

void config_check_start(const Config *config, Faults *faults)
{
    for (ReportSource source = 0; source < SOURCE_N; source++)
        if (config_has_source(config, source))
            check_clients(config, source, faults);
    check_shadowserver(config, faults);
    check_intake(config, faults);
    check_addresses(config, faults);
    check_submission(config, faults);
    check_netrc(config, faults);
    check_original(config, faults);
}
