/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Walks the tree that libxml2's XML parser makes of the page.  A list says which elements a
 * page may have, within which others, and with which attributes; what is in its table is
 * walked by itself. */
#include "guard-html.h"

#include "errors.h"
#include "guard-shapes.h"

#include <libxml/parser.h>
#include <string.h>

typedef struct {
    const char *name;
    const char *within;     /* the element that it stands in, or NULL: any of the body */
    const char *attributes; /* words between blanks */
    gboolean glued;         /* no border of a word: running text goes on */
} Allowed;

static const Allowed allowed[] = {
    { "html", "", " lang ", FALSE },
    { "head", "html", " ", FALSE },
    { "meta", "head", " charset name content ", FALSE },
    { "title", "head", " ", FALSE },
    { "style", "head", " ", FALSE },
    { "body", "html", " ", FALSE },
    { "div", NULL, " lang class ", FALSE },
    { "p", NULL, " ", FALSE },
    { "ul", NULL, " ", FALSE },
    { "li", "ul", " ", FALSE },
    { "pre", NULL, " ", FALSE },
    { "blockquote", NULL, " ", FALSE },
    { "hr", NULL, " ", FALSE },
    { "br", NULL, " ", TRUE },
    { "a", NULL, " href ", TRUE },
    { "table", "div", " class ", FALSE },
};

typedef struct {
    const Shown *shown;
    GString *words;
    GString *values; /* of attributes: apart, for words go on round an element */
    guint tables, heads, rows; /* that were met: a table, a line of th, of td */
    gboolean cut; /* cells may stand there in part */
    GError **error; /* never NULL */
} Walk;

static const char *name_of(const xmlNode *node)
{
    return (const char *)node->name;
}

static gboolean is_named(const xmlNode *node, const char *name)
{
    return node != NULL && node->type == XML_ELEMENT_NODE && strcmp(name_of(node), name) == 0;
}

/* Without attributes and namespaces. */
static gboolean is_bare(const xmlNode *element)
{
    return element->ns == NULL && element->nsDef == NULL && element->properties == NULL;
}

static gboolean refuse(Walk *walk, const char *what)
{
    error_bug(walk->error, "the notice's HTML has %s", what);
    return FALSE;
}

static char *content_of(const xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    char *copy = g_strdup(content != NULL ? (const char *)content : "");

    xmlFree(content);
    return copy;
}

/* ---- elements and attributes */

static gboolean is_within(const xmlNode *node, const char *name)
{
    for (; node != NULL; node = node->parent)
        if (is_named(node, name))
            return TRUE;
    return FALSE;
}

/* The list's entry for an element that may stand where it stands, or NULL. */
static const Allowed *find_allowed(const xmlNode *node)
{
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++) {
        const char *within = allowed[i].within;
        if (!is_named(node, allowed[i].name) || node->ns != NULL || node->nsDef != NULL)
            continue;
        if (within == NULL)
            return is_within(node, "body") ? &allowed[i] : NULL;
        gboolean root = node->parent == NULL || node->parent->type != XML_ELEMENT_NODE;
        return (*within == '\0' ? root : is_named(node->parent, within)) ? &allowed[i] : NULL;
    }
    return NULL;
}

static gboolean is_link(const char *href)
{
    return g_str_has_prefix(href, "https://") || g_str_has_prefix(href, "http://")
        || g_str_has_prefix(href, "mailto:");
}

/* RFC 3986 section 2.1; what is no such encoding stays, as browsers leave it. */
static void append_decoded(GString *words, const char *href)
{
    for (const char *p = href; *p != '\0'; p++) {
        int high = *p == '%' ? g_ascii_xdigit_value(p[1]) : -1;
        int low = high >= 0 ? g_ascii_xdigit_value(p[2]) : -1;
        int byte = low >= 0 ? high * 16 + low : 0;
        g_string_append_c(words, byte != 0 ? (char)byte : *p);
        p += byte != 0 ? 2 : 0;
    }
}

static gboolean take_attribute(Walk *walk, const xmlAttr *attribute, const Allowed *element)
{
    const char *name = (const char *)attribute->name;
    g_autofree char *key = g_strconcat(" ", name, " ", NULL);
    g_autofree char *value = content_of((const xmlNode *)attribute);

    if (attribute->ns != NULL || strstr(element->attributes, key) == NULL)
        return refuse(walk, "an attribute that no page has");
    g_string_append_printf(walk->values, "\n\n%s", value);
    if (strcmp(name, "href") != 0)
        return TRUE;
    if (!is_link(value))
        return refuse(walk, "a link other than https, http and mailto");
    g_string_append(walk->values, "\n\n");
    append_decoded(walk->values, value);
    return TRUE;
}

