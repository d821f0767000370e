/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Looks over the XML of a template file, piece by piece, in one pass.
 *
 * Bytes and references are template-bytes.c's; here it is tags: what opens, what
 * closes, how values are quoted. */
#include "template-scan.h"

#include "template-bytes.h"

#include <string.h>

/* An element that is open. */
typedef struct {
    char *name;
    guint place;
} Open;

typedef struct {
    Bytes bytes;
    GArray *marks; /* of Mark */
    GArray *open;  /* of Open, the outermost first */
    char *root;    /* name of the outermost element, once it was there */
} Scan;

static void clear_open(gpointer data)
{
    g_free(((Open *)data)->name);
}

static void mark(Scan *scan, MarkKind kind, guint place)
{
    Mark new_ = { kind, place };
    g_array_append_val(scan->marks, new_);
}

/* The name at the cursor, "" when none begins there; caller frees. */
static char *take_name(Bytes *bytes)
{
    const char *start = bytes->p;
    while (bytes->p < bytes->end && bytes_is_name(*bytes->p))
        bytes->p++;
    return g_strndup(start, (gsize)(bytes->p - start));
}

static void skip_white(Bytes *bytes)
{
    while (bytes->p < bytes->end && g_ascii_isspace(*bytes->p))
        bytes->p++;
}

/* Behind the next `what`; FALSE with a fault at start when it does not come. */
static gboolean skip_past(Bytes *bytes, const char *start, const char *what, const char *construct)
{
    const char *found =
        bytes->p < bytes->end ? g_strstr_len(bytes->p, bytes->end - bytes->p, what) : NULL;
    if (found == NULL)
        return bytes_fault(bytes, start, "%s is not closed, expected %s", construct, what);
    bytes->p = found + strlen(what);
    return TRUE;
}

/* XML 1.0 section 2.5: "--" must not occur within comments. */
static gboolean skip_comment(Bytes *bytes)
{
    const char *start = bytes->p;
    bytes->p += strlen("<!--");
    if (!skip_past(bytes, start, "-->", "the comment"))
        return FALSE;
    const char *inner = start + strlen("<!--"), *close = bytes->p - strlen("-->");
    const char *dashes = g_strstr_len(inner, close - inner, "--");
    if (dashes == NULL && close > inner && close[-1] == '-')
        dashes = close - 1;
    return dashes == NULL ||
           bytes_fault(bytes, dashes,
                       "-- within a comment, expected no two hyphens before its -->");
}

static gboolean skip_instruction(Bytes *bytes)
{
    const char *start = bytes->p;
    if (bytes_at(bytes, "<?xml") && start > bytes->begin && !bytes_is_name(start[5]))
        return bytes_fault(bytes, start,
                           "<?xml ...?> stands behind something, expected it as the very first of "
                           "the file, without a blank or an empty line before it");
    return skip_past(bytes, start, "?>", "the instruction <?...");
}

/* The value in its quotes; the cursor is behind the '='. */
static gboolean skip_value(Bytes *bytes, const char *name)
{
    const char *start = bytes->p;
    char quote = start < bytes->end ? *start : '\0';
    g_autofree char *curly = bytes_typographic_quote(bytes);

    if (curly != NULL)
        return bytes_fault(bytes, start,
                           "%s= with the typographic quote %s, expected the plain %s=\"...\"", name,
                           curly, name);
    if (quote != '"' && quote != '\'')
        return bytes_fault(bytes, start, "value of %s without quotes, expected %s=\"...\"", name,
                           name);
    for (bytes->p++; bytes->p < bytes->end && *bytes->p != quote;) {
        if (*bytes->p == '<')
            return bytes_fault(bytes, start,
                               "the quote behind %s= is not closed before the next <, expected "
                               "another %c (a < itself is written &lt;)",
                               name, quote);
        if (*bytes->p == '&' && !bytes_skip_reference(bytes))
            return FALSE;
        else if (bytes->p < bytes->end && *bytes->p != quote && *bytes->p != '<' &&
                 *bytes->p != '&')
            bytes->p++;
    }
    if (bytes->p == bytes->end)
        return bytes_fault(bytes, start, "the quote behind %s= is not closed, expected another %c",
                           name, quote);
    bytes->p++;
    return TRUE;
}

