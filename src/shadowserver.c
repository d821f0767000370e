/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Which of Shadowserver's reports a mail is.  Strict with the attachment's name, which makes
 * the ticket and the class; the subject is only read where no attachment is believed. */
#include "shadowserver.h"

#include "classes.h"
#include "data.h"
#include "errors.h"

#include <string.h>

#define TICKET SOURCE_SHADOWSERVER_TICKET
#define BRACKETS "[Shadowserver]"
#define DATE_LENGTH (sizeof "2025-02-11" - 1)
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* Read once per process, on the first call from any thread, and never freed. */
static gpointer read_types(G_GNUC_UNUSED gpointer unused)
{
    return data_table("shadowserver.csv");
}

static const Table *types(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, read_types, NULL);
}

const char *shadowserver_type(guint i)
{
    return i < table_n_rows(types()) ? data_cell(types(), i, "type") : NULL;
}

const char *shadowserver_class(guint i)
{
    return i < table_n_rows(types()) ? data_cell(types(), i, "class") : NULL;
}

/* Row of the type, or -1. */
static int find_type(const char *type)
{
    for (guint i = 0; i < table_n_rows(types()); i++)
        if (strcmp(shadowserver_type(i), type) == 0)
            return (int)i;
    return -1;
}

/* The class's own title, by which everything behind the reader knows the class. */
static char *title_of(const char *type, int row)
{
    if (row < 0)
        return g_strconcat("Shadowserver ", type, NULL);
    const ReportClass *class = classes_by_id(shadowserver_class((guint)row));
    if (class == NULL)
        g_error("shadowserver.csv: %s is of no class", type);
    return g_strdup(class->title_de);
}

/* "2025-02-11" at text, a day that exists -> "20250211"; NULL when it is none. */
static char *date_at(const char *text)
{
    guint digits[8], n = 0;

    for (gsize i = 0; i < DATE_LENGTH; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : !g_ascii_isdigit(text[i]))
            return NULL;
        else if (text[i] != '-')
            digits[n++] = (guint)(text[i] - '0');
    guint year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
    guint month = digits[4] * 10 + digits[5], day = digits[6] * 10 + digits[7];
    if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return NULL;
    return g_strdup_printf("%04u%02u%02u", year, month, day);
}

/* Length of the name without the ending of a table, or 0. */
static gsize stem_length(const char *name)
{
    static const char *const endings[] = { ".csv.zip", ".zip", ".csv" };
    gsize length = strlen(name);

    for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
        gsize n = strlen(endings[i]);
        if (length > n && g_ascii_strcasecmp(name + length - n, endings[i]) == 0)
            return length - n;
    }
    return 0;
}

gboolean shadowserver_name(const char *name, ShadowserverFile *file_r)
{
    gsize length = name != NULL ? stem_length(name) : 0;

    if (length <= DATE_LENGTH + 1 || length > SHADOWSERVER_NAME_MAX || name[DATE_LENGTH] != '-')
        return FALSE;
    g_autofree char *date = date_at(name);
    g_autofree char *stem = g_strndup(name, length);
    const char *rest = stem + DATE_LENGTH + 1;
    g_autofree char *type = g_strndup(rest, strspn(rest, LETTERS));
    const char *filter = rest + strlen(type);
    if (date == NULL || *type == '\0' || (*filter != '\0' && *filter != '-')
        || strspn(filter, LETTERS "-.") != strlen(filter))
        return FALSE;
    int row = find_type(type);
    const char *address = row < 0 ? "" : data_cell(types(), (guint)row, "address");
    file_r->address_column = *address != '\0' ? address : "ip";
    g_autofree char *ticket = g_strdup_printf(TICKET "%s-%s", date, rest);
    g_autofree char *title = title_of(type, row);
    file_r->subject = subject_new(SOURCE_SHADOWSERVER, ticket, title);
    return TRUE;
}

/* A table, or something that may hide one. */
static gboolean is_table(const MessagePart *part)
{
    static const char *const kinds[]
        = { "text/csv", "application/csv", "application/zip", "application/x-zip-compressed" };

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(part->type, kinds[i]) == 0)
            return TRUE;
    return part->filename != NULL && stem_length(part->filename) > 0;
}

static gboolean look_at(const MessagePart *part, guint i, ShadowserverFile *file, GError **error)
{
    if (!is_table(part))
        return TRUE;
    if (file->subject != NULL)
        error_input(error, "two attached tables: the second one is part %u", i + 1);
    else if (shadowserver_name(part->filename, file)) {
        file->part = i;
        return TRUE;
    } else
        error_input(error, "attachment %s: not named as in "
                           "2025-02-11-scan_telnet-example_org-asn.csv",
                    part->filename != NULL ? part->filename : "without a name");
    return FALSE;
}

gboolean shadowserver_find(Message *message, ShadowserverFile *file_r, GError **error)
{
    g_auto(ShadowserverFile) file = { .subject = NULL };

    for (guint i = 0; i < message_n_parts(message); i++)
        if (!look_at(message_part(message, i), i, &file, error))
            return FALSE;
    if (file.subject == NULL) {
        error_input(error, "no table is attached");
        return FALSE;
    }
    *file_r = file;
    file.subject = NULL;
    return TRUE;
}

void shadowserver_file_clear(ShadowserverFile *file)
{
    g_clear_pointer(&file->subject, subject_free);
}

/* The first day that stands in text, or NULL; caller frees. */
static char *date_in(const char *text)
{
    char *date = NULL;

    for (const char *p = text; date == NULL && strlen(p) >= DATE_LENGTH; p++)
        date = date_at(p);
    return date;
}

Subject *shadowserver_subject(const char *subject)
{
    g_autofree char *text = subject_clean(subject);
    g_autofree char *date = date_in(text);
    const char *start = g_str_has_prefix(text, BRACKETS) ? text + strlen(BRACKETS) : text;
    g_autofree char *name = g_strstrip(g_strndup(start, strcspn(start, ":")));
    g_autofree char *slug = classes_slug(name);

    g_autofree char *ticket
        = g_strdup_printf(TICKET "%s-%s", date != NULL ? date : "undated", slug);
    g_autofree char *title = g_strconcat("Shadowserver ", name, NULL);

    return subject_new(SOURCE_SHADOWSERVER, ticket, title);
}

Subject *shadowserver_subject_of(Message *message)
{
    const char *line = message_header(message, "Subject");
    g_auto(ShadowserverFile) file = { .subject = NULL };

    return shadowserver_find(message, &file, NULL) ? g_steal_pointer(&file.subject)
                                                   : shadowserver_subject(line != NULL ? line : "");
}
