/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A draft becomes a mail: rendered, written, guarded.  Reads only what no other thread
 * changes; a writer's own are the guard's memory and the fields that it has encoded. */
#include "notices-parts.h"

#include "notice-fields.h"
#include "notice.h"
#include "render.h"

#include <string.h>

struct Writer {
    const Task *task;
    Guard *guard;
    GHashTable *known;    /* fields that notices have in common */
    RenderMemory *memory; /* likewise, paragraphs */
    const Layout *sends;  /* whose sender this is, or NULL */
    RenderSender sender;
};

static void sender_clear(RenderSender *sender)
{
    g_free(sender->name);
    g_free(sender->address);
}

Writer *writer_new(const Task *task)
{
    Writer *writer = g_new0(Writer, 1);

    writer->task = task;
    writer->guard = guard_share(task->guard);
    writer->known = notice_known_new();
    writer->memory = render_memory_new();
    return writer;
}

void writer_free(Writer *writer)
{
    if (writer == NULL)
        return;
    guard_free(writer->guard);
    g_hash_table_unref(writer->known);
    render_memory_free(writer->memory);
    sender_clear(&writer->sender);
    g_free(writer);
}

void draft_free(Draft *draft)
{
    if (draft == NULL)
        return;
    g_free(draft->notice.id);
    g_free(draft->notice.group);
    g_free(draft->notice.reference);
    g_free(draft->notice.message_id);
    g_free(draft->notice.subject);
    g_strfreev(draft->notice.recipients);
    g_clear_pointer(&draft->notice.bytes, g_bytes_unref);
    g_free(draft->events);
    g_strfreev(draft->to);
    g_strfreev(draft->cc);
    g_clear_error(&draft->wrong);
    g_free(draft);
}

/* A pilot may have no from= yet; its notices never leave. */
const char *notices_sender(const Config *config)
{
    if (*config->from != '\0')
        return config->from;
    return *config->desk != '\0' ? config->desk : "certbund-milter@pilot.invalid";
}

/* Redirect mode: who would have got it stands at the top. */
static char *redirect_preface(char **recipients)
{
    g_autofree char *list = g_strjoinv(", ", recipients);
    return g_strdup_printf("Redirected by certbund-milter (mode=redirect). "
                           "Its recipients would be: %s",
                           list);
}

static const char *from_of(const Config *config, const Layout *layout)
{
    return layout->from != NULL ? layout->from : notices_sender(config);
}

static const char *reply_to_of(const Config *config, const Layout *layout)
{
    return layout->reply_to != NULL ? layout->reply_to : config->reply_to;
}

/* Likewise known from one draft to the next. */
static const RenderSender *sender_of(Writer *writer, const Layout *layout)
{
    const Config *config = writer->task->decision->snapshot->config;
    const char *reply_to = reply_to_of(config, layout);
    RenderSender *sender = &writer->sender;

    if (writer->sends == layout)
        return sender;
    sender_clear(sender);
    sender->address = notice_mailbox_address(from_of(config, layout), &sender->name);
    if (sender->address == NULL) /* then notice_write() says why */
        sender->address = g_strdup("postmaster@localhost");
    if (sender->name == NULL)
        sender->name = g_strdup(strrchr(sender->address, '@') + 1);
    char *answers = reply_to != NULL ? notice_mailbox_address(reply_to, NULL) : NULL;
    if (answers != NULL) {
        g_free(sender->address);
        sender->address = answers;
    }
    writer->sends = layout;
    return sender;
}

/* Looked for only where they are shown. */
static char **networks_of(const Decision *decision, const Draft *draft)
{
    const Notice *notice = &draft->notice;

    if (!decision->template_->shows_networks && !draft->layout->shows_networks)
        return NULL;
    return assignment_networks(decision->assignment, decision->snapshot->customers,
                               notice->events, notice->n_events);
}

static Rendered *render_draft(Writer *writer, const Draft *draft)
{
    const Task *task = writer->task;
    const Decision *decision = task->decision;
    const Notice *notice = &draft->notice;
    /* A digest is of many reports, and of none. */
    gboolean dated = decision->provenance != NULL && decision->provenance->dated;
    g_autofree char *preface
        = decision->mode == MODE_REDIRECT ? redirect_preface(notice->recipients) : NULL;
    g_auto(GStrv) networks = networks_of(decision, draft);
    const RenderInput input = {
        .report = decision->report, .template_ = decision->template_, .layout = draft->layout,
        .customer = &notice->customer, .sender = sender_of(writer, draft->layout),
        .events = notice->events, .n_events = notice->n_events,
        .class_id = decision->class_id, .reference = notice->reference, .preface = preface,
        .history = draft->told ? &draft->history : NULL, .memory = writer->memory,
        .date = dated ? decision->provenance->time : 0, .written = task->order->now,
        .critical = decision->provenance != NULL && decision_is_critical(decision),
        .networks = (const char *const *)networks,
    };

    return render(&input);
}

static void write_mail(Writer *writer, Draft *draft)
{
    const Task *task = writer->task;
    const Config *config = task->decision->snapshot->config;
    const Layout *layout = draft->layout;
    Notice *notice = &draft->notice;
    gboolean redirect = task->decision->mode == MODE_REDIRECT;
    g_autoptr(Rendered) rendered = render_draft(writer, draft);
    const char *const redirect_to[] = { config->redirect_to, NULL };
    const NoticeHead head = {
        .from = from_of(config, layout), .reply_to = reply_to_of(config, layout),
        .to_name = redirect ? NULL : notice->customer.name,
        .to = redirect ? redirect_to : (const char *const *)draft->to,
        .cc = redirect ? NULL : (const char *const *)draft->cc,
        .subject = rendered->subject, .message_id = notice->message_id,
        .language = rendered->language, .date = task->order->now, .headers = rendered->headers,
        .html = g_steal_pointer(&rendered->html),
        .files = g_steal_pointer(&rendered->files), .known = writer->known,
    };

    notice->subject = g_strdup(rendered->subject);
    notice->bytes = notice_write(&head, g_steal_pointer(&rendered->text), &draft->wrong);
}

static void digest_events(const Task *task, const Notice *notice)
{
    for (guint i = 0; i < notice->n_events; i++)
        report_event_digest(task->decision->report, notice->events[i],
                            task->order->event_digests[notice->events[i]]);
}

static void guard_draft(Writer *writer, Draft *draft)
{
    const Decision *decision = writer->task->decision;
    const Notice *notice = &draft->notice;
    const RenderFrame frame = { decision->template_, draft->layout, &notice->customer };
    guint n;
    g_autofree guint *columns = render_columns(decision->report, &frame, &n);

    guard_check(writer->guard, notice->bytes, notice->events, notice->n_events, columns, n,
                &draft->wrong);
}

void writer_write(Writer *writer, Draft *draft)
{
    const Task *task = writer->task;
    Notice *notice = &draft->notice;

    if (task->order->event_digests != NULL)
        digest_events(task, notice);
    write_mail(writer, draft);
    /* Law 2: what is not this customer's own stands in no notice that may go. */
    if (notice->bytes != NULL)
        guard_draft(writer, draft);
}
