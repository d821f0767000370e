/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl preview: what would happen to a saved mail.  Decides with the
 * daemon's own code and makes the notices, whatever provenance says; sends
 * nothing and writes nothing but the .eml files of -d. */
#include "ctl-ledger.h"
#include "ctl-preview.h"
#include "decision.h"
#include "errors.h"
#include "log.h"
#include "notices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

typedef struct {
    const char *directory; /* or NULL */
    guint n;
} Preview;

static gboolean write_notice(const Notice *notice, const char *directory, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.eml", notice->reference);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    gsize size;
    const char *data = g_bytes_get_data(notice->bytes, &size);
    return g_file_set_contents_full(path, data, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0640,
                                    error);
}

static gboolean show_notice(const Notice *notice, gpointer data, GError **error)
{
    Preview *preview = data;
    g_autofree char *to = g_strjoinv(", ", notice->recipients);

    if (preview->n++ == 0)
        printf("\n%-10s %-20s %6s  %s\n", "notice", "customer", "rows", "to / subject");
    printf("%-10s %-20s %6u  %s\n%38s  %s\n", notice->reference, notice->customer.id,
           notice->n_events, to, "", notice->subject);
    return preview->directory == NULL || write_notice(notice, preview->directory, error);
}

/* What stood in a mail reaches a terminal without its control characters. */
static void print_field(const char *name, const char *value)
{
    g_autofree char *clean = log_sanitize(value);
    printf("%-11s %s\n", name, clean);
}

static void print_head(const char *file, const Decision *decision)
{
    const Report *report = decision->report;

    g_autofree char *class = g_strconcat(
        decision->class_id, decision->template_ == NULL ? " (no template)" : NULL, NULL);
    g_autofree char *status
        = g_strconcat(status_name(decision->status), *decision->reason != '\0' ? ": " : "",
                      decision->reason, NULL);

    print_field("file", file);
    print_field("ticket", report->subject->ticket);
    print_field("title", report->subject->title);
    print_field("class", class);
    print_field("provenance", decision->provenance->evidence);
    print_field("mode", mode_name(decision->mode));
    print_field("status", status);
    for (guint i = 0; i < decision->obstacles->len; i++)
        print_field("but", g_ptr_array_index(decision->obstacles, i));
    printf("%-11s %u\n", "rows", report->n_events);
}

static void print_fates(const Decision *decision)
{
    const Assignment *assignment = decision->assignment;

    if (assignment == NULL)
        return;
    printf("\n%-12s %6s\n", "fate", "rows");
    for (Fate fate = 0; fate < FATE_N; fate++)
        if (assignment->counts[fate] > 0)
            printf("%-12s %6u\n", fate_name(fate), assignment->counts[fate]);
    for (guint i = 0; i < assignment->n_events; i++)
        if (assignment->fates[i].fate != FATE_NOTIFIED) {
            g_autofree char *cell = log_sanitize(report_address_text(decision->report, i));
            printf("row %-8u %s: %s: %s\n", i + 1, cell, fate_name(assignment->fates[i].fate),
                   reason_text(assignment->fates[i].reason));
        }
}

/* The installation's secret gives the real references; without it (another
 * user, no daemon yet) they are others, and the preview is as good. */
static Secret *find_secret(const Config *config)
{
    g_autofree char *directory = config_state_directory(config);
    Secret *secret = secret_load(directory, FALSE, NULL);
    return secret != NULL ? secret : secret_dummy();
}

/* One that failed a check of ours; that a customer's wait for the desk is as it should be. */
static gboolean has_bad_notice(const Decision *decision)
{
    const Assignment *assignment = decision->assignment;

    for (guint i = 0; assignment != NULL && i < assignment->n_events; i++)
        if (assignment->fates[i].fate == FATE_HELD
            && assignment->fates[i].reason == REASON_NOTICE_HELD)
            return TRUE;
    return FALSE;
}

static int show(const char *file, Decision *decision, const char *directory)
{
    g_autoptr(Secret) secret = find_secret(decision->snapshot->config);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    Preview preview = { directory, 0 };

    print_head(file, decision);
    const NoticeOrder order = { .secret = secret, .now = g_get_real_time() / G_USEC_PER_SEC,
                                .sink = show_notice, .data = &preview, .problems = problems };
    if (!notices_make(decision, &order, &error)) {
        ctl_complain("%s", error->message);
        return EX_CANTCREAT;
    }
    for (guint i = 0; i < problems->len; i++)
        print_field("but", g_ptr_array_index(problems, i));
    print_fates(decision);
    return has_bad_notice(decision) || decision->status == STATUS_HELD
            || decision->status == STATUS_UNREAD
        ? CTL_WANTING
        : EX_OK;
}

static int preview_mail(const CtlCall *call, const char *file, const char *directory)
{
    g_autoptr(GError) error = NULL;

    if (directory != NULL && g_mkdir_with_parents(directory, 0750) != 0) {
        ctl_complain("%s: can't make this directory: %s", directory, g_strerror(errno));
        return EX_CANTCREAT;
    }
    g_autoptr(GBytes) bytes = ctl_read_file(file);
    if (bytes == NULL)
        return EX_NOINPUT;
    g_autoptr(Snapshot) snapshot = ctl_load(call);
    if (snapshot == NULL)
        return EX_CONFIG;
    g_autoptr(Decision) decision
        = decide(snapshot, bytes, NULL, g_get_real_time() / G_USEC_PER_SEC, VOUCHED_WHOLE, &error);
    if (decision == NULL) {
        ctl_complain("%s: %s", file, error->message);
        return g_error_matches(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY) ? EX_TEMPFAIL
                                                                                : CTL_WANTING;
    }
    if (decision->report == NULL) {
        ctl_complain("%s: %s", file, decision->reason);
        return CTL_WANTING;
    }
    return show(file, decision, directory);
}

int ctl_preview(const CtlCall *call)
{
    g_autofree char *directory = NULL, *template_ = NULL, *page = NULL;
    const GOptionEntry entries[] = {
        { "directory", 'd', 0, G_OPTION_ARG_FILENAME, &directory, NULL, NULL },
        { "template", 0, 0, G_OPTION_ARG_FILENAME, &template_, NULL, NULL },
        { "html", 0, 0, G_OPTION_ARG_FILENAME, &page, NULL, NULL },
        G_OPTION_ENTRY_NULL
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 1);

    if (words == NULL)
        return EX_USAGE;
    if ((words[0] != NULL) == (template_ != NULL))
        return ctl_misused(call, "a mail or --template FILE is to be shown");
    if (template_ != NULL ? directory != NULL : page != NULL)
        return ctl_misused(call, "-d goes with a mail, and --html with --template");
    return template_ != NULL ? ctl_preview_template(call, template_, page)
                             : preview_mail(call, words[0], directory);
}
