/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reads the stages one after the other; the first thing that stands in the way
 * decides the status.  Fail closed: whatever is not clear is held. */
#include "decision.h"

#include "classes.h"
#include "errors.h"
#include "intake.h"
#include "shadowserver.h"

#include <string.h>

static const char *const status_names[] = {
    [STATUS_HANDLED] = "handled", [STATUS_ATTENTION] = "attention",
    [STATUS_HELD] = "held",       [STATUS_DUPLICATE] = "duplicate",
    [STATUS_OLD] = "old",         [STATUS_UNVERIFIED] = "unverified",
    [STATUS_UNREAD] = "unread",   [STATUS_TOO_LARGE] = "too-large",
};

const char *status_name(Status status)
{
    return status_names[status];
}

guint decision_n_customers(const Decision *decision)
{
    guint n = 0;
    if (decision->assignment == NULL)
        return 0;
    for (guint g = 0; g < decision->assignment->n_groups; g++) {
        const CustomerGroup *group = &decision->assignment->groups[g];
        for (guint e = 0; e < group->n_events; e++)
            if (decision->assignment->fates[group->events[e]].fate == FATE_NOTIFIED) {
                n++;
                break;
            }
    }
    return n;
}

/* Returns TRUE when the mail must stop here with this status; a vouched one goes
 * on and remembers. */
static gboolean G_GNUC_PRINTF(4, 5)
    stopped(Decision *decision, gboolean vouched, Status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    if (vouched) {
        g_ptr_array_add(decision->obstacles,
                        g_strdup_printf("%s: %s", status_name(status), reason));
        return FALSE;
    }
    decision->status = status;
    g_free(decision->reason);
    decision->reason = g_steal_pointer(&reason);
    return TRUE;
}

/* A person who vouches need not wait for DNS. */
static gboolean prove(Decision *decision, const Address *client, Message *message,
                      gboolean vouched, GError **error)
{
    g_autoptr(GError) why = NULL;

    decision->provenance
        = provenance_check(decision->snapshot->config, client, message, &why);
    if (decision->provenance == NULL && vouched
        && g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY))
        decision->provenance
            = provenance_none(intake_source(decision->snapshot->config, message), why->message);
    if (decision->provenance == NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return decision->provenance != NULL;
}

static gboolean too_old(Decision *decision, gint64 now, gboolean vouched)
{
    const Config *config = decision->snapshot->config;
    const Provenance *provenance = decision->provenance;

    if (config->max_age_secs == 0)
        return FALSE;
    if (!provenance->dated)
        return stopped(decision, vouched, STATUS_HELD, "no date tells how old it is");
    if (provenance->time > now + PROVENANCE_FUTURE_SECS)
        return stopped(decision, vouched, STATUS_HELD, "its date lies in the future");
    if (provenance->time < now - config->max_age_secs)
        return stopped(decision, vouched, STATUS_OLD, "sent %" G_GINT64_FORMAT " days ago",
                       (now - provenance->time) / (24 * 3600));
    return FALSE;
}

static gboolean customers_too_old(Decision *decision, gint64 now, gboolean vouched)
{
    gint64 max_age = decision->snapshot->config->customers_max_age_secs;
    gint64 age = now - customers_mtime(decision->snapshot->customers);

    if (max_age == 0 || age <= max_age)
        return FALSE;
    return stopped(decision, vouched, STATUS_HELD,
                   "the customers file is %" G_GINT64_FORMAT " hours old, older than max-age",
                   age / 3600);
}

/* Brakes guard the mode that mails customers; a pilot mails nobody. */
static gboolean braked(Decision *decision, gboolean vouched)
{
    guint limit = decision->snapshot->config->brake_customers;
    guint n = decision_n_customers(decision);

    if (limit == 0 || n <= limit || decision->mode == MODE_PILOT)
        return FALSE;
    return stopped(decision, vouched, STATUS_HELD, "%u customers, more than brake-customers=%u",
                   n, limit);
}

