/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Rows become lines of CSV with stable columns; all lines so far are read as a report of our
 * own making, and go through the same renderer, writer and guard as any other notice. */
#include "digest.h"

#include "bounce.h"
#include "daytime.h"
#include "desk.h"
#include "errors.h"
#include "notice.h"
#include "notices.h"
#include "render.h"
#include "timestamp.h"

#include <string.h>

/* Columns of reports that keep a place of their own; the others go into details. */
static const char *const own_columns[] = { "ip", "timestamp", "asn", "port", "proto" };

#define CUSTOMER_HEADER                                                                            \
    "\"ticket\",\"class\",\"ip\",\"timestamp\",\"asn\",\"port\",\"proto\",\"details\"\n"
#define DESK_HEADER "\"fate\",\"reason\"," CUSTOMER_HEADER

/* The day's mail to somebody, as it is found and as it is put back. */
typedef struct {
    NoticeKey key;
    char *stamp, *id, *reference, *lines;
    gint64 due;
    LedgerGrowth growth;
} Slot;

static void slot_clear(Slot *slot)
{
    g_free(slot->stamp);
    g_free(slot->id);
    g_free(slot->reference);
    g_free(slot->lines);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Slot, slot_clear)

void digest_outcome_clear(DigestOutcome *outcome)
{
    g_clear_pointer(&outcome->id, g_free);
    g_clear_pointer(&outcome->problem, g_free);
}

gboolean digest_can_wait(const Decision *decision, guint32 customer)
{
    const Snapshot *snapshot = decision->snapshot;

    return customers_deliver(snapshot->customers, customer) == DELIVER_DIGEST
        && !decision_is_urgent(decision)
        && templates_by_id(snapshot->templates, TEMPLATE_DIGEST) != NULL;
}

/* The next one that still grows: today's may be due, or dropped, just now. */
static gboolean find_slot(const DigestInput *input, const char *customer, const char *group,
                          Slot *slot_r, GError **error)
{
    Daytime at = { .zone = NULL };
    gboolean fine = TRUE;

    daytime_parse(input->decision->snapshot->config->digest_at, &at);
    slot_r->due = input->now;
    do {
        slot_r->due = daytime_next(&at, slot_r->due);
        g_free(slot_r->stamp);
        g_free(slot_r->id);
        slot_r->stamp = g_strdup_printf("%s %" G_GINT64_FORMAT,
                                        mode_name(input->decision->mode), slot_r->due);
        slot_r->key = (NoticeKey) { TEMPLATE_DIGEST, slot_r->stamp, customer, group };
        slot_r->id = secret_notice_id(input->secret, &slot_r->key);
        fine = ledger_growth(input->transaction, slot_r->id, &slot_r->growth, &slot_r->lines,
                             &slot_r->reference, error);
    } while (fine && slot_r->growth == LEDGER_GROWN);
    daytime_clear(&at);
    return fine;
}

/* ---- lines */

/* One that others follow. */
static void append_cell(GString *text, const char *value)
{
    table_append_cell(text, value);
    g_string_append_c(text, ',');
}

static gboolean is_own(const char *column)
{
    for (guint i = 0; i < G_N_ELEMENTS(own_columns); i++)
        if (g_ascii_strcasecmp(column, own_columns[i]) == 0)
            return TRUE;
    return FALSE;
}

/* Whose reports the rows are of: bits 1 << ReportSource. */
static guint sources_of(const Table *table)
{
    int ticket = table_find_column(table, "ticket");
    guint sources = 0;

    for (guint row = 0; ticket >= 0 && row < table_n_rows(table); row++)
        sources |= 1u << source_of_ticket(table_cell(table, row, (guint)ticket));
    return sources;
}

/* frame: who may hide columns; NULL: nobody. */
static gboolean hides(const RenderFrame *frame, const char *column)
{
    return frame != NULL && render_hides(frame, column);
}

