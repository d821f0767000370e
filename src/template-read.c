/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reads one XML file (XML 1.0, fifth edition) into a Template or a Layout.
 *
 * Refuses a DOCTYPE at its first byte, hence every entity but the five of XML
 * itself; nothing outside the file is ever fetched.  Building the nodes trusts
 * the grammar: what does not fit it never gets there. */
#include "template-parts.h"

#include "columns.h"
#include "form.h"
#include "title.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>

/* What the parser's callbacks need; hangs at the parser's _private. */
typedef struct {
    const char *file;
    Faults *faults;
    gboolean refused; /* said what is wrong: what follows is only its echo */
} Reading;

static void on_error(void *data, xmlError *error)
{
    xmlParserCtxt *parser = data;
    Reading *reading = parser->_private;
    guint line = error->line > 0 ? faults_place((guint)error->line, (guint)MAX(error->int2, 0)) : 0;
    if (reading->refused || error->level == XML_ERR_WARNING)
        return;
    reading->refused = TRUE;
    if (error->code == XML_ERR_UNDECLARED_ENTITY || error->code == XML_WAR_UNDECLARED_ENTITY) {
        faults_add(reading->faults, reading->file, line,
                   "unknown entity &%s;, expected the character itself or its number, as in &#160;",
                   error->str1 != NULL ? error->str1 : "?");
        return;
    }
    g_autofree char *message =
        g_strdup(error->message != NULL ? error->message : "no reason given");
    g_strchomp(message);
    g_strdelimit(message, "\n\r", ' ');
    faults_add(reading->faults, reading->file, line, "not well-formed XML: %s", message);
}

static void on_doctype(void *data, const xmlChar *name G_GNUC_UNUSED,
                       const xmlChar *public_id G_GNUC_UNUSED,
                       const xmlChar *system_id G_GNUC_UNUSED)
{
    xmlParserCtxt *parser = data;
    Reading *reading = parser->_private;
    if (!reading->refused)
        faults_add(reading->faults, reading->file, (guint)MAX(xmlSAX2GetLineNumber(parser), 0),
                   "<!DOCTYPE> is not allowed, expected none");
    reading->refused = TRUE;
    xmlStopParser(parser);
}

static xmlDoc *parse(const char *file, const char *content, gsize length, Faults *faults)
{
    Reading reading = { file, faults, FALSE };
    xmlParserCtxt *parser = xmlNewParserCtxt();
    if (parser == NULL)
        g_error("out of memory");
    parser->_private = &reading;
    parser->sax->serror = on_error;
    parser->sax->internalSubset = on_doctype;
    xmlDoc *document = xmlCtxtReadMemory(parser, content, (int)length, NULL, NULL,
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                             XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
    gboolean well_formed = parser->wellFormed && !reading.refused && document != NULL;
    xmlFreeParserCtxt(parser);
    if (well_formed)
        return document;
    if (!reading.refused)
        faults_add(faults, file, 0, "not well-formed XML");
    xmlFreeDoc(document);
    return NULL;
}

static guint line_of(const xmlNode *node)
{
    return template_place(node);
}

/* Line breaks and tabs are layout of the XML file; anything else of the kind
 * has no place in a letter (and could end a header field). */
static gboolean has_control(const char *text)
{
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        GUnicodeType type = g_unichar_type(c);
        if ((type == G_UNICODE_CONTROL && c != '\t' && c != '\n') ||
            type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR)
            return TRUE;
    }
    return FALSE;
}

static void find_controls(const xmlNode *node, const char *file, Faults *faults)
{
    for (const xmlNode *n = node; n != NULL; n = n->next) {
        if (n->type == XML_TEXT_NODE && has_control((char *)n->content))
            faults_add(faults, file, line_of(n), "control character in the text, expected none");
        for (const xmlAttr *a = n->type == XML_ELEMENT_NODE ? n->properties : NULL; a; a = a->next)
            if (a->children != NULL && a->children->content != NULL &&
                (has_control((char *)a->children->content) ||
                 strpbrk((char *)a->children->content, "\t\n") != NULL))
                faults_add(faults, file, template_place((const xmlNode *)a),
                           "control character in the text of attribute %s, expected none", a->name);
        if (n->type == XML_ELEMENT_NODE)
            find_controls(n->children, file, faults);
    }
}

