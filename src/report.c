/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* One CERT-Bund mail -> ticket, title, class, events.
 *
 * Law 6: whatever is not exactly as CERT-Bund sends it puts the whole report in
 * doubt: it has no events then, and the reason says what was found and, where it
 * can be told, in which row.  Looked for in this order: the one table, its
 * structure, its columns, its end, its addresses. */
#include "report.h"

#include "attached.h"
#include "classes.h"
#include "dialect.h"
#include "errors.h"
#include "letter.h"
#include "log.h"
#include "mailbox.h"
#include "manual.h"
#include "report-text.h"
#include "shadowserver.h"
#include "timestamp.h"

#include <stdarg.h>
#include <string.h>

#define ATTACHMENT_NAME "events.csv"
#define ADDRESS_COLUMN "ip"

/* The text that holds the table. */
typedef struct {
    char *text; /* NULL: none found yet */
    gsize length;
    gsize start, end; /* of the table in it */
    guint part;       /* from 1 */
} Source;

G_STATIC_ASSERT(sizeof(Event) == 32); /* a million of them: see the memory budget */

G_GNUC_PRINTF(2, 3)
static gboolean doubt(Report *report, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    report->doubt = log_sanitize(text); /* it quotes cells and column names */
    g_clear_pointer(&report->table, table_free);
    g_clear_pointer(&report->columns, g_strfreev);
    g_clear_pointer(&report->events, g_free);
    report->n_events = report->n_unreadable = 0;
    return FALSE;
}

/* events.csv under any of the types it comes with, or text/csv without a name. */
static gboolean is_attached_table(const MessagePart *part)
{
    if (part->filename == NULL)
        return strcmp(part->type, "text/csv") == 0;
    return g_ascii_strcasecmp(part->filename, ATTACHMENT_NAME) == 0
           && (strcmp(part->type, "text/csv") == 0 || strcmp(part->type, "text/plain") == 0
               || strcmp(part->type, "application/octet-stream") == 0);
}

static gboolean same_table(const Source *a, const Source *b)
{
    return a->end - a->start == b->end - b->start
           && memcmp(a->text + a->start, b->text + b->start, a->end - a->start) == 0;
}

/* Take found as the source unless there is one; two are fine only when equal.
 * Owns found->text from here. */
static gboolean take_source(Report *report, Source *source, Source *found, const char *where)
{
    if (source->text == NULL) {
        *source = *found;
        return TRUE;
    }
    gboolean same = same_table(source, found);
    g_free(found->text);
    return same || doubt(report, "two tables that differ: the second one is %s", where);
}

static gboolean look_at_attachment(Report *report, Message *message, guint i, Source *source)
{
    static const char *const endings[] = { ".csv", NULL };
    g_autoptr(GError) error = NULL;
    Source found = { .part = i + 1 };
    const MessagePart *part = message_part(message, i);
    const char *name = attached_is_zip(part)    ? "zip"
                       : part->filename != NULL ? part->filename
                                                : ATTACHMENT_NAME;
    found.text = attached_text(message, i, endings, &found.length, &error);
    if (found.text == NULL)
        return doubt(report, "attachment %s: %s", name, error->message);
    if (!part->complete) {
        g_free(found.text);
        return doubt(report, "attachment %s is cut: no boundary stands behind it", name);
    }
    while (found.start < found.length && found.text[found.start] == '\n')
        found.start++;
    found.end = found.start
                + table_extent(found.text + found.start, found.length - found.start);
    return take_source(report, source, &found, "an attachment");
}

static void look_for_tlp(Report *report, const char *text, gsize length)
{
    report->tlp = MAX(report->tlp, tlp_of_text(text, length));
}

static gboolean look_at_text(Report *report, Message *message, guint i, Source *source)
{
    g_autoptr(GError) error = NULL;
    Source found = { .part = i + 1 };
    TablePlace place, again;
    g_autofree char *text = message_part_text(message, i, &found.length, &error);
    if (text == NULL)
        return doubt(report, "part %u: %s", i + 1, error->message);
    gboolean has_table = report_text_find_table(text, found.length, 0, &place);
    report_text_quotes(text, has_table ? place.marker : found.length, &report->quote_de,
                       &report->quote_en);
    look_for_tlp(report, text, has_table ? place.start : found.length);
    if (!has_table)
        return TRUE;
    look_for_tlp(report, text + place.end, found.length - place.end); /* not in cells */
    if (report_text_find_table(text, found.length, place.end, &again))
        return doubt(report, "part %u announces two tables", i + 1);
    if (letter_ends_in(text, place.marker))
        return doubt(report, "part %u: above the table stands a sign-off or another mail's head, so "
                             "it may be cited", i + 1);
    found.start = place.start;
    found.end = place.end;
    found.text = g_steal_pointer(&text);
    return take_source(report, source, &found, "in another text part");
}

