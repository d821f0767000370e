/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes the reports, by json-glib.  Outside of its evidence a report has of the row only what
 * has a narrow shape (the affected address, its time, ports, a CVE number, one word): other
 * cells may name anybody's systems. */
#include "rows-xarf.h"

#include "attachment.h"
#include "classes.h"
#include "columns.h"
#include "data.h"
#include "narrow.h"
#include "rows-csv.h"
#include "timestamp.h"
#include "uuid.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* What all reports of a notice have in common. */
typedef struct {
    const RenderInput *input;
    const guint *columns;
    guint n_columns;
    const ReportClass *class;
    const char *category, *type, *service, *cve; /* of the class */
    guint port;                                  /* likewise; 0: none, or several */
    int ports, source_ports, families, cves;     /* columns of the row's own; -1: not shown */
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

/* ---- what stands where */

static gboolean is_shown(const Writer *writer, int column)
{
    guint i = 0;

    while (i < writer->n_columns && (int)writer->columns[i] != column)
        i++;
    return column >= 0 && i < writer->n_columns;
}

static int shown_column(const Writer *writer, const char *name)
{
    int column = columns_locate(writer->input->report->table, name);
    return is_shown(writer, column) ? column : -1;
}

/* "" when there is no such column. */
static const char *cell(const Writer *writer, guint32 event, int column)
{
    return column >= 0 ? table_cell(writer->input->report->table, event, (guint)column) : "";
}

/* The number that all of "111/tcp 111/udp" have, or 0. */
static guint only_port(const char *ports)
{
    g_auto(GStrv) all = g_strsplit(ports, " ", -1);
    guint port = 0;

    for (guint i = 0; all[i] != NULL; i++) {
        *strchrnul(all[i], '/') = '\0';
        guint other = narrow_port(all[i]);
        if (i > 0 && other != port)
            return 0;
        port = other;
    }
    return port;
}

/* FALSE: none is known for the class. */
static gboolean find_type(Writer *writer)
{
    const char *class_id = writer->input->class_id;
    guint row = 0;

    writer->class = classes_by_id(class_id);
    while (row < table_n_rows(types()) && strcmp(data_cell(types(), row, "class"), class_id) != 0)
        row++;
    if (writer->class == NULL || row == table_n_rows(types()))
        return FALSE;
    writer->category = data_cell(types(), row, "category");
    writer->type = data_cell(types(), row, "type");
    writer->service = data_cell(types(), row, "service");
    writer->cve = data_cell(types(), row, "cve");
    writer->port = only_port(writer->class->ports);
    writer->ports = shown_column(writer, "port");
    writer->source_ports = shown_column(writer, "src_port");
    writer->families = shown_column(writer, "malware");
    writer->cves = shown_column(writer, "cve");
    return TRUE;
}

/* The port where the service was found: the row's, else the class's if it has but one. */
static guint service_port(const Writer *writer, guint32 event)
{
    guint port = narrow_port(cell(writer, event, writer->ports));
    return port != 0 ? port : writer->port;
}

static char *cve_of(const Writer *writer, guint32 event)
{
    return narrow_cve(*writer->cve != '\0' ? writer->cve : cell(writer, event, writer->cves));
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

/* See the header. */
static char *report_id(const Writer *writer, const char *row, guint number)
{
    /* Ours, made once by chance. */
    static const guint8 space[UUID_BYTES] = { 0x2c, 0xed, 0x90, 0x6a, 0x0f, 0xce, 0x40, 0x39,
                                              0xb7, 0x43, 0x97, 0xff, 0xf7, 0xb7, 0x25, 0x5d };
    const RenderInput *input = writer->input;
    g_autofree char *name = g_strdup_printf(
        "%s\n%s\n%s\n%u\n%s", strrchr(input->sender->address, '@') + 1,
        input->report->subject->ticket, input->reference, number, row);

    return uuid_of_name(space, name);
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
             address_format(&writer->input->report->events[event].address, text));
    add_port(builder, "source_port", narrow_port(cell(writer, event, writer->source_ports)));
}

/* What the type of a category asks for beside what every report has. */
static void add_category(JsonBuilder *builder, const Writer *writer, guint32 event,
                         const char *found)
{
    const char *family = cell(writer, event, writer->families);

    if (strcmp(writer->category, "vulnerability") == 0) {
        g_autofree char *cve = cve_of(writer, event);
        add_text(builder, "service", writer->service);
        add_port(builder, "service_port", service_port(writer, event));
        if (cve != NULL && strcmp(writer->type, "cve") == 0)
            add_text(builder, "cve_id", cve);
        return;
    }
    add_text(builder, "compromise_evidence", found);
    if (strcmp(writer->type, "compromised_server") == 0)
        add_text(builder, "compromise_method", "unknown");
    if (narrow_is_word(family))
        add_text(builder, "malware_family", family);
}

/* Its size. */
static gsize add_evidence(JsonBuilder *builder, const char *source, const GString *row)
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
    return strlen(payload);
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

/* The row of event, which is the notice's number-th.  The size of its evidence. */
static gsize add_report(JsonBuilder *builder, const Writer *writer, guint32 event, guint number)
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
    add_text(builder, "category", writer->category);
    add_text(builder, "type", writer->type);
    add_category(builder, writer, event, found);
    add_text(builder, "description", description);
    add_tags(builder, writer);
    gsize size = add_evidence(builder, source_name(source), row);
    json_builder_end_object(builder);
    return size;
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

/* The file's size. */
static gsize attach(GPtrArray *files, const Writer *writer, JsonBuilder *builder, guint number)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    GString *content = g_string_new(NULL);

    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    json_generator_to_gstring(generator, content);
    g_string_append_c(content, '\n');
    g_ptr_array_add(files, attachment_new("application/json",
                                          file_name(writer->input->reference, number), content));
    return content->len;
}

