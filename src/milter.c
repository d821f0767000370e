/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Speaks to the MTA.  What was measured about libmilter and decides the shape
 * here: with its worker pool the callbacks of one connection run on different
 * threads, so all state hangs from smfi_setpriv(); no reply is asked for header
 * fields and body chunks, but envelope commands keep theirs, because unanswered
 * ones stall on TCP; smfi_main() returns while callbacks still run. */
#include "milter.h"

#include "bounce.h"
#include "errors.h"
#include "incoming.h"
#include "log.h"
#include "mark.h"
#include "milter-answer.h"
#include "process.h"

#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#define REPLY_SETTLE_USECS (200 * 1000) /* for libmilter to write the last answers out */

static struct {
    pthread_mutex_t lock; /* not GMutex, which the thread sanitizer can't see into */
    Snapshot *snapshot;   /* guarded by lock */
    const Secret *secret;
    Ledger *ledger;
    Outbox *outbox;
    guint running;    /* end-of-message callbacks; guarded by lock */
    gboolean stopped; /* the ledger may be gone; guarded by lock */
} filter = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* One connection. */
typedef struct {
    Address client;
    gboolean has_client;
    gboolean leading_space; /* values come with the blank behind the colon */
    gboolean rewrites;      /* the MTA lets us change body and sender */
    Incoming *incoming;     /* NULL between messages */
} Session;

static Incoming *begin_message(const char *sender)
{
    pthread_mutex_lock(&filter.lock);
    Incoming *incoming = incoming_new(filter.snapshot, sender);
    pthread_mutex_unlock(&filter.lock);
    return incoming;
}

/* What the operator wants done, and no more. */
static unsigned long wanted_actions(void)
{
    const unsigned long always = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_ADDRCPT | SMFIF_DELRCPT;
    g_autoptr(Snapshot) snapshot = milter_snapshot();

    return strcmp(snapshot->config->disposition, "rewrite") == 0 ? always | ANSWER_REWRITE_FLAGS
                                                                 : always;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long f2 G_GNUC_UNUSED, unsigned long f3 G_GNUC_UNUSED,
                             unsigned long *actions_r, unsigned long *steps_r,
                             unsigned long *f2_r, unsigned long *f3_r)
{
    unsigned long wanted = wanted_actions();
    Session *session;

    if ((actions & wanted) != wanted) {
        log_error("the MTA does not offer changing headers and recipients%s; refused",
                  (wanted & ANSWER_REWRITE_FLAGS) != 0 ? ", body and sender" : "");
        return SMFIS_REJECT;
    }
    session = g_new0(Session, 1);
    session->leading_space = (steps & SMFIP_HDR_LEADSPC) != 0;
    session->rewrites = (wanted & ANSWER_REWRITE_FLAGS) != 0;
    if (smfi_setpriv(ctx, session) != MI_SUCCESS) {
        g_free(session);
        return SMFIS_REJECT;
    }
    *actions_r = wanted;
    *steps_r = steps & (SMFIP_NR_HDR | SMFIP_NR_BODY | SMFIP_HDR_LEADSPC);
    *f2_r = *f3_r = 0;
    return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *host G_GNUC_UNUSED, _SOCK_ADDR *peer)
{
    Session *session = smfi_getpriv(ctx);

    if (session == NULL)
        return SMFIS_TEMPFAIL;
    if (peer != NULL && peer->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;
        memset(session->client.bytes, 0, 10);
        memset(session->client.bytes + 10, 0xff, 2);
        memcpy(session->client.bytes + 12, &in->sin_addr, 4);
        session->has_client = TRUE;
    } else if (peer != NULL && peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)peer;
        memcpy(session->client.bytes, &in6->sin6_addr, 16);
        session->has_client = TRUE;
    }
    return SMFIS_CONTINUE;
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
    Session *session = smfi_getpriv(ctx);

    if (session == NULL)
        return SMFIS_TEMPFAIL;
    incoming_free(session->incoming);
    session->incoming = begin_message(arguments[0] != NULL ? arguments[0] : "");
    return SMFIS_CONTINUE;
}

static sfsistat on_recipient(SMFICTX *ctx, char **arguments)
{
    Session *session = smfi_getpriv(ctx);

    if (session == NULL || session->incoming == NULL)
        return SMFIS_TEMPFAIL;
    incoming_add_recipient(session->incoming, filter.secret, arguments[0]);
    return SMFIS_CONTINUE;
}

/* Law 7: all recipients are known now.  Accepting earlier would let a later
 * recipient of ours slip by. */
static sfsistat on_data(SMFICTX *ctx)
{
    Session *session = smfi_getpriv(ctx);

    if (session == NULL || session->incoming == NULL)
        return SMFIS_TEMPFAIL;
    if (session->incoming->wanted)
        return SMFIS_CONTINUE;
    g_clear_pointer(&session->incoming, incoming_free);
    return SMFIS_ACCEPT;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    Session *session = smfi_getpriv(ctx);
    Incoming *incoming = session != NULL ? session->incoming : NULL;

    if (incoming != NULL) /* else answered with a temporary failure at the end of headers */
        incoming_add_header(incoming, name, value, session->leading_space);
    return SMFIS_NOREPLY;
}

