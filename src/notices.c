/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Turns the groups of an assignment into notices: rendered, written, guarded. */
#include "notices.h"

#include "digest.h"
#include "errors.h"
#include "guard.h"
#include "notice.h"
#include "render.h"

#include <string.h>

typedef struct {
    Decision *decision;
    const NoticeOrder *order;
    Guard *guard;
    guint *columns;
    guint n_columns;
    char *digest;           /* of the report: half of its key */
    char *domain;           /* of the sender, for Message-IDs */
    GHashTable *references; /* given out so far: char * */
    GHashTable *known;      /* fields that notices have in common */
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

static gboolean is_taken(const Maker *maker, const char *reference)
{
    const NoticeMemory *memory = &maker->order->memory;
    return g_hash_table_contains(maker->references, reference)
        || (memory->reference_taken != NULL && memory->reference_taken(reference, memory->data));
}

/* The shortest reference that no other notice has. */
static char *unique_reference(const Maker *maker, const NoticeKey *key)
{
    for (guint chars = SECRET_REFERENCE_CHARS;; chars++) {
        char *reference = secret_reference(maker->order->secret, key, chars);
        if (chars == SECRET_REFERENCE_CHARS_MAX || !is_taken(maker, reference)) {
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
    const NoticeMemory *memory = &maker->order->memory;
    History history;
    gboolean told = memory->history != NULL && memory->history(notice, &history, memory->data);
    const RenderInput input = {
        .report = decision->report, .template_ = decision->template_, .layout = layout,
        .customer = &notice->customer, .events = notice->events, .n_events = notice->n_events,
        .class_id = decision->class_id, .reference = notice->reference, .preface = preface,
        .history = told ? &history : NULL,
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
        .language = rendered->language, .date = maker->order->now, .headers = rendered->headers,
        .known = maker->known,
    };

    notice->subject = g_strdup(rendered->subject);
    notice->bytes = notice_write(&head, g_steal_pointer(&rendered->text), error);
}

/* The list without those whose mail has bounced for good; caller frees. */
static char **reachable(const Maker *maker, const Notice *notice, char **addresses)
{
    const NoticeMemory *memory = &maker->order->memory;
    GStrvBuilder *builder = g_strv_builder_new();
    gboolean all = maker->decision->mode != MODE_LIVE || memory->contact_bounced == NULL
        || notice->held != NULL; /* by then they may take mail again */

    for (char **address = addresses; *address != NULL; address++)
        if (all || !memory->contact_bounced(*address, memory->data))
            g_strv_builder_add(builder, *address);
    char **found = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return found;
}

/* Everything about a notice but its key.  FALSE: it may not go; with bytes when it was
 * the guard that said so. */
static gboolean finish(Maker *maker, Notice *notice, GError **error)
{
    const Snapshot *snapshot = maker->decision->snapshot;
    const Layout *layout = templates_layout(snapshot->templates, notice->customer.brand);
    g_auto(GStrv) all_to = split_addresses(notice->customer.email);
    g_auto(GStrv) all_cc = split_addresses(notice->customer.cc);
    g_auto(GStrv) to = reachable(maker, notice, all_to);
    g_auto(GStrv) cc = reachable(maker, notice, all_cc);

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
    /* Law 2: what is not this customer's own stands in no notice that may go. */
    return guard_check(maker->guard, notice->bytes, notice->events, notice->n_events,
                       maker->columns, maker->n_columns, error);
}

static void tell_held(const Maker *maker, const Notice *notice)
{
    g_ptr_array_add(maker->order->problems,
                    g_strdup_printf("notice %s to customer %s, %u row%s, is held: %s",
                                    notice->reference, notice->customer.id, notice->n_events,
                                    notice->n_events == 1 ? "" : "s", notice->held));
}

static void hold(Maker *maker, Notice *notice, const char *why)
{
    for (guint i = 0; i < notice->n_events; i++)
        assignment_withdraw(maker->decision->assignment, notice->events[i], FATE_HELD,
                            REASON_NOTICE_HELD);
    notice->held = why;
}

static void name_notice(const Maker *maker, Notice *notice)
{
    const Decision *decision = maker->decision;
    const Secret *secret = maker->order->secret;
    char text[ADDRESS_TEXT_SIZE];

    notice->group = g_strdup(decision->template_->group_by_address
                                 ? report_subject_text(decision->report, notice->events[0], text)
                                 : "");
    const NoticeKey own = { .ticket = decision->report->subject->ticket, .digest = maker->digest,
                            .customer = notice->customer.id, .group = notice->group };
    const NoticeKey *key = maker->order->key != NULL ? maker->order->key : &own;
    notice->id = secret_notice_id(secret, key);
    notice->reference = maker->order->reference != NULL ? g_strdup(maker->order->reference)
                                                        : unique_reference(maker, key);
    notice->message_id = secret_message_id(secret, key, maker->domain);
}

static gboolean make_one(Maker *maker, guint group, const guint32 *events, guint n_events,
                         GError **error)
{
    const Assignment *assignment = maker->decision->assignment;
    const EventFate *fate = &assignment->fates[events[0]];
    Notice notice = { .group_index = group, .events = events, .n_events = n_events,
                      .held = fate->fate == FATE_HELD ? reason_text(fate->reason) : NULL };
    g_autoptr(GError) wrong = NULL;
    gboolean go_on = TRUE;

    customers_get(maker->decision->snapshot->customers, assignment->groups[group].customer,
                  &notice.customer);
    name_notice(maker, &notice);
    if (!finish(maker, &notice, &wrong))
        hold(maker, &notice, wrong->message);
    if (notice.held != NULL)
        tell_held(maker, &notice);
    if (notice.bytes != NULL)
        go_on = maker->order->sink(&notice, maker->order->data, error);
    g_free(notice.id);
    g_free(notice.group);
    g_free(notice.reference);
    g_free(notice.message_id);
    g_free(notice.subject);
    g_strfreev(notice.recipients);
    g_clear_pointer(&notice.bytes, g_bytes_unref);
    return go_on;
}

static gboolean make_by_address(Maker *maker, guint group, guint32 *events, guint n_events,
                                GError **error)
{
    const Report *report = maker->decision->report;

    report_sort_by_subject(report, events, n_events);
    for (guint start = 0, end; start < n_events; start = end) {
        end = report_subject_run_end(report, events, n_events, start);
        if (!make_one(maker, group, events + start, end - start, error))
            return FALSE;
    }
    return TRUE;
}

/* Of a group's events some may have been withdrawn since. */
static gboolean make_group(Maker *maker, guint group, GError **error)
{
    const Assignment *assignment = maker->decision->assignment;
    const CustomerGroup *all = &assignment->groups[group];
    g_autofree guint32 *events = g_new(guint32, all->n_events);
    guint n = 0;

    for (guint i = 0; i < all->n_events; i++)
        if (assignment_in_notice(&assignment->fates[all->events[i]]))
            events[n++] = all->events[i];
    if (n == 0)
        return TRUE;
    if (maker->order->digest != NULL && digest_can_wait(maker->decision, all->customer))
        return maker->order->digest(all->customer, events, n, maker->order->data, error);
    return maker->decision->template_->group_by_address
        ? make_by_address(maker, group, events, n, error)
        : make_one(maker, group, events, n, error);
}

gboolean notices_make(Decision *decision, const NoticeOrder *order, GError **error)
{
    const Assignment *assignment = decision->assignment;
    gboolean go_on = TRUE;

    if (assignment == NULL || assignment->n_groups == 0)
        return TRUE;
    Maker maker = { .decision = decision, .order = order };
    maker.guard = guard_new(decision->report);
    maker.columns = render_columns(decision->report, decision->template_, &maker.n_columns);
    maker.digest = report_digest(decision->report);
    maker.domain = notice_domain_of(sender_of(decision->snapshot->config));
    if (maker.domain == NULL)
        maker.domain = g_strdup("localhost");
    maker.references = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    maker.known = notice_known_new();
    for (guint g = 0; go_on && g < assignment->n_groups; g++)
        go_on = make_group(&maker, g, error);
    g_hash_table_unref(maker.references);
    g_hash_table_unref(maker.known);
    g_free(maker.domain);
    g_free(maker.digest);
    g_free(maker.columns);
    guard_free(maker.guard);
    return go_on;
}