/* Fill source with the one table of the mail. */
static gboolean find_source(Report *report, Message *message, Source *source,
                            gboolean *attached_r)
{
    Source attached = { 0 };
    gboolean fine = TRUE;
    for (guint i = 0; fine && i < message_n_parts(message); i++) {
        const MessagePart *part = message_part(message, i);
        /* A zip is the table, or something new: either way it isn't passed over. */
        if (attached_is_zip(part) || is_attached_table(part))
            fine = look_at_attachment(report, message, i, &attached);
        else if (strcmp(part->type, "text/plain") == 0 && !part->attachment)
            fine = look_at_text(report, message, i, source);
    }
    if (fine && source->text != NULL && attached.text != NULL)
        fine = doubt(report, "a table in the text and one attached");
    else if (fine && source->text == NULL && attached.text == NULL)
        fine = doubt(report, "no table: neither behind a line such as \"Betroffene Systeme in "
                             "Ihrem Netzbereich:\" nor attached as %s or in a zip",
                     ATTACHMENT_NAME);
    *attached_r = attached.text != NULL;
    if (fine && *attached_r)
        *source = attached;
    else
        g_free(attached.text);
    return fine;
}

/* The format of 2017.  Its columns are found here, for their names are others. */
static gboolean read_old_table(Report *report, const Source *source, TextKind *behind_r)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Reading) reading = dialect_read_old(source->text + source->start,
                                                  source->end - source->start, &error);
    if (reading == NULL)
        return doubt(report, "%s", error->message);
    if (reading->address_column >= table_n_columns(reading->table) || reading->time_column < 0)
        return doubt(report, "table: no column, or several, can be the affected address, or none "
                             "its time");
    *behind_r = report_text_kind(source->text, source->length, source->end);
    report->table = g_steal_pointer(&reading->table);
    report->address_column = reading->address_column;
    report->time_column = reading->time_column;
    return TRUE;
}

/* Takes the source's text.  *behind_r is what follows the table. */
static gboolean take_table(Report *report, Source *source, TextKind *behind_r)
{
    g_autoptr(GError) error = NULL;
    *behind_r = report_text_kind(source->text, source->length, source->end);
    report->table = table_take(g_steal_pointer(&source->text), source->start,
                               source->end - source->start, ',', &error);
    return report->table != NULL || doubt(report, "table: %s", error->message);
}

/* Takes the source's text, but of an old table.  *behind_r is what follows the table. */
static gboolean read_table(Report *report, Source *source, gboolean attached, TextKind *behind_r)
{
    TextKind kind = report_text_kind(source->text, source->length, source->start);
    if (kind == TEXT_OLD_TABLE)
        return read_old_table(report, source, behind_r);
    if (kind != TEXT_OTHER)
        return doubt(report, attached ? "attachment %s is empty" : "no table behind its marker%s",
                     attached ? ATTACHMENT_NAME : "");
    return take_table(report, source, behind_r);
}

/* A column by name; -1 and doubt when it is not there. */
static int need_column(Report *report, const char *name)
{
    int column = table_find_column(report->table, name);
    if (column < 0)
        doubt(report, "table: no column is named \"%s\"", name);
    return column;
}

static char **column_names(const Table *table)
{
    guint n = table_n_columns(table);
    char **names = g_new0(char *, n + 1);
    for (guint i = 0; i < n; i++)
        names[i] = g_strdup(table_column(table, i));
    return names;
}

static gboolean locate_columns(Report *report, const char *address_column,
                               const char *account_column)
{
    if (report->time_column < 0) { /* an old table has found them */
        int address = need_column(report, address_column);
        const char *time = classes_time_column(report->class_id);
        report->time_column = address < 0 ? -1 : need_column(report, time);
        if (report->time_column < 0)
            return FALSE;
        report->address_column = (guint)address;
    }
    if (*account_column != '\0') {
        report->account_column = need_column(report, account_column);
        return report->account_column >= 0;
    }
    return TRUE;
}

/* Their names are kept when one is lost, so that it can be told as drift. */
static gboolean find_columns(Report *report, const char *address_column,
                             const char *account_column)
{
    char **names = column_names(report->table);
    gboolean found = locate_columns(report, address_column, account_column);
    report->columns = names;
    return found;
}

