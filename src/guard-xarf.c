/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Walks the values that json-glib reads.  Its parser takes comments, and the last of members
 * with the same name; what it lost so is still among the words, for the file is.  In base64
 * nothing can be named (it has neither dot, colon, hyphen nor '@'), so each payload must have
 * been read. */
#include "guard-xarf.h"

#include "errors.h"

#include <json-glib/json-glib.h>
#include <string.h>

typedef struct {
    const Shown *shown;
    GString *words;
    guint next; /* row that the next report must have */
} Walk;

static void add_word(GString *words, const char *word)
{
    g_string_append_c(words, '\n');
    g_string_append(words, word);
    g_string_append_c(words, '\n');
}

/* All texts in node, names of members included.  FALSE when they are too deep. */
static gboolean add_texts(GString *words, JsonNode *node, guint depth)
{
    if (depth > GUARD_XARF_DEPTH_MAX)
        return FALSE;
    if (JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *array = json_node_get_array(node);
        for (guint i = 0; i < json_array_get_length(array); i++)
            if (!add_texts(words, json_array_get_element(array, i), depth + 1))
                return FALSE;
    } else if (JSON_NODE_HOLDS_OBJECT(node)) {
        JsonObject *object = json_node_get_object(node);
        JsonObjectIter iter;
        const char *name;
        JsonNode *value;
        json_object_iter_init(&iter, object);
        while (json_object_iter_next(&iter, &name, &value)) {
            add_word(words, name);
            if (!add_texts(words, value, depth + 1))
                return FALSE;
        }
    } else if (json_node_get_value_type(node) == G_TYPE_STRING) {
        add_word(words, json_node_get_string(node));
    }
    return TRUE;
}

/* The payload of the report's one evidence, or NULL; owned by the report. */
static const char *only_payload(JsonObject *report)
{
    JsonNode *evidence = json_object_get_member(report, "evidence");
    JsonArray *all
        = evidence != NULL && JSON_NODE_HOLDS_ARRAY(evidence) ? json_node_get_array(evidence) : NULL;
    JsonNode *only = all != NULL && json_array_get_length(all) == 1
        ? json_array_get_element(all, 0) : NULL;
    JsonNode *payload = only != NULL && JSON_NODE_HOLDS_OBJECT(only)
        ? json_object_get_member(json_node_get_object(only), "payload") : NULL;

    return payload != NULL && json_node_get_value_type(payload) == G_TYPE_STRING
        ? json_node_get_string(payload) : NULL;
}

static gboolean is_base64(const char *text)
{
    gsize length = strlen(text);
    gsize letters = strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+/");

    return length % 4 == 0 && length - letters <= 2
        && strspn(text + letters, "=") == length - letters;
}

static gboolean read_report(Walk *walk, JsonNode *node, GError **error)
{
    const char *payload
        = JSON_NODE_HOLDS_OBJECT(node) ? only_payload(json_node_get_object(node)) : NULL;
    Shown row = *walk->shown;

    if (payload == NULL || !is_base64(payload) || walk->next == walk->shown->n_events) {
        error_bug(error, "an attached JSON file is no XARF of the customer's %u rows",
                  walk->shown->n_events);
        return FALSE;
    }
    gsize size;
    guchar *file = g_base64_decode(payload, &size);
    g_autoptr(GBytes) bytes = g_bytes_new_take(file, size);
    row.events += walk->next++;
    row.n_events = 1;
    if (!guard_rows_match_file(&row, bytes, error))
        return FALSE;
    if (add_texts(walk->words, node, 0))
        return TRUE;
    error_bug(error, "an attached JSON file is deeper than %d values", GUARD_XARF_DEPTH_MAX);
    return FALSE;
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

/* Members of this name; the word may be a value, too. */
static guint count_payloads(const char *data, gsize size)
{
    static const char name[] = "\"payload\"";
    const char *end = data + size;
    guint n = 0;

    for (const char *at = data; (at = memmem(at, (gsize)(end - at), name, strlen(name))) != NULL;) {
        at += strlen(name);
        while (at < end && g_ascii_isspace(*at))
            at++;
        n += at == end || strchr(",]}", *at) == NULL;
    }
    return n;
}

/* Ours needs no numbered characters, which could hide a name or a NUL. */
static JsonNode *parse(JsonParser *parser, const char *data, gsize size)
{
    return g_utf8_validate_len(data, size, NULL) && memmem(data, size, "\\u", 2) == NULL
            && json_parser_load_from_data(parser, data, (gssize)size, NULL)
        ? json_parser_get_root(parser) : NULL;
}

static gboolean read_file(Walk *walk, GBytes *file, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    gsize size;
    const char *data = g_bytes_get_data(file, &size);
    JsonNode *root = parse(parser, data, size);
    guint before = walk->next;

    if (root == NULL) {
        error_bug(error, "an attached file is no JSON, or has numbered characters");
        return FALSE;
    }
    g_string_append_c(walk->words, '\n');
    g_string_append_len(walk->words, data, (gssize)size);
    if (!read_reports(walk, root, error))
        return FALSE;
    if (count_payloads(data, size) == walk->next - before)
        return TRUE;
    error_bug(error, "an attached JSON file has payloads that are no row's");
    return FALSE;
}

gboolean guard_xarf_words(const GPtrArray *files, const Shown *shown, GString *words,
                          GError **error)
{
    Walk walk = { .shown = shown, .words = words };

    for (guint i = 0; i < files->len; i++)
        if (!read_file(&walk, files->pdata[i], error))
            return FALSE;
    if (walk.next == shown->n_events || files->len == 0)
        return TRUE;
    error_bug(error, "XARF of %u rows, expected %u", walk.next, shown->n_events);
    return FALSE;
}