/* One attribute of <element>. */
static gboolean scan_attribute(Scan *scan, const char *element, GHashTable *seen)
{
    Bytes *bytes = &scan->bytes;
    const char *start = bytes->p;
    guint place = bytes_place(bytes, start);
    char *name = take_name(bytes);

    if (*name == '\0') {
        g_free(name);
        return bytes_fault(bytes, start,
                           "\"%.*s\" within the tag <%s>, expected a > or name=\"...\"",
                           (int)bytes_character_length(bytes), start, element);
    }
    if (!g_hash_table_add(seen, name)) /* takes it over either way */
        return bytes_fault(bytes, start, "attribute %s stands twice in <%s>, expected once", name,
                           element);
    skip_white(bytes);
    if (bytes->p == bytes->end || *bytes->p != '=')
        return bytes_fault(
            bytes, start,
            "attribute %s in <%s> lacks its value, expected %s=\"...\" (or a > before it)", name,
            element, name);
    bytes->p++;
    skip_white(bytes);
    if (strcmp(name, "xmlns") != 0 && !g_str_has_prefix(name, "xmlns:"))
        mark(scan, MARK_ATTRIBUTE, place);
    return skip_value(bytes, name);
}

/* Another element beside the outermost one, or behind it. */
static gboolean check_root(Scan *scan, const char *start, const char *name)
{
    if (scan->open->len > 0)
        return TRUE;
    if (scan->root != NULL)
        return bytes_fault(
            &scan->bytes, start,
            "<%s> behind </%s>, expected the end of the file: one template or layout "
            "in each",
            name, scan->root);
    scan->root = g_strdup(name);
    return TRUE;
}

/* Of the element that is to stand in those that are open. */
static gboolean check_depth(Scan *scan, const char *start, const char *name)
{
    guint ifs = strcmp(name, "if") == 0 ? 1 : 0;

    for (guint i = 0; i < scan->open->len; i++)
        ifs += strcmp(g_array_index(scan->open, Open, i).name, "if") == 0;
    if (ifs > TEMPLATE_IF_MAX)
        return bytes_fault(&scan->bytes, start, "more than %d <if> in each other, expected fewer",
                           TEMPLATE_IF_MAX);
    return scan->open->len < TEMPLATE_DEPTH_MAX
        || bytes_fault(&scan->bytes, start, "<%s> stands in %d other elements, expected fewer",
                       name, TEMPLATE_DEPTH_MAX);
}

static gboolean scan_start(Scan *scan)
{
    Bytes *bytes = &scan->bytes;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *start = bytes->p++;
    g_autofree char *name = take_name(bytes);
    Open open = { NULL, bytes_place(bytes, start) };

    if (*name == '\0' || strchr("0123456789-.", *name) != NULL)
        return bytes_fault(bytes, start, "a < that begins no tag, expected &lt;");
    if (!check_root(scan, start, name) || !check_depth(scan, start, name))
        return FALSE;
    mark(scan, MARK_ELEMENT, open.place);
    for (;;) {
        const char *before = bytes->p;
        skip_white(bytes);
        if (bytes->p == bytes->end || *bytes->p == '<')
            return bytes_fault(bytes, start,
                               "the tag <%s lacks its >, expected one before the next <", name);
        if (*bytes->p == '>')
            break;
        if (bytes_at(bytes, "/>")) {
            bytes->p += 2;
            return TRUE;
        }
        if (bytes->p == before)
            return bytes_fault(bytes, before, "\"%.*s\" in the tag <%s>, expected a blank or a >",
                               (int)bytes_character_length(bytes), before, name);
        if (!scan_attribute(scan, name, seen))
            return FALSE;
    }
    bytes->p++;
    open.name = g_steal_pointer(&name);
    g_array_append_val(scan->open, open);
    return TRUE;
}

static gboolean is_open(const Scan *scan, const char *name)
{
    for (guint i = 0; i < scan->open->len; i++)
        if (strcmp(g_array_index(scan->open, Open, i).name, name) == 0)
            return TRUE;
    return FALSE;
}