static gboolean check_end(Report *report, TextKind kind, gboolean attached)
{
    guint rows = table_n_rows(report->table);
    if (rows == 0)
        return doubt(report, "table: a header without rows");
    if (attached && kind != TEXT_END)
        return doubt(report, "table: behind row %u and an empty line there is more", rows);
    if (!attached && kind == TEXT_END)
        return doubt(report, "table: behind row %u the text ends without the sign-off: "
                             "it may be cut", rows);
    if (!attached && kind != TEXT_SIGN_OFF)
        return doubt(report, "table: behind row %u and an empty line stands something else than "
                             "the sign-off", rows);
    return TRUE;
}

static void read_events(Report *report, guint part)
{
    const Table *table = report->table;
    report->n_events = table_n_rows(table);
    report->events = g_new0(Event, report->n_events);
    for (guint i = 0; i < report->n_events; i++) {
        Event *event = &report->events[i];
        const char *address = table_cell(table, i, report->address_column);
        const char *time = table_cell(table, i, report->time_column);
        gboolean readable = address_parse(address, strlen(address), &event->address);
        if (!readable)
            memset(&event->address, 0, sizeof(event->address));
        if (report->account_column >= 0)
            readable = mailbox_valid(table_cell(table, i, (guint)report->account_column));
        event->line = i + 1;
        event->part = (guint16)(part & 0xFFF);
        event->certainty = CERTAINTY_TABLE;
        event->unreadable = !readable;
        report->n_unreadable += !readable;
        event->time_certainty = WHEN_UTC;
        if (!timestamp_parse_report(time, strlen(time), &event->time)) {
            event->time = 0;
            event->time_certainty = WHEN_NONE;
        }
    }
}

static guint first_unreadable(const Report *report)
{
    guint i = 0;
    while (i < report->n_events && !report->events[i].unreadable)
        i++;
    return i;
}

static void read_checked_events(Report *report, guint part)
{
    read_events(report, part);
    if ((guint64)report->n_unreadable * 100
        > (guint64)report->n_events * REPORT_UNREADABLE_PERCENT)
        doubt(report, "table: %u of %u rows have no %s where it belongs, the first is row %u; "
                      "more than %d %% is taken for a changed format",
              report->n_unreadable, report->n_events,
              report->account_column >= 0 ? "mailbox" : "address", first_unreadable(report) + 1,
              REPORT_UNREADABLE_PERCENT);
}

static void read_automated(Report *report, Message *message, const char *account_column)
{
    Source source = { 0 };
    gboolean attached;
    TextKind behind = TEXT_END;
    gboolean fine = find_source(report, message, &source, &attached)
                    && read_table(report, &source, attached, &behind)
                    && find_columns(report, ADDRESS_COLUMN, account_column)
                    && check_end(report, behind, attached);
    g_free(source.text);
    if (fine)
        read_checked_events(report, source.part);
}

/* ---- manual family ---- */

static void read_written_time(const Report *report, guint i, const char *zone, Event *event)
{
    gboolean certain;
    if (report->time_column < 0
        || !timestamp_parse_written(report_time_text(report, i), zone, &event->time, &certain)) {
        event->time = 0;
        event->time_certainty = WHEN_NONE;
    } else {
        event->time_certainty = certain ? WHEN_UTC : WHEN_ZONE;
    }
}

/* FALSE when a row has no address, or no mailbox, where it belongs. */
static gboolean read_written_events(Report *report, const Manual *manual)
{
    const Reading *reading = manual->reading;
    g_autofree char *zone
        = report->time_column < 0
              ? NULL
              : timestamp_zone_of_name(table_column(report->table, (guint)report->time_column));
    report->n_events = table_n_rows(report->table);
    report->events = g_new0(Event, report->n_events);
    for (guint i = 0; i < report->n_events; i++) {
        Event *event = &report->events[i];
        const char *address = report_address_text(report, i);
        event->line = g_array_index(reading->lines, guint32, i);
        event->part = (guint16)(manual->part & 0xFFF);
        event->certainty = reading->certainty & 0xF;
        read_written_time(report, i, zone, event);
        if (!address_parse(address, strlen(address), &event->address)
            || (report->account_column >= 0 && !mailbox_valid(report_account(report, i))))
            return doubt(report, "row %u has no address or mailbox where it belongs", i + 1);
    }
    return TRUE;
}

