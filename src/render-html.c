/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes the page beside the letter.  As there, a block that comes out empty vanishes.  What
 * a field, a count or a cell stands for is render-inline.h's, as text; it is escaped on its
 * way into the page. */
#include "render-html.h"

#include "render-inline.h"
#include "rows-html.h"

#include <string.h>

typedef struct {
    RenderValues values;
    const GPtrArray *languages;
    GString *page;
    GString *value; /* what stands for the node in hand, not yet escaped */
    RenderQuoted quoted;
    gboolean attached; /* the rows are a file, too */
} Page;

/* Wide enough for a table, narrow enough to read; on a phone the table alone is scrolled.
 * Long cells are broken anywhere, and their blanks and line ends are seen. */
static const char style[] =
    ":root{color-scheme:light dark}\n"
    "body{max-width:48em;margin:0 auto;padding:1em;font:1em/1.5 sans-serif;"
    "color:#1b1b1b;background:#fff;overflow-wrap:anywhere}\n"
    "a{color:#0b57a4}\n"
    "pre{white-space:pre-wrap;padding:.5em .8em;background:#f0f0f0}\n"
    "blockquote{margin:1em 0;padding:0 0 0 1em;border-left:.25em solid #999}\n"
    "hr{margin:2em 0;border:0;border-top:1px solid #999}\n"
    ".scroll{overflow-x:auto;margin:1em 0}\n"
    ".rows{border-collapse:collapse;font-size:.9em;width:max-content}\n"
    ".rows th,.rows td{min-width:4em;max-width:24em;padding:.3em .6em;border:1px solid #999;"
    "text-align:left;vertical-align:top}\n"
    ".rows td{white-space:pre-wrap;overflow-wrap:anywhere}\n"
    ".rows th{background:#e8e8e8}\n"
    "@media (prefers-color-scheme:dark){\n"
    "body{color:#e6e6e6;background:#1b1b1b}\n"
    "a{color:#8ab8f0}\n"
    "pre,.rows th{background:#2e2e2e}\n"
    "}\n"
    "@media print{.scroll{overflow:visible}.rows{width:auto}}\n";

/* ---- text */

/* Has it anything but blanks?  In the text such a block vanishes. */
static gboolean is_blank(const char *text)
{
    return text[strspn(text, " \n")] == '\0';
}

static gboolean is_safe_link(const char *href)
{
    return g_str_has_prefix(href, "https://") || g_str_has_prefix(href, "http://")
        || g_str_has_prefix(href, "mailto:");
}

static void append_inline(Page *page, const GPtrArray *nodes);

/* label: nodes, or NULL: the address itself. */
static void append_link(Page *page, const char *href, const GPtrArray *label)
{
    gboolean safe = is_safe_link(href); /* checked when the template was loaded, too */

    if (safe) {
        g_string_append(page->page, "<a href=\"");
        html_escape(page->page, href);
        g_string_append(page->page, "\">");
    }
    gsize before = page->page->len;
    if (label != NULL)
        append_inline(page, label);
    if (is_blank(page->page->str + before))
        html_escape(page->page, href);
    if (safe)
        g_string_append(page->page, "</a>");
}

static void append_node(Page *page, const Node *node)
{
    switch (node->kind) {
    case NODE_IF:
        if (render_holds(&page->values, node))
            append_inline(page, node->children);
        break;
    case NODE_ONE:
    case NODE_MANY:
        if ((page->values.count > 1) == (node->kind == NODE_MANY))
            append_inline(page, node->children);
        break;
    case NODE_LINK:
        append_link(page, node->text, node->children);
        break;
    case NODE_BREAK:
        g_string_append(page->page, "<br/>\n");
        break;
    default:
        g_string_truncate(page->value, 0);
        render_node(&page->values, node, page->value);
        html_escape(page->page, page->value->str);
    }
}

static void append_inline(Page *page, const GPtrArray *nodes)
{
    for (guint i = 0; i < nodes->len; i++)
        append_node(page, nodes->pdata[i]);
}

/* ---- blocks */

