/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes the reports, by json-glib.  Outside of its evidence a report has of the row only what
 * has a narrow shape (the affected address or account, times, ports, CVE numbers, one word):
 * other cells may name anybody's systems. */
#include "rows-xarf.h"

#include "attachment.h"
#include "classes.h"
#include "columns.h"
#include "data.h"
#include "narrow.h"
#include "rows-csv.h"
#include "timestamp.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define UUID_BYTES 16

/* What all reports of a notice have in common. */
typedef struct {
    const RenderInput *input;
    const guint *columns;
    guint n_columns;
    const ReportClass *class;
    const Table *types; /* xarf.csv, and the class's row */
    guint type;
} Writer;

static gpointer read_types(G_GNUC_UNUSED gpointer unused)
{
    return data_table("xarf.csv");
}

static const Table *types(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, read_types, NULL);
}

static const char *of_type(const Writer *writer, const char *column)
{
    return data_cell(writer->types, writer->type, column);
}

/* ---- cells of a row */

static gboolean is_shown(const Writer *writer, int column)
{
    guint i = 0;

    while (i < writer->n_columns && (int)writer->columns[i] != column)
        i++;
    return column >= 0 && i < writer->n_columns;
}

/* "" when there is no such column, or the notice doesn't show it. */
static const char *cell(const Writer *writer, guint32 event, const char *name)
{
    const Table *table = writer->input->report->table;
    int column = columns_locate(table, name);

    return is_shown(writer, column) ? table_cell(table, event, (guint)column) : "";
}

/* The port where the service was found: the row's, else the class's if it has but one. */
static guint service_port(const Writer *writer, guint32 event)
{
    const char *ports = writer->class->ports;
    guint port = narrow_port(cell(writer, event, "port"));
    g_autofree char *first = g_strndup(ports, strspn(ports, "0123456789"));

    return port != 0 || strchr(ports, ' ') != NULL ? port : narrow_port(first);
}

static char *cve_of(const Writer *writer, guint32 event)
{
    const char *of_class = of_type(writer, "cve");

    return narrow_cve(*of_class != '\0' ? of_class : cell(writer, event, "cve"));
}

/* ---- members */

static void add_text(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void add_port(JsonBuilder *builder, const char *name, guint port)
{
    if (port == 0)
        return;
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, port);
}

/* address: with an @. */
static void add_contact(JsonBuilder *builder, const char *role, const char *name,
                        const char *address)
{
    json_builder_set_member_name(builder, role);
    json_builder_begin_object(builder);
    add_text(builder, "org", name);
    add_text(builder, "contact", address);
    add_text(builder, "domain", strrchr(address, '@') + 1);
    json_builder_end_object(builder);
}

/* See the header: RFC 9562 has the name's SHA-1 behind the name space's bytes. */
static char *report_id(const Writer *writer, const char *row, guint number)
{
    /* The name space of ours, made once by chance. */
    static const guint8 space[UUID_BYTES] = { 0x2c, 0xed, 0x90, 0x6a, 0x0f, 0xce, 0x40, 0x39,
                                              0xb7, 0x43, 0x97, 0xff, 0xf7, 0xb7, 0x25, 0x5d };
    const RenderInput *input = writer->input;
    g_autofree char *name = g_strdup_printf(
        "%s\n%s\n%s\n%u\n%s", strrchr(input->sender->address, '@') + 1,
        input->report->subject->ticket, input->reference, number, row);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 id[20];
    gsize size = sizeof id;

    g_checksum_update(checksum, space, sizeof space);
    g_checksum_update(checksum, (const guchar *)name, (gssize)strlen(name));
    g_checksum_get_digest(checksum, id, &size);
    id[6] = (guint8)((id[6] & 0x0f) | 0x50); /* version */
    id[8] = (guint8)((id[8] & 0x3f) | 0x80); /* variant */
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < UUID_BYTES; i++)
        g_string_append_printf(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                               id[i]);
    return g_string_free(text, FALSE);
}

static const char *time_of(const Writer *writer, guint32 event, char text_r[TIMESTAMP_TEXT_SIZE])
{
    const RenderInput *input = writer->input;
    const Event *row = &input->report->events[event];
    gint64 time = row->time_certainty == WHEN_UTC ? row->time
        : input->date != 0                        ? input->date
                                                  : input->written;

    return timestamp_format(time, text_r);
}

static void add_source(JsonBuilder *builder, const Writer *writer, guint32 event)
{
    char text[ADDRESS_TEXT_SIZE];

    add_text(builder, "source_identifier",
             report_subject_text(writer->input->report, event, text));
    add_port(builder, "source_port", narrow_port(cell(writer, event, "src_port")));
}

static void add_vulnerability(JsonBuilder *builder, const Writer *writer, guint32 event)
{
    g_autofree char *cve = cve_of(writer, event);

    add_text(builder, "service", of_type(writer, "service"));
    add_port(builder, "service_port", service_port(writer, event));
    if (cve != NULL)
        add_text(builder, "cve_id", cve);
}

static void add_infrastructure(JsonBuilder *builder, const Writer *writer, guint32 event,
                               const char *found)
{
    const char *method = of_type(writer, "method"), *family = cell(writer, event, "malware");

    add_text(builder, "compromise_evidence", found);
    if (*method != '\0')
        add_text(builder, "compromise_method", method);
    if (narrow_is_word(family))
        add_text(builder, "malware_family", family);
}

/* What the type of a category asks for beside what every report has. */
static void add_category(JsonBuilder *builder, const Writer *writer, guint32 event,
                         const char *found)
{
    const char *category = of_type(writer, "category");
    char time[TIMESTAMP_TEXT_SIZE];

    if (strcmp(category, "vulnerability") == 0)
        add_vulnerability(builder, writer, event);
    else if (strcmp(category, "infrastructure") == 0)
        add_infrastructure(builder, writer, event, found);
    else {
        add_text(builder, "first_seen", time_of(writer, event, time));
        add_text(builder, "protocol", of_type(writer, "protocol"));
    }
}