static void read_manual(Report *report, Message *message, const char *account_column)
{
    g_auto(Manual) manual = { .reading = NULL };
    g_autoptr(GError) error = NULL;
    report->tlp = MAX(report->tlp, tlp_of_message(message));
    if (!manual_read(message, &manual, &error)) {
        report->unread = !doubt(report, "%s", error->message);
        return;
    }
    report->table = g_steal_pointer(&manual.reading->table);
    report->address_column = manual.reading->address_column;
    report->time_column = manual.reading->time_column;
    if (*account_column != '\0')
        report->account_column = need_column(report, account_column);
    report->unread = report->doubt != NULL || !read_written_events(report, &manual);
    if (!report->unread)
        *(manual.german ? &report->quote_de : &report->quote_en) = g_steal_pointer(&manual.quote);
}

/* ---- Shadowserver's ---- */

static void read_file(Report *report, Message *message, const ShadowserverFile *file)
{
    Source source = { 0 };
    TextKind behind = TEXT_END;
    gboolean fine = look_at_attachment(report, message, file->part, &source)
                    && take_table(report, &source, &behind)
                    && find_columns(report, file->address_column, "")
                    && check_end(report, behind, TRUE);
    g_free(source.text);
    if (fine)
        read_checked_events(report, source.part);
}

/* ---- all ---- */

/* Takes subject; without any rows yet. */
static Report *new_report(Subject *subject, Message *message)
{
    Report *report = g_new0(Report, 1);
    const char *line = message_header(message, "Subject");
    const char *id = message_header(message, "Message-ID");
    report->subject = subject;
    report->account_column = report->time_column = -1;
    report->class_id = classes_id_of(subject);
    report->message_id = g_strdup(id != NULL ? id : "");
    report->answer = subject->foreign || message_header(message, "In-Reply-To") != NULL
        || message_header(message, "References") != NULL;
    report->tlp = line != NULL ? tlp_of_line(line, strlen(line)) : TLP_NONE;
    return report;
}

static Report *read_shadowserver(Message *message)
{
    g_auto(ShadowserverFile) file = { .subject = NULL };
    g_autoptr(GError) error = NULL;
    Report *report = new_report(shadowserver_subject_of(message), message);
    report->tlp = MAX(report->tlp, tlp_of_message(message));
    if (shadowserver_find(message, &file, &error))
        read_file(report, message, &file);
    else
        doubt(report, "%s", error->message);
    return report;
}

static Report *read_ticket(Subject *subject, Message *message)
{
    Report *report = new_report(subject, message);
    const ReportClass *class = classes_find(subject->title);
    if (subject->family == FAMILY_MANUAL)
        read_manual(report, message, class != NULL ? class->account_column : "");
    else
        read_automated(report, message, class != NULL ? class->account_column : "");
    return report;
}

Report *report_read_of(ReportSource source, Message *message, GError **error)
{
    const char *line = message_header(message, "Subject");
    if (source == SOURCE_SHADOWSERVER)
        return read_shadowserver(message);
    Subject *subject = line != NULL ? subject_parse(line) : NULL;
    if (subject != NULL)
        return read_ticket(subject, message);
    error_input(error, "no CERT-Bund ticket in the subject");
    return NULL;
}

Report *report_read(Message *message, GError **error)
{
    const char *line = message_header(message, "Subject");
    g_autoptr(Subject) subject = line != NULL ? subject_parse(line) : NULL;
    g_auto(ShadowserverFile) file = { .subject = NULL };
    gboolean named = subject == NULL && shadowserver_find(message, &file, NULL);
    return report_read_of(named ? SOURCE_SHADOWSERVER : SOURCE_CERTBUND, message, error);
}

Report *report_of_table(Table *table, const Subject *of, const char *class_id, GError **error)
{
    g_autoptr(Report) report = g_new0(Report, 1);

    report->table = table;
    report->subject = subject_new(of->source, of->ticket, class_id);
    report->subject->family = of->family;
    report->account_column = report->time_column = -1;
    report->class_id = g_strdup(class_id);
    report->message_id = g_strdup("");
    if (!find_columns(report, ADDRESS_COLUMN, "")) {
        error_bug(error, "a table of ours: %s", report->doubt);
        return NULL;
    }
    read_events(report, 0);
    return g_steal_pointer(&report);
}

void report_free(Report *report)
{
    if (report == NULL)
        return;
    subject_free(report->subject);
    g_free(report->class_id);
    g_free(report->message_id);
    g_free(report->doubt);
    table_free(report->table);
    g_strfreev(report->columns);
    g_free(report->events);
    g_free(report->quote_de);
    g_free(report->quote_en);
    g_free(report);
}