static Mode mode_for_class(const Config *config, const char *class_id)
{
    char **live = config->live_classes;
    if (config->mode == MODE_LIVE && *live != NULL
        && !g_strv_contains((const char *const *)live, class_id))
        return MODE_PILOT;
    return config->mode;
}

static gboolean is_manual(const Report *report)
{
    return report->subject->family == FAMILY_MANUAL;
}

/* unknown-class=hold keeps a text of ours from going out unseen; a manual report is always
 * looked at first. */
static void choose_template(Decision *decision)
{
    const Snapshot *snapshot = decision->snapshot;
    const Report *report = decision->report;

    decision->class_id = report->class_id;
    decision->template_
        = templates_find(snapshot->templates, report->subject->title, report->class_id);
    if (decision->template_ != NULL)
        decision->class_id = decision->template_->id;
    else if (snapshot->config->unknown_class_notify || is_manual(report))
        decision->template_ = templates_by_id(snapshot->templates, TEMPLATE_REPORT);
    decision->mode = mode_for_class(snapshot->config, decision->class_id);
}

static gboolean lookup_and_assign(Decision *decision, gboolean hold, GError **error)
{
    const Customers *customers = decision->snapshot->customers;
    const Report *report = decision->report;
    g_autofree CustomerKey *keys = assign_keys(report);
    g_autofree CustomerAnswer *answers = g_new0(CustomerAnswer, report->n_events);

    if (!customers_lookup(customers, keys, report->n_events, answers, error))
        return FALSE;
    g_clear_pointer(&decision->assignment, assignment_free);
    decision->assignment = assign(report, customers, answers, hold);
    return assignment_check(decision->assignment, error);
}

gboolean decision_hold(Decision *decision, GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_free(decision->reason);
    decision->reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    decision->status = STATUS_HELD;
    return lookup_and_assign(decision, TRUE, error);
}

/* Proven or not, the ticket is the same, for under it a person accepts the report. */
const Subject *decision_subject(const Decision *decision, const Subject *line)
{
    if (decision->named == NULL)
        return line;
    return decision->report != NULL ? decision->report->subject : decision->named;
}

gboolean decision_is_part(const Decision *decision)
{
    const Provenance *provenance = decision->provenance;

    return !provenance->header && (provenance->proven || provenance->part != NULL);
}

gboolean decision_is_critical(const Decision *decision)
{
    return decision->report->subject->critical && !decision_is_part(decision);
}

gboolean decision_is_urgent(const Decision *decision)
{
    const ReportClass *known = classes_find(decision->report->subject->title);

    return decision_is_critical(decision) || (known != NULL && known->urgent);
}

void decision_settle(Decision *decision)
{
    if (decision->status > STATUS_ATTENTION || decision->assignment == NULL)
        return;
    const guint *counts = decision->assignment->counts;
    decision->status
        = counts[FATE_UNASSIGNED] + counts[FATE_UNREADABLE] + counts[FATE_HELD] > 0
        ? STATUS_ATTENTION
        : STATUS_HANDLED;
}

/* What is wrong with the class that the title, which nothing proves, gives these rows; NULL:
 * nothing is.  Caller frees. */
static char *find_misnomer(const Report *report, const ReportClass *class)
{
    static const char proven[] = "and only the signed part is proven, not the title";

    if (class == NULL)
        return g_strdup_printf("\"%s\" is no title that is known, %s", report->subject->title,
                               proven);
    if (report->table == NULL)
        return NULL;
    if (class->n_columns == 0)
        return g_strdup_printf("the columns of class %s are not known, %s", class->id, proven);
    if (!classes_fit(report->subject->title, report->table))
        return g_strdup_printf("the columns are not those of class %s, %s", class->id, proven);
    const ReportClass *other = classes_contradiction(class, report->table, report->quote_de);
    if (other == NULL)
        other = classes_contradiction(class, report->table, report->quote_en);
    return other == NULL ? NULL
                         : g_strdup_printf("its text is about class %s, its title is of class %s, %s",
                                           other->id, class->id, proven);
}

