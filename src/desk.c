/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes the desk's mail.  It goes to the operator's own people, so it may show
 * every row; it is plain text with the lists as CSV. */
#include "desk.h"

#include "classes.h"
#include "notice.h"

#include <string.h>

gboolean desk_is_nobodys(const EventFate *fate)
{
    return fate->fate == FATE_UNASSIGNED || fate->fate == FATE_UNREADABLE;
}

/* unassigned=daily: rows that nobody has wait for the desk's list of the day. */
gboolean desk_lists_daily(const Decision *decision)
{
    return decision->snapshot->config->unassigned_daily && decision->mode != MODE_PILOT
        && decision->status <= STATUS_ATTENTION;
}

static gboolean listed(const Decision *decision, const EventFate *fate)
{
    return fate->fate == FATE_HELD
        || (desk_is_nobodys(fate) && !desk_lists_daily(decision));
}

gboolean desk_is_strange(const Decision *decision)
{
    const Report *report = decision->report;
    const char *title = report->subject->title;

    return classes_find(title) == NULL
        && templates_find(decision->snapshot->templates, title, report->class_id) == NULL;
}

static guint count_listed(const Decision *decision)
{
    const Assignment *assignment = decision->assignment;
    guint n = 0;

    for (guint i = 0; assignment != NULL && i < assignment->n_events; i++)
        n += listed(decision, &assignment->fates[i]);
    return n;
}

gboolean desk_needs_mail(const Decision *decision, const Delivery *delivery)
{
    if (*decision->snapshot->config->desk == '\0')
        return FALSE;
    if (decision->status > STATUS_HELD)
        return FALSE; /* nothing was done: the marked original says so */
    if (decision->mode == MODE_PILOT)
        return TRUE;
    return decision->status == STATUS_HELD || delivery->new_class || delivery->problems->len > 0
        || count_listed(decision) > 0;
}

static void append_head(GString *text, const Decision *decision, const Delivery *delivery)
{
    const Report *report = decision->report;

    g_string_append_printf(text, "Report:      %s\n", report->subject->ticket);
    g_string_append_printf(text, "Title:       %s\n", report->subject->title);
    g_string_append_printf(text, "Class:       %s\n", decision->class_id);
    g_string_append_printf(text, "Status:      %s%s%s\n", status_name(decision->status),
                           *decision->reason != '\0' ? ": " : "", decision->reason);
    g_string_append_printf(text, "Provenance:  %s\n", decision->provenance->evidence);
    g_string_append_printf(text, "Mode:        %s\n", mode_name(decision->mode));
    g_string_append_printf(text, "Rows:        %u\n", report->n_events);
    for (Fate fate = 0; decision->assignment != NULL && fate < FATE_N; fate++)
        if (decision->assignment->counts[fate] > 0)
            g_string_append_printf(text, "  %-10s %u\n", fate_name(fate),
                                   decision->assignment->counts[fate]);
    g_string_append_printf(text, "Notices:     %u\n", delivery->made);
    if (delivery->new_class)
        g_string_append_printf(text, "\nNo class is known for this title.  It goes by the name %s; "
                                     "you are told once.\n", decision->report->class_id);
    if (decision->mode == MODE_PILOT)
        g_string_append(text, "\nPilot mode: no notice has left.  What follows is what would.\n");
}

static void append_problems(GString *text, const Delivery *delivery)
{
    if (delivery->problems->len == 0)
        return;
    g_string_append(text, "\nNotices that wait for you (certbundctl show, release or drop):\n");
    for (guint i = 0; i < delivery->problems->len; i++)
        g_string_append_printf(text, "  %s\n",
                               (const char *)g_ptr_array_index(delivery->problems, i));
}

static void append_customers(GString *text, const Decision *decision)
{
    const Assignment *assignment = decision->assignment;

    if (decision->mode != MODE_PILOT || assignment == NULL || assignment->n_groups == 0)
        return;
    g_string_append(text, "\nCustomers:\n");
    for (guint g = 0; g < assignment->n_groups; g++) {
        Customer customer;
        customers_get(decision->snapshot->customers, assignment->groups[g].customer, &customer);
        g_string_append_printf(text, "  %s: %u row%s to %s\n", customer.id,
                               assignment->groups[g].n_events,
                               assignment->groups[g].n_events == 1 ? "" : "s", customer.email);
    }
}

/* A cell of ours in front of a row: why it stands here. */
static void append_cell(GString *text, const char *value)
{
    table_append_cell(text, value);
    g_string_append_c(text, ',');
}

static void append_row(GString *text, const Decision *decision, guint row, const guint *columns)
{
    const EventFate *fate = &decision->assignment->fates[row];
    Customer customer = { .id = "" };

    if (fate->customer != NO_CUSTOMER)
        customers_get(decision->snapshot->customers, fate->customer, &customer);
    append_cell(text, fate_name(fate->fate));
    append_cell(text, reason_text(fate->reason));
    append_cell(text, customer.id);
    table_append_csv(decision->report->table, text, row, columns,
                     table_n_columns(decision->report->table));
}

