/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A report's events as JSON Lines, by json-glib.
 *
 * An unreadable row is not an event: it is told apart, for stderr.  Cells are
 * text from outside: they go into JSON verbatim (escaped by json-glib) and into
 * explanations only after log_sanitize(). */
#include "events.h"

#include "log.h"
#include "timestamp.h"

#include <json-glib/json-glib.h>

static const char *certainty_name(guint certainty)
{
    static const char *const names[] = { "table", "list", "text" };
    return names[certainty];
}

static void add_text(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void add_null(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_null_value(builder);
}

static void add_affected(JsonBuilder *builder, const Report *report, guint i)
{
    static const Address none;
    if (report->account_column >= 0 && address_equal(&report->events[i].address, &none)) {
        add_null(builder, "ip");
    } else {
        char ip[ADDRESS_TEXT_SIZE];
        add_text(builder, "ip", address_format(&report->events[i].address, ip));
    }
    const char *account = report_account(report, i);
    if (account != NULL)
        add_text(builder, "account", account);
}

static void add_time(JsonBuilder *builder, const Report *report, guint i)
{
    if (report->events[i].time_certainty == WHEN_UTC) {
        char time[TIMESTAMP_TEXT_SIZE];
        add_text(builder, "timestamp", timestamp_format(report->events[i].time, time));
    } else {
        add_null(builder, "timestamp");
        add_text(builder, "time_as_written", report_time_text(report, i));
    }
}

static void add_fields(JsonBuilder *builder, const Report *report, guint row)
{
    json_builder_set_member_name(builder, "fields");
    json_builder_begin_object(builder);
    for (guint i = 0; i < table_n_columns(report->table); i++)
        if (i != report->address_column && (int)i != report->time_column
            && (int)i != report->account_column)
            add_text(builder, table_column(report->table, i), table_cell(report->table, row, i));
    json_builder_end_object(builder);
}

static void append_event(GString *out, const char *file, const Report *report, guint i)
{
    g_autoptr(JsonBuilder) builder = json_builder_new_immutable();
    g_autoptr(JsonGenerator) generator = json_generator_new();
    json_builder_begin_object(builder);
    add_text(builder, "file", file);
    add_text(builder, "ticket", report->subject->ticket);
    add_text(builder, "title", report->subject->title);
    add_text(builder, "class", report->class_id);
    add_affected(builder, report, i);
    add_time(builder, report, i);
    add_fields(builder, report, i);
    add_text(builder, "certainty", certainty_name(report->events[i].certainty));
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    json_generator_to_gstring(generator, out);
    g_string_append_c(out, '\n');
}

void events_append(GString *out, const char *file, const Report *report)
{
    g_autofree char *name = g_utf8_make_valid(file, -1);
    for (guint i = 0; i < report->n_events; i++)
        if (!report->events[i].unreadable)
            append_event(out, name, report, i);
}

static void explain(GString *out, const char *file, const char *reason)
{
    g_autofree char *clean = log_sanitize(reason);
    g_string_append_printf(out, "%s: %s\n", file, clean);
}

void events_explain(GString *out, const char *file, const Report *report)
{
    if (report->doubt != NULL)
        explain(out, file, report->doubt);
    for (guint i = 0; i < report->n_events; i++) {
        if (!report->events[i].unreadable)
            continue;
        const char *account = report_account(report, i);
        g_autofree char *reason = g_strdup_printf(
            "row %u is unreadable: \"%s\" is no %s", i + 1,
            account != NULL ? account : report_address_text(report, i),
            account != NULL ? "mailbox" : "address");
        explain(out, file, reason);
    }
}