/* Of running text as append_inline() writes it. */
static gboolean shows_nothing(const char *html)
{
    static const char line_end[] = "<br/>";

    html += strspn(html, " \n");
    while (g_str_has_prefix(html, line_end)) {
        html += strlen(line_end);
        html += strspn(html, " \n");
    }
    return *html == '\0';
}

static void write_inline_block(Page *page, const char *element, const GPtrArray *nodes)
{
    gsize before = page->page->len;
    g_string_append_printf(page->page, "<%s>", element);
    gsize begin = page->page->len;
    append_inline(page, nodes);
    if (shows_nothing(page->page->str + begin))
        g_string_truncate(page->page, before);
    else
        g_string_append_printf(page->page, "</%s>\n", element);
}

/* Lines of plain text: their ends stay. */
static void write_lines(Page *page, const char *element, char **lines)
{
    g_string_append_printf(page->page, "<%s>", element);
    for (guint i = 0; lines[i] != NULL; i++) {
        if (i > 0)
            g_string_append(page->page, "<br/>\n");
        html_escape(page->page, lines[i]);
    }
    g_string_append_printf(page->page, "</%s>\n", element);
}

static void write_text(Page *page, const char *element, const char *text)
{
    if (text == NULL || is_blank(text))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    write_lines(page, element, lines);
}

static void write_list(Page *page, const GPtrArray *items)
{
    gsize before = page->page->len;
    g_string_append(page->page, "<ul>\n");
    gsize empty = page->page->len;
    for (guint i = 0; i < items->len; i++)
        write_inline_block(page, "li", ((const Node *)items->pdata[i])->children);
    if (page->page->len == empty)
        g_string_truncate(page->page, before);
    else
        g_string_append(page->page, "</ul>\n");
}

/* As in the text, the address is to be seen before anybody follows it. */
static void write_link(Page *page, const Node *link)
{
    g_string_append(page->page, "<p>");
    gsize begin = page->page->len;
    append_inline(page, link->children);
    if (shows_nothing(page->page->str + begin))
        g_string_truncate(page->page, begin);
    else
        g_string_append(page->page, "<br/>\n");
    append_link(page, link->text, NULL);
    g_string_append(page->page, "</p>\n");
}

static void write_pre(Page *page, const char *text)
{
    if (*text == '\0')
        return;
    g_string_append(page->page, "<pre>");
    html_escape(page->page, text);
    g_string_append(page->page, "</pre>\n");
}

static void write_blocks(Page *page, const GPtrArray *blocks);

static void write_quotation(Page *page, const GPtrArray *introduction)
{
    g_auto(GStrv) lines = render_take_quotation(&page->values, &page->quoted);
    if (lines == NULL)
        return;
    write_blocks(page, introduction);
    write_lines(page, "blockquote", lines);
}

static void write_counted(Page *page, const GPtrArray *blocks, guint count)
{
    guint outer = page->values.count;
    if (count > 0) {
        page->values.count = count;
        write_blocks(page, blocks);
        page->values.count = outer;
    }
}

static void write_block(Page *page, const Node *node)
{
    const RenderValues *values = &page->values;
    if (node->kind == NODE_PARAGRAPH)
        write_inline_block(page, "p", node->children);
    else if (node->kind == NODE_LIST)
        write_list(page, node->children);
    else if (node->kind == NODE_PRE)
        write_pre(page, node->text);
    else if (node->kind == NODE_LINK)
        write_link(page, node);
    else if (node->kind == NODE_IF && render_holds(values, node))
        write_blocks(page, node->children);
    else if (node->kind == NODE_USE)
        write_blocks(page, g_hash_table_lookup(values->frame->blocks, node->text));
    else if (node->kind == NODE_QUOTATION)
        write_quotation(page, node->children);
    else if (node->kind == NODE_STILL_OPEN)
        write_counted(page, node->children, values->history->n_open);
    else if (node->kind == NODE_TOLD_BEFORE)
        write_counted(page, node->children, values->history->times);
}

static void write_blocks(Page *page, const GPtrArray *blocks)
{
    for (guint i = 0; i < blocks->len; i++)
        write_block(page, blocks->pdata[i]);
}

/* ---- all of it */