static void add_evidence(JsonBuilder *builder, const char *source, const GString *row)
{
    g_autofree char *payload = g_base64_encode((const guchar *)row->str, row->len);
    g_autofree char *description
        = g_strdup_printf("The row as %s reported it, below the names of its columns", source);

    json_builder_set_member_name(builder, "evidence");
    json_builder_begin_array(builder);
    json_builder_begin_object(builder);
    add_text(builder, "content_type", "text/csv");
    add_text(builder, "description", description);
    add_text(builder, "payload", payload);
    json_builder_end_object(builder);
    json_builder_end_array(builder);
}

/* Tags are of letters, digits and underscores. */
static void add_tags(JsonBuilder *builder, const Writer *writer)
{
    g_autofree char *tag = g_strconcat("class:", writer->class->id, NULL);

    json_builder_set_member_name(builder, "tags");
    json_builder_begin_array(builder);
    json_builder_add_string_value(builder, g_strdelimit(tag, "-", '_'));
    json_builder_end_array(builder);
}

/* ---- a report */

/* The row of event, which is the notice's number-th. */
static void add_report(JsonBuilder *builder, const Writer *writer, guint32 event, guint number)
{
    const RowsCsv verbatim = { FALSE, FALSE };
    const RenderInput *input = writer->input;
    ReportSource source = input->report->subject->source;
    g_autoptr(GString) row = rows_csv(input->report->table, &event, 1, writer->columns,
                                      writer->n_columns, &verbatim);
    g_autofree char *id = report_id(writer, row->str, number);
    const char *title = *writer->class->title_en != '\0' ? writer->class->title_en
                                                         : writer->class->title_de;
    g_autofree char *found = g_strdup_printf("%s, reported by %s", title, source_name(source));
    g_autofree char *description = g_strdup_printf("%s; our reference %s", found,
                                                   input->reference);
    char time[TIMESTAMP_TEXT_SIZE];

    json_builder_begin_object(builder);
    add_text(builder, "xarf_version", XARF_VERSION);
    add_text(builder, "report_id", id);
    add_text(builder, "timestamp", time_of(writer, event, time));
    add_contact(builder, "reporter", source_organisation(source), source_contact(source));
    add_contact(builder, "sender", input->sender->name, input->sender->address);
    add_source(builder, writer, event);
    add_text(builder, "category", of_type(writer, "category"));
    add_text(builder, "type", of_type(writer, "type"));
    add_category(builder, writer, event, found);
    add_text(builder, "description", description);
    add_tags(builder, writer);
    add_evidence(builder, source_name(source), row);
    json_builder_end_object(builder);
}

static void attach(GPtrArray *files, JsonBuilder *builder, char *name)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    GString *content = g_string_new(NULL);

    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    json_generator_to_gstring(generator, content);
    g_string_append_c(content, '\n');
    g_ptr_array_add(files, attachment_new("application/json", name, content));
}

/* "xarf-A-7F3K2Q.json", or "xarf-A-7F3K2Q-12.json" where number is not 0. */
static char *file_name(const char *reference, guint number)
{
    GString *name = g_string_new("xarf-");

    g_string_append(name, reference);
    if (number > 0)
        g_string_append_printf(name, "-%u", number);
    g_strcanon(name->str, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-", '-');
    g_string_append(name, ".json");
    return g_string_free(name, FALSE);
}

static void attach_each(GPtrArray *files, const Writer *writer)
{
    for (guint i = 0; i < writer->input->n_events; i++) {
        g_autoptr(JsonBuilder) builder = json_builder_new_immutable();
        add_report(builder, writer, writer->input->events[i], i + 1);
        attach(files, builder, file_name(writer->input->reference, i + 1));
    }
}

static void attach_bundle(GPtrArray *files, const Writer *writer)
{
    g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

    json_builder_begin_array(builder);
    for (guint i = 0; i < writer->input->n_events; i++)
        add_report(builder, writer, writer->input->events[i], i + 1);
    json_builder_end_array(builder);
    attach(files, builder, file_name(writer->input->reference, 0));
}

/* ---- can XARF say it? */

static gboolean find_type(Writer *writer)
{
    writer->class = classes_by_id(writer->input->class_id);
    writer->types = types();
    while (writer->type < table_n_rows(writer->types)
           && strcmp(of_type(writer, "class"), writer->input->class_id) != 0)
        writer->type++;
    return writer->class != NULL && writer->type < table_n_rows(writer->types);
}

static gboolean can_say_all(const Writer *writer)
{
    const Report *report = writer->input->report;
    int affected = report->account_column >= 0 ? report->account_column
                                               : (int)report->address_column;

    if (writer->input->n_events > XARF_ROWS_MAX || !is_shown(writer, affected))
        return FALSE;
    if (strcmp(of_type(writer, "type"), "cve") != 0)
        return TRUE;
    for (guint i = 0; i < writer->input->n_events; i++) {
        g_autofree char *cve = cve_of(writer, writer->input->events[i]);
        if (cve == NULL)
            return FALSE;
    }
    return TRUE;
}

gboolean rows_xarf(GPtrArray *files, const RenderInput *input, const guint *columns,
                   guint n_columns, gboolean bundle)
{
    Writer writer = { .input = input, .columns = columns, .n_columns = n_columns };

    if (!find_type(&writer) || !can_say_all(&writer))
        return FALSE;
    if (bundle || input->n_events > XARF_FILES_MAX)
        attach_bundle(files, &writer);
    else
        attach_each(files, &writer);
    return TRUE;
}