static char *details_of(const Table *table, guint row, const RenderFrame *frame)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint c = 0; c < table_n_columns(table); c++)
        if (!is_own(table_column(table, c)) && *table_cell(table, row, c) != '\0'
            && !hides(frame, table_column(table, c)))
            g_string_append_printf(text, "%s%s=%s", text->len > 0 ? "; " : "",
                                   table_column(table, c), table_cell(table, row, c));
    if (text->len > DIGEST_DETAILS_MAX) {
        const char *end = g_utf8_find_prev_char(text->str, text->str + DIGEST_DETAILS_MAX + 1);
        g_string_truncate(text, (gsize)(end - text->str));
        g_string_append(text, " ...");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A hidden cell stays empty, but for the first own column's: it says whose row it is. */
static void append_line(GString *text, const Decision *decision, guint row,
                        const RenderFrame *frame)
{
    const Table *table = decision->report->table;
    g_autofree char *details = details_of(table, row, frame);

    append_cell(text, decision->report->subject->ticket);
    append_cell(text, decision->class_id);
    for (guint i = 0; i < G_N_ELEMENTS(own_columns); i++) {
        int column = table_find_column(table, own_columns[i]);
        gboolean shown = column >= 0 && (i == 0 || !hides(frame, own_columns[i]));
        append_cell(text, shown ? table_cell(table, row, (guint)column) : "");
    }
    table_append_cell(text, details);
    g_string_append_c(text, '\n');
}

/* ---- the customer's */

/* Does whoever is asked for it, at any time, say that this customer has the address? */
static gboolean is_always_of(const Customers *customers, const Address *address, guint32 customer)
{
    const CustomerKey key = { address, NULL, TIMESTAMP_MIN, TIMESTAMP_MAX, 0, NULL };
    CustomerAnswer answer;

    return customers_lookup(customers, &key, 1, &answer, NULL) && answer.kind == ANSWER_CUSTOMER
        && answer.customer == customer;
}

/* May the line's network be named?  A digest's guard doesn't know of the day's other rows, so
 * that the addresses with which it is written must be nobody else's whatever was reported. */
static gboolean is_nameable(const Customers *customers, guint32 line, guint32 customer)
{
    g_autofree char *text = customers_network_of_line(customers, line);
    Address written[2];
    guint n = text != NULL ? network_written(text, written) : 0; /* none of a domain */

    for (guint i = 0; i < n; i++)
        if (!is_always_of(customers, &written[i], customer))
            return FALSE;
    return TRUE;
}

/* The rows of earlier reports are looked up anew: whose line is gone since has no network. */
static gboolean find_lines(Decision *day, guint32 customer, GError **error)
{
    const Report *report = day->report;
    g_autofree CustomerKey *keys = assign_keys(report);
    g_autofree CustomerAnswer *answers = g_new0(CustomerAnswer, report->n_events);

    if (!customers_lookup(day->snapshot->customers, keys, report->n_events, answers, error))
        return FALSE;
    for (guint i = 0; i < report->n_events; i++)
        if (answers[i].kind == ANSWER_CUSTOMER && answers[i].customer == customer
            && is_nameable(day->snapshot->customers, answers[i].line, customer))
            day->assignment->lines[i] = answers[i].line;
    return TRUE;
}

/* As if all lines so far had been one report about this customer. */
static Decision *decision_of(const Decision *decision, const char *lines, guint32 customer,
                             GError **error)
{
    g_autofree char *csv = g_strconcat(CUSTOMER_HEADER, lines, NULL);
    Table *table = table_read(csv, strlen(csv), ',', error);
    Report *report
        = table != NULL
              ? report_of_table(table, decision->report->subject, TEMPLATE_DIGEST, error)
              : NULL;

    if (report == NULL)
        return NULL;
    guint sources = sources_of(report->table);
    report->both_sources = sources == (1u << SOURCE_CERTBUND | 1u << SOURCE_SHADOWSERVER);
    report->subject->source
        = sources == 1u << SOURCE_SHADOWSERVER ? SOURCE_SHADOWSERVER : SOURCE_CERTBUND;
    g_autoptr(Decision) day = g_new0(Decision, 1);
    day->snapshot = snapshot_ref(decision->snapshot);
    day->report = report;
    day->template_ = templates_by_id(decision->snapshot->templates, TEMPLATE_DIGEST);
    day->class_id = TEMPLATE_DIGEST;
    day->mode = decision->mode;
    day->assignment = assignment_of_one(report->n_events, customer);
    day->reason = g_strdup("");
    return find_lines(day, customer, error) ? g_steal_pointer(&day) : NULL;
}

typedef struct {
    const DigestInput *input;
    const Slot *slot;
    const char *lines;
    DigestOutcome *outcome;
} Putter;

static gboolean put_customer(const Notice *notice, gpointer data, GError **error)
{
    const Putter *putter = data;
    const DigestInput *input = putter->input;
    const Config *config = input->decision->snapshot->config;
    g_autofree char *sender
        = bounce_sender(input->secret, config->envelope_from, notice->reference);
    const LedgerNotice row = {
        .id = notice->id, .reference = notice->reference, .customer = notice->customer.id,
        .group = TEMPLATE_DIGEST, .class_id = TEMPLATE_DIGEST, .sender = sender,
        .state = input->decision->mode == MODE_PILOT ? NOTICE_PILOT : NOTICE_PENDING,
        .recipients = (const char *const *)notice->recipients, .message_id = notice->message_id,
        .subject = notice->subject, .bytes = notice->bytes,
        .template_digest = templates_digest(input->decision->snapshot->templates),
        .config_digest = config->digest, .customer_line = notice->customer.line,
        .n_events = notice->n_events, .due = putter->slot->due,
    };

    if (notice->held != NULL) { /* law 2: it stays as it was, without these rows */
        putter->outcome->problem = g_strdup_printf("digest %s to customer %s: %s",
                                                   notice->reference, notice->customer.id,
                                                   notice->held);
        return TRUE;
    }
    putter->outcome->id = g_strdup(notice->id);
    putter->outcome->begun = putter->slot->growth == LEDGER_UNGROWN;
    return ledger_put_growing(input->transaction, &row, putter->lines, error);
}

static gboolean reference_taken(const char *reference, gpointer data)
{
    return ledger_reference_taken(((const Putter *)data)->input->transaction, reference);
}

static gboolean contact_bounced(const char *address, gpointer data)
{
    return ledger_contact_bounced(((const Putter *)data)->input->transaction, address);
}

gboolean digest_add_customer(const DigestInput *input, guint32 customer, const guint32 *events,
                             guint n_events, DigestOutcome *outcome_r, GError **error)
{
    Customer whose;
    g_auto(Slot) slot = { .id = NULL };
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    *outcome_r = (DigestOutcome) { .id = NULL };
    customers_get(input->decision->snapshot->customers, customer, &whose);
    if (!find_slot(input, whose.id, TEMPLATE_DIGEST, &slot, error))
        return FALSE;
    const RenderFrame frame = { input->decision->template_,
                                templates_layout(input->decision->snapshot->templates, whose.brand),
                                &whose };
    g_autoptr(GString) lines = g_string_new(slot.lines);
    for (guint i = 0; i < n_events; i++)
        append_line(lines, input->decision, events[i], &frame);
    g_autoptr(Decision) day = decision_of(input->decision, lines->str, customer, error);
    if (day == NULL)
        return FALSE;
    Putter putter = { input, &slot, lines->str, outcome_r };
    const NoticeOrder order = {
        .secret = input->secret, .now = input->now / G_USEC_PER_SEC, .sink = put_customer,
        .data = &putter, .memory = { reference_taken, contact_bounced, NULL, &putter },
        .problems = problems, .key = &slot.key, .reference = slot.reference,
    };
    if (!notices_make(day, &order, error))
        return FALSE;
    if (outcome_r->id == NULL && outcome_r->problem == NULL && problems->len > 0)
        outcome_r->problem = g_strdup(problems->pdata[0]);
    return TRUE;
}

/* ---- the desk's */

static void append_nobodys(GString *lines, const Decision *decision)
{
    for (guint i = 0; i < decision->assignment->n_events; i++) {
        const EventFate *fate = &decision->assignment->fates[i];
        if (!desk_is_nobodys(fate))
            continue;
        append_cell(lines, fate_name(fate->fate));
        append_cell(lines, reason_text(fate->reason));
        append_line(lines, decision, i, NULL);
    }
}

static GBytes *write_desk_mail(const Config *config, const char *lines, const char *subject,
                               const char *message_id, gint64 now, GError **error)
{
    const char *const to[] = { config->desk, NULL };
    const NoticeHead head = { .from = desk_from(config), .to = to, .subject = subject,
                              .message_id = message_id, .language = "en", .date = now };
    GString *text = g_string_new("These rows of the last day's reports are nobody's.  The customer "
                                 "list may want\nmending.\n\n" DESK_HEADER);
    g_string_append(text, lines);
    return notice_write(&head, text, error);
}

/* "CERT-Bund, Shadowserver: 3 rows without a customer" */
static char *nobodys_subject(const Table *table)
{
    GString *subject = g_string_new(NULL);
    guint sources = sources_of(table), n = table_n_rows(table);

    for (guint i = 0; i < SOURCE_N; i++)
        if ((sources & 1u << i) != 0)
            g_string_append_printf(subject, "%s%s", subject->len > 0 ? ", " : "", source_name(i));
    g_string_append_printf(subject, ": %u row%s without a customer", n, n == 1 ? "" : "s");
    return g_string_free(subject, FALSE);
}

static gboolean put_desk(const DigestInput *input, const Slot *slot, const char *lines,
                         const Table *table, GError **error)
{
    const Config *config = input->decision->snapshot->config;
    g_autofree char *message_id = desk_message_id(config, input->secret, &slot->key);
    g_autofree char *subject = nobodys_subject(table);
    g_autofree char *reference = slot->reference != NULL
        ? g_strdup(slot->reference)
        : secret_reference(input->secret, &slot->key, SECRET_REFERENCE_CHARS_MAX);
    g_autoptr(GBytes) mail = write_desk_mail(config, lines, subject, message_id,
                                             input->now / G_USEC_PER_SEC, error);
    const char *const to[] = { config->desk, NULL };
    const LedgerNotice row = {
        .id = slot->id, .reference = reference, .customer = "", .group = "daily", .class_id = "",
        .state = NOTICE_PENDING, .sender = config->envelope_from, .recipients = to,
        .message_id = message_id, .subject = subject, .bytes = mail, .template_digest = "",
        .config_digest = config->digest, .due = slot->due,
    };

    return mail != NULL && ledger_put_growing(input->transaction, &row, lines, error);
}

gboolean digest_add_desk(const DigestInput *input, GError **error)
{
    const Decision *decision = input->decision;
    g_auto(Slot) slot = { .id = NULL };

    if (!desk_lists_daily(decision)
        || decision->assignment->counts[FATE_UNASSIGNED]
                + decision->assignment->counts[FATE_UNREADABLE]
            == 0)
        return TRUE;
    if (!find_slot(input, "", "daily", &slot, error))
        return FALSE;
    g_autoptr(GString) lines = g_string_new(slot.lines);
    append_nobodys(lines, decision);
    g_autofree char *csv = g_strconcat(DESK_HEADER, lines->str, NULL);
    g_autoptr(Table) table = table_read(csv, strlen(csv), ',', error);
    return table != NULL && put_desk(input, &slot, lines->str, table, error);
}