/* The size of all, or of so many that it is too much. */
static gsize attach_each(GPtrArray *files, const Writer *writer)
{
    gsize size = 0;

    for (guint i = 0; i < writer->input->n_events && size <= XARF_BYTES_MAX; i++) {
        g_autoptr(JsonBuilder) builder = json_builder_new_immutable();
        add_report(builder, writer, writer->input->events[i], i + 1);
        size += attach(files, writer, builder, i + 1);
    }
    return size;
}

/* Likewise; nothing is written of what is too much already. */
static gsize attach_bundle(GPtrArray *files, const Writer *writer)
{
    g_autoptr(JsonBuilder) builder = json_builder_new_immutable();
    gsize size = 0;

    json_builder_begin_array(builder);
    for (guint i = 0; i < writer->input->n_events && size <= XARF_BYTES_MAX; i++)
        size += add_report(builder, writer, writer->input->events[i], i + 1);
    json_builder_end_array(builder);
    return size <= XARF_BYTES_MAX ? attach(files, writer, builder, 0) : size;
}

/* ---- can XARF say it? */

static gboolean can_say(const Writer *writer, guint32 event)
{
    g_autofree char *cve = cve_of(writer, event);

    if (strcmp(writer->category, "vulnerability") != 0)
        return TRUE;
    return service_port(writer, event) != 0 && (strcmp(writer->type, "cve") != 0 || cve != NULL);
}

gboolean rows_xarf(GPtrArray *files, const RenderInput *input, const guint *columns,
                   guint n_columns, gboolean bundle)
{
    Writer writer = { .input = input, .columns = columns, .n_columns = n_columns };
    guint before = files->len;

    if (!find_type(&writer) || !is_shown(&writer, (int)input->report->address_column)
        || input->report->account_column >= 0)
        return FALSE;
    for (guint i = 0; i < input->n_events; i++)
        if (!can_say(&writer, input->events[i]))
            return FALSE;
    gsize size = bundle || input->n_events > XARF_FILES_MAX ? attach_bundle(files, &writer)
                                                            : attach_each(files, &writer);
    if (size <= XARF_BYTES_MAX)
        return TRUE;
    g_ptr_array_set_size(files, (gint)before);
    return FALSE;
}