/* In one sheet all that could bring something from elsewhere begins with one of these; a
 * backslash could hide them, and "content" and "display" what is said or seen. */
static gboolean is_plain_style(const char *style)
{
    static const char *const signs[] = { "url", "@import", "\\", "expression", "image", "content:",
                                         "display", "visibility", "<", "/*" };
    g_auto(GStrv) words = g_strsplit_set(style, " \t\n", -1);
    g_autofree char *tight = g_strjoinv("", words);
    g_autofree char *lower = g_ascii_strdown(tight, -1);

    for (gsize i = 0; i < G_N_ELEMENTS(signs); i++)
        if (strstr(lower, signs[i]) != NULL)
            return FALSE;
    return TRUE;
}

/* ---- rows */

/* May this character of a cell not stand in a page?  Then U+FFFD does (rows-html.h). */
static gboolean is_replaced(gunichar c)
{
    if (c < 0x20)
        return c != '\n' && c != '\t';
    return (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069) || c == 0xfffe || c == 0xffff;
}

static gboolean same_in_page(const char *written, const char *cell)
{
    for (; *cell != '\0'; cell = g_utf8_next_char(cell), written = g_utf8_next_char(written)) {
        gunichar c = g_utf8_get_char(cell), seen = g_utf8_get_char(written);
        if (seen != (is_replaced(c) ? 0xfffd : c))
            return FALSE;
    }
    return *written == '\0';
}

/* In part and defanged: but for white space and what a page may not hold. */
static gboolean same_cut(const char *written, const char *cell)
{
    g_autoptr(GString) a = g_string_new(written), b = g_string_new(cell);

    g_string_replace(a, "\xEF\xBF\xBD", " ", 0);
    g_string_replace(b, "\xEF\xBF\xBD", " ", 0);
    g_string_replace(b, "\xEF\xBF\xBE", " ", 0); /* which a page may not hold */
    g_string_replace(b, "\xEF\xBF\xBF", " ", 0);
    return guard_same_shown(a->str, b->str, TRUE);
}

/* A cell holds text and nothing else, a label of two lines a bare br; its text, or NULL. */
static char *cell_text(const xmlNode *cell, gboolean head)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!is_named(cell, head ? "th" : "td") || !is_bare(cell))
        return NULL;
    for (const xmlNode *part = cell->children; part != NULL; part = part->next) {
        if (part->type == XML_TEXT_NODE)
            g_string_append(text, (const char *)part->content);
        else if (head && is_named(part, "br") && is_bare(part) && part->children == NULL)
            g_string_append_c(text, '\n');
        else
            return NULL;
    }
    return g_strdup(text->str);
}

static gboolean is_layout(const xmlNode *node)
{
    return node->type == XML_TEXT_NODE && xmlIsBlankNode(node);
}

/* The line of the columns' labels: what they say is searched as text is, unless it is the
 * report's own name of the column. */
static gboolean take_label(Walk *walk, const char *text, guint column)
{
    if (strcmp(text, table_column(walk->shown->table, walk->shown->columns[column])) != 0)
        g_string_append_printf(walk->words, "\n\n%s\n\n", text);
    return TRUE;
}

static gboolean take_cell(Walk *walk, const char *text, guint column)
{
    const Shown *shown = walk->shown;

    if (walk->rows >= shown->n_events)
        return FALSE;
    const char *cell
        = table_cell(shown->table, shown->events[walk->rows], shown->columns[column]);
    return same_in_page(text, cell) || (walk->cut && same_cut(text, cell));
}

/* A tr of either part of the table. */
static gboolean take_row(Walk *walk, const xmlNode *row, gboolean head)
{
    guint column = 0;

    for (const xmlNode *cell = row->children; cell != NULL; cell = cell->next) {
        if (is_layout(cell))
            continue;
        g_autofree char *text = cell_text(cell, head);
        if (text == NULL || column >= walk->shown->n_columns
            || !(head ? take_label(walk, text, column) : take_cell(walk, text, column)))
            return refuse(walk, "a row that is none of the customer's events");
        column++;
    }
    if (column != walk->shown->n_columns)
        return refuse(walk, "a row with other columns");
    head ? walk->heads++ : walk->rows++;
    return TRUE;
}

