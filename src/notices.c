/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Turns the groups of an assignment into notices: names them, asks what is remembered,
 * has them written, and gives them to the sink in order.  All that asks or tells somebody
 * is done here, by the caller's thread. */
#include "notices-parts.h"

#include "digest.h"
#include "notice.h"

typedef struct {
    Decision *decision;
    const NoticeOrder *order;
    Ahead *ahead;
    char *digest;           /* of the report: half of its key */
    char *domain;           /* of the sender, for Message-IDs */
    GHashTable *references; /* given out so far: char * */
} Maker;

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

/* Whom it goes to: in its header, and by its envelope. */
static void address_notice(const Maker *maker, Draft *draft)
{
    Notice *notice = &draft->notice;
    g_auto(GStrv) all_to = g_strsplit(notice->customer.email, ";", -1);
    g_auto(GStrv) all_cc = g_strsplit(notice->customer.cc, ";", -1);

    draft->to = reachable(maker, notice, all_to);
    draft->cc = reachable(maker, notice, all_cc);
    notice->recipients = joined(draft->to, draft->cc);
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

/* In redirect mode the envelope is not the customer's. */
static void redirect(const Maker *maker, Notice *notice)
{
    const char *const only[] = { maker->decision->snapshot->config->redirect_to, NULL };

    if (maker->decision->mode != MODE_REDIRECT)
        return;
    g_strfreev(notice->recipients);
    notice->recipients = g_strdupv((char **)only);
}

/* The oldest draft has been written: it is given to the sink. */
static gboolean finish_one(Maker *maker, GError **error)
{
    g_autoptr(Draft) draft = ahead_take(maker->ahead);
    Notice *notice = &draft->notice;

    if (draft->wrong != NULL)
        hold(maker, notice, draft->wrong->message);
    if (notice->held != NULL)
        tell_held(maker, notice);
    redirect(maker, notice);
    return notice->bytes == NULL || maker->order->sink(notice, maker->order->data, error);
}

/* Half of them, so that the writers have work meanwhile. */
static gboolean finish_half(Maker *maker, GError **error)
{
    guint left = ahead_count(maker->ahead) / 2;

    while (ahead_count(maker->ahead) > left)
        if (!finish_one(maker, error))
            return FALSE;
    return TRUE;
}

static gboolean finish_all(Maker *maker, GError **error)
{
    while (ahead_count(maker->ahead) > 0)
        if (!finish_one(maker, error))
            return FALSE;
    return TRUE;
}

static Draft *draft_new(Maker *maker, guint group, const guint32 *events, guint n_events)
{
    const Assignment *assignment = maker->decision->assignment;
    const EventFate *fate = &assignment->fates[events[0]];
    const NoticeMemory *memory = &maker->order->memory;
    Draft *draft = g_new0(Draft, 1);
    Notice *notice = &draft->notice;

    draft->events = g_memdup2(events, (gsize)n_events * sizeof *events);
    *notice = (Notice) { .group_index = group, .events = draft->events, .n_events = n_events,
                         .held = fate->fate == FATE_HELD ? reason_text(fate->reason) : NULL };
    customers_get(maker->decision->snapshot->customers, assignment->groups[group].customer,
                  &notice->customer);
    draft->layout = templates_layout(maker->decision->snapshot->templates, notice->customer.brand);
    g_assert(draft->layout != NULL); /* without it snapshot_load() refuses the files */
    name_notice(maker, notice);
    address_notice(maker, draft);
    draft->told = memory->history != NULL
        && memory->history(notice, &draft->history, memory->data);
    return draft;
}

static gboolean make_one(Maker *maker, guint group, const guint32 *events, guint n_events,
                         GError **error)
{
    Draft *draft = draft_new(maker, group, events, n_events);
    return !ahead_put(maker->ahead, draft) || finish_half(maker, error);
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
    /* Of a customer whom no mail reaches the rows are held already: no digest grows by them. */
    if (maker->order->digest != NULL && assignment->fates[events[0]].fate == FATE_NOTIFIED
        && digest_can_wait(maker->decision, all->customer))
        return maker->order->digest(all->customer, events, n, maker->order->data, error);
    return maker->decision->template_->group_by_address && maker->order->key == NULL
        ? make_by_address(maker, group, events, n, error)
        : make_one(maker, group, events, n, error);
}

static gboolean make_all(Maker *maker, GError **error)
{
    const Assignment *assignment = maker->decision->assignment;

    for (guint g = 0; g < assignment->n_groups; g++)
        if (!make_group(maker, g, error))
            return FALSE;
    return finish_all(maker, error);
}

gboolean notices_make(Decision *decision, const NoticeOrder *order, GError **error)
{
    const Assignment *assignment = decision->assignment;
    Task task = { .decision = decision, .order = order };
    Maker maker = { .decision = decision, .order = order };

    if (assignment == NULL || assignment->n_groups == 0)
        return TRUE;
    g_autoptr(Guard) guard = guard_new(decision->report);
    guard_know_networks(guard, assignment, decision->snapshot->customers);
    task.guard = guard;
    maker.digest = order->report_digest != NULL ? g_strdup(order->report_digest)
                                                : report_digest(decision->report);
    maker.domain = notice_id_domain(notices_sender(decision->snapshot->config));
    maker.references = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    maker.ahead = ahead_new(&task, assignment->n_groups >= NOTICES_AHEAD ? order->threads : 0);
    gboolean done = make_all(&maker, error);
    ahead_free(maker.ahead);
    g_hash_table_unref(maker.references);
    g_free(maker.domain);
    g_free(maker.digest);
    return done;
}