/* Does an element of this name stand there, or in one of these? */
static gboolean has_element(const xmlNode *node, const char *name)
{
    for (const xmlNode *n = node; n != NULL; n = n->next)
        if (n->type == XML_ELEMENT_NODE
            && (strcmp((char *)n->name, name) == 0 || has_element(n->children, name)))
            return TRUE;
    return FALSE;
}

/* Words of an element's text; empty when the element is missing. */
static char **words(const xmlNode *node)
{
    if (node == NULL)
        return g_new0(char *, 1);
    g_autofree char *text = template_content(node);
    return *text != '\0' ? g_strsplit(text, " ", -1) : g_new0(char *, 1);
}

static void template_text_free(gpointer data)
{
    TemplateText *text = data;
    g_free(text->language);
    g_ptr_array_unref(text->subject);
    g_ptr_array_unref(text->blocks);
    g_free(text);
}

static TemplateText *build_template_text(const xmlNode *notice)
{
    TemplateText *text = g_new0(TemplateText, 1);
    g_autofree char *group_by = template_attribute(notice, "group-by");
    text->language = template_attribute(notice, "xml:lang");
    text->line = template_attribute_place(notice, "xml:lang");
    text->group_by_address = !g_strcmp0(group_by, "address");
    text->subject = template_child_nodes(notice, "subject");
    text->blocks = template_nodes(notice);
    return text;
}

static guint child_line(const xmlNode *parent, const char *name)
{
    const xmlNode *node = template_child(parent, name);
    return node != NULL ? template_text_place(node) : 0;
}

/* Its lines, each without blanks at its ends; caller frees. */
static char *sample_of(const xmlNode *root)
{
    const xmlNode *node = template_child(root, "sample");
    xmlChar *content = node != NULL ? xmlNodeGetContent(node) : NULL;
    g_auto(GStrv) lines = g_strsplit(content != NULL ? (char *)content : "", "\n", -1);
    GString *sample = g_string_new(NULL);

    xmlFree(content);
    for (char **line = lines; *line != NULL; line++)
        if (*g_strstrip(*line) != '\0')
            g_string_append_printf(sample, "%s\n", *line);
    return g_string_free(sample, node == NULL);
}

static Template *build_template(const xmlNode *root, const char *file)
{
    Template *template_ = g_new0(Template, 1);
    const xmlNode *columns = template_child(root, "columns");
    const xmlNode *match = template_child(root, "match");
    g_autofree char *only = columns != NULL ? template_attribute(columns, "only") : NULL;
    template_->id = template_attribute(root, "id");
    template_->file = g_strdup(file);
    template_->line = template_attribute_place(root, "id");
    template_->titles = g_ptr_array_new_with_free_func(g_free);
    template_->texts = g_ptr_array_new_with_free_func(template_text_free);
    template_->columns = words(columns);
    template_->column_lines = template_word_places(columns);
    template_->columns_line = columns != NULL ? line_of(columns) : 0;
    template_->shows_networks = has_element(root->children, "networks");
    template_->columns_only = !g_strcmp0(only, "yes");
    template_->form = columns != NULL ? template_attribute(columns, "form") : NULL;
    template_->form_line = columns != NULL ? template_attribute_place(columns, "form") : 0;
    template_->sample = sample_of(root);
    template_->sample_line = child_line(root, "sample");
    template_->titles_written = g_ptr_array_new_with_free_func(g_free);
    template_->title_lines = g_array_new(FALSE, FALSE, sizeof(guint));
    template_->match_line = match != NULL ? line_of(match) : 0;
    for (const xmlNode *n = match != NULL ? match->children : NULL; n != NULL; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        char *title = template_content(n);
        guint place = template_text_place(n);
        g_ptr_array_add(template_->titles, title_key(title));
        g_ptr_array_add(template_->titles_written, title);
        g_array_append_val(template_->title_lines, place);
    }
    for (const xmlNode *n = root->children; n != NULL; n = n->next)
        if (n->type == XML_ELEMENT_NODE && !strcmp((char *)n->name, "notice"))
            g_ptr_array_add(template_->texts, build_template_text(n));
    template_->group_by_address = ((TemplateText *)template_->texts->pdata[0])->group_by_address;
    return template_;
}

