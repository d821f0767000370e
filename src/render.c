/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes the letter: the languages one behind the other, the table once.  Each
 * block that comes out empty vanishes together with the empty line before it,
 * so that an operator can empty a block of the layout without a trace. */
#include "render.h"

#include "attachment.h"
#include "form.h"
#include "render-html.h"
#include "render-inline.h"
#include "rows-csv.h"
#include "rows-text.h"
#include "rows-xarf.h"
#include "wrap.h"

#include <string.h>

typedef struct {
    RenderValues values;
    GString *text;
    GString *line;    /* the running text of the block in hand */
    const char *form; /* of the rows, see form.h; NULL: csv */
    RenderQuoted quoted;
} Writer;

/* An empty line before everything but the first block. */
static void begin_block(Writer *writer)
{
    if (writer->text->len > 0)
        g_string_append_c(writer->text, '\n');
}

/* Wrap the line in hand as a block of its own. */
static void end_paragraph(Writer *writer)
{
    gsize before = writer->text->len;
    begin_block(writer);
    if (!wrap_append(writer->text, writer->line->str, RENDER_WIDTH, "", ""))
        g_string_truncate(writer->text, before);
}

/* Running text in lines behind these prefixes; FALSE: there is none. */
static gboolean write_running(Writer *writer, const GPtrArray *nodes, const char *first,
                              const char *next)
{
    RenderMemory *memory = writer->values.input->memory;
    gsize before = writer->text->len;
    const char *known;

    if (render_memory_get(memory, nodes, writer->values.count, &known)) {
        g_string_append(writer->text, known);
        return *known != '\0';
    }
    g_string_truncate(writer->line, 0);
    render_inline(&writer->values, nodes, writer->line);
    gboolean any = wrap_append(writer->text, writer->line->str, RENDER_WIDTH, first, next);
    render_memory_put(memory, nodes, writer->values.count, writer->text->str + before);
    return any;
}

static void write_paragraph(Writer *writer, const GPtrArray *nodes)
{
    gsize before = writer->text->len;

    begin_block(writer);
    if (!write_running(writer, nodes, "", ""))
        g_string_truncate(writer->text, before);
}

static void write_list(Writer *writer, const GPtrArray *items)
{
    gsize before = writer->text->len;
    gboolean any = FALSE;
    begin_block(writer);
    for (guint i = 0; i < items->len; i++)
        any |= write_running(writer, ((const Node *)items->pdata[i])->children, "- ", "  ");
    if (!any)
        g_string_truncate(writer->text, before);
}

/* Text as it is, a block of its own. */
static void write_verbatim(Writer *writer, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    begin_block(writer);
    g_string_append(writer->text, text);
    g_string_append_c(writer->text, '\n');
}

/* A line of its own, so that it can be clicked and copied whole. */
static void write_link(Writer *writer, const Node *link)
{
    write_paragraph(writer, link->children);
    write_verbatim(writer, link->text);
}

static void write_quoted_line(Writer *writer, const char *line)
{
    GString *text = writer->text;
    g_string_append(text, "> ");
    wrap_append_safe(text, line);
    while (text->str[text->len - 1] == ' ')
        g_string_truncate(text, text->len - 1);
    g_string_append_c(text, '\n');
}

static void write_blocks(Writer *writer, const GPtrArray *blocks);

static void write_quotation(Writer *writer, const GPtrArray *introduction)
{
    g_auto(GStrv) lines = render_take_quotation(&writer->values, &writer->quoted);
    if (lines == NULL)
        return;
    write_blocks(writer, introduction);
    begin_block(writer);
    for (guint i = 0; lines[i] != NULL; i++)
        write_quoted_line(writer, lines[i]);
}

/* Blocks about so many of something else than the notice's own addresses: nothing when
 * there is none. */
static void write_counted(Writer *writer, const GPtrArray *blocks, guint count)
{
    guint outer = writer->values.count;
    if (count == 0)
        return;
    writer->values.count = count;
    write_blocks(writer, blocks);
    writer->values.count = outer;
}

static void write_block(Writer *writer, const Node *node)
{
    switch (node->kind) {
    case NODE_PARAGRAPH:
        write_paragraph(writer, node->children);
        break;
    case NODE_LIST:
        write_list(writer, node->children);
        break;
    case NODE_PRE:
        write_verbatim(writer, node->text);
        break;
    case NODE_LINK:
        write_link(writer, node);
        break;
    case NODE_IF:
        if (render_holds(&writer->values, node))
            write_blocks(writer, node->children);
        break;
    case NODE_USE:
        write_blocks(writer, g_hash_table_lookup(writer->values.frame->blocks, node->text));
        break;
    case NODE_QUOTATION:
        write_quotation(writer, node->children);
        break;
    case NODE_STILL_OPEN:
        write_counted(writer, node->children, writer->values.history->n_open);
        break;
    case NODE_TOLD_BEFORE:
        write_counted(writer, node->children, writer->values.history->times);
        break;
    default:
        g_assert_not_reached(); /* the grammar lets nothing else stand here */
    }
}