static gboolean take_section(Walk *walk, const xmlNode *section, gboolean head)
{
    for (const xmlNode *row = section->children; row != NULL; row = row->next)
        if (!is_layout(row)
            && (!is_named(row, "tr") || !is_bare(row) || !take_row(walk, row, head)))
            return *walk->error != NULL ? FALSE : refuse(walk, "an odd table");
    return TRUE;
}

static gboolean take_table(Walk *walk, const xmlNode *table)
{
    if (walk->tables++ > 0)
        return refuse(walk, "a second table");
    for (const xmlNode *section = table->children; section != NULL; section = section->next) {
        gboolean head = is_named(section, "thead");
        if (is_layout(section))
            continue;
        if ((!head && !is_named(section, "tbody")) || !is_bare(section))
            return refuse(walk, "an odd table");
        if (!take_section(walk, section, head))
            return FALSE;
    }
    if (walk->heads != 1 || walk->rows != walk->shown->n_events)
        return refuse(walk, "other rows than the customer's events");
    return TRUE;
}

/* ---- all of it */

static gboolean take_children(Walk *walk, const xmlNode *parent, guint depth);

static gboolean take_element(Walk *walk, const xmlNode *node, guint depth)
{
    const Allowed *element = find_allowed(node);

    if (element == NULL || depth >= GUARD_HTML_DEPTH_MAX)
        return refuse(walk, element == NULL ? "an element that no page has there"
                                            : "too many elements in each other");
    for (const xmlAttr *attribute = node->properties; attribute != NULL;
         attribute = attribute->next)
        if (!take_attribute(walk, attribute, element))
            return FALSE;
    if (is_named(node, "table"))
        return take_table(walk, node);
    if (is_named(node, "style")) {
        g_autofree char *style = content_of(node);
        if (!is_plain_style(style))
            return refuse(walk, "a style sheet that does more than to set out");
    }
    if (is_named(node, "br"))
        g_string_append_c(walk->words, '\n');
    if (!element->glued)
        g_string_append(walk->words, "\n\n");
    if (!take_children(walk, node, depth + 1))
        return FALSE;
    if (!element->glued)
        g_string_append(walk->words, "\n\n");
    return TRUE;
}

static gboolean take_children(Walk *walk, const xmlNode *parent, guint depth)
{
    for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
        if (node->type == XML_TEXT_NODE)
            g_string_append(walk->words, (const char *)node->content);
        else if (node->type != XML_ELEMENT_NODE)
            return refuse(walk, "a comment, CDATA or the like");
        else if (!take_element(walk, node, depth))
            return FALSE;
    }
    return TRUE;
}

/* Beside the root there is the doctype, without a DTD, and nothing. */
static gboolean take_document(Walk *walk, const xmlDoc *document)
{
    for (const xmlNode *node = document->children; node != NULL; node = node->next) {
        const xmlDtd *dtd = node->type == XML_DTD_NODE ? (const xmlDtd *)node : NULL;
        if (dtd != NULL && dtd->children == NULL && dtd->SystemID == NULL
            && dtd->ExternalID == NULL)
            continue;
        if (node->type != XML_ELEMENT_NODE)
            return refuse(walk, "a comment, a DTD or the like");
        if (!is_named(node, "html") || !take_element(walk, node, 0))
            return *walk->error != NULL ? FALSE : refuse(walk, "no <html>");
    }
    return TRUE;
}

static xmlDoc *parse(const char *html, gsize length, GError **error)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    xmlDoc *document = NULL;

    xmlInitParser();
    if (length <= G_MAXINT)
        document = xmlReadMemory(html, (int)length, NULL, "UTF-8", options);
    if (document == NULL)
        error_bug(error, "the notice's HTML is not well-formed");
    return document;
}

GString *guard_html_words(const char *html, gsize length, const Shown *shown, gboolean with_rows,
                          gboolean cut, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    Walk walk = { .shown = shown, .cut = cut, .words = g_string_sized_new(length),
                  .values = g_string_new(NULL), .error = &wrong };
    xmlDoc *document = parse(html, length, &wrong);

    if (document != NULL && take_document(&walk, document)) {
        if (walk.tables == 0 && with_rows && shown->n_events <= GUARD_HTML_ROWS_MAX)
            refuse(&walk, "no table");
        if (walk.tables > 0 && !with_rows)
            refuse(&walk, "a table, where the text has none");
    }
    xmlFreeDoc(document);
    g_string_append_len(walk.words, walk.values->str, (gssize)walk.values->len);
    g_string_free(walk.values, TRUE);
    if (wrong == NULL)
        return walk.words;
    g_propagate_error(error, g_steal_pointer(&wrong));
    g_string_free(walk.words, TRUE);
    return NULL;
}
