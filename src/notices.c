/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Turns the groups of an assignment into notices: rendered, written, guarded. */
#include "notices.h"

#include "errors.h"
#include "guard.h"
#include "notice.h"
#include "render.h"

#include <string.h>

typedef struct {
    Decision *decision;
    const Secret *secret;
    gint64 now;
    NoticeSink sink;
    gpointer data;
    GPtrArray *problems;
    Guard *guard;
    guint *columns;
    guint n_columns;
    char *digest;           /* of the report: half of its key */
    GHashTable *references; /* given out so far: char * */
} Maker;

/* The addresses of a customer's list, which has ";" between; caller frees. */
static char **split_addresses(const char *list)
{
    return *list != '\0' ? g_strsplit(list, ";", -1) : g_new0(char *, 1);
}

static char **joined(char **first, char **second)
{
    GPtrArray *all = g_ptr_array_new();
    for (; *first != NULL; first++)
        g_ptr_array_add(all, g_strdup(*first));
    for (; *second != NULL; second++)
        g_ptr_array_add(all, g_strdup(*second));
    g_ptr_array_add(all, NULL);
    return (char **)g_ptr_array_free(all, FALSE);
}

/* The shortest reference that no other notice of the report has. */
static char *unique_reference(const Maker *maker, const NoticeKey *key)
{
    for (guint chars = SECRET_REFERENCE_CHARS;; chars++) {
        char *reference = secret_reference(maker->secret, key, chars);
        if (chars == SECRET_REFERENCE_CHARS_MAX
            || !g_hash_table_contains(maker->references, reference)) {
            g_hash_table_add(maker->references, g_strdup(reference));
            return reference;
        }
        g_free(reference);
    }
}

/* Redirect mode: who would have got it stands at the top. */
static char *redirect_preface(char **recipients)
{
    g_autofree char *list = g_strjoinv(", ", recipients);
    return g_strdup_printf("Redirected by certbund-milter (mode=redirect). "
                           "Its recipients would be: %s",
                           list);
}

static const char *group_name(const Report *report, const Template *template_, guint32 event,
                              char text_r[ADDRESS_TEXT_SIZE])
{
    if (!template_->group_by_address)
        return "";
    if (report->account_column >= 0)
        return report_account(report, event);
    return address_format(&report->events[event].address, text_r);
}

/* A pilot may have no from= yet; its notices never leave. */
static const char *sender_of(const Config *config)
{
    if (*config->from != '\0')
        return config->from;
    return *config->desk != '\0' ? config->desk : "certbund-milter@pilot.invalid";
}

static void write_notice(const Maker *maker, Notice *notice, const Layout *layout,
                         char **to, char **cc, GError **error)
{
    const Decision *decision = maker->decision;
    const Config *config = decision->snapshot->config;
    gboolean redirect = decision->mode == MODE_REDIRECT;
    g_autofree char *preface = redirect ? redirect_preface(notice->recipients) : NULL;
    const RenderInput input = {
        .report = decision->report, .template_ = decision->template_, .layout = layout,
        .customer = &notice->customer, .events = notice->events, .n_events = notice->n_events,
        .class_id = decision->class_id, .reference = notice->reference, .preface = preface,
    };
    g_autoptr(Rendered) rendered = render(&input);
    const char *const redirect_to[] = { config->redirect_to, NULL };
    const NoticeHead head = {
        .from = layout->from != NULL ? layout->from : sender_of(config),
        .reply_to = layout->reply_to != NULL ? layout->reply_to : config->reply_to,
        .to_name = redirect ? NULL : notice->customer.name,
        .to = redirect ? redirect_to : (const char *const *)to,
        .cc = redirect ? NULL : (const char *const *)cc,
        .subject = rendered->subject, .message_id = notice->message_id,
        .language = rendered->language, .date = maker->now, .headers = rendered->headers,
    };

    notice->subject = g_strdup(rendered->subject);
    notice->bytes = notice_write(&head, g_steal_pointer(&rendered->text), error);
}

static void hold(Maker *maker, const Notice *notice, const char *why)
{
    for (guint i = 0; i < notice->n_events; i++)
        assignment_hold_event(maker->decision->assignment, notice->events[i], REASON_NOTICE_HELD);
    g_ptr_array_add(maker->problems, g_strdup_printf("notice %s to customer %s is held: %s",
                                                     notice->reference, notice->customer.id, why));
}