static void use_language(Page *page, const char *language)
{
    page->values.language = language;
    page->values.frame = layout_text(page->values.input->layout, language);
}

static void begin_language(Page *page, const char *language)
{
    use_language(page, language);
    g_string_append(page->page, "<div lang=\"");
    html_escape(page->page, language);
    g_string_append(page->page, "\">\n");
}

static void end_language(Page *page)
{
    g_string_append(page->page, "</div>\n");
}

/* By the same rule as in the text, and within the limit of the page's own. */
static void write_table(Page *page)
{
    const RenderInput *input = page->values.input;
    const RenderFrame frame = { input->template_, input->layout, input->customer };
    const LayoutTable *form = &input->layout->table;
    guint n, outer = page->values.count;
    g_autofree guint *columns = render_columns(input->report, &frame, &n);
    g_autofree const char **words = render_languages(page->languages);
    g_autofree GHashTable **own = render_labels(input->layout, page->languages);
    const RowsHtml options = { form->max_cell, words, own };

    page->values.count = input->n_events;
    for (guint i = 0; page->attached && i < page->languages->len; i++) {
        begin_language(page, page->languages->pdata[i]);
        if (page->values.frame->attached != NULL)
            write_inline_block(page, "p", page->values.frame->attached);
        else
            write_text(page, "p", render_attached(page->languages->pdata[i]));
        end_language(page);
    }
    page->values.count = outer;
    if (input->n_events <= MIN(form->max_rows, RENDER_PAGE_ROWS_MAX) && n > 0)
        rows_html(page->page, input->report->table, input->events, input->n_events, columns, n,
                  &options);
}

/* A line of dashes or the like is a rule; one with words stays. */
static void write_separator(Page *page, const char *separator)
{
    const char *p = separator;
    while (*p != '\0' && !g_unichar_isalnum(g_utf8_get_char(p)))
        p = g_utf8_next_char(p);
    if (*p != '\0')
        write_text(page, "p", separator);
    else if (*separator != '\0')
        g_string_append(page->page, "<hr/>\n");
}

static void write_language(Page *page, guint i)
{
    TablePosition position = page->values.input->layout->table.position;
    const char *language = page->languages->pdata[i];
    const TemplateText *text = template_text(page->values.input->template_, language);
    begin_language(page, language);
    write_blocks(page, page->values.frame->greeting);
    if (i == 0 && position == TABLE_AFTER_GREETING) {
        end_language(page);
        write_table(page);
        begin_language(page, language);
    }
    write_blocks(page, text->blocks);
    write_blocks(page, page->values.frame->signature);
    end_language(page);
}

static void write_head(Page *page, const char *subject)
{
    g_string_append(page->page, "<!DOCTYPE html>\n<html lang=\"");
    html_escape(page->page, page->languages->pdata[0]);
    g_string_append(page->page,
                    "\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" "
                    "content=\"width=device-width, initial-scale=1\"/>\n"
                    "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
    html_escape(page->page, subject);
    g_string_append_printf(page->page, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

static void write_body(Page *page)
{
    const RenderInput *input = page->values.input;
    const GPtrArray *languages = page->languages;

    write_text(page, "p", input->preface);
    if (languages->len > 1)
        write_text(page, "p", layout_text(input->layout, languages->pdata[0])->hint);
    if (input->layout->table.position == TABLE_START)
        write_table(page);
    for (guint i = 0; i < languages->len; i++) {
        if (i > 0 && input->layout->separator != NULL)
            write_separator(page, input->layout->separator);
        write_language(page, i);
    }
    if (input->layout->table.position == TABLE_END)
        write_table(page);
}

GString *render_html(const RenderInput *input, const GPtrArray *languages, const char *subject,
                     gboolean attached)
{
    Page page = { .attached = attached, .languages = languages, .page = g_string_sized_new(8192),
                  .value = g_string_sized_new(1024) };

    render_values_init(&page.values, input);
    write_head(&page, subject);
    write_body(&page);
    g_string_append(page.page, "</body>\n</html>\n");
    render_values_clear(&page.values);
    g_string_free(page.value, TRUE);
    return page.page;
}