static void layout_text_free(gpointer data)
{
    LayoutText *text = data;
    g_free(text->language);
    g_free(text->hint);
    g_ptr_array_unref(text->subject);
    g_ptr_array_unref(text->more);
    g_clear_pointer(&text->attached, g_ptr_array_unref);
    g_ptr_array_unref(text->greeting);
    g_ptr_array_unref(text->signature);
    g_hash_table_unref(text->blocks);
    g_clear_pointer(&text->labels, g_hash_table_unref);
    g_free(text);
}

/* A colon divides label and cell; where the guard reads them back there is but one. */
static void build_label(LayoutText *text, const xmlNode *element, const char *file, Faults *faults)
{
    g_autofree char *column = template_attribute(element, "column");
    g_autofree char *label = template_content(element);
    char *key = columns_key(column);

    if (text->labels == NULL)
        text->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (g_hash_table_contains(text->labels, key))
        faults_add(faults, file, template_attribute_place(element, "column"),
                   "column \"%s\" has two labels in language %s, expected one", column,
                   text->language);
    if (*label == '\0' || strchr(label, ':') != NULL
        || g_utf8_strlen(label, -1) > LAYOUT_LABEL_MAX)
        faults_add(faults, file, template_text_place(element),
                   "label \"%s\", expected 1 to %d characters and no colon", label,
                   LAYOUT_LABEL_MAX);
    template_check_column(column, file, template_attribute_place(element, "column"), faults);
    g_hash_table_replace(text->labels, key, g_steal_pointer(&label));
}

static LayoutText *build_layout_text(const xmlNode *frame, const char *file, Faults *faults)
{
    LayoutText *text = g_new0(LayoutText, 1);
    const xmlNode *hint = template_child(frame, "hint");
    text->language = template_attribute(frame, "xml:lang");
    text->line = template_attribute_place(frame, "xml:lang");
    text->hint = hint != NULL ? template_content(hint) : NULL;
    text->subject = template_child_nodes(frame, "subject");
    text->more = template_child_nodes(frame, "more");
    text->attached
        = template_child(frame, "attached") != NULL ? template_child_nodes(frame, "attached") : NULL;
    text->greeting = template_child_nodes(frame, "greeting");
    text->signature = template_child_nodes(frame, "signature");
    text->blocks =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    for (const xmlNode *n = frame->children; n != NULL; n = n->next) {
        if (n->type == XML_ELEMENT_NODE && strcmp((char *)n->name, "label") == 0)
            build_label(text, n, file, faults);
        if (n->type != XML_ELEMENT_NODE || strcmp((char *)n->name, "block"))
            continue;
        char *name = template_attribute(n, "name");
        if (g_hash_table_contains(text->blocks, name))
            faults_add(faults, file, template_attribute_place(n, "name"),
                       "block \"%s\" stands twice in language %s, "
                       "expected one",
                       name, text->language);
        g_hash_table_replace(text->blocks, name, template_nodes(n));
    }
    return text;
}

static void header_free(gpointer data)
{
    TemplateHeader *header = data;
    g_free(header->name);
    g_ptr_array_unref(header->value);
    g_free(header);
}

static char *child_text(const xmlNode *parent, const char *name)
{
    const xmlNode *node = template_child(parent, name);
    return node != NULL ? template_content(node) : NULL;
}

static void build_header(GPtrArray *headers, const xmlNode *element)
{
    TemplateHeader *header = g_new0(TemplateHeader, 1);
    header->name = template_attribute(element, "name");
    header->value = template_nodes(element);
    header->line = template_attribute_place(element, "name");
    g_ptr_array_add(headers, header);
}

static gboolean attribute_is(const xmlNode *node, const char *name, const char *value)
{
    g_autofree char *is = template_attribute(node, name);
    return !g_strcmp0(is, value);
}

