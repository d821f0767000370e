/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Chooses who is told, and puts the mail into the ledger.
 *
 * The id is made of the bounced notice alone and not of who is told: customers.csv may
 * change between two copies of one notification, and still there is one mail. */
#include "bounce-mail.h"

#include "errors.h"
#include "mailbox.h"
#include "notice.h"

#include <string.h>

typedef struct {
    const BounceContext *context;
    const LedgerNoticeInfo *notice;
    const GPtrArray *failures;
    gint64 now;        /* usecs */
    Customer customer; /* when to is an escalation contact */
    char **to;
    const char *why; /* it is the desk's; NULL: an escalation contact's */
    GBytes *bytes;   /* the mail that came back, or NULL */
} Telling;

static gboolean is_escalation(const LedgerNoticeInfo *notice)
{
    return g_str_has_prefix(notice->id, BOUNCE_MAIL_ID);
}

/* ---- who */

static gboolean has_failed(const GPtrArray *failures, const char *address)
{
    for (guint i = 0; i < failures->len; i++)
        if (g_ascii_strcasecmp(((const BounceFailure *)failures->pdata[i])->address, address) == 0)
            return TRUE;
    return FALSE;
}

/* The addresses in an escalation cell, ";" between (it may also hold a telephone number),
 * that have not failed now or before. */
static gboolean reachable(Telling *telling, const char *cell, GError **error)
{
    g_auto(GStrv) words = g_strsplit(cell, ";", -1);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    gboolean any = FALSE, bounced;

    for (char **word = words; *word != NULL; word++) {
        if (!mailbox_valid(g_strstrip(*word)))
            continue;
        any = TRUE;
        if (!ledger_contact_is_bounced(telling->context->ledger, *word, &bounced, error))
            return FALSE;
        if (!bounced && !has_failed(telling->failures, *word))
            g_strv_builder_add(builder, *word);
    }
    telling->to = g_strv_builder_end(builder);
    if (!any)
        telling->why = "the customer has no escalation contact";
    else if (telling->to[0] == NULL)
        telling->why = "the customer's escalation contact can't be reached either";
    return TRUE;
}

static gboolean class_is_live(const Config *config, const char *class_id)
{
    return config->mode == MODE_LIVE &&
           (*config->live_classes == NULL ||
            g_strv_contains((const char *const *)config->live_classes, class_id));
}

/* Law 8: why no customer may be written to, or NULL. */
static const char *obstacle(const Telling *telling)
{
    const Snapshot *snapshot = telling->context->snapshot;
    const LedgerNoticeInfo *notice = telling->notice;

    if (is_escalation(notice))
        return "it had gone to the customer's escalation contact, because his own could not be "
               "reached";
    if (strcmp(notice->mode, mode_name(MODE_LIVE)) != 0)
        return "it was redirected and had not gone to the customer";
    if (!class_is_live(snapshot->config, notice->class_id))
        return "notices of this class do not go to customers at present (mode, live-classes)";
    if (telling->bytes == NULL)
        return "it is too old";
    return NULL;
}

static gboolean choose(Telling *telling, GError **error)
{
    const Customers *customers = telling->context->snapshot->customers;
    const char *desk[] = { telling->context->snapshot->config->desk, NULL };
    guint32 customer;

    telling->why = obstacle(telling);
    if (telling->why == NULL && !customers_find(customers, telling->notice->customer, &customer))
        telling->why = "the customer is not in the customers file any more";
    if (telling->why == NULL) {
        customers_get(customers, customer, &telling->customer);
        if (telling->customer.deliver != DELIVER_NOTIFY
            && telling->customer.deliver != DELIVER_DIGEST)
            telling->why = "deliver is neither notify nor digest for this customer";
        else if (!reachable(telling, telling->customer.escalation, error))
            return FALSE;
    }
    if (telling->why != NULL) {
        g_strfreev(telling->to);
        telling->to = g_strdupv((char **)(gsize)desk);
    }
    return TRUE;
}

/* ---- the mail */

/* "Abuse Team" of "Abuse Team <abuse@example.net>", or "". */
static char *signer_of(const char *mailbox)
{
    const char *open = strrchr(mailbox, '<');
    g_autofree char *name = g_strndup(mailbox, open != NULL ? (gsize)(open - mailbox) : 0);
    g_autoptr(GString) plain = g_string_new(NULL);

    for (const char *p = g_strstrip(name); *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        else if (*p == '"')
            continue;
        g_string_append_c(plain, *p);
    }
    return g_string_free(g_steal_pointer(&plain), FALSE);
}

/* From and Reply-To are the brand's to a customer, the config's to the desk. */
static void set_sender(const Telling *telling, const Layout *layout, NoticeHead *head)
{
    const Config *config = telling->context->snapshot->config;

    head->from = *config->from != '\0' ? config->from : config->desk;
    if (telling->why != NULL)
        return;
    head->reply_to = config->reply_to;
    if (layout->from != NULL)
        head->from = layout->from;
    if (layout->reply_to != NULL)
        head->reply_to = layout->reply_to;
}

/* The notice that the customer should have got. */
static const char *original_reference(const LedgerNoticeInfo *notice)
{
    return is_escalation(notice) && *notice->group != '\0' ? notice->group : notice->reference;
}

static const Layout *layout_of(const Telling *telling)
{
    const TemplateSet *templates = telling->context->snapshot->templates;
    const Layout *layout =
        telling->why == NULL ? templates_layout(templates, telling->customer.brand) : NULL;
    return layout != NULL ? layout : templates_layout(templates, "");
}