static void write_blocks(Writer *writer, const GPtrArray *blocks)
{
    for (guint i = 0; i < blocks->len; i++)
        write_block(writer, blocks->pdata[i]);
}

/* Paragraphs of plain text: LF stays a line end. */
static void write_preface(Writer *writer, const char *preface)
{
    g_auto(GStrv) lines = g_strsplit(preface, "\n", -1);
    g_string_truncate(writer->line, 0);
    for (guint i = 0; lines[i] != NULL; i++) {
        wrap_append_safe(writer->line, lines[i]);
        g_string_append_c(writer->line, '\n');
    }
    end_paragraph(writer);
}

static void use_language(Writer *writer, const char *language)
{
    writer->values.language = language;
    writer->values.frame = layout_text(writer->values.input->layout, language);
}

/* Where the table stands, in each language of the notice. */
static void write_attached(Writer *writer, const GPtrArray *languages)
{
    for (guint i = 0; i < languages->len; i++) {
        use_language(writer, languages->pdata[i]);
        writer->values.count = writer->values.input->n_events;
        if (writer->values.frame->attached != NULL)
            write_paragraph(writer, writer->values.frame->attached);
        else
            write_verbatim(writer, render_attached(languages->pdata[i]));
    }
}

/* As they stand in the text, none when they are too many.  TRUE: all is there, as it is. */
static gboolean rows_in_text(const Writer *writer, const GPtrArray *languages,
                             const guint *columns, guint n, GString *rows)
{
    const RenderInput *input = writer->values.input;
    g_autofree const char **words = render_languages(languages);
    g_autofree GHashTable **own = render_labels(input->layout, languages);
    const RowsText options = { writer->form, input->layout->table.max_cell, words, own };

    if (input->n_events > input->layout->table.max_rows)
        return FALSE;
    return rows_text(rows, input->report->table, input->events, input->n_events, columns, n,
                     &options);
}

static void attach_csv(Writer *writer, const guint *columns, guint n, Rendered *rendered)
{
    const RenderInput *input = writer->values.input;
    const Report *report = input->report;
    const RowsCsv options = { input->layout->table.bom, input->layout->table.formula_safe };
    char *name = rows_csv_name(report->both_sources ? "CERT-Bund Shadowserver"
                                                    : source_name(report->subject->source),
                               input->class_id, input->reference);

    g_ptr_array_add(rendered->files,
                    attachment_new("text/csv", name,
                                   rows_csv(report->table, input->events, input->n_events,
                                            columns, n, &options)));
    rendered->rows_attached = TRUE;
}

/* As reports for programs, where they are asked for; NULL: they are not to be had. */
static GPtrArray *make_xarf(const Writer *writer, const guint *columns, guint n)
{
    gboolean bundle = form_has(writer->form, "xarf-bundle");
    g_autoptr(GPtrArray) files = attachments_new();

    if (!bundle && !form_has(writer->form, "xarf"))
        return g_steal_pointer(&files);
    return rows_xarf(files, writer->values.input, columns, n, bundle) ? g_steal_pointer(&files)
                                                                      : NULL;
}

/* In the text, attached, or both: as a CSV file when asked for, or when not all of it stands
 * in the text, in the page or in XARF. */
static void write_table(Writer *writer, const GPtrArray *languages, Rendered *rendered)
{
    const RenderInput *input = writer->values.input;
    const RenderFrame frame = { input->template_, input->layout, input->customer };
    guint n, outer = writer->values.count;
    g_autofree guint *columns = render_columns(input->report, &frame, &n);
    g_autoptr(GString) rows = g_string_new(NULL);

    if (n == 0)
        return;
    GPtrArray *xarf = make_xarf(writer, columns, n);
    gboolean whole = rows_in_text(writer, languages, columns, n, rows);
    if (!whole || xarf == NULL || form_has(writer->form, "attachment")
        || (form_has(writer->form, "html") && input->n_events > RENDER_PAGE_ROWS_MAX)) {
        write_attached(writer, languages);
        writer->values.count = outer;
        attach_csv(writer, columns, n, rendered);
    }
    if (xarf != NULL)
        g_ptr_array_extend_and_steal(rendered->files, xarf);
    if (rows->len > 0)
        begin_block(writer);
    g_string_append_len(writer->text, rows->str, (gssize)rows->len);
}

static void write_language(Writer *writer, const GPtrArray *languages, guint i,
                           Rendered *rendered)
{
    const char *language = languages->pdata[i];
    const TemplateText *text = template_text(writer->values.input->template_, language);
    use_language(writer, language);
    write_blocks(writer, writer->values.frame->greeting);
    if (i == 0 && writer->values.input->layout->table.position == TABLE_AFTER_GREETING) {
        write_table(writer, languages, rendered);
        use_language(writer, language);
    }
    write_blocks(writer, text->blocks);
    write_blocks(writer, writer->values.frame->signature);
}

/* Those of wanted (all when NULL) that layout and template both have, in the
 * layout's order. */
