/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What each <field name="..."/> stands for.  Whatever comes from a report or a
 * customers file passes wrap_append_safe(): a value can neither begin a line nor a
 * header field. */
#include "render-inline.h"

#include "classes.h"
#include "timestamp.h"
#include "title.h"
#include "wrap.h"

#include <string.h>

typedef void (*AppendField)(const RenderValues *values, GString *out);

static void append_ticket(const RenderValues *values, GString *out)
{
    wrap_append_safe(out, values->input->report->subject->ticket);
}

static gboolean same_title(const char *key, const char *title)
{
    g_autofree char *other = title_key(title);
    return !strcmp(key, other);
}

/* The title in the text's language where the class is known by exactly it: the
 * subject is German in all real mails, also in bilingual ones. */
static void append_title(const RenderValues *values, GString *out)
{
    const char *title = values->input->report->subject->title;
    const ReportClass *class = *title != '\0' ? classes_find(title) : NULL;
    if (class != NULL) {
        g_autofree char *key = title_key(title);
        gboolean exact = same_title(key, class->title_de) || same_title(key, class->title_en);
        const char *own = !strcmp(values->language, "de") ? class->title_de : class->title_en;
        if (exact && *own != '\0')
            title = own;
    }
    wrap_append_safe(out, *title != '\0' ? title : values->input->class_id);
}

static void append_class(const RenderValues *values, GString *out)
{
    wrap_append_safe(out, values->input->class_id);
}

static void append_customer(const RenderValues *values, GString *out)
{
    wrap_append_safe(out, values->input->customer->id);
}

static void append_customer_name(const RenderValues *values, GString *out)
{
    wrap_append_safe(out, values->input->customer->name);
}

static void append_customer_reference(const RenderValues *values, GString *out)
{
    wrap_append_safe(out, values->input->customer->reference);
}

static void append_reference(const RenderValues *values, GString *out)
{
    wrap_append_safe(out, values->input->reference);
}

static void append_customer_language(const RenderValues *values, GString *out)
{
    const char *language = values->input->customer->language;
    wrap_append_safe(out, *language != '\0' ? language : "de en");
}

static void append_customer_kind(const RenderValues *values, GString *out)
{
    wrap_append_safe(out, values->input->customer->kind);
}

static void append_source(const RenderValues *values, GString *out)
{
    const Report *report = values->input->report;
    g_string_append(out, report->both_sources ? "both" : source_id(report->subject->source));
}

static void append_severity(const RenderValues *values, GString *out)
{
    const ReportClass *class = classes_find(values->input->report->subject->title);
    g_string_append(out, severity_name(classes_severity(class, values->input->critical)));
}

static void append_rows(const RenderValues *values, GString *out)
{
    g_string_append_printf(out, "%u", values->input->n_events);
}

/* The first or last certain time of this customer's events; FALSE when none is. */
static gboolean find_time(const RenderInput *input, gboolean last, gint64 *time_r)
{
    gboolean any = FALSE;
    for (guint i = 0; i < input->n_events; i++) {
        const Event *event = &input->report->events[input->events[i]];
        if (event->time_certainty != WHEN_UTC)
            continue;
        if (!any || (last ? event->time > *time_r : event->time < *time_r))
            *time_r = event->time;
        any = TRUE;
    }
    return any;
}

static void append_time(const RenderValues *values, GString *out, gboolean last)
{
    gint64 time;
    char text[TIMESTAMP_TEXT_SIZE];
    if (find_time(values->input, last, &time))
        g_string_append(out, timestamp_format(time, text));
}

static void append_first_time(const RenderValues *values, GString *out)
{
    append_time(values, out, FALSE);
}

static void append_last_time(const RenderValues *values, GString *out)
{
    append_time(values, out, TRUE);
}

static void append_date(const RenderValues *values, GString *out, gint64 time)
{
    char text[TIMESTAMP_DATE_SIZE];
    g_string_append(out, timestamp_format_date(time, values->language, text));
}

/* The earliest or latest sighting in this notice's rows and those before: so there is one
 * even when nothing was told before, and a late report can't make the last one older. */
static void append_seen(const RenderValues *values, GString *out, gboolean last, gint64 before)
{
    gint64 here, then = before / G_USEC_PER_SEC;
    gboolean any = find_time(values->input, last, &here);
    if (before != 0 && any)
        append_date(values, out, last ? MAX(here, then) : MIN(here, then));
    else if (before != 0 || any)
        append_date(values, out, any ? here : then);
}

static void append_first_seen(const RenderValues *values, GString *out)
{
    append_seen(values, out, FALSE, values->history->first_seen);
}

static void append_last_seen(const RenderValues *values, GString *out)
{
    append_seen(values, out, TRUE, values->history->last_seen);
}

/* Nothing for what has never been. */
static void append_moment(const RenderValues *values, GString *out, gint64 usecs)
{
    if (usecs != 0)
        append_date(values, out, usecs / G_USEC_PER_SEC);
}

static void append_report_date(const RenderValues *values, GString *out)
{
    if (values->input->date != 0)
        append_date(values, out, values->input->date);
}

static void append_last_told(const RenderValues *values, GString *out)
{
    append_moment(values, out, values->history->last_told);
}

static void append_times(const RenderValues *values, GString *out)
{
    g_string_append_printf(out, "%u", values->history->times);
}

static void append_open_count(const RenderValues *values, GString *out)
{
    g_string_append_printf(out, "%u", values->history->n_open);
}

static void append_open_since(const RenderValues *values, GString *out)
{
    append_moment(values, out, values->history->open_since);
}

const char *const render_fields[] = { "ticket",
                                      "title",
                                      "class",
                                      "customer",
                                      "customer-name",
                                      "customer-reference",
                                      "reference",
                                      "rows",
                                      "first-time",
                                      "last-time",
                                      "first-seen",
                                      "last-seen",
                                      "last-told",
                                      "times",
                                      "open-count",
                                      "open-since",
                                      "date",
                                      "severity",
                                      "customer-language",
                                      "customer-kind",
                                      "source",
                                      NULL };

static const AppendField append_field[] = { append_ticket,        append_title,
                                            append_class,         append_customer,
                                            append_customer_name, append_customer_reference,
                                            append_reference,     append_rows,
                                            append_first_time,    append_last_time,
                                            append_first_seen,    append_last_seen,
                                            append_last_told,     append_times,
                                            append_open_count,    append_open_since,
                                            append_report_date,   append_severity,
                                            append_customer_language, append_customer_kind,
                                            append_source };

G_STATIC_ASSERT(G_N_ELEMENTS(render_fields) == G_N_ELEMENTS(append_field) + 1);

/* "2025-02-11 12:10:25 CET" */
static void append_zoned_time(const RenderValues *values, gboolean last, GTimeZone *zone,
                              GString *out)
{
    gint64 time;
    if (!find_time(values->input, last, &time))
        return;
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time);
    g_autoptr(GDateTime) there = utc != NULL ? g_date_time_to_timezone(utc, zone) : NULL;
    g_autofree char *text = there != NULL ? g_date_time_format(there, "%Y-%m-%d %H:%M:%S %Z") : NULL;
    g_string_append(out, text != NULL ? text : "");
}

void render_field(const RenderValues *values, const char *name, GTimeZone *zone, GString *out)
{
    guint i = 0;
    if (zone != NULL) { /* of a time alone: checked when the template was loaded */
        append_zoned_time(values, strcmp(name, "last-time") == 0, zone, out);
        return;
    }
    while (strcmp(render_fields[i], name))
        i++; /* checked when the template was loaded */
    append_field[i](values, out);
}