/* Text and head around it; *subject_r: caller frees. */
static GBytes *write_mail(const Telling *telling, NoticeHead *head, char **subject_r,
                          GError **error)
{
    const Layout *layout = layout_of(telling);
    const char *wanted = telling->why == NULL ? telling->customer.language : "en";
    g_autofree const char **languages = bounce_text_languages(layout, wanted);
    g_autofree char *language = g_strjoinv(", ", (char **)(gsize)languages);
    g_autofree char *signer = signer_of(head->from);
    g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
    const BounceLetter letter = { .notice = telling->notice,
                                  .reference = original_reference(telling->notice),
                                  .failures = telling->failures,
                                  .signer = signer,
                                  .why = telling->why,
                                  .attached = telling->bytes != NULL };

    if (*telling->notice->message_id != '\0')
        g_ptr_array_add(headers, g_strconcat("References: ", telling->notice->message_id, NULL));
    head->headers = headers;
    head->language = language;
    head->subject = *subject_r = bounce_text_subject(&letter, languages[0]);
    GString *text = telling->why != NULL ? bounce_text_desk(&letter)
                                         : bounce_text_customer(&letter, layout, languages);
    return notice_write(head, text, error);
}

/* ---- into the ledger */

static NoticeKey key_of(const LedgerNoticeInfo *notice)
{
    return (NoticeKey){ notice->id, "", notice->customer, "undelivered" };
}

/* Law 4: the bounced notice's own mail, whoever gets it. */
static char *id_of(const Secret *secret, const LedgerNoticeInfo *notice)
{
    const NoticeKey key = key_of(notice);
    g_autofree char *name = secret_notice_id(secret, &key);

    return g_strconcat(BOUNCE_MAIL_ID, name, NULL);
}

static gboolean put_in(const Telling *telling, const char *id, GError **error)
{
    const Config *config = telling->context->snapshot->config;
    const Secret *secret = telling->context->secret;
    const NoticeKey key = key_of(telling->notice);
    gboolean to_customer = telling->why == NULL;
    NoticeHead head = { .to = (const char *const *)telling->to,
                        .to_name = to_customer ? telling->customer.name : NULL,
                        .date = telling->now / G_USEC_PER_SEC,
                        .attached = telling->bytes };

    set_sender(telling, layout_of(telling), &head);
    g_autofree char *domain = notice_id_domain(head.from);
    g_autofree char *message_id = secret_message_id(secret, &key, domain);
    /* Its own among millions: as long as can be. */
    g_autofree char *reference = secret_reference(secret, &key, SECRET_REFERENCE_CHARS_MAX);
    g_autofree char *sender = bounce_sender(secret, config->envelope_from, reference);
    g_autofree char *subject = NULL;
    head.message_id = message_id;
    g_autoptr(GBytes) mail = write_mail(telling, &head, &subject, error);
    const LedgerNotice own = { .id = id,
                               .reference = reference,
                               .customer = to_customer ? telling->notice->customer : "",
                               .group = original_reference(telling->notice),
                               .class_id = telling->notice->class_id,
                               .state = NOTICE_PENDING,
                               .sender = sender,
                               .recipients = (const char *const *)telling->to,
                               .message_id = message_id,
                               .subject = subject,
                               .bytes = mail,
                               .template_digest = "",
                               .config_digest = config->digest,
                               .customer_line = to_customer ? telling->customer.line : 0,
                               .due = telling->now };

    return mail != NULL &&
           ledger_add_mail(telling->context->ledger, &own, telling->notice->report, error);
}

/* FALSE: the ledger can't tell. */
static gboolean is_known(Ledger *ledger, const char *id, gboolean *known_r, GError **error)
{
    GError *failure = NULL;
    g_autoptr(LedgerNoticeInfo) known = ledger_notice_info(ledger, id, &failure);

    *known_r = known != NULL;
    if (known != NULL)
        return TRUE;
    if (!g_error_matches(failure, CERTBUND_ERROR, CERTBUND_ERROR_INPUT)) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    g_error_free(failure);
    return TRUE;
}

/* Bytes that retention has removed are no failure: then the desk is told without. */
static gboolean fetch_bytes(Telling *telling, GError **error)
{
    GError *failure = NULL;

    telling->bytes = ledger_notice_bytes(telling->context->ledger, telling->notice->id, &failure);
    if (failure != NULL && !g_error_matches(failure, CERTBUND_ERROR, CERTBUND_ERROR_INPUT)) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    g_clear_error(&failure);
    return TRUE;
}

static gboolean tell(Telling *telling, const char *id, BounceTold *told_r, const char **why_r,
                     GError **error)
{
    if (!fetch_bytes(telling, error) || !choose(telling, error))
        return FALSE;
    *why_r = telling->why != NULL ? telling->why : "";
    if (*telling->to[0] == '\0') { /* desk= is not set */
        *told_r = TOLD_NOBODY;
        return TRUE;
    }
    *told_r = telling->why != NULL ? TOLD_DESK : TOLD_ESCALATION;
    return put_in(telling, id, error);
}

gboolean bounce_tell(const BounceContext *context, const LedgerNoticeInfo *notice,
                     const GPtrArray *failures, gint64 now, BounceTold *told_r, const char **why_r,
                     GError **error)
{
    Telling telling = { .context = context, .notice = notice, .failures = failures, .now = now };
    g_autofree char *id = id_of(context->secret, notice);
    gboolean known, ok;

    *told_r = TOLD_NOBODY;
    *why_r = "it was the desk's mail";
    if (*notice->customer == '\0')
        return TRUE;
    if (!is_known(context->ledger, id, &known, error))
        return FALSE;
    if (known) {
        *told_r = TOLD_BEFORE;
        *why_r = "";
        return TRUE;
    }
    ok = tell(&telling, id, told_r, why_r, error);
    g_strfreev(telling.to);
    g_clear_pointer(&telling.bytes, g_bytes_unref);
    return ok;
}
