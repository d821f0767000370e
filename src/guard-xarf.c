/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A file is read by json-glib, written again, and must then be the same: a comment, a second
 * member of the same name, or another spelling of a character would be lost.  Then only what
 * is in the tree can stand there, and a list says which members may. */
#include "guard-xarf.h"

#include "errors.h"

#include <json-glib/json-glib.h>
#include <string.h>

typedef struct {
    const Report *report;
    const Shown *shown;
    GString *words;
    guint next; /* row that the next report must be about */
} Walk;

/* What ours have. */
static const char *const members[]
    = { "xarf_version", "report_id", "timestamp", "reporter", "sender", "source_identifier",
        "source_port", "category", "type", "service", "service_port", "cve_id",
        "compromise_evidence", "compromise_method", "malware_family", "description", "tags",
        "evidence", NULL };
static const char *const contact_members[] = { "org", "contact", "domain", NULL };
static const char *const evidence_members[]
    = { "content_type", "description", "payload", NULL };

/* The text of a member, or NULL; owned by the object. */
static const char *text_of(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && json_node_get_value_type(node) == G_TYPE_STRING
        ? json_node_get_string(node) : NULL;
}

static void add_word(GString *words, const char *word)
{
    g_string_append_c(words, '\n');
    g_string_append(words, word);
    g_string_append_c(words, '\n');
}

/* A text, or a number; FALSE: neither. */
static gboolean add_value(GString *words, JsonNode *node)
{
    GType type = json_node_get_value_type(node);

    if (type == G_TYPE_STRING)
        add_word(words, json_node_get_string(node));
    return type == G_TYPE_STRING || type == G_TYPE_INT64;
}

/* The values of an object with these members and no other ones, but for the one named so. */
static gboolean add_values(GString *words, JsonObject *object, const char *const *names,
                           const char *but)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    json_object_iter_init(&iter, object);
    while (json_object_iter_next(&iter, &name, &value))
        if (!g_strv_contains(names, name)
            || (g_strcmp0(name, but) != 0 && !add_value(words, value)))
            return FALSE;
    return TRUE;
}

static gboolean add_tags(GString *words, JsonNode *node)
{
    JsonArray *tags = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    guint n = tags != NULL ? json_array_get_length(tags) : 0;
    guint i = 0;

    while (i < n && add_value(words, json_array_get_element(tags, i)))
        i++;
    return tags != NULL && i == n;
}

static JsonObject *only_evidence(JsonNode *node)
{
    JsonArray *all = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    JsonNode *only = all != NULL && json_array_get_length(all) == 1
        ? json_array_get_element(all, 0) : NULL;

    return only != NULL && JSON_NODE_HOLDS_OBJECT(only) ? json_node_get_object(only) : NULL;
}

static gboolean add_member(GString *words, const char *name, JsonNode *value)
{
    if (strcmp(name, "tags") == 0)
        return add_tags(words, value);
    if (strcmp(name, "evidence") == 0) {
        JsonObject *evidence = only_evidence(value);
        return evidence != NULL && add_values(words, evidence, evidence_members, "payload");
    }
    if (JSON_NODE_HOLDS_OBJECT(value))
        return (strcmp(name, "reporter") == 0 || strcmp(name, "sender") == 0)
            && add_values(words, json_node_get_object(value), contact_members, NULL);
    return g_strv_contains(members, name) && add_value(words, value);
}

/* All that the report says outside of its row; FALSE when it has what ours have not. */
static gboolean add_report(GString *words, JsonObject *report)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    json_object_iter_init(&iter, report);
    while (json_object_iter_next(&iter, &name, &value))
        if (!add_member(words, name, value))
            return FALSE;
    return TRUE;
}

static gboolean is_about(JsonObject *report, const Event *event)
{
    const char *text = text_of(report, "source_identifier");
    Address address;

    return text != NULL && address_parse(text, strlen(text), &address)
        && address_equal(&address, &event->address);
}

/* The row in the report's evidence, or NULL. */
static GBytes *row_of(JsonObject *report)
{
    JsonNode *node = json_object_get_member(report, "evidence");
    JsonObject *evidence = node != NULL ? only_evidence(node) : NULL;
    const char *payload = evidence != NULL ? text_of(evidence, "payload") : NULL;
    gsize size, length = payload != NULL ? strlen(payload) : 0;
    gsize letters = strspn(payload != NULL ? payload : "",
                           G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+/");

    if (length == 0 || length % 4 != 0 || length - letters > 2
        || strspn(payload + letters, "=") != length - letters)
        return NULL;
    guchar *row = g_base64_decode(payload, &size);
    return g_bytes_new_take(row, size);
}

static gboolean read_report(Walk *walk, JsonNode *node, GError **error)
{
    JsonObject *report = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    Shown shown = *walk->shown;
    g_autoptr(GBytes) row = report != NULL ? row_of(report) : NULL;

    if (walk->next == shown.n_events || row == NULL
        || !is_about(report, &walk->report->events[shown.events[walk->next]])
        || !add_report(walk->words, report)) {
        error_bug(error, "report %u of the attached JSON is no XARF of row %u of the customer's %u",
                  walk->next + 1, walk->next + 1, shown.n_events);
        return FALSE;
    }
    shown.events += walk->next++;
    shown.n_events = 1;
    return guard_rows_match_file(&shown, row, FALSE, error);
}

static gboolean read_reports(Walk *walk, JsonNode *root, GError **error)
{
    if (!JSON_NODE_HOLDS_ARRAY(root))
        return read_report(walk, root, error);
    JsonArray *bundle = json_node_get_array(root);
    for (guint i = 0; i < json_array_get_length(bundle); i++)
        if (!read_report(walk, json_array_get_element(bundle, i), error))
            return FALSE;
    return TRUE;
}

/* See above. */
static gboolean is_all(JsonNode *root, const char *data, gsize size)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(GString) again = g_string_sized_new(size);

    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    json_generator_to_gstring(generator, again);
    g_string_append_c(again, '\n');
    return again->len == size && memcmp(again->str, data, size) == 0;
}

static gboolean read_file(Walk *walk, GBytes *file, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    gsize size;
    const char *data = g_bytes_get_data(file, &size);
    JsonNode *root = g_utf8_validate_len(data, size, NULL)
            && json_parser_load_from_data(parser, data, (gssize)size, NULL)
        ? json_parser_get_root(parser) : NULL;

    if (root != NULL && is_all(root, data, size))
        return read_reports(walk, root, error);
    error_bug(error, "an attached file is no JSON, or more than that");
    return FALSE;
}

gboolean guard_xarf_words(const GPtrArray *files, const Report *report, const Shown *shown,
                          GString *words, GError **error)
{
    Walk walk = { .report = report, .shown = shown, .words = words };

    for (guint i = 0; i < files->len; i++)
        if (!read_file(&walk, files->pdata[i], error))
            return FALSE;
    if (walk.next == shown->n_events || files->len == 0)
        return TRUE;
    error_bug(error, "XARF of %u rows, expected %u", walk.next, shown->n_events);
    return FALSE;
}