static gboolean scan_end(Scan *scan)
{
    Bytes *bytes = &scan->bytes;
    const char *start = bytes->p;
    bytes->p += strlen("</");
    g_autofree char *name = take_name(bytes);
    skip_white(bytes);
    if (bytes->p == bytes->end || *bytes->p != '>')
        return bytes_fault(bytes, start, "the tag </%s lacks its >", name);
    bytes->p++;
    if (scan->open->len == 0)
        return bytes_fault(bytes, start, "</%s> closes nothing, expected <%s> before it", name,
                           name);
    const Open *last = &g_array_index(scan->open, Open, scan->open->len - 1);
    if (strcmp(last->name, name) != 0) {
        g_autofree char *where = faults_place_text(last->place);
        return is_open(scan, name)
                   ? bytes_fault(bytes, start,
                                 "</%s> while <%s> of %s is open, expected </%s> before it, or "
                                 "<%s/> there if it is empty",
                                 name, last->name, where, last->name, last->name)
                   : bytes_fault(bytes, start,
                                 "</%s> closes nothing, expected </%s> for <%s> of %s", name,
                                 last->name, last->name, where);
    }
    g_array_set_size(scan->open, scan->open->len - 1);
    return TRUE;
}

/* A run of text, with the CDATA sections in it: to libxml2 it is one. */
static gboolean scan_text(Scan *scan)
{
    Bytes *bytes = &scan->bytes;
    const char *start = bytes->p, *shown = NULL;

    while (bytes->p < bytes->end && (*bytes->p != '<' || bytes_at(bytes, "<![CDATA["))) {
        if (shown == NULL && !g_ascii_isspace(*bytes->p))
            shown = bytes->p;
        if (*bytes->p == '<') {
            if (!skip_past(bytes, bytes->p, "]]>", "<![CDATA["))
                return FALSE;
        } else if (*bytes->p == '&') {
            if (!bytes_skip_reference(bytes))
                return FALSE;
        } else {
            bytes->p++;
        }
    }
    if (scan->open->len == 0 && shown != NULL)
        return scan->root == NULL
                   ? bytes_fault(bytes, shown,
                                 "text before the first tag, expected <template> or <layout>")
                   : bytes_fault(bytes, shown, "text behind </%s>, expected the end of the file",
                                 scan->root);
    if (scan->open->len > 0)
        mark(scan, MARK_TEXT, bytes_place(bytes, shown != NULL ? shown : start));
    return TRUE;
}

static gboolean scan_piece(Scan *scan)
{
    Bytes *bytes = &scan->bytes;
    if (*bytes->p != '<' || bytes_at(bytes, "<![CDATA["))
        return scan_text(scan);
    if (bytes_at(bytes, "<!--"))
        return skip_comment(bytes);
    if (bytes_at(bytes, "<?"))
        return skip_instruction(bytes);
    if (bytes_at(bytes, "<!DOCTYPE"))
        return bytes_fault(bytes, bytes->p, "<!DOCTYPE> is not allowed, expected none");
    return bytes_at(bytes, "</") ? scan_end(scan) : scan_start(scan);
}

static gboolean scan_all(Scan *scan)
{
    Bytes *bytes = &scan->bytes;
    while (bytes->p < bytes->end)
        if (!scan_piece(scan))
            return FALSE;
    if (scan->root == NULL)
        return bytes_fault(bytes, bytes->begin,
                           "nothing in the file, expected <template> or <layout>");
    if (scan->open->len == 0)
        return TRUE;
    const Open *last = &g_array_index(scan->open, Open, scan->open->len - 1);
    return bytes_fault_at(bytes, last->place,
                          "<%s> is not closed, expected </%s> before the end of the file",
                          last->name, last->name);
}

GArray *template_scan(const char *file, const char *content, gsize length, Faults *faults)
{
    Scan scan = { .marks = g_array_new(FALSE, FALSE, sizeof(Mark)),
                  .open = g_array_new(FALSE, FALSE, sizeof(Open)) };
    g_array_set_clear_func(scan.open, clear_open);
    gboolean sound = bytes_begin(&scan.bytes, file, content, length, faults) && scan_all(&scan);
    g_array_unref(scan.open);
    g_free(scan.root);
    if (!sound)
        g_clear_pointer(&scan.marks, g_array_unref);
    return scan.marks;
}
