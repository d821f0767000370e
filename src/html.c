/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* HTML -> lines, by libxml2's SAX interface: no tree is built, so that only the
 * text costs memory.  What no reader sees (head, script, style) is left out. */
#include "html.h"

#include "errors.h"

#include <libxml/HTMLparser.h>
#include <libxml/xmlerror.h>
#include <string.h>

typedef struct {
    GString *out;
    gsize line;      /* where the line at hand begins in out */
    guint depth;     /* open elements */
    guint tables, hidden, literal; /* open elements of these kinds */
    guint cell;      /* open cells, of the innermost table's row at hand when tables > 0 */
    guint cells;     /* of the row at hand */
    gboolean blank;  /* a blank is owed before the next word */
    gboolean too_deep;
    xmlParserCtxtPtr parser;
} Reader;

static const char *const breaking[]
    = { "br", "p", "div", "tr", "table", "tbody", "thead", "tfoot", "caption", "ul", "ol", "li",
        "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "blockquote",
        "section", "article", "header", "footer", "body", "form", "address", NULL };
static const char *const apart[]
    = { "p", "table", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre",
        "blockquote", NULL };
static const char *const unseen[] = { "head", "script", "style", "title", "template", NULL };

static gboolean is(const xmlChar *name, const char *wanted)
{
    return strcmp((const char *)name, wanted) == 0;
}

static gboolean is_one_of(const xmlChar *name, const char *const *names)
{
    return g_strv_contains(names, (const char *)name);
}

static void end_line(Reader *reader)
{
    g_string_append_c(reader->out, '\n');
    reader->line = reader->out->len;
    reader->blank = FALSE;
}

/* A break inside a cell is a blank, so that a row stays one line. */
static void break_line(Reader *reader, gboolean always)
{
    if (reader->cell > 0)
        reader->blank = reader->out->len > reader->line;
    else if (always || reader->out->len > reader->line)
        end_line(reader);
}

/* An empty line, as paragraphs are shown. */
static void set_apart(Reader *reader)
{
    if (reader->cell == 0)
        end_line(reader);
}

static void open_cell(Reader *reader)
{
    if (reader->cell == 0 && reader->cells++ > 0)
        g_string_append_c(reader->out, HTML_CELL);
    reader->blank = FALSE;
    reader->cell++;
}

static void count(Reader *reader, const xmlChar *name, int by)
{
    guint *counts[] = { &reader->depth, is(name, "table") ? &reader->tables : NULL,
                        is_one_of(name, unseen) ? &reader->hidden : NULL,
                        is(name, "pre") ? &reader->literal : NULL };
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
        if (counts[i] != NULL && (by > 0 || *counts[i] > 0))
            *counts[i] += (guint)by;
}

static void on_start(void *user, const xmlChar *name, const xmlChar **attributes)
{
    (void)attributes;
    Reader *reader = user;
    count(reader, name, 1);
    if (reader->depth > HTML_DEPTH_MAX) {
        reader->too_deep = TRUE;
        xmlStopParser(reader->parser);
        return;
    }
    if (is(name, "td") || is(name, "th")) {
        open_cell(reader);
        return;
    }
    if (is_one_of(name, breaking))
        break_line(reader, is(name, "br"));
    if (is_one_of(name, apart))
        set_apart(reader);
    if (is(name, "tr") && reader->cell == 0)
        reader->cells = 0;
}

static void on_end(void *user, const xmlChar *name)
{
    Reader *reader = user;
    count(reader, name, -1);
    if (is(name, "td") || is(name, "th")) {
        reader->cell -= reader->cell > 0;
        return;
    }
    if (is(name, "br"))
        return;
    if (is_one_of(name, breaking))
        break_line(reader, FALSE);
    if (is_one_of(name, apart))
        set_apart(reader);
}

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void add_literal(Reader *reader, char c)
{
    if (c == '\n')
        break_line(reader, TRUE);
    else if (c != '\r')
        g_string_append_c(reader->out, c);
}

static void on_text(void *user, const xmlChar *text, int length)
{
    Reader *reader = user;
    if (reader->hidden > 0 || reader->too_deep)
        return;
    gboolean between = reader->tables > 0 && reader->cell == 0; /* rows are laid out with blanks */
    for (int i = 0; i < length; i++) {
        char c = (char)text[i] == HTML_CELL ? ' ' : (char)text[i];
        if (reader->literal > 0 && !between) {
            add_literal(reader, c);
            continue;
        }
        if (is_blank(c)) {
            reader->blank = !between && reader->out->len > reader->line;
            continue;
        }
        if (reader->blank)
            g_string_append_c(reader->out, ' ');
        reader->blank = FALSE;
        g_string_append_c(reader->out, c);
    }
}

/* Entities that the parser knows come as text; any other as it is written. */
static void set_handlers(xmlSAXHandler *sax)
{
    memset(sax, 0, sizeof *sax);
    sax->startElement = on_start;
    sax->endElement = on_end;
    sax->characters = on_text;
    sax->ignorableWhitespace = on_text;
}

char *html_text(const char *html, gsize length, gsize *length_r, GError **error)
{
    const int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING
                        | HTML_PARSE_NONET | HTML_PARSE_NODEFDTD | HTML_PARSE_NOIMPLIED;
    if (length > HTML_BYTES_MAX) {
        error_input(error, "its HTML is larger than %d bytes", HTML_BYTES_MAX);
        return NULL;
    }
    xmlInitParser();
    xmlParserCtxtPtr parser = htmlNewParserCtxt();
    if (parser == NULL) {
        error_temporary(error, "no memory for an HTML parser");
        return NULL;
    }
    Reader reader = { .out = g_string_sized_new(length), .parser = parser };
    set_handlers(parser->sax);
    parser->userData = &reader;
    xmlDocPtr document = htmlCtxtReadMemory(parser, html, (int)length, NULL, "UTF-8", options);
    if (document != NULL)
        xmlFreeDoc(document);
    htmlFreeParserCtxt(parser);
    if (reader.too_deep) {
        g_string_free(reader.out, TRUE);
        error_input(error, "its HTML has more than " G_STRINGIFY(HTML_DEPTH_MAX)
                           " elements within each other");
        return NULL;
    }
    *length_r = reader.out->len;
    return g_string_free(reader.out, FALSE);
}