static GPtrArray *common_languages(const RenderInput *input, const char *const *wanted)
{
    GPtrArray *languages = g_ptr_array_new();
    for (guint i = 0; input->layout->order[i] != NULL; i++) {
        char *language = input->layout->order[i];
        if ((wanted == NULL || g_strv_contains(wanted, language)) &&
            template_text(input->template_, language) != NULL)
            g_ptr_array_add(languages, language);
    }
    return languages;
}

static GPtrArray *choose_languages(const RenderInput *input)
{
    const char *language = input->customer->language;
    g_auto(GStrv) wanted = g_strsplit_set(*language != '\0' ? language : "de en", " ;,", -1);
    GPtrArray *languages = common_languages(input, (const char *const *)wanted);
    if (languages->len == 0) {
        g_ptr_array_unref(languages);
        languages = common_languages(input, NULL);
    }
    g_assert(languages->len > 0); /* every pair of layout and template has a common one */
    return languages;
}

static GPtrArray *render_headers(const Writer *writer)
{
    const Layout *layout = writer->values.input->layout;
    GPtrArray *headers = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < layout->headers->len; i++) {
        const TemplateHeader *header = layout->headers->pdata[i];
        g_autofree char *value = render_line(&writer->values, header->value, RENDER_HEADER_MAX);
        if (*value != '\0')
            g_ptr_array_add(headers, g_strconcat(header->name, ": ", value, NULL));
    }
    return headers;
}

/* Within the layout's, of which nothing is cut: our reference stands in it. */
static char *render_subject(Writer *writer, const GPtrArray *own)
{
    RenderValues *values = &writer->values;
    const GPtrArray *frame = values->frame->subject;
    if (frame->len == 0)
        return render_line(values, own, RENDER_SUBJECT_MAX);
    values->subject = "";
    g_autofree char *around = render_line(values, frame, RENDER_HEADER_MAX);
    guint taken = (guint)g_utf8_strlen(around, -1) + 1;
    guint room = taken + RENDER_SUBJECT_MIN < RENDER_SUBJECT_MAX ? RENDER_SUBJECT_MAX - taken
                                                                 : RENDER_SUBJECT_MIN;
    g_autofree char *inner = render_line(values, own, room);
    values->subject = inner;
    char *subject = render_line(values, frame, taken + room);
    values->subject = NULL;
    return subject;
}

/* Subject and header fields are in the first language: they have one line. */
static void render_head(Writer *writer, const GPtrArray *languages, Rendered *rendered)
{
    use_language(writer, languages->pdata[0]);
    const TemplateText *text = template_text(writer->values.input->template_, languages->pdata[0]);
    rendered->subject = render_subject(writer, text->subject);
    rendered->headers = render_headers(writer);
    GString *list = g_string_new(languages->pdata[0]);
    for (guint i = 1; i < languages->len; i++)
        g_string_append_printf(list, ", %s", (char *)languages->pdata[i]);
    rendered->language = g_string_free(list, FALSE);
}

static void render_text(Writer *writer, const GPtrArray *languages, Rendered *rendered)
{
    const RenderInput *input = writer->values.input;
    if (input->preface != NULL)
        write_preface(writer, input->preface);
    if (languages->len > 1)
        write_verbatim(writer, layout_text(input->layout, languages->pdata[0])->hint);
    if (input->layout->table.position == TABLE_START)
        write_table(writer, languages, rendered);
    for (guint i = 0; i < languages->len; i++) {
        if (i > 0)
            write_verbatim(writer, input->layout->separator);
        write_language(writer, languages, i, rendered);
    }
    if (input->layout->table.position == TABLE_END)
        write_table(writer, languages, rendered);
}

/* The first that says how, NULL when nobody does. */
static const char *choose_form(const RenderInput *input)
{
    const char *const forms[] = { input->customer->form, input->template_->form,
                                  input->layout->table.form };

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
        if (form_is_set(forms[i]))
            return forms[i];
    return NULL;
}

Rendered *render(const RenderInput *input)
{
    Rendered *rendered = g_new0(Rendered, 1);
    g_autoptr(GPtrArray) languages = choose_languages(input);
    rendered->text = g_string_sized_new(4096);
    rendered->files = attachments_new();
    Writer writer = { .text = rendered->text, .line = g_string_sized_new(1024) };
    render_values_init(&writer.values, input);
    writer.form = choose_form(input);
    render_head(&writer, languages, rendered);
    render_text(&writer, languages, rendered);
    if (form_has(writer.form, "html"))
        rendered->html
            = render_html(input, languages, rendered->subject, rendered->rows_attached);
    render_values_clear(&writer.values);
    g_string_free(writer.line, TRUE);
    return rendered;
}

void rendered_free(Rendered *rendered)
{
    if (rendered == NULL)
        return;
    g_free(rendered->subject);
    g_free(rendered->language);
    if (rendered->text != NULL) /* taken over by the caller */
        g_string_free(rendered->text, TRUE);
    if (rendered->html != NULL) /* likewise, and so are the files */
        g_string_free(rendered->html, TRUE);
    if (rendered->files != NULL)
        g_ptr_array_unref(rendered->files);
    g_ptr_array_unref(rendered->headers);
    g_free(rendered);
}