/* Everything about a notice but its key: TRUE when it may be handed over. */
static gboolean finish(Maker *maker, Notice *notice, GError **error)
{
    const Snapshot *snapshot = maker->decision->snapshot;
    const Layout *layout = templates_layout(snapshot->templates, notice->customer.brand);
    g_auto(GStrv) to = split_addresses(notice->customer.email);
    g_auto(GStrv) cc = split_addresses(notice->customer.cc);

    notice->recipients = joined(to, cc);
    if (layout == NULL) {
        error_input(error, "there is no layout '%s'", notice->customer.brand);
        return FALSE;
    }
    write_notice(maker, notice, layout, to, cc, error);
    if (notice->bytes == NULL)
        return FALSE;
    if (maker->decision->mode == MODE_REDIRECT) {
        const char *const only[] = { snapshot->config->redirect_to, NULL };
        g_strfreev(notice->recipients);
        notice->recipients = g_strdupv((char **)only);
    }
    return guard_check(maker->guard, notice->bytes, notice->events, notice->n_events,
                       maker->columns, maker->n_columns, error);
}

static void name_notice(const Maker *maker, Notice *notice)
{
    const Decision *decision = maker->decision;
    char text[ADDRESS_TEXT_SIZE];
    g_autofree char *domain = notice_domain_of(sender_of(decision->snapshot->config));
    const NoticeKey key = {
        .ticket = decision->report->subject->ticket, .digest = maker->digest,
        .customer = notice->customer.id,
        .group = group_name(decision->report, decision->template_, notice->events[0], text),
    };

    notice->reference = unique_reference(maker, &key);
    notice->message_id
        = secret_message_id(maker->secret, &key, domain != NULL ? domain : "localhost");
}

static gboolean make_one(Maker *maker, guint32 customer, const guint32 *events, guint n_events,
                         GError **error)
{
    Notice notice = { .events = events, .n_events = n_events };
    g_autoptr(GError) wrong = NULL;
    gboolean go_on = TRUE;

    customers_get(maker->decision->snapshot->customers, customer, &notice.customer);
    name_notice(maker, &notice);
    if (finish(maker, &notice, &wrong))
        go_on = maker->sink(&notice, maker->data, error);
    else
        hold(maker, &notice, wrong->message);
    g_free(notice.reference);
    g_free(notice.message_id);
    g_free(notice.subject);
    g_strfreev(notice.recipients);
    g_clear_pointer(&notice.bytes, g_bytes_unref);
    return go_on;
}

/* One notice per address (or account): stable, so rows keep the report's order. */
static int compare_events(gconstpointer a, gconstpointer b, gpointer data)
{
    const Report *report = data;
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    int order = report->account_column >= 0
        ? strcmp(report_account(report, left), report_account(report, right))
        : address_compare(&report->events[left].address, &report->events[right].address);
    return order != 0 ? order : (left > right) - (left < right);
}

static gboolean same_subject(const Report *report, guint32 a, guint32 b)
{
    if (report->account_column >= 0)
        return strcmp(report_account(report, a), report_account(report, b)) == 0;
    return address_equal(&report->events[a].address, &report->events[b].address);
}

static gboolean make_by_address(Maker *maker, const CustomerGroup *group, GError **error)
{
    const Report *report = maker->decision->report;
    g_autofree guint32 *sorted
        = g_memdup2(group->events, (gsize)group->n_events * sizeof *group->events);

    g_qsort_with_data(sorted, (int)group->n_events, sizeof *sorted, compare_events,
                      (gpointer)report);
    for (guint start = 0, end; start < group->n_events; start = end) {
        for (end = start + 1; end < group->n_events; end++)
            if (!same_subject(report, sorted[start], sorted[end]))
                break;
        if (!make_one(maker, group->customer, sorted + start, end - start, error))
            return FALSE;
    }
    return TRUE;
}

gboolean notices_make(Decision *decision, const Secret *secret, gint64 now, NoticeSink sink,
                      gpointer data, GPtrArray *problems, GError **error)
{
    const Assignment *assignment = decision->assignment;
    gboolean go_on = TRUE;

    if (assignment == NULL || assignment->n_groups == 0)
        return TRUE;
    Maker maker = { .decision = decision, .secret = secret, .now = now, .sink = sink,
                    .data = data, .problems = problems };
    maker.guard = guard_new(decision->report);
    maker.columns = render_columns(decision->report, decision->template_, &maker.n_columns);
    maker.digest = report_digest(decision->report);
    maker.references = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint g = 0; go_on && g < assignment->n_groups; g++) {
        const CustomerGroup *group = &assignment->groups[g];
        go_on = decision->template_->group_by_address
            ? make_by_address(&maker, group, error)
            : make_one(&maker, group->customer, group->events, group->n_events, error);
    }
    assignment_check(assignment); /* law 1, after what was held above */
    g_hash_table_unref(maker.references);
    g_free(maker.digest);
    g_free(maker.columns);
    guard_free(maker.guard);
    return go_on;
}