/* One list of all rows that no notice tells, with reason and customer. */
static void append_rows(GString *text, const Decision *decision)
{
    const Assignment *assignment = decision->assignment;
    guint n = 0;

    if (count_listed(decision) == 0)
        return;
    const Table *table = decision->report->table;
    g_autofree guint *columns = g_new(guint, table_n_columns(table));
    for (guint c = 0; c < table_n_columns(table); c++)
        columns[c] = c;
    g_string_append(text, "\nRows that need you:\n\n\"fate\",\"reason\",\"customer\",");
    table_append_csv(table, text, -1, columns, table_n_columns(table));
    for (guint i = 0; i < assignment->n_events; i++)
        if (listed(decision, &assignment->fates[i]) && n++ < DESK_ROWS_MAX)
            append_row(text, decision, i, columns);
    if (n > DESK_ROWS_MAX)
        g_string_append(text, "\nThe list ends here; the report has all rows.\n");
}

char *desk_subject(const Decision *decision, const Delivery *delivery)
{
    const char *number = strchr(decision->report->subject->ticket, '#') + 1;
    guint need = count_listed(decision);

    /* No ticket in brackets: this mail must never look like a report. */
    return g_strdup_printf("%s%s report %s (%s): %s, %u notice%s, %u row%s to look at",
                           decision->mode == MODE_PILOT ? "[pilot] " : "",
                           source_name(decision->report->subject->source), number,
                           decision->class_id, status_name(decision->status), delivery->made,
                           delivery->made == 1 ? "" : "s", need, need == 1 ? "" : "s");
}

char *desk_unread_subject(const Decision *decision, const Subject *of)
{
    return g_strdup_printf("%s %s report %s",
                           decision->status == STATUS_UNVERIFIED ? "Unproven" : "Unreadable",
                           source_name(of->source),
                           strchr(of->ticket, '#') + 1);
}

const char *desk_from(const Config *config)
{
    return *config->from != '\0' ? config->from : config->desk;
}

char *desk_message_id(const Config *config, const Secret *secret, const NoticeKey *key)
{
    g_autofree char *domain = notice_id_domain(desk_from(config));
    return secret_message_id(secret, key, domain);
}

GBytes *desk_write(const Decision *decision, const Delivery *delivery, const char *subject,
                   const char *message_id, gint64 now, GError **error)
{
    const Config *config = decision->snapshot->config;
    const char *const to[] = { config->desk, NULL };
    GString *text = g_string_new(NULL);

    append_head(text, decision, delivery);
    append_problems(text, delivery);
    append_customers(text, decision);
    append_rows(text, decision);
    if (delivery->sample != NULL)
        g_string_append(text, "\nThe first notice is attached as a sample.\n");
    const NoticeHead head = { .from = desk_from(config), .to = to, .subject = subject,
                              .message_id = message_id, .language = "en", .date = now,
                              .attached = delivery->sample };
    return notice_write(&head, text, error);
}

static void append_unproven_advice(GString *text, const char *ticket)
{
    g_string_append_printf(text,
                           "\nIf it is a forgery, nothing is to be done.  If you know that it is "
                           "genuine, see why\nin [provenance] of the configuration, and run this "
                           "one yourself:\n\n  certbundctl accept '%s' --reason WHY\n\n"
                           "Others that come within a day of the one before are marked and kept "
                           "in the same\nway, without a mail like this.\n",
                           ticket);
}

static void append_unreadable_advice(GString *text, const char *ticket)
{
    g_string_append_printf(text,
                           "\nRead the original, which is marked and in this mailbox, and tell the "
                           "customers in it\nby hand.  Then:\n\n  certbundctl drop '%s' --reason "
                           "WHY\n",
                           ticket);
}

GBytes *desk_write_unread(const Decision *decision, const Subject *of, const char *client,
                          const char *subject, const char *message_id, gint64 now,
                          GError **error)
{
    const Config *config = decision->snapshot->config;
    const char *const to[] = { config->desk, NULL };
    gboolean unproven = decision->status == STATUS_UNVERIFIED;
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, unproven
                           ? "A mail that looks like a report of %s came in, and nothing proves "
                             "that it is\none.  No customer was told.\n\n"
                           : "A report of %s came in, and it can't be read.  No customer was "
                             "told.\n\n", source_name(of->source));
    g_string_append_printf(text, "Report:      %s\n", of->ticket);
    g_string_append_printf(text, "Title:       %s\n", of->title);
    g_string_append_printf(text, "Came from:   %s\n", *client != '\0' ? client : "unknown");
    g_string_append_printf(text, "Why:         %s\n", decision->reason);
    (unproven ? append_unproven_advice : append_unreadable_advice)(text, of->ticket);
    const NoticeHead head = { .from = desk_from(config), .to = to, .subject = subject,
                              .message_id = message_id, .language = "en", .date = now };
    return notice_write(&head, text, error);
}