/* Left out, all rows stand in the text as CSV. */
static LayoutTable build_table(const xmlNode *node)
{
    LayoutTable table = { .max_rows = G_MAXUINT };
    if (node != NULL) {
        g_autofree char *max_rows = template_attribute(node, "max-rows");
        g_autofree char *max_cell = template_attribute(node, "max-cell");
        g_autofree char *hide = template_attribute(node, "hide");
        table.line = line_of(node);
        table.form_line = template_attribute_place(node, "form");
        table.hide_line = template_attribute_place(node, "hide");
        table.position = attribute_is(node, "position", "start") ? TABLE_START
            : attribute_is(node, "position", "after-greeting")   ? TABLE_AFTER_GREETING
                                                                 : TABLE_END;
        table.form = template_attribute(node, "form");
        table.bom = attribute_is(node, "bom", "yes");
        table.formula_safe = attribute_is(node, "formula-safe", "yes");
        table.max_cell = max_cell != NULL ? (guint)atoi(max_cell) : 0;
        if (max_rows != NULL || form_has(table.form, "attachment"))
            table.max_rows = max_rows != NULL ? (guint)atoi(max_rows) : LAYOUT_ROWS_MAX;
        table.hide = hide != NULL && *hide != '\0' ? g_strsplit(hide, " ", -1) : NULL;
    }
    if (table.hide == NULL)
        table.hide = g_new0(char *, 1);
    return table;
}

static Layout *build_layout(const xmlNode *root, const char *file, Faults *faults)
{
    Layout *layout = g_new0(Layout, 1);
    layout->id = template_attribute(root, "id");
    layout->file = g_strdup(file);
    layout->line = template_attribute_place(root, "id");
    layout->separator = child_text(root, "separator") ?: g_strdup("----");
    layout->order = words(template_child(root, "languages"));
    layout->order_lines = template_word_places(template_child(root, "languages"));
    layout->order_line = child_line(root, "languages");
    layout->from = child_text(root, "from");
    layout->from_line = child_line(root, "from");
    layout->reply_to = child_text(root, "reply-to");
    layout->reply_to_line = child_line(root, "reply-to");
    layout->shows_networks = has_element(root->children, "networks");
    layout->table = build_table(template_child(root, "table"));
    layout->headers = g_ptr_array_new_with_free_func(header_free);
    layout->texts = g_ptr_array_new_with_free_func(layout_text_free);
    for (const xmlNode *n = root->children; n != NULL; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        if (!strcmp((char *)n->name, "header"))
            build_header(layout->headers, n);
        else if (!strcmp((char *)n->name, "text"))
            g_ptr_array_add(layout->texts, build_layout_text(n, file, faults));
    }
    return layout;
}

void template_free(Template *template_)
{
    if (template_ == NULL)
        return;
    g_free(template_->id);
    g_free(template_->file);
    g_strfreev(template_->columns);
    g_free(template_->form);
    g_free(template_->sample);
    g_array_unref(template_->column_lines);
    g_ptr_array_unref(template_->titles);
    g_ptr_array_unref(template_->titles_written);
    g_array_unref(template_->title_lines);
    g_ptr_array_unref(template_->texts);
    g_free(template_);
}

void layout_free(Layout *layout)
{
    if (layout == NULL)
        return;
    g_free(layout->id);
    g_free(layout->file);
    g_free(layout->separator);
    g_strfreev(layout->order);
    g_array_unref(layout->order_lines);
    g_free(layout->from);
    g_free(layout->reply_to);
    g_strfreev(layout->table.hide);
    g_free(layout->table.form);
    g_ptr_array_unref(layout->headers);
    g_ptr_array_unref(layout->texts);
    g_free(layout);
}

gboolean template_read(const char *file, const char *content, gsize length, TemplateSchema *schema,
                       TemplateFile *result_r, Faults *faults)
{
    guint before = faults_errors(faults);
    *result_r = (TemplateFile){ NULL, NULL };
    g_autoptr(GArray) marks = template_scan(file, content, length, faults);
    xmlDoc *document = marks != NULL ? parse(file, content, length, faults) : NULL;
    if (document == NULL)
        return FALSE;
    template_place_nodes(document, marks);
    xmlNode *root = xmlDocGetRootElement(document);
    find_controls(root, file, faults);
    /* A fault is one line: what has controls in it is not quoted in another. */
    if (faults_errors(faults) == before && template_schema_check(schema, document, file, faults)) {
        if (!strcmp((char *)root->name, "template")) {
            result_r->template_ = build_template(root, file);
            template_check(result_r->template_, faults);
        } else {
            result_r->layout = build_layout(root, file, faults);
            layout_check(result_r->layout, faults);
        }
    }
    xmlFreeDoc(document);
    return faults_errors(faults) == before;
}