/* A signature does not cover the title, which chooses the text and stands in it.  Of such a
 * title nothing is believed but the class, whose own title is what customers read.  People
 * write both as they like, and a person looks. */
static void believe_title(Decision *decision)
{
    Report *report = decision->report;
    const ReportClass *named = classes_named(report->subject->title);
    const ReportClass *class = classes_find(report->subject->title);

    if (!decision_is_part(decision) || is_manual(report)
        || report->subject->source != SOURCE_CERTBUND) /* its file has named it, and is signed */
        return;
    decision->misnomer = find_misnomer(report, named);
    if (class != NULL) {
        g_free(report->subject->title);
        report->subject->title
            = g_strdup(*class->title_de != '\0' ? class->title_de : class->title_en);
    }
}

/* People of CERT-Bund have signed mail too, and cite what others wrote to them. */
static gboolean by_a_person(Decision *decision, gboolean vouched)
{
    const char *author = decision->provenance->author;

    if (is_manual(decision->report))
        return FALSE;
    if (author != NULL)
        return stopped(decision, vouched, STATUS_HELD,
                       "%s wrote it, who is none of senders=: look at it, then release",
                       *author != '\0' ? author : "somebody");
    return decision->report->answer
        && stopped(decision, vouched, STATUS_HELD,
                   "a reply or a forwarded mail: look at it, then release");
}

/* The customers are not among those whom CERT-Bund let read it. */
static gboolean restricted(Decision *decision, gboolean vouched)
{
    Tlp tlp = decision->report->tlp;

    return tlp_restricts(tlp)
        && stopped(decision, vouched, STATUS_HELD,
                   "%s: not to be passed on but by a person's word", tlp_name(tlp));
}

/* Everything that may stand in the way before a customer is looked up. */
static gboolean held_before_lookup(Decision *decision, gint64 now, gboolean vouched)
{
    if (too_old(decision, now, vouched) || by_a_person(decision, vouched)
        || restricted(decision, vouched))
        return TRUE;
    if (decision->misnomer != NULL
        && stopped(decision, vouched, STATUS_HELD, "%s", decision->misnomer))
        return TRUE;
    if (decision->template_ == NULL)
        return stopped(decision, FALSE, STATUS_HELD, "no template for class %s",
                       decision->class_id);
    if (customers_too_old(decision, now, vouched))
        return TRUE;
    return is_manual(decision->report)
           && stopped(decision, vouched, STATUS_HELD,
                      "a manual report: look at it, then release");
}

static gboolean decide_rows(Decision *decision, gint64 now, gboolean vouched, GError **error)
{
    gboolean hold = held_before_lookup(decision, now, vouched);

    if (!lookup_and_assign(decision, hold, error))
        return FALSE;
    if (hold)
        return TRUE;
    if (braked(decision, vouched))
        return lookup_and_assign(decision, TRUE, error);
    decision_settle(decision);
    return TRUE;
}

/* TRUE when the report is to be taken row by row. */
static gboolean readable(Decision *decision)
{
    if (decision->report->unread)
        return !stopped(decision, FALSE, STATUS_UNREAD, "%s", decision->report->doubt);
    if (decision->report->doubt != NULL)
        return !stopped(decision, FALSE, STATUS_HELD, "%s", decision->report->doubt);
    return TRUE;
}

/* What is proven of the mail, and no more. */
static gboolean read_mail(Decision *decision, Message *message, GError **error)
{
    const Provenance *provenance = decision->provenance;

    if (provenance->part == NULL) {
        decision->report = report_read_of(provenance->source, message, error);
        return decision->report != NULL;
    }
    g_autoptr(Message) part = message_of_signed_part(message, provenance->part, error);
    decision->report = part != NULL ? report_read_of(provenance->source, part, error) : NULL;
    return decision->report != NULL;
}