/* Nobody's mail has that many by accident. */
static sfsistat refuse_marks(SMFICTX *ctx, const Incoming *incoming)
{
    static char code[] = "550", status[] = "5.7.1", text[] = "too many " MARK_FIELD " fields";
    log_warning("NOQUEUE: refused: %u " MARK_FIELD " fields", incoming->n_marks);
    smfi_setreply(ctx, code, status, text);
    return SMFIS_REJECT;
}

static sfsistat on_end_of_headers(SMFICTX *ctx)
{
    Session *session = smfi_getpriv(ctx);

    if (session == NULL || session->incoming == NULL)
        return SMFIS_TEMPFAIL;
    incoming_end_headers(session->incoming, filter.secret);
    if (session->incoming->n_marks > INCOMING_MARKS_MAX)
        return refuse_marks(ctx, session->incoming);
    if (session->incoming->id != NULL)
        return SMFIS_CONTINUE;
    g_clear_pointer(&session->incoming, incoming_free);
    return SMFIS_ACCEPT;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *chunk, size_t size)
{
    Session *session = smfi_getpriv(ctx);
    Incoming *incoming = session != NULL ? session->incoming : NULL;

    if (incoming != NULL)
        incoming_add_body(incoming, chunk, size);
    return SMFIS_NOREPLY;
}

static sfsistat defer(SMFICTX *ctx, const char *queue_id, const char *why)
{
    static char code[] = "451", status[] = "4.3.0", text[] = "not processed now, try again";
    log_error("%s: deferred: %s", queue_id, why);
    smfi_setreply(ctx, code, status, text);
    return SMFIS_TEMPFAIL;
}

static void on_progress(gpointer data)
{
    smfi_progress(data);
}

static Outcome *process_incoming(SMFICTX *ctx, const Session *session, const char *queue_id,
                                 GError **error)
{
    Incoming *incoming = session->incoming;
    const ProcessContext context
        = { incoming->snapshot, filter.secret, filter.ledger, on_progress, ctx };
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&incoming->bytes));
    const CopyInHand copy = { incoming->recipients, incoming->id };
    /* A session from before a reload may lack the MTA's leave. */
    const gboolean may = session->rewrites && incoming_may_rewrite(incoming);
    const Mail mail = { queue_id, bytes, incoming->report,
                        session->has_client ? &session->client : NULL, may ? &copy : NULL };
    return process_message(&context, &mail, error);
}

static char *mark_too_large(const Incoming *incoming, const char *queue_id)
{
    gsize limit = incoming->header_too_large ? INCOMING_HEAD_MAX
                                             : incoming->snapshot->config->max_size_bytes;
    g_autofree char *reason
        = g_strdup_printf("larger than %s (%" G_GSIZE_FORMAT " bytes)",
                          incoming->header_too_large ? "a header may be" : "max-size", limit);
    log_warning("%s: %s goes on unread: %s", queue_id, incoming->report->ticket, reason);
    return mark_format_unread(incoming->report, STATUS_TOO_LARGE, reason);
}

/* A report that is to be marked: the answer for the MTA. */
static sfsistat finish_report(SMFICTX *ctx, const Session *session, const char *queue_id)
{
    Incoming *incoming = session->incoming;
    g_autoptr(GError) error = NULL;
    g_autoptr(Outcome) outcome = NULL;
    g_autofree char *mark = NULL;

    if (incoming->too_large || incoming->bytes == NULL)
        mark = mark_too_large(incoming, queue_id);
    else {
        outcome = process_incoming(ctx, session, queue_id, &error);
        if (outcome == NULL)
            return defer(ctx, queue_id, error->message);
        mark = g_strdup(outcome->mark);
        if (outcome->recorded)
            outbox_wake(filter.outbox);
    }
    if (outcome != NULL && outcome->rewrite != NULL)
        return answer_rewrite(ctx, incoming, session->leading_space, outcome->rewrite)
            ? SMFIS_ACCEPT
            : defer(ctx, queue_id, "the MTA did not take the mail that this one becomes");
    if (outcome != NULL && outcome->discard && answer_discard(ctx, incoming)) {
        log_info("%s: discarded", queue_id);
        return SMFIS_DISCARD;
    }
    g_autofree char *signed_ = mark_sign(mark, incoming->id);
    if (!answer_add_mark(ctx, session->leading_space, signed_))
        log_warning("%s: the MTA did not take the mark", queue_id);
    if (outcome != NULL && outcome->handled_to)
        answer_move(ctx, incoming);
    return SMFIS_ACCEPT;
}