/* A proven mail that can't be parsed at all: a person must read it. */
static gboolean unparsed(Decision *decision, GError *why, GError **error)
{
    if (!g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_INPUT)) {
        g_propagate_error(error, why);
        return FALSE;
    }
    stopped(decision, FALSE, STATUS_HELD, "%s", why->message);
    g_error_free(why);
    return TRUE;
}

/* No more than was proven when it came. */
static gboolean restrict_to_part(Decision *decision, Message *message, GError **error)
{
    SignedPart part;

    if (!message_signed_part(message, &part, error))
        return FALSE;
    decision->provenance->part = g_bytes_ref(part.bytes);
    signed_part_clear(&part);
    return TRUE;
}

/* A person's word: for all of it, or for what he saw proven. */
static gboolean take_word(Decision *decision, Message *message, Vouched vouched, GError **error)
{
    Provenance *provenance = decision->provenance;

    if (provenance->proven || message == NULL)
        return TRUE;
    provenance->dated = message_date(message, &provenance->time);
    return vouched != VOUCHED_PART || restrict_to_part(decision, message, error);
}

/* The message lives in here only: its rows are the report's, and a large mail is
 * not parsed twice.  FALSE on failure; *go_on_r: there is a report to look into. */
static gboolean prove_and_read(Decision *decision, GBytes *bytes, const Address *client,
                               Vouched vouched, gboolean *go_on_r, GError **error)
{
    g_autoptr(GBytes) crlf = message_crlf(bytes);
    g_autoptr(GError) why = NULL;
    g_autoptr(Message) message = message_parse(crlf, &why);

    *go_on_r = FALSE;
    if (!prove(decision, client, message, vouched != VOUCHED_BY_NOBODY, error))
        return FALSE;
    if (message != NULL && decision->provenance->source == SOURCE_SHADOWSERVER)
        decision->named = shadowserver_subject_of(message);
    if (!decision->provenance->proven
        && stopped(decision, vouched != VOUCHED_BY_NOBODY, STATUS_UNVERIFIED, "%s",
                   decision->provenance->evidence))
        return TRUE;
    if (message == NULL || !take_word(decision, message, vouched, &why)
        || !read_mail(decision, message, &why))
        return unparsed(decision, g_steal_pointer(&why), error);
    *go_on_r = TRUE;
    return TRUE;
}

static gboolean decide_mail(Decision *decision, GBytes *bytes, const Address *client, gint64 now,
                            Vouched vouched, GError **error)
{
    gboolean go_on;

    if (!prove_and_read(decision, bytes, client, vouched, &go_on, error))
        return FALSE;
    if (!go_on)
        return TRUE;
    believe_title(decision);
    choose_template(decision);
    return !readable(decision)
        || decide_rows(decision, now, vouched != VOUCHED_BY_NOBODY, error);
}

Decision *decide(Snapshot *snapshot, GBytes *bytes, const Address *client, gint64 now,
                 Vouched vouched, GError **error)
{
    g_autoptr(Decision) decision = g_new0(Decision, 1);

    decision->snapshot = snapshot_ref(snapshot);
    decision->obstacles = g_ptr_array_new_with_free_func(g_free);
    decision->reason = g_strdup("");
    if (!decide_mail(decision, bytes, client, now, vouched, error))
        return NULL;
    return g_steal_pointer(&decision);
}

void decision_free(Decision *decision)
{
    if (decision == NULL)
        return;
    g_clear_pointer(&decision->assignment, assignment_free);
    g_clear_pointer(&decision->named, subject_free);
    g_clear_pointer(&decision->report, report_free);
    g_clear_pointer(&decision->provenance, provenance_free);
    g_clear_pointer(&decision->obstacles, g_ptr_array_unref);
    g_free(decision->reason);
    g_free(decision->misnomer);
    snapshot_unref(decision->snapshot);
    g_free(decision);
}