/* A notice that comes back: it is noted, and goes on unchanged. */
static sfsistat finish_bounce(SMFICTX *ctx, Incoming *incoming, const char *queue_id)
{
    const BounceContext context = { filter.ledger, filter.secret, incoming->snapshot };
    g_autoptr(GError) error = NULL;

    if (incoming->bytes == NULL) /* it has no header at all */
        return SMFIS_ACCEPT;
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&incoming->bytes));
    g_autoptr(BounceOutcome) outcome
        = bounce_record(&context, incoming->bounced, bytes, g_get_real_time(), &error);
    if (outcome == NULL)
        return defer(ctx, queue_id, error->message);
    log_info("%s: %s", queue_id, outcome->text);
    if (outcome->told == TOLD_ESCALATION || outcome->told == TOLD_DESK)
        outbox_wake(filter.outbox);
    return SMFIS_ACCEPT;
}

static sfsistat end_message(SMFICTX *ctx, Session *session)
{
    Incoming *incoming = session->incoming;
    static char macro[] = "i";
    const char *queue_id = smfi_getsymval(ctx, macro);

    if (queue_id == NULL)
        queue_id = "NOQUEUE";
    if (answer_remove_marks(ctx, incoming)) {
        log_info("%s: was here before, let go", queue_id);
        return SMFIS_ACCEPT;
    }
    if (incoming->bounced != NULL)
        return finish_bounce(ctx, incoming, queue_id);
    if (incoming->report == NULL)
        return SMFIS_ACCEPT;
    return finish_report(ctx, session, queue_id);
}

/* libmilter's threads outlive smfi_main(); the ledger does not. */
static gboolean enter(void)
{
    pthread_mutex_lock(&filter.lock);
    gboolean open = !filter.stopped;
    filter.running += open;
    pthread_mutex_unlock(&filter.lock);
    return open;
}

static void leave(void)
{
    pthread_mutex_lock(&filter.lock);
    filter.running--;
    pthread_mutex_unlock(&filter.lock);
}

static sfsistat on_end_of_message(SMFICTX *ctx)
{
    Session *session = smfi_getpriv(ctx);

    if (session == NULL || session->incoming == NULL || session->incoming->id == NULL || !enter())
        return SMFIS_TEMPFAIL;
    sfsistat answer = end_message(ctx, session);
    g_clear_pointer(&session->incoming, incoming_free);
    leave();
    return answer;
}

static sfsistat on_abort(SMFICTX *ctx)
{
    Session *session = smfi_getpriv(ctx);
    if (session != NULL)
        g_clear_pointer(&session->incoming, incoming_free);
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
    Session *session = smfi_getpriv(ctx);
    if (session == NULL)
        return SMFIS_CONTINUE;
    smfi_setpriv(ctx, NULL);
    incoming_free(session->incoming);
    g_free(session);
    return SMFIS_CONTINUE;
}

void milter_init(const Secret *secret, Ledger *ledger, Outbox *outbox)
{
    filter.secret = secret;
    filter.ledger = ledger;
    filter.outbox = outbox;
}

void milter_use(Snapshot *snapshot)
{
    pthread_mutex_lock(&filter.lock);
    Snapshot *old = filter.snapshot;
    filter.snapshot = snapshot_ref(snapshot);
    pthread_mutex_unlock(&filter.lock);
    snapshot_unref(old);
}

Snapshot *milter_snapshot(void)
{
    pthread_mutex_lock(&filter.lock);
    Snapshot *snapshot = snapshot_ref(filter.snapshot);
    pthread_mutex_unlock(&filter.lock);
    return snapshot;
}

gboolean milter_open(const char *socket)
{
    static char name[] = "certbund-milter";
    struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_ADDRCPT | SMFIF_DELRCPT
            | ANSWER_REWRITE_FLAGS,
        .xxfi_negotiate = on_negotiate,
        .xxfi_connect = on_connect,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_recipient,
        .xxfi_data = on_data,
        .xxfi_header = on_header,
        .xxfi_eoh = on_end_of_headers,
        .xxfi_body = on_body,
        .xxfi_eom = on_end_of_message,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
    };
    g_autofree char *spec = g_strdup(socket);
    return smfi_setconn(spec) == MI_SUCCESS && smfi_register(description) == MI_SUCCESS
        && smfi_opensocket(TRUE) == MI_SUCCESS;
}

/* TRUE when none is running; then none begins any more. */
static gboolean stop_when_idle(void)
{
    pthread_mutex_lock(&filter.lock);
    filter.stopped = filter.running == 0;
    gboolean stopped = filter.stopped;
    pthread_mutex_unlock(&filter.lock);
    return stopped;
}

gboolean milter_run(void)
{
    gboolean fine = smfi_main() == MI_SUCCESS;
    while (!stop_when_idle())
        g_usleep(20 * 1000);
    g_usleep(REPLY_SETTLE_USECS);
    return fine; /* the snapshot stays: other sessions' threads still live */
}
